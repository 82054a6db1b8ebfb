//! Registering webhooks: the only writes that the service takes.

use axum::http::Method;
use serde_json::{Value, json};
use url::{Host, Url};

use super::Shared;
use super::reply::Reply;
use super::route::Route;
use crate::schema::{Entity, Kind};
use crate::switches::{Switches, WebhookUrls};
use crate::world::World;
use crate::world::cell::{Cell, Row};
use crate::world::webhooks::{self, KINDS};

/// What a write does.
#[derive(Clone, Copy, PartialEq)]
enum Verb {
    Create,
    /// Fields that are not named stay.
    Patch,
    /// Fields that are not named become empty.
    Put,
    Delete(i64),
}

/// A write of a webhook, of one of its lists, or of the error log.
pub(super) struct Write {
    entity: &'static Entity,
    /// The webhook, for a list.
    parent: Option<i64>,
    verb: Verb,
}

/// The write that a request asks for; `None` when it is no write that the service takes.
pub(super) fn read(method: &Method, route: &Route) -> Option<Write> {
    let (entity, parent, id) = match route {
        Route::Collection(entity) => (*entity, None, None),
        Route::Item(entity, id) => (*entity, None, Some(*id)),
        Route::Children(child, parent, id) => (child.entity, Some(*parent), *id),
        _ => return None,
    };
    let verb = match (method.as_str(), id) {
        ("POST", None) => Verb::Create,
        ("PATCH", None) => Verb::Patch,
        ("PUT", None) => Verb::Put,
        ("DELETE", Some(id)) => Verb::Delete(id),
        _ => return None,
    };
    let is_excluded = KINDS.iter().any(|kind| kind.excluded == entity.name);
    let may = if parent.is_some() {
        let is_list = webhooks::kind_of_list(&entity.name).is_some();
        is_list && !(is_excluded && matches!(verb, Verb::Patch | Verb::Put))
    } else {
        let is_log = entity.name == "WebhookEventErrorLogs" && matches!(verb, Verb::Delete(_));
        is_log || webhooks::kind_of(&entity.name).is_some()
    };
    may.then_some(Write { entity, parent, verb })
}

impl Write {
    /// Does it; a refusal has the status and the form of every error of the service.
    pub(super) fn answer(&self, shared: &Shared, switches: &Switches, body: &[u8]) -> Reply {
        let may = switches.may_create_webhooks || matches!(self.verb, Verb::Delete(_));
        if !may || Switches::names(&switches.forbidden, &self.entity.name) {
            let what = match self.verb {
                Verb::Create => "create",
                Verb::Patch | Verb::Put => "update",
                Verb::Delete(_) => "delete",
            };
            return Reply::errors(
                500,
                format!(
                    "The logged in Resource does not have the adequate permissions to {what} this entity type."
                ),
            );
        }
        match shared.write(|world| self.apply(world, switches, body)) {
            Ok(id) => Reply::json(200, &json!({ "itemId": id })),
            Err(text) => Reply::errors(500, text),
        }
    }

    fn apply(&self, world: &mut World, switches: &Switches, body: &[u8]) -> Result<i64, String> {
        let name = &self.entity.name;
        if let Verb::Delete(id) = self.verb {
            self.known(world, id)?;
            world.delete(name, id);
            return Ok(id);
        }
        if let Some(parent) = self.parent {
            let kind = webhooks::kind_of_list(name).map(|kind| KINDS[kind].webhooks).unwrap_or_default();
            if world.row(kind, parent).is_none() {
                return Err(format!(
                    "Reference value on field: webhookID of type: {} does not exist or is invalid.",
                    kind.trim_end_matches('s')
                ));
            }
        }
        let body = serde_json::from_slice::<Value>(body).ok();
        let sent =
            body.as_ref().and_then(Value::as_object).ok_or("The request body is not a JSON object.")?;
        let id = if self.verb == Verb::Create {
            None
        } else {
            let id = member(sent, "id").and_then(Value::as_i64);
            let id = id.ok_or("Value does not exist for the required field id")?;
            self.known(world, id)?;
            Some(id)
        };
        if id.is_none() && self.parent.is_none() {
            let all: usize = KINDS.iter().map(|kind| world.len(kind.webhooks)).sum();
            if all >= usize::try_from(switches.most_webhooks).unwrap_or(usize::MAX) {
                return Err(format!(
                    "The maximum number of webhooks ({}) has been reached.",
                    switches.most_webhooks
                ));
            }
        }
        let mut row = self.row(world, switches, sent)?;
        if let Some(id) = id {
            row.insert("id".into(), id.into());
        }
        if let Some(parent) = self.parent {
            row.insert("webhookID".into(), parent.into());
        }
        world.upsert(name, row)
    }

