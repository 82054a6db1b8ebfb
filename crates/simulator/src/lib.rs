//! An Autotask PSA on loopback with a believable managed service provider inside.
//!
//! [`World::generate`] makes a tenant from a seed: two years of tickets, time, contracts, projects, sales and billing of
//! "Northwind Managed IT". [`Simulator::start`] serves it over HTTP the way the REST API v1.0 does, limits, error texts
//! and paging included. [`SwitchBoard`] makes the service misbehave; [`Simulator::advance`] and [`Simulator::live`] let
//! the tenant live on; [`Simulator::deliver`] sends the callouts of registered webhooks; [`Simulator::log`] tells what
//! clients did.
//!
//! The same can be done over HTTP on the same port, under `/simulator/`; see the crate's README.

mod config;
mod http;
mod query;
mod rng;
mod schema;
mod switches;
mod world;

pub use config::{Config, SimCredentials, Size};
pub use http::{Delivery, EntityLog, LoggedRequest, RequestLog, Simulator};
pub use switches::{
    AuthFailure, DateSuffix, Fault, MissingId, Relabel, Rewrite, Slow, SwitchBoard, Switches,
    WebhookEscaping, WebhookUrls,
};
pub use world::World;
pub use world::cell::Row;

/// The names of all entities the simulator knows, in the spelling of the API.
pub fn entity_names() -> impl Iterator<Item = &'static str> {
    schema::schema().entities().iter().map(|entity| entity.name.as_str())
}
