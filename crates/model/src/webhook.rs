//! Which callouts of Autotask are asked for, and what each one leads to.
//!
//! A callout is a hint: it tells that a record changed, and the record is read again. What callouts miss, the next sync
//! finds by change stamps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A kind of record that Autotask can call out about.
///
/// Source: the help's *Webhooks* and the REST API's collections `…Webhooks`; callouts name records as the older SOAP API
/// does.
#[derive(Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it is registered, e.g. `TicketWebhooks`. It is also its name here.
    pub collection: &'static str,
    /// What callouts call the record, e.g. `Account` for a company.
    pub entity_type: &'static str,
    /// What people call the records.
    pub label: &'static str,
    /// The collection the records are in. Its fields are what is subscribed to.
    pub entity: &'static str,
    /// Where rows of another entity are read again instead: the field that holds their id, and the entity.
    pub leads_to: Option<(&'static str, &'static str)>,
}

impl Webhook {
    /// All of them. Autotask allows ten with the usual security level.
    pub const ALL: [Webhook; 5] = [
        Webhook {
            collection: "TicketWebhooks",
            entity_type: "Ticket",
            label: "Tickets",
            entity: "Tickets",
            leads_to: None,
        },
        // Notes themselves are not kept; the ticket's last activity moves with them.
        Webhook {
            collection: "TicketNoteWebhooks",
            entity_type: "TicketNote",
            label: "Ticket notes",
            entity: "TicketNotes",
            leads_to: Some(("ticketID", "Tickets")),
        },
        Webhook {
            collection: "CompanyWebhooks",
            entity_type: "Account",
            label: "Companies",
            entity: "Companies",
            leads_to: None,
        },
        Webhook {
            collection: "ContactWebhooks",
            entity_type: "Contact",
            label: "Contacts",
            entity: "Contacts",
            leads_to: None,
        },
        Webhook {
            collection: "ConfigurationItemWebhooks",
            entity_type: "InstalledProduct",
            label: "Configuration items",
            entity: "ConfigurationItems",
            leads_to: None,
        },
    ];

    /// The one that is registered in this collection, whatever the case of its letters.
    pub fn named(collection: &str) -> Option<&'static Webhook> {
        const ALL: &[Webhook] = &Webhook::ALL;
        ALL.iter().find(|webhook| webhook.collection.eq_ignore_ascii_case(collection))
    }

    /// The entity whose rows are read again.
    pub fn reads(&self) -> &'static str {
        self.leads_to.map_or(self.entity, |(_, entity)| entity)
    }

    /// The collection that lists the fields it is subscribed to, e.g. `TicketWebhookFields`.
    pub fn fields(&self) -> String {
        format!("{}Fields", self.collection.strip_suffix('s').unwrap_or(self.collection))
    }
}

/// Where a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Being registered, or about to be.
    Registering,
    /// Autotask calls.
    Active,
    /// Autotask refuses to register it; the problem says why.
    Refused,
    /// Autotask has switched it off, because its callouts did not arrive.
    Deactivated,
}

impl WebhookState {
    /// The word stored in Postgres and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            WebhookState::Registering => "registering",
            WebhookState::Active => "active",
            WebhookState::Refused => "refused",
            WebhookState::Deactivated => "deactivated",
        }
    }

    /// The state of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Registering, Self::Active, Self::Refused, Self::Deactivated]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A webhook of a datasource as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookStatus {
    /// Which one: [`Webhook::collection`].
    pub collection: String,
    /// Where it stands.
    pub state: WebhookState,
    /// Why it is not active, and what to do.
    pub problem: Option<String>,
    /// Fields it is subscribed to.
    pub fields: u32,
    /// When the last callout came.
    pub called_at: Option<DateTime<Utc>>,
    /// Callouts that came in the last day.
    pub callouts: u64,
    /// Those of them that still wait for their record to be read.
    pub waiting: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Entity;

    #[test]
    fn every_webhook_leads_to_rows_that_are_kept() {
        for webhook in &Webhook::ALL {
            assert!(Entity::named(webhook.reads()).is_some(), "{}", webhook.collection);
            assert_eq!(Webhook::named(&webhook.collection.to_lowercase()), Some(webhook));
        }
        assert_eq!(Webhook::ALL[0].fields(), "TicketWebhookFields");
        assert!(Webhook::ALL.len() <= 10, "Autotask's limit");
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for word in ["registering", "active", "refused", "deactivated"] {
            assert_eq!(WebhookState::from_word(word).map(WebhookState::word), Some(word));
        }
        assert_eq!(WebhookState::from_word("off"), None);
    }
}
