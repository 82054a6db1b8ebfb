//! Answering the API: credentials, limits, faults, queries and pages.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::route::{self, Route};
use super::{LoggedRequest, Shared, Slot, metadata};
use crate::query::{Filter, PAGE, Query};
use crate::schema::Entity;
use crate::switches::{AuthFailure, DateSuffix, Fault, MissingId, Switches};
use crate::world::World;
use crate::world::cell::{Cell, write_time};
use crate::world::table::{RowRef, Table};

/// Longer addresses are not found.
const LONGEST_URL: usize = 2_048;
/// The segment in front of the path after the tenant moved.
const NEW_ZONE: &str = "zone2";

/// An answer before it is written.
struct Reply {
    status: u16,
    body: Vec<u8>,
    kind: &'static str,
    retry_after: Option<u32>,
}

impl Reply {
    const fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, kind: "application/json; charset=utf-8", retry_after: None }
    }
    fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
    }
    fn errors(status: u16, text: impl Into<String>) -> Self {
        Self::json(status, &json!({"errors": [text.into()]}))
    }
    fn message(status: u16, text: impl Into<String>) -> Self {
        Self::json(status, &json!({"Message": text.into()}))
    }
    fn wrong_verb(method: &Method) -> Self {
        Self::message(405, format!("The requested resource does not support http method '{method}'."))
    }
    const fn empty(status: u16) -> Self {
        Self::bytes(status, Vec::new())
    }
}

/// What happens to the bytes of an answer.
#[derive(Clone, Copy, PartialEq)]
enum Delivery {
    Whole,
    Truncated,
    Reset,
}

pub(crate) async fn handle(shared: Arc<Shared>, parts: Parts, body: Bytes) -> Response {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str()).to_owned();
    let (zone, route) = route::read(parts.uri.path());
    let bucket = route.bucket();
    let text = (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned());
    let log = |status: u16| {
        shared.note(LoggedRequest {
            method: parts.method.to_string(),
            target: target.clone(),
            body: text.clone(),
            entity: bucket.to_owned(),
            status,
        });
    };
    let (slot, reply, delivery) = decide(&shared, &parts, &target, &zone, &route, &body).await;
    let Some(reply) = reply else {
        log(0);
        // The client has to give up; the slot stays taken until it does.
        std::future::pending::<()>().await;
        return Response::new(Body::empty());
    };
    log(reply.status);
    write(&shared, reply, slot, delivery)
}

/// The answer, and how it is delivered; no reply means silence.
async fn decide(
    shared: &Arc<Shared>,
    parts: &Parts,
    target: &str,
    zone: &str,
    route: &Route,
    body: &Bytes,
) -> (Option<Slot>, Option<Reply>, Delivery) {
    let switches = shared.switches.get();
    let bucket = route.bucket();
    let open = matches!(route, Route::ZoneInformation | Route::VersionInformation);
    if parts.method == Method::GET && shared.origin.len() + target.len() > LONGEST_URL {
        return (None, Some(Reply::message(404, "Not Found")), Delivery::Whole);
    }
    let mut slot = None;
    if !open {
        if let Some(refusal) = check_credentials(shared, parts, zone, &switches) {
            return (None, Some(refusal), Delivery::Whole);
        }
        let used = shared.count_hour().saturating_add(switches.hourly_used_by_others);
        if used >= switches.hourly_limit && !matches!(route, Route::Unknown) {
            let mut reply = Reply::errors(
                switches.hourly_status,
                format!(
                    "The Autotask API request threshold of {} requests per 60 minutes has been exceeded.",
                    switches.hourly_limit
                ),
            );
            reply.retry_after = switches.retry_after;
            return (None, Some(reply), Delivery::Whole);
        }
        slot = shared.enter(bucket, switches.thread_limit);
        if slot.is_none() {
            let limit = switches.thread_limit.unwrap_or(0);
            let mut reply = Reply::errors(
                switches.thread_limit_status,
                format!(
                    "The Autotask API thread threshold of {limit} threads has been exceeded ({bucket}). Itgenatr005"
                ),
            );
            reply.retry_after = switches.retry_after;
            return (None, Some(reply), Delivery::Whole);
        }
        if switches.usage_latency {
            let share = f64::from(used) / f64::from(switches.hourly_limit.max(1));
            if share >= 0.5 {
                tokio::time::sleep(Duration::from_millis(if share >= 0.75 { 1_000 } else { 500 })).await;
            }
        }
    }
    let faults = shared.switches.set(|switches| Faults::take(switches, bucket));
    if let Some(delay) = faults.delay {
        tokio::time::sleep(delay).await;
    }
    if faults.hang {
        return (slot, None, Delivery::Whole);
    }
    if faults.html_503 {
        let page = "<html><head><title>503 Service Unavailable</title></head><body>No server is available.</body></html>";
        let reply = Reply {
            kind: "text/html",
            retry_after: switches.retry_after,
            ..Reply::bytes(503, page.as_bytes().to_vec())
        };
        return (slot, Some(reply), Delivery::Whole);
    }
    let (empty_body, delivery) = (faults.empty_body, faults.delivery());
    let reply = if matches!(route, Route::ZoneInformation) {
        zone_information(shared, parts, &switches)
    } else {
        // Looking through millions of rows takes a while, in which the others are served too.
        let (shared, parts, body, route) = (shared.clone(), parts.clone(), body.clone(), route.clone());
        let answer = tokio::task::spawn_blocking(move || {
            shared.read(|world| {
                let (shared, parts, body) = (&shared, &parts, &body);
                respond(&Asked { shared, parts, switches: &switches, faults: &faults, world, body }, &route)
            })
        });
        answer.await.unwrap_or_else(|broken| Reply::errors(500, format!("The simulator broke: {broken}.")))
    };
    if empty_body {
        return (slot, Some(Reply::empty(200)), Delivery::Whole);
    }
    (slot, Some(reply), delivery)
}

