//! What an address shows; one file per page.

pub mod connect;
pub mod dashboard;
pub mod datasource;
pub mod datasources;
pub mod home;
