//! Delivering callouts: in order per webhook, attempted again after a pause, dropped into the error log in the end.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use url::{Host, Url};

use super::{Shared, signature};
use crate::switches::{DateSuffix, Fault, SwitchBoard, Switches};
use crate::world::World;
use crate::world::cell::{Cell, Row, write_time};
use crate::world::webhooks::{KINDS, Key, Receiver};

/// After this many events in a row that could not be delivered a webhook is made inactive.
const MOST_FAILURES: u32 = 25;
/// What the error log says of an event that was dropped by [`Switches::webhook_lost`].
const LOST: &str = "The callout could not be sent.";
/// What it says of an event whose webhook was made inactive before its turn.
const INACTIVE: &str = "The webhook is not active.";

/// One attempt to deliver a callout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it was sent: the webhook's `webhookUrl`, or its `deactivationUrl`.
    pub url: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The value of `X-Hook-Signature`.
    pub signature: String,
    /// The status of the answer; 0 when there was none in time.
    pub status: u16,
}

/// What waits to be delivered.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    lanes: Mutex<BTreeMap<Key, Lane>>,
    /// Told when there may be something due.
    wake: Notify,
    /// Held by the one who delivers.
    turn: tokio::sync::Mutex<()>,
}

/// The callouts of one webhook, in order.
#[derive(Debug, Default)]
struct Lane {
    /// The last sequence number given out.
    sequence: i64,
    /// Events in a row that could not be delivered.
    failures: u32,
    waiting: VecDeque<Callout>,
}

#[derive(Clone, Debug)]
struct Callout {
    body: Arc<str>,
    sequence: i64,
    /// Whether it tells of the webhook's own end instead of an event.
    is_deactivation: bool,
    attempts: u32,
    due: Option<Due>,
    /// Whether it has changed places already.
    moved: bool,
}

impl Callout {
    fn new(body: String, sequence: i64) -> Self {
        Self { body: body.into(), sequence, is_deactivation: false, attempts: 0, due: None, moved: false }
    }
}

/// The end of a pause, which passes by whichever clock is faster.
#[derive(Clone, Copy, Debug)]
struct Due {
    by_machine: Instant,
    /// By the tenant's clock, in milliseconds since 1970 UTC.
    by_tenant: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payload<'a> {
    action: &'a str,
    guid: &'a str,
    entity_type: &'a str,
    id: i64,
    fields: Row,
    event_time: String,
    sequence_number: i64,
    #[serde(rename = "PersonID")]
    person_id: i64,
}

impl Payload<'_> {
    fn to_text(&self) -> String {
        // Plain data into memory cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn time(at: i64, suffix: DateSuffix) -> String {
    let mut text = String::with_capacity(26);
    write_time(&mut text, at);
    if suffix == DateSuffix::Z {
        text.push('Z');
    }
    text
}