/// Faults that strike one request.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
struct Faults {
    delay: Option<Duration>,
    hang: bool,
    html_503: bool,
    empty_body: bool,
    reset: bool,
    truncate: bool,
    unordered: bool,
    ignore_filter: bool,
}

impl Faults {
    fn delivery(&self) -> Delivery {
        if self.reset {
            Delivery::Reset
        } else if self.truncate {
            Delivery::Truncated
        } else {
            Delivery::Whole
        }
    }

    fn take(switches: &mut Switches, bucket: &str) -> Self {
        let mut slow = switches.slow_first_byte.as_ref().map(|slow| slow.fault.clone());
        let delay = Fault::strikes(&mut slow, bucket).then(|| {
            Duration::from_millis(switches.slow_first_byte.as_ref().map_or(0, |slow| slow.delay_ms))
        });
        match (slow, &mut switches.slow_first_byte) {
            (Some(fault), Some(slow)) => slow.fault = fault,
            _ => switches.slow_first_byte = None,
        }
        Self {
            delay,
            hang: Fault::strikes(&mut switches.hang, bucket),
            html_503: Fault::strikes(&mut switches.html_503, bucket),
            empty_body: Fault::strikes(&mut switches.empty_body, bucket),
            reset: Fault::strikes(&mut switches.reset_connection, bucket),
            truncate: Fault::strikes(&mut switches.truncate_body, bucket),
            unordered: Fault::strikes(&mut switches.unordered, bucket),
            ignore_filter: Fault::strikes(&mut switches.ignore_filter, bucket),
        }
    }
}

fn check_credentials(shared: &Shared, parts: &Parts, zone: &str, switches: &Switches) -> Option<Reply> {
    let here = if switches.zone_moved { NEW_ZONE } else { "" };
    if zone != here || switches.credentials_revoked || switches.locked {
        return Some(Reply::empty(401));
    }
    let sent = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = &shared.config.credentials;
    let user = sent("UserName").eq_ignore_ascii_case(&known.user_name);
    let code = sent("ApiIntegrationCode") == known.integration_code;
    if switches.auth_failure == AuthFailure::Errors500 {
        if !code {
            return Some(Reply::errors(500, "Integration code required with this version of the API."));
        }
        if !user {
            return Some(Reply::errors(500, "The API user could not be found."));
        }
    }
    (!user || !code || sent("Secret") != known.secret).then(|| Reply::empty(401))
}

