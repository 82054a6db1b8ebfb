//! Webhooks: who subscribed to what, and which changes of the tenant are events.
//!
//! The rows of webhooks and of their lists are ordinary rows; this module compiles them into subscriptions and notices
//! the changes that concern one. With no subscription that is ready nothing is compared and nothing is remembered.

use std::collections::BTreeMap;

use super::World;
use super::cell::{At, Cell, Record, draft};
use super::picklists::{self, UDFS};
use super::table::RowRef;
use crate::rng::{Rng, mix};
use crate::schema::{Entity, schema};

/// A kind of webhook: the entity it watches, and the collections that describe it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The collection whose rows are watched.
    pub(crate) watched: &'static str,
    pub(crate) webhooks: &'static str,
    pub(crate) fields: &'static str,
    pub(crate) udf_fields: Option<&'static str>,
    pub(crate) excluded: &'static str,
    /// What callouts call the watched entity: its older name.
    pub(crate) event_name: &'static str,
    /// The field of the error log that names the webhook; the log has one for two kinds only.
    logged_as: Option<&'static str>,
    /// Fields of a changed row that tell who changed it, the best first.
    changed_by: &'static [&'static str],
}

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        watched: "Companies",
        webhooks: "CompanyWebhooks",
        fields: "CompanyWebhookFields",
        udf_fields: Some("CompanyWebhookUdfFields"),
        excluded: "CompanyWebhookExcludedResources",
        event_name: "Account",
        logged_as: Some("accountWebhookID"),
        changed_by: &[],
    },
    Kind {
        watched: "Contacts",
        webhooks: "ContactWebhooks",
        fields: "ContactWebhookFields",
        udf_fields: Some("ContactWebhookUdfFields"),
        excluded: "ContactWebhookExcludedResources",
        event_name: "Contact",
        logged_as: Some("contactWebhookID"),
        changed_by: &[],
    },
    Kind {
        watched: "ConfigurationItems",
        webhooks: "ConfigurationItemWebhooks",
        fields: "ConfigurationItemWebhookFields",
        udf_fields: Some("ConfigurationItemWebhookUdfFields"),
        excluded: "ConfigurationItemWebhookExcludedResources",
        event_name: "InstalledProduct",
        logged_as: None,
        changed_by: &["lastActivityPersonID"],
    },
    Kind {
        watched: "Tickets",
        webhooks: "TicketWebhooks",
        fields: "TicketWebhookFields",
        udf_fields: Some("TicketWebhookUdfFields"),
        excluded: "TicketWebhookExcludedResources",
        event_name: "Ticket",
        logged_as: None,
        changed_by: &["lastActivityResourceID", "creatorResourceID"],
    },
    Kind {
        watched: "TicketNotes",
        webhooks: "TicketNoteWebhooks",
        fields: "TicketNoteWebhookFields",
        udf_fields: None,
        excluded: "TicketNoteWebhookExcludedResources",
        event_name: "TicketNote",
        logged_as: None,
        changed_by: &["creatorResourceID"],
    },
];

/// The Autotask Administrator, who did what nobody else did.
pub(crate) const SYSTEM_USER: i64 = 4;
/// The longest payload the error log takes.
const LONGEST_PAYLOAD: usize = 8_000;

/// A webhook: the position of its kind in [`KINDS`], and its id.
pub(crate) type Key = (usize, i64);

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// A change that a subscription wants to be told of.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) webhook: Key,
    pub(crate) guid: Box<str>,
    pub(crate) action: Action,
    pub(crate) id: i64,
    /// Changed fields that are subscribed to, and those that are always shown.
    pub(crate) fields: Vec<(&'static str, Cell)>,
    /// The tenant's time, in milliseconds since 1970 UTC.
    pub(crate) at: i64,
    pub(crate) person: i64,
}

/// A field of the watched entity, as a webhook lists it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Watched {
    Field(u16),
    Udf(&'static str),
}

/// A webhook that is active and ready.
#[derive(Debug)]
struct Subscription {
    key: Key,
    guid: Box<str>,
    create: bool,
    update: bool,
    delete: bool,
    subscribed: Vec<Watched>,
    always_shown: Vec<Watched>,
    excluded: Vec<i64>,
}

/// What the world remembers of its webhooks beside their rows.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    /// Keys are written and never read again, so they are not in the rows.
    secrets: BTreeMap<Key, Box<str>>,
    subscriptions: Vec<Subscription>,
    events: Vec<Event>,
    /// Who changes the world from now on, when it is told.
    pub(crate) actor: Option<i64>,
}

