//! The sync engine: plans, walks, normalises, commits and reports.
//!
//! [`Worker`] keeps every datasource fresh; [`run_once`] does one sync for the command line; [`Callouts`] reads at once
//! what Autotask calls about; [`test_connection`] and [`examine`] say what an API user can reach; [`own_counts`]
//! asks Autotask how many rows are behind a number.

pub mod callouts;
pub mod connect;
pub mod doctor;
pub mod engine;
pub mod failure;
pub mod normalise;
pub mod own_count;
pub mod plan;
pub mod webhooks;
mod worker;

pub use callouts::Callouts;
pub use connect::test_connection;
pub use doctor::{examine, examine_stored};
pub use own_count::own_counts;
pub use webhooks::remove_webhooks;
pub use worker::{Worker, WorkerOptions, run_once};