fn parameter(parts: &Parts, name: &str) -> Option<String> {
    form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

fn zone_base(shared: &Shared, switches: &Switches) -> String {
    let zone = if switches.zone_moved { format!("/{NEW_ZONE}") } else { String::new() };
    format!("{}{zone}/ATServicesRest/", shared.origin)
}

fn zone_information(shared: &Shared, parts: &Parts, switches: &Switches) -> Reply {
    let user = parameter(parts, "user").unwrap_or_default();
    if !user.eq_ignore_ascii_case(&shared.config.credentials.user_name) {
        return Reply::errors(500, "Zone information could not be determined");
    }
    Reply::json(
        200,
        &json!({
            "zoneName": if switches.zone_moved { "Simulator 2" } else { "Simulator" },
            "url": zone_base(shared, switches),
            "webUrl": format!("{}/", shared.origin),
            "ci": shared.config.customer_database,
        }),
    )
}

/// A request that passed every limit.
struct Asked<'a> {
    shared: &'a Shared,
    parts: &'a Parts,
    switches: &'a Switches,
    faults: &'a Faults,
    world: &'a World,
    body: &'a Bytes,
}

fn not_found(asked: &Asked<'_>) -> Reply {
    Reply::message(
        404,
        format!(
            "No HTTP resource was found that matches the request URI '{}{}'.",
            asked.shared.origin,
            asked.parts.uri.path()
        ),
    )
}

fn respond(asked: &Asked<'_>, route: &Route) -> Reply {
    let method = &asked.parts.method;
    let may_post = matches!(route, Route::Query(_) | Route::Count(_) | Route::Next(_));
    if matches!(route, Route::Unknown) {
        return not_found(asked);
    }
    if matches!(route, Route::Collection(_)) || !(method == Method::GET || method == Method::POST && may_post)
    {
        return Reply::wrong_verb(method);
    }
    if route.reads().is_some_and(|entity| Switches::names(&asked.switches.forbidden, &entity.name)) {
        return Reply::errors(
            500,
            "The logged in Resource does not have the adequate permissions to query this entity type.",
        );
    }
    match route {
        Route::VersionInformation => Reply::json(200, &json!({"apiVersions": ["v1.0"]})),
        Route::Version => Reply::json(
            200,
            &json!({"majorVersion": "2026", "minorVersion": "1", "build": "1042", "customerType": "Production"}),
        ),
        Route::ThresholdInformation => {
            let own = u32::try_from(asked.shared.traffic().hour.len()).unwrap_or(u32::MAX);
            Reply::json(
                200,
                &json!({
                    "externalRequestThreshold": asked.switches.hourly_limit,
                    "requestThresholdTimeframe": 60,
                    "currentTimeframeRequestCount": own.saturating_add(asked.switches.hourly_used_by_others),
                }),
            )
        }
        Route::Modules => Reply::json(
            200,
            &json!({"modules": [
                {"key": 1, "value": "CRM"}, {"key": 2, "value": "Service Desk"}, {"key": 3, "value": "Projects"},
                {"key": 4, "value": "Contracts"}, {"key": 6, "value": "Inventory"},
            ]}),
        ),
        Route::Info(entity) => {
            Reply::json(200, &metadata::information(entity, asked.switches.may_write.contains(&entity.name)))
        }
        Route::Fields(entity) => Reply::json(200, &metadata::fields(entity)),
        Route::UserDefinedFields(entity) => Reply::json(200, &metadata::user_defined_fields(entity)),
        Route::Query(entity) => query(asked, entity, &Page::first()),
        Route::Count(entity) => count(asked, entity),
        Route::Next(entity) => next(asked, entity),
        Route::Item(entity, id) => item(asked, entity, *id, |_| true),
        Route::Children(child, parent, id) => {
            let (column, parent) = (child.column, *parent);
            // Balances of a resource are addressed by year instead of id.
            let year = child.entity.column("year");
            match (id, year) {
                (Some(year), Some(by)) => {
                    let found = visible(asked, child.entity).and_then(|table| {
                        table.rows().find(|row| {
                            row.cell(column) == Cell::Int(parent) && row.cell(by) == Cell::Int(*year)
                        })
                    });
                    found.map_or_else(|| missing(asked), |row| one(asked, child.entity, row))
                }
                (Some(id), None) => {
                    item(asked, child.entity, *id, |row| row.cell(column) == Cell::Int(parent))
                }
                (None, _) => {
                    let filter = Filter::And(vec![Filter::Field(
                        column,
                        crate::query::Test::Integer(crate::query::Compare::Eq, parent),
                    )]);
                    let query = Query { max_records: PAGE, include: None, filter };
                    page(asked, child.entity, &query, &Page::first(), None)
                }
            }
        }
        Route::ZoneInformation | Route::Collection(_) | Route::Unknown => not_found(asked),
    }
}

