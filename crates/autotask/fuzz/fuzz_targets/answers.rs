//! Bodies of answers: pages, rows, metadata, limits, zones. The first byte says what the rest is read as.
//!
//! The client's sources are compiled into the target as they are: what reads bodies is no part of its interface.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the target uses what reads bodies")]

#[path = "../../src/address.rs"]
mod address;
#[path = "../../src/client.rs"]
mod client;
#[path = "../../src/connector.rs"]
mod connector;
#[path = "../../src/credentials.rs"]
mod credentials;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/limits.rs"]
mod limits;
#[path = "../../src/metadata.rs"]
mod metadata;
#[path = "../../src/page.rs"]
mod page;
#[path = "../../src/query.rs"]
mod query;
#[path = "../../src/transport.rs"]
mod transport;
#[path = "../../src/value.rs"]
pub mod value;

pub use address::{AddressError, HostPolicy};
pub use client::Client;
pub use connector::{Connector, Options};
pub use credentials::Credentials;
pub use error::{ConnectFailure, Error};
pub use metadata::{
    Access, EntityInfo, Field, Module, PicklistValue, Thresholds, UserDefinedField, Version, Zone,
};
pub use page::{AsSent, Page, ReadRow, Row, read_row};
pub use query::{Filter, MAX_OR_CONDITIONS, MAX_PAGE_SIZE, Op, Query, Scalar};
pub use transport::RetryPolicy;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The rows are one of the lists in the body, whole and in order.
fn assert_in(rows: Vec<Row>, body: &[u8]) {
    let body: Row = serde_json::from_slice(body).expect("rows from something that is no object");
    let rows: Value = rows.into_iter().map(Value::Object).collect();
    assert!(body.iter().any(|(name, list)| name.eq_ignore_ascii_case("items") && *list == rows));
}

fn page(body: &[u8], size: usize, after: Option<i64>) {
    let Ok(page) = page::read_page("Tickets", body.to_vec(), &AsSent, size, after) else { return };
    assert!(page.rows.len() <= size && (page.complete || !page.rows.is_empty()));
    assert_eq!(page.last_id.is_none(), page.rows.is_empty());
    assert!(page.last_id.is_none_or(|last| last > after.unwrap_or(-1)));
    assert_eq!(page.rows_as_sent(), page.rows);
    assert_in(page.rows, body);
}

/// Every member, read as everything it could be.
fn values(body: &[u8]) {
    let Ok(row) = serde_json::from_slice::<Row>(body) else { return };
    for value in row.values() {
        let _ = (value::date_time(value), value::boolean(value), value::text(value));
        if let (Ok(Some(day)), Some(text)) = (value::date(value), value.as_str()) {
            assert!(text.trim().starts_with(&day.format("%Y-%m-%d").to_string()));
        }
        if let (Ok(Some(whole)), Ok(Some(decimal))) = (value::integer(value), value::decimal(value)) {
            assert_eq!(decimal.split('.').next().and_then(|digits| digits.parse().ok()), Some(whole));
        }
    }
    let _ = value::user_defined(&row).count();
    let _ = read_row(row, &AsSent);
}

fuzz_target!(|data: &[u8]| {
    let Some((what, body)) = data.split_first() else { return };
    let json = || transport::read_json(body.to_vec());
    match what % 12 {
        0 => page(body, MAX_PAGE_SIZE, None),
        1 => page(body, 1 + usize::from(what / 12), Some(i64::from(*what))),
        2 => {
            if let Ok((rows, _)) = page::read_rows(body) {
                assert_in(rows, body);
            }
        }
        3 => values(body),
        4 => drop(json().map(|answer| metadata::fields(&answer))),
        5 => drop(json().map(|answer| metadata::user_defined_fields(&answer))),
        6 => drop(json().map(|answer| metadata::entity_info(&answer))),
        7 => drop(json().map(|answer| metadata::thresholds(&answer))),
        8 => drop(json().map(|answer| metadata::zone(&answer).map(|zone| zone.url))),
        9 => drop(json().map(|answer| metadata::version(&answer))),
        10 => drop(json().map(|answer| metadata::modules(&answer))),
        _ => drop(transport::read_json_or_null(body.to_vec()).map(|answer| metadata::query_count(&answer))),
    }
});
