//! Tables of rows on plain pages: what is chosen stands in the address, so every table can be shared and works without
//! a script.

mod choice;
mod view;

pub use choice::{Choice, PAGE_ROWS, Wish};
pub use view::Table;
