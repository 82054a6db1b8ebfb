//! The sync engine: plans, walks, normalises, commits and reports.
//!
//! [`Worker`] keeps every datasource fresh; [`run_once`] does one sync for the command line; [`test_connection`] and
//! [`examine`] say what an API user can reach.

pub mod connect;
pub mod doctor;
pub mod engine;
pub mod failure;
pub mod normalise;
pub mod plan;
mod worker;

pub use connect::test_connection;
pub use doctor::{examine, examine_stored};
pub use worker::{Worker, WorkerOptions, run_once};
