//! From an answer to a chart: one file per kind, one definition for browser, page, PDF and mail.
//!
//! A chart is a [`charming::Chart`], made on the server beside its answer; the browser gets the option ECharts draws.
//! What every chart looks like (axes, grid, legend, tooltip) stands in the theme of
//! the chart script; colours are names of CSS variables, so that one picture serves light and dark.

pub mod bridge;
#[cfg(feature = "ssr")]
mod draw;
mod summary;

#[cfg(feature = "ssr")]
pub use draw::{chart, option_json};
pub use summary::summary;
