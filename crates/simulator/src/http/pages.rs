//! Rows on the wire: one of them, their count, and the pages of a query.

use axum::http::Method;
use serde_json::{Value, json};

use super::answer::{Asked, parameter, zone_base};
use super::reply::Reply;
use crate::query::{Filter, Query};
use crate::schema::Entity;
use crate::switches::{DateSuffix, MissingId, Rewrite, Switches};
use crate::world::cell::{Cell, write_time};
use crate::world::table::{RowRef, Table};

/// The rows the user may see; none at all when the entity is silently empty.
pub(super) fn visible<'a>(asked: &Asked<'a>, entity: &Entity) -> Option<&'a Table> {
    asked.world.table(&entity.name).filter(|_| !Switches::names(&asked.switches.silently_empty, &entity.name))
}

fn may_see(asked: &Asked<'_>, entity: &Entity, row: RowRef<'_>) -> bool {
    if !asked.switches.hide_non_billable_time || entity.name != "TimeEntries" {
        return true;
    }
    entity.column("isNonBillable").is_none_or(|column| row.cell(column) != Cell::Bool(true))
}

pub(super) fn missing(asked: &Asked<'_>) -> Reply {
    match asked.switches.missing_id {
        MissingId::NotFound => Reply::empty(404),
        MissingId::ItemNull => Reply::json(200, &json!({"item": null})),
        MissingId::Empty => Reply::empty(200),
    }
}

