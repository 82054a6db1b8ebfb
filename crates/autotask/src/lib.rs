#![doc = include_str!("../README.md")]

mod address;
mod client;
mod connector;
mod credentials;
mod error;
mod limits;
mod metadata;
mod page;
mod query;
mod transport;
pub mod value;
pub mod webhook;

pub use self::{
    address::{AddressError, HostPolicy},
    client::Client,
    connector::{Connector, Options},
    credentials::Credentials,
    error::{ConnectFailure, Error},
    metadata::{
        Access, EntityInfo, Field, Module, PicklistValue, Thresholds, UserDefinedField, Version, Zone,
    },
    page::{AsSent, Page, ReadRow, Row, read_row},
    query::{Filter, MAX_OR_CONDITIONS, MAX_PAGE_SIZE, Op, Query, Scalar},
    transport::RetryPolicy,
};