/// How to reach the receiver of a webhook.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) guid: String,
    pub(crate) webhook_url: String,
    pub(crate) deactivation_url: String,
    pub(crate) secret: Box<str>,
    /// Whether it is active and ready.
    pub(crate) is_live: bool,
}

/// The kind of a collection of webhooks.
pub(crate) fn kind_of(webhooks: &str) -> Option<usize> {
    KINDS.iter().position(|kind| kind.webhooks == webhooks)
}

/// The kind of a list under a webhook.
pub(crate) fn kind_of_list(list: &str) -> Option<usize> {
    KINDS
        .iter()
        .position(|kind| kind.fields == list || kind.udf_fields == Some(list) || kind.excluded == list)
}

/// Whether a change of the field can be an event.
pub(crate) fn is_supported(entity: &str, column: u16) -> bool {
    column != 0 && KINDS.iter().any(|kind| kind.watched == entity)
}

/// The picklist of `fieldID` and `udfFieldID`: which ids this tenant gave to the fields of the watched entity.
/// Empty for any other field.
pub(crate) fn choices(seed: u64, list: &str, field: &str) -> Vec<(i64, &'static str)> {
    watchable(seed, list, field).into_iter().map(|(id, watched)| (id, name_of(list, watched))).collect()
}

fn name_of(list: &str, watched: Watched) -> &'static str {
    match watched {
        Watched::Udf(name) => name,
        Watched::Field(column) => kind_of_list(list)
            .and_then(|kind| schema().entity(KINDS[kind].watched))
            .and_then(|entity| entity.fields.get(usize::from(column)))
            .map_or("", |field| &field.name),
    }
}

fn watchable(seed: u64, list: &str, field: &str) -> Vec<(i64, Watched)> {
    let Some(kind) = kind_of_list(list) else { return Vec::new() };
    let is_udf = KINDS[kind].udf_fields == Some(list);
    let mut all: Vec<Watched> = match (field, schema().entity(KINDS[kind].watched)) {
        ("udfFieldID", Some(entity)) if is_udf => {
            UDFS.iter().filter(|udf| udf.entity == entity.name).map(|udf| Watched::Udf(udf.name)).collect()
        }
        ("fieldID", Some(entity)) if !is_udf => {
            (1_u16..).take(entity.fields.len() - 1).map(Watched::Field).collect()
        }
        _ => return Vec::new(),
    };
    let mut rng = Rng::new(seed ^ 0x3eb_00c5, (kind * 2 + usize::from(is_udf)) as u64);
    let mut id = rng.between(200, 900);
    for left in (1..=all.len()).rev() {
        all.swap(left - 1, rng.index(left));
    }
    all.into_iter()
        .map(|watched| {
            id += rng.between(1, 7);
            (id, watched)
        })
        .collect()
}

