//! Copying new rows in, in the binary form of `COPY`
//! (<https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS>).

use super::upsert::is_data_exception;
use super::{Cell, Row};
use crate::StoreError;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, Value};
use sqlx::{Connection as _, PgConnection};
use taskgauge_model::entity::{Entity, column_name};
use taskgauge_model::ids::DatasourceId;

/// Copies rows into the entity's table. Answers false, and leaves the table as it was, when any of them is there
/// already or has a value that Postgres refuses.
pub(super) async fn copy_in(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if rows.is_empty() {
        return Ok(true);
    }
    let Some(data) = encoded(datasource, entity, rows, now) else { return Ok(false) };
    let mut savepoint = connection.begin().await?;
    let copied: Result<u64, sqlx::Error> = async {
        let mut copy = savepoint.copy_in_raw(&statement(entity)).await?;
        match copy.send(data).await {
            Ok(_) => copy.finish().await,
            Err(error) => {
                let _ = copy.abort("the rows could not be sent").await;
                Err(error)
            }
        }
    }
    .await;
    match copied {
        Ok(_) => {
            savepoint.commit().await?;
            Ok(true)
        }
        Err(error) if is_there_already(&error) || is_data_exception(&error) => {
            savepoint.rollback().await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn is_there_already(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

fn statement(entity: &Entity) -> String {
    let columns: Vec<String> =
        entity.columns.iter().map(|column| format!("\"{}\"", column_name(column.field))).collect();
    let (table, columns) = (entity.table, columns.join(", "));
    format!(
        "copy autotask.{table} (datasource_id, id, {columns}, extra, udf, changed_at) from stdin with (format binary)"
    )
}

/// What the format begins with: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The length that stands for null, and the number of fields that stands for the end.
const NULL: i32 = -1;
const END: i16 = -1;

/// `None` when a number has too many digits for the format.
fn encoded(datasource: DatasourceId, entity: &Entity, rows: &[Row], now: DateTime<Utc>) -> Option<Vec<u8>> {
    // datasource_id, id, extra, udf and changed_at stand beside the entity's own.
    let fields = i16::try_from(entity.columns.len() + 5).ok()?;
    let mut out = Vec::with_capacity(rows.len() * entity.columns.len() * 8);
    out.extend_from_slice(HEADER);
    for row in rows {
        out.extend_from_slice(&fields.to_be_bytes());
        put(&mut out, &datasource.0.to_be_bytes());
        put(&mut out, &row.id.to_be_bytes());
        for place in 0..entity.columns.len() {
            put_cell(&mut out, row.cells.get(place).unwrap_or(&Cell::Null))?;
        }
        put_json(&mut out, &row.extra);
        put_json(&mut out, &row.udf);
        put(&mut out, &microseconds(now).to_be_bytes());
    }
    out.extend_from_slice(&END.to_be_bytes());
    Some(out)
}

/// A field: its length, then its bytes.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    let at = begin(out);
    out.extend_from_slice(bytes);
    end(out, at);
}

fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&NULL.to_be_bytes());
    out.len()
}

/// Writes the length of what was put since `begin`. An answer of Autotask is limited to far less than two gigabytes.
fn end(out: &mut [u8], at: usize) {
    let length = i32::try_from(out.len() - at).unwrap_or(i32::MAX);
    out[at - 4..at].copy_from_slice(&length.to_be_bytes());
}

fn put_cell(out: &mut Vec<u8>, cell: &Cell) -> Option<()> {
    match cell {
        Cell::Null => out.extend_from_slice(&NULL.to_be_bytes()),
        Cell::Whole(whole) => put(out, &whole.to_be_bytes()),
        Cell::Number(text) => {
            let at = begin(out);
            put_numeric(out, text)?;
            end(out, at);
        }
        Cell::Text(text) => put(out, text.as_bytes()),
        Cell::Flag(flag) => put(out, &[u8::from(*flag)]),
        Cell::Instant(instant) => put(out, &microseconds(*instant).to_be_bytes()),
        Cell::Day(day) => put(out, &days(*day).to_be_bytes()),
    }
    Some(())
}

/// The version of the binary form of `jsonb`.
const JSONB_VERSION: u8 = 1;

fn put_json(out: &mut Vec<u8>, object: &Map<String, Value>) {
    if object.is_empty() {
        return out.extend_from_slice(&NULL.to_be_bytes());
    }
    let at = begin(out);
    out.push(JSONB_VERSION);
    // Writing values to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, object);
    end(out, at);
}

/// Postgres counts from 2000 on.
const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");

/// Finer parts are cut off, as in every other way of storing an instant here.
fn microseconds(at: DateTime<Utc>) -> i64 {
    let since = at.naive_utc() - EPOCH.and_hms_opt(0, 0, 0).unwrap_or_default();
    let whole = since.num_seconds();
    let part = (since - TimeDelta::seconds(whole)).num_nanoseconds().unwrap_or_default();
    whole * 1_000_000 + part.div_euclid(1_000)
}

fn days(day: NaiveDate) -> i32 {
    i32::try_from((day - EPOCH).num_days()).unwrap_or(i32::MAX)
}

/// Digits of the binary form of `numeric` are each of four decimal ones.
const GROUP: usize = 4;
const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

/// Writes a number in plain notation as number of groups, weight of the first, sign, digits behind the point, groups.
fn put_numeric(out: &mut Vec<u8>, text: &str) -> Option<()> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (NEGATIVE, digits),
        None => (POSITIVE, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0').as_bytes();
    let fraction = fraction.as_bytes();
    // Groups count from the point in both directions; the first and the last may be short.
    let (first, rest) = whole.split_at(whole.len() % GROUP);
    let head = (!first.is_empty()).then_some(first);
    let before = head.into_iter().chain(rest.chunks(GROUP)).map(|group| value_of(group, group.len()));
    let behind = fraction.chunks(GROUP).map(|group| value_of(group, GROUP));
    let mut groups: Vec<i16> = before.chain(behind).collect();
    let mut weight = i16::try_from(whole.len().div_ceil(GROUP)).ok()? - 1;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= i16::try_from(zeros).ok()?;
    let (sign, weight) = if groups.is_empty() { (POSITIVE, 0) } else { (sign, weight) };
    out.extend_from_slice(&i16::try_from(groups.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    // The largest scale that the format has room for.
    out.extend_from_slice(&i16::try_from(fraction.len()).ok().filter(|scale| *scale < 0x4000)?.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

/// Up to four digits, filled up with zeros behind.
fn value_of(digits: &[u8], length: usize) -> i16 {
    (0..length)
        .fold(0, |value, place| value * 10 + digits.get(place).map_or(0, |digit| i16::from(digit - b'0')))
}