    /// Whether there is such a row, under the parent when there is one.
    fn known(&self, world: &World, id: i64) -> Result<(), String> {
        world
            .get(&self.entity.name, id)
            .filter(|row| self.parent.is_none_or(|parent| row["webhookID"] == json!(parent)))
            .map(|_| ())
            .ok_or_else(|| format!("No matching records found for id {id}."))
    }

    /// The writable fields of the body, after every check.
    fn row(&self, world: &World, switches: &Switches, sent: &Row) -> Result<Row, String> {
        let mut row = Row::new();
        for field in self.entity.fields.iter().filter(|field| !field.read_only) {
            let name = &field.name;
            let mut value = match (member(sent, name), self.verb) {
                (Some(value), _) => value.clone(),
                (None, Verb::Patch) => continue,
                (None, _) => Value::Null,
            };
            if Cell::from_json(field.kind, &value).is_none() {
                return Err(format!("The value of {name} is not a valid {}.", field.kind.name()));
            }
            if field.required
                && (value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()))
            {
                return Err(format!("Value does not exist for the required field {name}"));
            }
            let length = value.as_str().map_or(0, |text| text.chars().count());
            if length > usize::try_from(field.length).unwrap_or(usize::MAX) {
                return Err(format!("The value of {name} exceeds the maximum length of {}.", field.length));
            }
            if value.is_null() && field.kind == Kind::Boolean {
                value = false.into();
            }
            if name.ends_with("Url") && !fits(switches.webhook_urls, value.as_str().unwrap_or_default()) {
                return Err(format!(
                    "The value of {name} is invalid: a public address over https on port 443 is required."
                ));
            }
            if field.picklist {
                let choices = webhooks::choices(world.config.seed, &self.entity.name, name);
                if !choices.iter().any(|(id, _)| Some(*id) == value.as_i64()) {
                    return Err(format!("Picklist value [{value}] does not exist for {name}."));
                }
            }
            if field.reference.as_deref() == Some("Resource") {
                let known = value.as_i64().and_then(|id| world.row("Resources", id));
                if known.is_none() {
                    return Err(format!(
                        "Reference value on field: {name} of type: Resource does not exist or is invalid."
                    ));
                }
            }
            row.insert(name.clone(), value);
        }
        Ok(row)
    }
}

/// A member by name, whatever its case.
fn member<'a>(sent: &'a Row, name: &str) -> Option<&'a Value> {
    sent.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether a webhook may have this address.
fn fits(allowed: WebhookUrls, address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    match allowed {
        WebhookUrls::Any => matches!(url.scheme(), "http" | "https") && url.has_host(),
        WebhookUrls::PublicHttps => {
            url.scheme() == "https" && url.port_or_known_default() == Some(443) && is_public(url.host())
        }
    }
}

fn is_public(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let private = ["localhost", "local", "internal", "lan", "home"];
            name.rsplit_once('.').is_some_and(|(_, last)| !private.contains(&last))
        }
        Some(Host::Ipv4(ip)) => {
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified())
        }
        Some(Host::Ipv6(ip)) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified())
        }
        None => false,
    }
}