fn guid(seed: u64, (kind, id): Key) -> String {
    let high = mix(seed ^ mix(id.cast_unsigned().rotate_left(8) ^ kind as u64));
    let low = mix(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn text(row: RowRef<'_>, entity: &Entity, field: &str) -> String {
    match entity.column(field).map(|column| row.cell(column)) {
        Some(Cell::Text(text)) => text.into(),
        _ => String::new(),
    }
}

fn flag(row: RowRef<'_>, entity: &Entity, field: &str) -> bool {
    entity.column(field).is_some_and(|column| row.cell(column) == Cell::Bool(true))
}

fn number(row: RowRef<'_>, entity: &Entity, field: &str) -> Option<i64> {
    entity.column(field).and_then(|column| row.cell(column).as_int())
}

/// The rows of a list that belong to a webhook.
fn listed<'a>(w: &'a World, list: &str, webhook: i64) -> impl Iterator<Item = (&'static Entity, RowRef<'a>)> {
    w.table(list).into_iter().flat_map(move |table| {
        table
            .rows()
            .filter(move |row| number(*row, table.entity, "webhookID") == Some(webhook))
            .map(|row| (table.entity, row))
    })
}

/// The fields that a webhook lists with a flag.
fn watched(w: &World, (kind, id): Key, flagged: &str) -> Vec<Watched> {
    let kind = &KINDS[kind];
    let lists = [(Some(kind.fields), "fieldID"), (kind.udf_fields, "udfFieldID")];
    let mut all = Vec::new();
    for (list, field) in lists.into_iter().filter_map(|(list, field)| Some((list?, field))) {
        let known = watchable(w.config.seed, list, field);
        for (entity, row) in listed(w, list, id).filter(|(entity, row)| flag(*row, entity, flagged)) {
            let chosen = number(row, entity, field);
            all.extend(known.iter().filter(|(id, _)| Some(*id) == chosen).map(|(_, watched)| *watched));
        }
    }
    all
}

/// Compiles the webhooks again when rows of this entity describe one. Called after every write and delete by hand.
pub(crate) fn refresh(w: &mut World, entity: &str) {
    if kind_of(entity).or_else(|| kind_of_list(entity)).is_none() {
        return;
    }
    let mut subscriptions = Vec::new();
    for (at, kind) in KINDS.iter().enumerate() {
        let ids: Vec<i64> =
            w.table(kind.webhooks).into_iter().flat_map(|table| table.rows().map(|row| row.id())).collect();
        w.webhooks.secrets.retain(|(of, id), _| *of != at || ids.contains(id));
        subscriptions.extend(ids.into_iter().filter_map(|id| compile(w, (at, id))));
    }
    w.webhooks.subscriptions = subscriptions;
}

/// Fills in what the service itself writes into a webhook; a subscription when it is active and ready.
fn compile(w: &mut World, key: Key) -> Option<Subscription> {
    let (kind, id) = (&KINDS[key.0], key.1);
    let table = w.table(kind.webhooks)?;
    let (entity, row) = (table.entity, table.get(id)?);
    let (create, update, delete) = (
        flag(row, entity, "isSubscribedToCreateEvents"),
        flag(row, entity, "isSubscribedToUpdateEvents"),
        flag(row, entity, "isSubscribedToDeleteEvents"),
    );
    let is_active = flag(row, entity, "isActive");
    let subscribed = watched(w, key, "isSubscribedField");
    let is_ready = !subscribed.is_empty() || !(create || update);
    let secret = text(row, entity, "secretKey");
    let mut record = row.to_record(entity);
    let mut name = text(row, entity, "webhookGUID");
    if name.is_empty() {
        name = guid(w.config.seed, key);
    }
    for (field, cell) in [
        ("secretKey", Cell::Null),
        ("webhookGUID", name.as_str().into()),
        ("isReady", is_ready.into()),
        ("ownerResourceID", w.staff.api_user.into()),
    ] {
        if let Some(column) = entity.column(field) {
            record.set(column, cell);
        }
    }
    if !secret.is_empty() {
        w.webhooks.secrets.insert(key, secret.into());
    }
    w.table_mut(kind.webhooks).put(id, record);
    let excluded =
        listed(w, kind.excluded, id).filter_map(|(entity, row)| number(row, entity, "resourceID")).collect();
    (is_active && is_ready).then(|| Subscription {
        key,
        guid: name.into(),
        create,
        update,
        delete,
        subscribed,
        always_shown: watched(w, key, "isDisplayAlwaysField"),
        excluded,
    })
}

/// Removes the lists of a webhook that is gone.
pub(crate) fn forget(w: &mut World, entity: &str, id: i64) {
    let Some(kind) = kind_of(entity).map(|kind| &KINDS[kind]) else { return };
    for list in [Some(kind.fields), kind.udf_fields, Some(kind.excluded)].into_iter().flatten() {
        let rows: Vec<i64> = listed(w, list, id).map(|(_, row)| row.id()).collect();
        for row in rows {
            w.table_mut(list).remove(row);
        }
    }
}

/// A value of a watched field before or after a change; nothing when there is no row.
trait Side {
    fn value(&self, watched: Watched) -> Cell;
}

impl Side for Option<RowRef<'_>> {
    fn value(&self, watched: Watched) -> Cell {
        let Some(row) = self else { return Cell::Null };
        match watched {
            Watched::Field(column) => row.cell(column),
            Watched::Udf(name) => udf_value(&row.udf(), name),
        }
    }
}

impl Side for Option<&Record> {
    fn value(&self, watched: Watched) -> Cell {
        let Some(record) = self else { return Cell::Null };
        match watched {
            Watched::Field(column) => record.get(column).clone(),
            Watched::Udf(name) => udf_value(&record.udf, name),
        }
    }
}

fn udf_value(all: &[super::cell::Udf], name: &str) -> Cell {
    all.iter()
        .find(|(known, _)| *known == name)
        .and_then(|(_, value)| value.clone())
        .map_or(Cell::Null, Cell::Text)
}