fn on_the_wire(fields: Vec<(&'static str, Cell)>, suffix: DateSuffix) -> Row {
    fields
        .into_iter()
        .map(|(name, cell)| {
            let value = cell.as_time().map_or_else(|| cell.to_json(), |at| time(at, suffix).into());
            (name.to_owned(), value)
        })
        .collect()
}

impl Outbox {
    fn lanes(&self) -> MutexGuard<'_, BTreeMap<Key, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues what the world noticed since the last time, as far as the user may know of it.
    pub(super) fn collect(&self, world: &mut World, board: &SwitchBoard) {
        let mut lanes = self.lanes();
        for event in world.take_events() {
            let kind = &KINDS[event.webhook.0];
            let struck = board.set(|switches| {
                let hidden = [&switches.forbidden, &switches.silently_empty];
                (!hidden.iter().any(|list| Switches::names(list, kind.watched))).then(|| {
                    (
                        switches.date_suffix,
                        Fault::strikes(&mut switches.webhook_lost, kind.watched),
                        Fault::strikes(&mut switches.webhook_duplicates, kind.watched),
                    )
                })
            });
            let Some((suffix, is_lost, is_double)) = struck else { continue };
            let lane = lanes.entry(event.webhook).or_default();
            lane.sequence += 1;
            let payload = Payload {
                action: event.action.name(),
                guid: &event.guid,
                entity_type: kind.event_name,
                id: event.id,
                fields: on_the_wire(event.fields, suffix),
                event_time: time(event.at, suffix),
                sequence_number: lane.sequence,
                person_id: event.person,
            };
            let callout = Callout::new(payload.to_text(), lane.sequence);
            if is_lost {
                world.log_undelivered(event.webhook, LOST, &callout.body, callout.sequence);
                continue;
            }
            if is_double {
                lane.waiting.push_back(callout.clone());
            }
            lane.waiting.push_back(callout);
        }
        if lanes.values().any(|lane| !lane.waiting.is_empty()) {
            self.wake.notify_one();
        }
    }

    /// The callout of a webhook that is due, when one is.
    fn due(&self, key: Key, tenant: i64, board: &SwitchBoard) -> Option<Callout> {
        let mut lanes = self.lanes();
        let waiting = &mut lanes.get_mut(&key)?.waiting;
        let first = waiting.front()?;
        if first.due.is_some_and(|due| Instant::now() < due.by_machine && tenant < due.by_tenant) {
            return None;
        }
        let overtakes =
            |callout: &Callout| callout.attempts == 0 && !callout.moved && !callout.is_deactivation;
        if overtakes(first)
            && waiting.get(1).is_some_and(overtakes)
            && board.set(|switches| Fault::strikes(&mut switches.webhook_out_of_order, KINDS[key.0].watched))
        {
            waiting.swap(0, 1);
            waiting.iter_mut().take(2).for_each(|callout| callout.moved = true);
        }
        waiting.front().cloned()
    }

    /// Changes the lane of a webhook whose first callout was attempted.
    fn settle<T>(&self, key: Key, change: impl FnOnce(&mut Lane) -> T) -> Option<T> {
        self.lanes().get_mut(&key).map(change)
    }

    /// Waits until something may be due.
    async fn rest(&self) {
        let next = self
            .lanes()
            .values()
            .filter_map(|lane| lane.waiting.front()?.due)
            .map(|due| due.by_machine)
            .min();
        let pause = next.map(|at| at.saturating_duration_since(Instant::now()));
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)), if pause.is_some() => {}
        }
    }
}

/// Delivers everything that is due, each webhook in its own order. The attempts come back webhook by webhook.
pub(super) async fn deliver(shared: &Shared) -> Vec<Delivery> {
    let _turn = shared.outbox.turn.lock().await;
    let keys: Vec<Key> = shared.outbox.lanes().keys().copied().collect();
    futures::future::join_all(keys.into_iter().map(|key| deliver_to(shared, key))).await.concat()
}

/// Delivers whenever something is due, for good.
pub(super) async fn deliver_for_good(shared: Arc<Shared>) {
    loop {
        deliver(&shared).await;
        shared.outbox.rest().await;
    }
}

async fn deliver_to(shared: &Shared, key: Key) -> Vec<Delivery> {
    let mut sent = Vec::new();
    loop {
        let (receiver, tenant) = shared.read(|world| (world.receiver(key), world.now));
        let Some(receiver) = receiver else {
            shared.outbox.lanes().remove(&key);
            return sent;
        };
        let Some(callout) = shared.outbox.due(key, tenant, &shared.switches) else { return sent };
        if !receiver.is_live && !callout.is_deactivation {
            shared.outbox.settle(key, |lane| lane.waiting.pop_front());
            shared.write(|world| world.log_undelivered(key, INACTIVE, &callout.body, callout.sequence));
            continue;
        }
        let switches = shared.switches.get();
        let (delivery, failure) = attempt(&receiver, &callout, &switches).await;
        sent.push(delivery);
        conclude(shared, key, &receiver, &callout, failure, &switches);
    }
}

