//! What pages share; one component a file.

pub mod age;
pub mod banner;
pub mod chart;
pub mod doctor;
pub mod field;
pub mod filters;
pub mod icon;
pub mod layout;
pub mod leaving;
pub mod loaded;
pub mod post_form;
pub mod steps;
pub mod table;
pub mod target;
pub mod tile;
