//! How the simulated service behaves and misbehaves; everything can be changed while it serves.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How credential failures are answered; published reports differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthFailure {
    /// 401 with an empty body for every cause.
    #[default]
    EmptyUnauthorized,
    /// 500 with an `errors` body for an unknown user or integration code; still 401 for a wrong secret.
    Errors500,
}

/// What follows a date-time on the wire; published reports differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateSuffix {
    /// Nothing: `2024-01-31T15:04:05.307`.
    #[default]
    None,
    /// `Z`.
    Z,
}

/// How `GET E/{id}` answers for an id that does not exist; published reports differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingId {
    /// 404.
    #[default]
    NotFound,
    /// 200 with `{"item":null}`.
    ItemNull,
    /// 200 with no body.
    Empty,
}

/// Which addresses a webhook may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookUrls {
    /// Any address over http or https; a receiver on loopback can only have one of these.
    #[default]
    Any,
    /// Only https on port 443 of a public host, as the real service.
    PublicHttps,
}

/// Which form of a callout's body is signed; published reports differ. The body itself is always sent raw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEscaping {
    /// The bytes that are sent.
    #[default]
    Raw,
    /// The body whose strings have ``& < > ' " \ ` +`` and everything beyond ASCII as `\uXXXX`, in upper case.
    Upper,
    /// The same in lower case: `\u00e9`.
    Lower,
}

/// When a fault strikes: on every request, or only on those to one entity, or only on the next few.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fault {
    /// Only requests to this entity (or to `Version`, `ThresholdInformation`, `Modules`, `zoneInformation`).
    pub entity: Option<String>,
    /// Only this many more requests; the fault then clears itself.
    pub requests: Option<u32>,
}

impl Fault {
    /// A fault on every request.
    pub fn always() -> Self {
        Self::default()
    }

    /// A fault on the next `requests` requests.
    pub fn next(requests: u32) -> Self {
        Self { entity: None, requests: Some(requests) }
    }

    /// The same fault, but only for requests to `entity`.
    #[must_use]
    pub fn on(mut self, entity: &str) -> Self {
        self.entity = Some(entity.into());
        self
    }

    fn concerns(&self, entity: &str) -> bool {
        self.requests != Some(0) && self.entity.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(entity))
    }

    /// Whether the fault in this slot strikes now; uses up one of its requests.
    pub(crate) fn strikes(slot: &mut Option<Self>, entity: &str) -> bool {
        let Some(fault) = slot.as_mut().filter(|fault| fault.concerns(entity)) else { return false };
        if let Some(left) = &mut fault.requests {
            *left -= 1;
            if *left == 0 {
                *slot = None;
            }
        }
        true
    }
}

/// A delay before the first byte of the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slow {
    /// Milliseconds.
    pub delay_ms: u64,
    /// When it strikes.
    #[serde(flatten)]
    pub fault: Fault,
}

/// Rows that look otherwise on the wire than in the tenant: what a newer version of the service might send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rewrite {
    /// Rows of this entity.
    pub entity: String,
    /// Only this one.
    pub id: Option<i64>,
    /// Members with other values, of any type, and members that no field list names.
    pub set: Map<String, Value>,
    /// Members that are left out.
    pub without: Vec<String>,
}

/// A value of a list that differs from what the tenant began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relabel {
    /// The entity.
    pub entity: String,
    /// Its field.
    pub field: String,
    /// The value; one that the list does not have is added.
    pub value: String,
    /// Its label.
    pub label: String,
    /// Whether it can still be chosen.
    pub active: bool,
}

