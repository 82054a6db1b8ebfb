//! Answering the API: credentials, limits, faults, and what each path does.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;
use url::form_urlencoded;

use super::pages::{self, Page};
use super::reply::{self, Reply, Transfer};
use super::route::{self, Route};
use super::{LoggedRequest, Shared, Slot, metadata, registration};
use crate::query::{Compare, Filter, PAGE, Query, Test};
use crate::switches::{AuthFailure, Fault, Switches};
use crate::world::cell::Cell;
use crate::world::{World, webhooks};

/// Longer addresses are not found.
const LONGEST_URL: usize = 2_048;
/// The segment in front of the path after the tenant moved.
const NEW_ZONE: &str = "zone2";

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
    let (slot, reply, transfer) = decide(&shared, &parts, &target, &zone, &route, &body).await;
    let Some(reply) = reply else {
        log(0);
        // The client has to give up; the slot stays taken until it does.
        std::future::pending::<()>().await;
        return Response::new(Body::empty());
    };
    log(reply.status);
    reply::write(&shared, reply, slot, transfer)
}

/// The answer, and how it is delivered; no reply means silence.
async fn decide(
    shared: &Arc<Shared>,
    parts: &Parts,
    target: &str,
    zone: &str,
    route: &Route,
    body: &Bytes,
) -> (Option<Slot>, Option<Reply>, Transfer) {
    let switches = shared.switches.get();
    let bucket = route.bucket();
    let open = matches!(route, Route::ZoneInformation | Route::VersionInformation);
    if parts.method == Method::GET && shared.origin.len() + target.len() > LONGEST_URL {
        return (None, Some(Reply::message(404, "Not Found")), Transfer::Whole);
    }
    let mut slot = None;
    if !open {
        if let Some(refusal) = check_credentials(shared, parts, zone, &switches) {
            return (None, Some(refusal), Transfer::Whole);
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
            return (None, Some(reply), Transfer::Whole);
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
            return (None, Some(reply), Transfer::Whole);
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
        return (slot, None, Transfer::Whole);
    }
    if faults.html_503 {
        let page = "<html><head><title>503 Service Unavailable</title></head><body>No server is available.</body></html>";
        let reply = Reply {
            kind: "text/html",
            retry_after: switches.retry_after,
            ..Reply::bytes(503, page.as_bytes().to_vec())
        };
        return (slot, Some(reply), Transfer::Whole);
    }
    let (empty_body, transfer) = (faults.empty_body, faults.transfer());
    let reply = if matches!(route, Route::ZoneInformation) {
        zone_information(shared, parts, &switches)
    } else {
        // Looking through millions of rows takes a while, in which the others are served too.
        let (shared, parts, body, route) = (shared.clone(), parts.clone(), body.clone(), route.clone());
        let answer = tokio::task::spawn_blocking(move || {
            if let Some(write) = registration::read(&parts.method, &route) {
                return write.answer(&shared, &switches, &body);
            }
            shared.read(|world| {
                let (shared, parts, body) = (&shared, &parts, &body);
                respond(&Asked { shared, parts, switches: &switches, faults: &faults, world, body }, &route)
            })
        });
        answer.await.unwrap_or_else(|broken| Reply::errors(500, format!("The simulator broke: {broken}.")))
    };
    if empty_body {
        return (slot, Some(Reply::empty(200)), Transfer::Whole);
    }
    (slot, Some(reply), transfer)
}

/// Faults that strike one request.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(super) struct Faults {
    delay: Option<Duration>,
    hang: bool,
    html_503: bool,
    empty_body: bool,
    reset: bool,
    truncate: bool,
    pub(super) unordered: bool,
    pub(super) ignore_filter: bool,
}

impl Faults {
    fn transfer(&self) -> Transfer {
        if self.reset {
            Transfer::Reset
        } else if self.truncate {
            Transfer::Truncated
        } else {
            Transfer::Whole
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

pub(super) fn parameter(parts: &Parts, name: &str) -> Option<String> {
    form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

pub(super) fn zone_base(shared: &Shared, switches: &Switches) -> String {
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
pub(super) struct Asked<'a> {
    pub(super) shared: &'a Shared,
    pub(super) parts: &'a Parts,
    pub(super) switches: &'a Switches,
    pub(super) faults: &'a Faults,
    pub(super) world: &'a World,
    pub(super) body: &'a Bytes,
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
            let is_webhook = webhooks::kind_of(&entity.name).or_else(|| webhooks::kind_of_list(&entity.name));
            let may_write = match is_webhook {
                Some(_) => asked.switches.may_create_webhooks,
                None => asked.switches.may_write.contains(&entity.name),
            };
            Reply::json(200, &metadata::information(entity, may_write))
        }
        Route::Fields(entity) => {
            Reply::json(200, &metadata::fields(entity, asked.world.config().seed, &asked.switches.relabels))
        }
        Route::UserDefinedFields(entity) => Reply::json(200, &metadata::user_defined_fields(entity)),
        Route::Query(entity) => pages::query(asked, entity, &Page::first()),
        Route::Count(entity) => pages::count(asked, entity),
        Route::Next(entity) => pages::next(asked, entity),
        Route::Item(entity, id) => pages::item(asked, entity, *id, |_| true),
        Route::Children(child, parent, id) => {
            let (column, parent) = (child.column, *parent);
            // Balances of a resource are addressed by year instead of id.
            let year = child.entity.column("year");
            match (id, year) {
                (Some(year), Some(by)) => {
                    let found = pages::visible(asked, child.entity).and_then(|table| {
                        table.rows().find(|row| {
                            row.cell(column) == Cell::Int(parent) && row.cell(by) == Cell::Int(*year)
                        })
                    });
                    found.map_or_else(|| pages::missing(asked), |row| pages::one(asked, child.entity, row))
                }
                (Some(id), None) => {
                    pages::item(asked, child.entity, *id, |row| row.cell(column) == Cell::Int(parent))
                }
                (None, _) => {
                    let filter = Filter::And(vec![Filter::Field(column, Test::Integer(Compare::Eq, parent))]);
                    let query = Query { max_records: PAGE, include: None, filter };
                    pages::page(asked, child.entity, &query, &Page::first(), None)
                }
            }
        }
        Route::ZoneInformation | Route::Collection(_) | Route::Unknown => not_found(asked),
    }
}