pub(super) fn item(
    asked: &Asked<'_>,
    entity: &'static Entity,
    id: i64,
    belongs: impl Fn(RowRef<'_>) -> bool,
) -> Reply {
    let row = visible(asked, entity).and_then(|table| table.get(id));
    match row.filter(|row| belongs(*row) && may_see(asked, entity, *row)) {
        Some(row) => one(asked, entity, row),
        None => missing(asked),
    }
}

pub(super) fn one(asked: &Asked<'_>, entity: &Entity, row: RowRef<'_>) -> Reply {
    let mut out = b"{\"item\":".to_vec();
    write_row(&mut out, entity, row, None, asked.switches);
    out.push(b'}');
    Reply::bytes(200, out)
}

/// The query of a request: the body of a POST, `search` of a GET.
fn read_query(asked: &Asked<'_>, entity: &Entity) -> Result<(Query, Option<String>), Reply> {
    let search =
        (asked.parts.method == Method::GET).then(|| parameter(asked.parts, "search").unwrap_or_default());
    let parsed: Result<Value, _> = match &search {
        Some(search) => serde_json::from_str(search),
        None => serde_json::from_slice(asked.body),
    };
    let body =
        parsed.map_err(|_| Reply::errors(500, "Invalid query syntax. The query is not valid JSON."))?;
    let mut query = Query::parse(entity, &body).map_err(|text| Reply::errors(500, text))?;
    if asked.faults.ignore_filter {
        query.filter = Filter::Everything;
    }
    Ok((query, search))
}

pub(super) fn count(asked: &Asked<'_>, entity: &'static Entity) -> Reply {
    match read_query(asked, entity) {
        Ok((query, _)) => {
            let count = visible(asked, entity).map_or(0, |table| {
                query.filter.search(table, i64::MIN).filter(|row| may_see(asked, entity, *row)).count()
            });
            Reply::json(200, &json!({"queryCount": count}))
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn query(asked: &Asked<'_>, entity: &'static Entity, at: &Page) -> Reply {
    match read_query(asked, entity) {
        Ok((query, search)) => page(asked, entity, &query, at, search.as_deref()),
        Err(refusal) => refusal,
    }
}

/// A place in the pages of a query: ids at which this page and the ones before it start.
pub(super) struct Page {
    before: Vec<i64>,
    after: i64,
}

/// The server forgets pages beyond this many.
const REMEMBERED_PAGES: usize = 50;

impl Page {
    pub(super) const fn first() -> Self {
        Self { before: Vec::new(), after: -1 }
    }

    fn token(&self, size: usize) -> String {
        json!({"pageSize": size, "previousIds": self.before, "nextIds": [self.after]}).to_string()
    }
}

pub(super) fn next(asked: &Asked<'_>, entity: &'static Entity) -> Reply {
    let Some(token) =
        parameter(asked.parts, "paging").and_then(|text| serde_json::from_str::<Value>(&text).ok())
    else {
        return Reply::errors(500, "Invalid paging information.");
    };
    // A page of a POSTed query needs its body again, so only POST will do; a page of a GET query repeats `search`.
    let by_get = parameter(asked.parts, "search").is_some();
    if by_get != (asked.parts.method == Method::GET) {
        return Reply::wrong_verb(&asked.parts.method);
    }
    let ids = |name: &str| {
        token[name].as_array().into_iter().flatten().filter_map(Value::as_i64).collect::<Vec<_>>()
    };
    let Some(&after) = ids("nextIds").first() else {
        return Reply::errors(500, "Invalid paging information.");
    };
    query(asked, entity, &Page { before: ids("previousIds"), after })
}

pub(super) fn page(
    asked: &Asked<'_>,
    entity: &'static Entity,
    query: &Query,
    at: &Page,
    search: Option<&str>,
) -> Reply {
    let mut rows: Vec<RowRef<'_>> = visible(asked, entity)
        .map(|table| {
            query
                .filter
                .search(table, at.after)
                .filter(|row| may_see(asked, entity, *row))
                .take(query.max_records + 1)
                .collect()
        })
        .unwrap_or_default();
    let more = rows.len() > query.max_records;
    rows.truncate(query.max_records);
    let next = more.then(|| rows.last().map_or(0, RowRef::id)).map(|last| {
        let mut before = at.before.clone();
        before.push(at.after);
        let skip = before.len().saturating_sub(REMEMBERED_PAGES);
        Page { before: before.split_off(skip), after: last }
    });
    let previous =
        at.before.split_last().map(|(after, before)| Page { before: before.to_vec(), after: *after });
    if asked.faults.unordered {
        rows.reverse();
    }
    let mut out = Vec::with_capacity(rows.len() * 1_500 + 300);
    out.extend_from_slice(b"{\"items\":[");
    for (nth, row) in rows.iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        write_row(&mut out, entity, *row, query.include.as_deref(), asked.switches);
    }
    let url = |page: &Page| page_url(asked, entity, page, query.max_records, search);
    let details = json!({
        "count": rows.len(),
        "requestCount": query.max_records,
        "prevPageUrl": previous.as_ref().map(url),
        "nextPageUrl": next.as_ref().map(url),
    });
    out.extend_from_slice(b"],\"pageDetails\":");
    out.extend_from_slice(details.to_string().as_bytes());
    out.push(b'}');
    Reply::bytes(200, out)
}

/// Percent-encodes as the service does: lower-case hexadecimal.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!*()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

fn page_url(asked: &Asked<'_>, entity: &Entity, page: &Page, size: usize, search: Option<&str>) -> String {
    let base = zone_base(asked.shared, asked.switches);
    let base =
        if asked.switches.relative_next_url { base.trim_start_matches(&asked.shared.origin) } else { &base };
    let search = search.map(|search| format!("&search={}", encode(search))).unwrap_or_default();
    format!("{base}V1.0/{}/query/next?paging={}{search}", entity.name, encode(&page.token(size)))
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, text);
}

fn is_cost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("cost") && !name.ends_with("id")
}

fn write_row(
    out: &mut Vec<u8>,
    entity: &Entity,
    row: RowRef<'_>,
    include: Option<&[u16]>,
    switches: &Switches,
) {
    let own = |rewrite: &&Rewrite| {
        rewrite.entity.eq_ignore_ascii_case(&entity.name) && rewrite.id.is_none_or(|id| id == row.id())
    };
    let begin = out.len();
    write_as_it_is(out, entity, row, include, switches);
    for rewrite in switches.rewrites.iter().filter(own) {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(&out[begin..]) else { return };
        members.retain(|name, _| !rewrite.without.contains(name));
        members.extend(rewrite.set.clone());
        out.truncate(begin);
        out.extend_from_slice(Value::Object(members).to_string().as_bytes());
    }
}

fn write_as_it_is(
    out: &mut Vec<u8>,
    entity: &Entity,
    row: RowRef<'_>,
    include: Option<&[u16]>,
    switches: &Switches,
) {
    use std::io::Write as _;
    out.push(b'{');
    let mut first = true;
    for (column, field) in (0_u16..).zip(&entity.fields) {
        if include.is_some_and(|include| !include.contains(&column)) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        // Names of fields are plain ASCII words.
        let _ = write!(out, "\"{}\":", field.name);
        if switches.hide_costs && field.kind.is_number() && is_cost(&field.name) {
            out.extend_from_slice(b"null");
            continue;
        }
        match row.cell(column) {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Cell::Int(value) => {
                let _ = write!(out, "{value}");
            }
            Cell::Num(value) => {
                let _ = serde_json::to_writer(&mut *out, &value);
            }
            Cell::Time(value) => {
                let mut text = String::with_capacity(26);
                write_time(&mut text, value);
                if switches.date_suffix == DateSuffix::Z {
                    text.push('Z');
                }
                write_text(out, &text);
            }
            Cell::Text(value) => write_text(out, &value),
        }
    }
    if entity.user_defined_fields {
        if !first {
            out.push(b',');
        }
        out.extend_from_slice(b"\"userDefinedFields\":[");
        if include.is_none() {
            for (nth, (name, value)) in row.udf().into_iter().enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(b"{\"name\":");
                write_text(out, name);
                out.extend_from_slice(b",\"value\":");
                match value {
                    Some(value) => write_text(out, &value),
                    None => out.extend_from_slice(b"null"),
                }
                out.push(b'}');
            }
        }
        out.push(b']');
    }
    out.push(b'}');
}