/// Every switch, with the defaults of a healthy service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches are what this is")]
pub struct Switches {
    /// How credential failures are answered.
    pub auth_failure: AuthFailure,
    /// What follows a date-time.
    pub date_suffix: DateSuffix,
    /// How a missing id is answered.
    pub missing_id: MissingId,
    /// Whether `nextPageUrl` is relative.
    pub relative_next_url: bool,
    /// Whether answers slow down from half of the hourly limit on (0.5 s, then 1 s from three quarters).
    pub usage_latency: bool,
    /// Requests to one entity that are handled at the same time; `None` lifts the limit.
    pub thread_limit: Option<usize>,
    /// The status of a request beyond the thread limit.
    pub thread_limit_status: u16,
    /// Requests in a rolling hour.
    pub hourly_limit: u32,
    /// Requests other integrations made in the last hour.
    pub hourly_used_by_others: u32,
    /// The status of a request beyond the hourly limit.
    pub hourly_status: u16,
    /// `Retry-After` of limit answers and 503 pages, in seconds.
    pub retry_after: Option<u32>,
    /// Entities whose rows the user may not read, and is told so.
    pub forbidden: BTreeSet<String>,
    /// Entities whose rows the user may not read, and sees none of.
    pub silently_empty: BTreeSet<String>,
    /// Entities that the user may create, change and delete, as its metadata says. Writing is refused all the same, but
    /// for webhooks: their right is [`Switches::may_create_webhooks`].
    pub may_write: BTreeSet<String>,
    /// Whether non-billable time entries are invisible.
    pub hide_non_billable_time: bool,
    /// Whether cost fields are null.
    pub hide_costs: bool,
    /// Whether the tenant has moved: the old address answers 401, zone discovery names the new one.
    pub zone_moved: bool,
    /// Whether the credentials are no longer valid.
    pub credentials_revoked: bool,
    /// Whether the API user is locked.
    pub locked: bool,
    /// Rows that look otherwise than they are.
    pub rewrites: Vec<Rewrite>,
    /// Values of lists that were renamed, retired or added.
    pub relabels: Vec<Relabel>,
    /// Pages whose rows are not in id order.
    pub unordered: Option<Fault>,
    /// Queries that are answered as if they had no filter.
    pub ignore_filter: Option<Fault>,
    /// An HTML error page with status 503, as from a proxy in front of the service.
    pub html_503: Option<Fault>,
    /// A late first byte.
    pub slow_first_byte: Option<Slow>,
    /// No answer at all.
    pub hang: Option<Fault>,
    /// A connection that ends in the middle of the announced body.
    pub truncate_body: Option<Fault>,
    /// Status 200 with no body.
    pub empty_body: Option<Fault>,
    /// A connection that ends before any body.
    pub reset_connection: Option<Fault>,
    /// Which addresses a webhook may have.
    pub webhook_urls: WebhookUrls,
    /// Whether the user has the right to create webhooks (`Can create WebHooks`).
    pub may_create_webhooks: bool,
    /// How many webhooks the tenant may have.
    pub most_webhooks: u32,
    /// Which form of a callout's body is signed.
    pub webhook_escaping: WebhookEscaping,
    /// Milliseconds between the attempts of a callout.
    pub webhook_retry_ms: u64,
    /// How often a callout is attempted before it is dropped into the error log.
    pub webhook_attempts: u32,
    /// Milliseconds a receiver has to answer.
    pub webhook_timeout_ms: u64,
    /// Events that are sent twice. The entity of this fault and the next two is the one that changed.
    pub webhook_duplicates: Option<Fault>,
    /// Events that are never sent, but go to the error log: gaps in the sequence numbers.
    pub webhook_lost: Option<Fault>,
    /// Events that the one behind them overtakes.
    pub webhook_out_of_order: Option<Fault>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            auth_failure: AuthFailure::default(),
            date_suffix: DateSuffix::default(),
            missing_id: MissingId::default(),
            relative_next_url: false,
            usage_latency: false,
            thread_limit: Some(3),
            thread_limit_status: 429,
            hourly_limit: 10_000,
            hourly_used_by_others: 0,
            hourly_status: 429,
            retry_after: None,
            forbidden: BTreeSet::new(),
            silently_empty: BTreeSet::new(),
            hide_non_billable_time: false,
            may_write: BTreeSet::new(),
            hide_costs: false,
            rewrites: Vec::new(),
            relabels: Vec::new(),
            zone_moved: false,
            credentials_revoked: false,
            locked: false,
            unordered: None,
            ignore_filter: None,
            html_503: None,
            slow_first_byte: None,
            hang: None,
            truncate_body: None,
            empty_body: None,
            reset_connection: None,
            webhook_urls: WebhookUrls::default(),
            may_create_webhooks: true,
            most_webhooks: 10,
            webhook_escaping: WebhookEscaping::default(),
            webhook_retry_ms: 30_000,
            webhook_attempts: 5,
            webhook_timeout_ms: 10_000,
            webhook_duplicates: None,
            webhook_lost: None,
            webhook_out_of_order: None,
        }
    }
}

impl Switches {
    /// The switches with the members of a JSON object written over them. The error names what does not fit.
    pub fn patched(&self, patch: &Value) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let (Some(all_members), Some(patch)) = (all.as_object_mut(), patch.as_object()) else {
            return Err("a JSON object is expected".into());
        };
        all_members.extend(patch.clone());
        serde_json::from_value(all).map_err(|error| error.to_string())
    }

    pub(crate) fn names(list: &BTreeSet<String>, entity: &str) -> bool {
        list.iter().any(|name| name.eq_ignore_ascii_case(entity))
    }
}

/// A handle on the switches of a running simulator; clones share them.
#[derive(Clone, Debug, Default)]
pub struct SwitchBoard(Arc<Mutex<Switches>>);

impl SwitchBoard {
    /// Changes switches; requests that arrive from now on see the change.
    pub fn set<T>(&self, change: impl FnOnce(&mut Switches) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The switches as they are now.
    pub fn get(&self) -> Switches {
        self.set(|switches| switches.clone())
    }

    /// Back to a healthy service.
    pub fn reset(&self) {
        self.set(|switches| *switches = Switches::default());
    }

    /// Writes the members of a JSON object over the switches. The error names what does not fit.
    pub fn patch(&self, patch: &Value) -> Result<(), String> {
        self.set(|switches| switches.patched(patch).map(|patched| *switches = patched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_for_one_entity_and_few_requests_clears_itself() {
        let mut slot = Some(Fault::next(2).on("Tickets"));
        assert!(!Fault::strikes(&mut slot, "Companies"));
        assert!(Fault::strikes(&mut slot, "tickets"));
        assert!(Fault::strikes(&mut slot, "Tickets"));
        assert!(!Fault::strikes(&mut slot, "Tickets"));
        assert_eq!(slot, None);
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let board = SwitchBoard::default();
        board
            .patch(
                &serde_json::json!({"thread_limit": null, "html_503": {"requests": 2}, "date_suffix": "z"}),
            )
            .unwrap();
        let switches = board.get();
        assert_eq!(switches.thread_limit, None);
        assert_eq!(switches.html_503, Some(Fault::next(2)));
        assert_eq!(switches.date_suffix, DateSuffix::Z);
        assert_eq!(switches.hourly_limit, 10_000);
        assert!(board.patch(&serde_json::json!({"no_such_switch": 1})).is_err());
    }
}