/// Who changed a row: whoever the world was told, or else the one the row names.
fn person(w: &World, kind: &Kind, entity: &Entity, after: Option<&Record>) -> i64 {
    if let Some(actor) = w.webhooks.actor {
        return actor;
    }
    let Some(record) = after else { return i64::from(w.staff.manager) };
    kind.changed_by.iter().find_map(|field| record.get(entity.column(field)?).as_int()).unwrap_or(SYSTEM_USER)
}

/// Remembers a change that is about to happen, for the webhooks that watch it. No record after it is a deletion.
pub(crate) fn notice(w: &mut World, entity: &str, id: i64, after: Option<&Record>) {
    // Generating millions of rows comes by here.
    if w.webhooks.subscriptions.is_empty() {
        return;
    }
    let mut events = Vec::new();
    for subscription in &w.webhooks.subscriptions {
        let kind = &KINDS[subscription.key.0];
        let Some(definition) = (kind.watched == entity).then(|| schema().entity(entity)).flatten() else {
            continue;
        };
        let before = w.row(entity, id);
        let (action, wanted) = match (before.is_some(), after.is_some()) {
            (false, true) => (Action::Create, subscription.create),
            (true, true) => (Action::Update, subscription.update),
            (true, false) => (Action::Delete, subscription.delete),
            (false, false) => continue,
        };
        let person = person(w, kind, definition, after);
        if !wanted || subscription.excluded.contains(&person) {
            continue;
        }
        let mut fields = Vec::new();
        if action != Action::Delete {
            for watched in &subscription.subscribed {
                let value = after.value(*watched);
                if value != before.value(*watched) {
                    fields.push((name_of(kind.fields, *watched), value));
                }
            }
            if action == Action::Update && fields.is_empty() {
                continue;
            }
        }
        for watched in &subscription.always_shown {
            let name = name_of(kind.fields, *watched);
            if !fields.iter().any(|(known, _)| *known == name) {
                let value = if after.is_some() { after.value(*watched) } else { before.value(*watched) };
                fields.push((name, value));
            }
        }
        let guid = subscription.guid.clone();
        events.push(Event { webhook: subscription.key, guid, action, id, fields, at: w.now, person });
    }
    w.webhooks.events.extend(events);
}

impl World {
    /// Changes from now on are this person's: their `PersonID` in callouts, and `deletedByResourceID` of deletions.
    /// With `None` the changed row tells who it was.
    pub const fn act_as(&mut self, person: Option<i64>) {
        self.webhooks.actor = person;
    }

    /// The changes since the last call that webhooks are to be told of.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.webhooks.events)
    }

    /// Where the callouts of a webhook go; `None` when it is gone.
    pub(crate) fn receiver(&self, (kind, id): Key) -> Option<Receiver> {
        let table = self.table(KINDS[kind].webhooks)?;
        let (row, entity) = (table.get(id)?, table.entity);
        Some(Receiver {
            guid: text(row, entity, "webhookGUID"),
            webhook_url: text(row, entity, "webhookUrl"),
            deactivation_url: text(row, entity, "deactivationUrl"),
            secret: self.webhooks.secrets.get(&(kind, id)).cloned().unwrap_or_default(),
            is_live: flag(row, entity, "isActive") && flag(row, entity, "isReady"),
        })
    }

    /// Makes a webhook inactive.
    pub(crate) fn disable(&mut self, (kind, id): Key) {
        let kind = &KINDS[kind];
        self.change(kind.webhooks, id, &[("isActive", false.into())]);
        refresh(self, kind.webhooks);
    }

    /// Writes a callout that was not delivered into the error log.
    pub(crate) fn log_undelivered(&mut self, (kind, id): Key, why: &str, payload: &str, sequence: i64) {
        let payload: String = payload.chars().take(LONGEST_PAYLOAD).collect();
        let mut line = draft!("WebhookEventErrorLogs" {
            createDateTime: At(self.now), errorMessage: why, payload: payload, sequenceNumber: sequence
        });
        if let Some(field) = KINDS[kind].logged_as {
            line = line.set(field, id);
        }
        self.insert(line);
    }
}

/// The user-defined field a webhook can list, by the name of the watched entity.
pub(crate) fn is_supported_udf(udf: &picklists::UdfField) -> bool {
    KINDS.iter().any(|kind| kind.watched == udf.entity && kind.udf_fields.is_some())
}