/// The rows the user may see; none at all when the entity is silently empty.
fn visible<'a>(asked: &Asked<'a>, entity: &Entity) -> Option<&'a Table> {
    asked.world.table(&entity.name).filter(|_| !Switches::names(&asked.switches.silently_empty, &entity.name))
}

fn may_see(asked: &Asked<'_>, entity: &Entity, row: RowRef<'_>) -> bool {
    if !asked.switches.hide_non_billable_time || entity.name != "TimeEntries" {
        return true;
    }
    entity.column("isNonBillable").is_none_or(|column| row.cell(column) != Cell::Bool(true))
}

fn missing(asked: &Asked<'_>) -> Reply {
    match asked.switches.missing_id {
        MissingId::NotFound => Reply::empty(404),
        MissingId::ItemNull => Reply::json(200, &json!({"item": null})),
        MissingId::Empty => Reply::empty(200),
    }
}

fn item(asked: &Asked<'_>, entity: &'static Entity, id: i64, belongs: impl Fn(RowRef<'_>) -> bool) -> Reply {
    let row = visible(asked, entity).and_then(|table| table.get(id));
    match row.filter(|row| belongs(*row) && may_see(asked, entity, *row)) {
        Some(row) => one(asked, entity, row),
        None => missing(asked),
    }
}

fn one(asked: &Asked<'_>, entity: &Entity, row: RowRef<'_>) -> Reply {
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

fn count(asked: &Asked<'_>, entity: &'static Entity) -> Reply {
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

fn query(asked: &Asked<'_>, entity: &'static Entity, at: &Page) -> Reply {
    match read_query(asked, entity) {
        Ok((query, search)) => page(asked, entity, &query, at, search.as_deref()),
        Err(refusal) => refusal,
    }
}

/// A place in the pages of a query: ids at which this page and the ones before it start.
struct Page {
    before: Vec<i64>,
    after: i64,
}

/// The server forgets pages beyond this many.
const REMEMBERED_PAGES: usize = 50;

impl Page {
    const fn first() -> Self {
        Self { before: Vec::new(), after: -1 }
    }

    fn token(&self, size: usize) -> String {
        json!({"pageSize": size, "previousIds": self.before, "nextIds": [self.after]}).to_string()
    }
}

fn next(asked: &Asked<'_>, entity: &'static Entity) -> Reply {
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

fn page(asked: &Asked<'_>, entity: &'static Entity, query: &Query, at: &Page, search: Option<&str>) -> Reply {
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

/// Writes an answer; the slot is held until its bytes are handed to the connection.
fn write(shared: &Shared, reply: Reply, slot: Option<Slot>, delivery: Delivery) -> Response {
    let now = shared.read(World::now);
    let whole = reply.body.len();
    let broken = || Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let body = Bytes::from(reply.body);
    let chunks: Vec<Result<Bytes, std::io::Error>> = match delivery {
        Delivery::Whole => vec![Ok(body)],
        Delivery::Truncated => vec![Ok(body.slice(..whole / 2)), broken()],
        Delivery::Reset => vec![broken()],
    };
    let mut chunks = chunks.into_iter();
    let stream = stream::poll_fn(move |_| {
        // The stream owns the slot: it is freed when the connection has taken the last chunk and drops the body.
        let _held = &slot;
        std::task::Poll::Ready(chunks.next())
    });
    let mut response = Response::new(if whole == 0 && delivery == Delivery::Whole {
        Body::empty()
    } else {
        Body::from_stream(stream)
    });
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole));
    if whole > 0 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.kind));
    }
    // The tenant's clock, not this machine's: clients take their watermark from it.
    if let Ok(date) = HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        headers.insert(header::DATE, date);
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