/// What an attempt leads to: the next callout, a pause, or the error log and perhaps the end of the webhook.
fn conclude(
    shared: &Shared,
    key: Key,
    receiver: &Receiver,
    callout: &Callout,
    failure: Option<String>,
    switches: &Switches,
) {
    let Some(failure) = failure else {
        shared.outbox.settle(key, |lane| {
            lane.waiting.pop_front();
            lane.failures = 0;
        });
        return;
    };
    if callout.attempts + 1 < switches.webhook_attempts {
        let tenant = shared.read(|world| world.now);
        let pause = Duration::from_millis(switches.webhook_retry_ms);
        shared.outbox.settle(key, |lane| {
            if let Some(first) = lane.waiting.front_mut() {
                first.attempts += 1;
                first.due = Instant::now().checked_add(pause).map(|by_machine| Due {
                    by_machine,
                    by_tenant: tenant.saturating_add_unsigned(switches.webhook_retry_ms),
                });
            }
        });
        return;
    }
    shared.write(|world| world.log_undelivered(key, &failure, &callout.body, callout.sequence));
    let is_over = shared.outbox.settle(key, |lane| {
        lane.waiting.pop_front();
        lane.failures += u32::from(!callout.is_deactivation);
        lane.failures >= MOST_FAILURES
    });
    if is_over == Some(true) {
        let at = shared.write(|world| {
            world.disable(key);
            world.now
        });
        shared.outbox.settle(key, |lane| {
            lane.failures = 0;
            lane.sequence += 1;
            let payload = Payload {
                action: "Deactivated",
                guid: &receiver.guid,
                entity_type: KINDS[key.0].event_name,
                id: key.1,
                fields: Row::new(),
                event_time: time(at, switches.date_suffix),
                sequence_number: lane.sequence,
                person_id: crate::world::webhooks::SYSTEM_USER,
            };
            let callout = Callout::new(payload.to_text(), lane.sequence);
            lane.waiting.push_front(Callout { is_deactivation: true, ..callout });
        });
    }
}

/// One attempt, and why it failed when it did.
async fn attempt(receiver: &Receiver, callout: &Callout, switches: &Switches) -> (Delivery, Option<String>) {
    let url = if callout.is_deactivation { &receiver.deactivation_url } else { &receiver.webhook_url };
    let signature = signature::sign(&receiver.secret, &callout.body, switches.webhook_escaping);
    let time = Duration::from_millis(switches.webhook_timeout_ms);
    let outcome = match tokio::time::timeout(time, post(url, &callout.body, &signature)).await {
        Ok(outcome) => outcome,
        Err(_) => Err("The operation has timed out.".to_owned()),
    };
    let (status, failure) = match outcome {
        Ok(status) if (200..300).contains(&status) => (status, None),
        Ok(status) => (status, Some(format!("The remote server returned an error: ({status})."))),
        Err(why) => (0, Some(why)),
    };
    (Delivery { url: url.clone(), body: callout.body.as_bytes().to_vec(), signature, status }, failure)
}

/// POSTs a callout and reads the status. Only to loopback: a made-up tenant has nothing to tell the world.
async fn post(url: &str, body: &str, signature: &str) -> Result<u16, String> {
    let unreachable = || "Unable to connect to the remote server.".to_owned();
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let port = url.port_or_known_default().filter(|_| url.scheme() == "http").ok_or_else(unreachable)?;
    let stream = match url.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => TcpStream::connect((ip, port)).await,
        Some(Host::Ipv6(ip)) if ip.is_loopback() => TcpStream::connect((ip, port)).await,
        Some(Host::Domain("localhost")) => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await,
        _ => return Err(unreachable()),
    }
    .map_err(|_| unreachable())?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}{query}", url.path()))
        .header(header::HOST, format!("{}:{port}", url.host_str().unwrap_or_default()))
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("X-Hook-Signature", signature)
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| error.to_string());
    connection.abort();
    answer.map(|answer| answer.status().as_u16())
}
