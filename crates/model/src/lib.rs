//! The vocabulary of Taskgauge, shared by server and browser: ids, entities, datasets, gauges, filters, answers.
//!
//! Nothing here reads or writes anything; the one exception is [`clock::Clock`], which tells the time.

#[cfg(not(target_arch = "wasm32"))]
pub mod bundle;
#[cfg(not(target_arch = "wasm32"))]
pub mod catalogue;
pub mod clock;
pub mod dashboard;
pub mod dataset;
pub mod datasource;
#[cfg(not(target_arch = "wasm32"))]
pub mod entity;
#[cfg(not(target_arch = "wasm32"))]
pub mod field_filter;
pub mod format;
pub mod formula;
#[cfg(not(target_arch = "wasm32"))]
pub mod gaps;
pub mod gauge;
#[cfg(not(target_arch = "wasm32"))]
pub mod grid;
pub mod ids;
#[cfg(not(target_arch = "wasm32"))]
pub mod lacks;
pub mod link;
#[cfg(not(target_arch = "wasm32"))]
pub mod merge;
pub mod range;
pub mod run;
pub mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod wall;
pub mod webhook;
#[cfg(not(target_arch = "wasm32"))]
pub mod words;
