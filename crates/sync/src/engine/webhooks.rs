//! Webhooks at the end of a run: registered as the datasource wants them, asked after once a day, removed when it does not
//! want them any more. Whatever goes wrong here costs nothing but speed, so that no run fails by it.

use super::{Engine, Trouble, patiently};
use crate::webhooks::{addresses, is_of_address, remove_of};
use chrono::TimeDelta;
use taskgauge_autotask::Error;
use taskgauge_autotask::webhook::{NewWebhook, Subscribable};
use taskgauge_model::entity::Entity;
use taskgauge_model::webhook::{Webhook, WebhookState};
use taskgauge_store::webhooks::{Hook, HookNote};

/// How often Autotask is asked whether a webhook is still active, and whether it may be registered now.
const CHECK: TimeDelta = TimeDelta::hours(24);
/// How soon one that is not active yet is seen to again.
const AGAIN: TimeDelta = TimeDelta::minutes(15);

const NO_FIELDS: &str = "Autotask offers none of the fields that are kept here for this kind of record, so that it does not call. Syncs go on.";
const NOT_READY: &str = "Autotask has not finished setting it up. It is looked at again with a later sync.";

impl Engine {
    /// Brings the webhooks at Autotask in line with what the datasource wants.
    pub(super) async fn webhooks(&self) -> Result<(), Trouble> {
        let datasource = self.lease.datasource;
        let address = patiently(|| self.store.webhook_address(datasource)).await?;
        let hooks = patiently(|| self.store.hooks(datasource)).await?;
        for webhook in &Webhook::ALL {
            let known = hooks.iter().find(|hook| hook.collection == webhook.collection);
            let done = match (&address, known) {
                (None, Some(_)) => self.remove(webhook).await,
                (Some(address), known) if self.is_due(known, address) => {
                    self.register(webhook, known, address).await
                }
                _ => continue,
            };
            match done {
                Ok(()) | Err(Trouble::Beside) => {}
                Err(Trouble::Step { problem, .. }) => self.later(webhook, problem).await?,
                // Nothing is asked for any more in this run.
                Err(Trouble::Run { problem, halts: false }) => return self.later(webhook, problem).await,
                Err(trouble) => return Err(trouble),
            }
            if patiently(|| self.store.should_stop(&self.lease)).await? {
                return Err(Trouble::Stopped);
            }
        }
        Ok(())
    }

    fn is_due(&self, known: Option<&Hook>, address: &str) -> bool {
        known.is_none_or(|hook| {
            let pause = match hook.state {
                WebhookState::Registering => AGAIN,
                _ => CHECK,
            };
            hook.address != address || hook.checked_at.is_none_or(|at| at + pause <= self.here)
        })
    }

    /// Keeps why a webhook is not registered yet.
    async fn later(&self, webhook: &Webhook, problem: String) -> Result<(), Trouble> {
        tracing::warn!(collection = webhook.collection, problem, "webhook not registered");
        let later = HookNote { problem: Some(problem), ..note_of(WebhookState::Registering) };
        self.note(webhook, later).await
    }

    async fn remove(&self, webhook: &Webhook) -> Result<(), Trouble> {
        let name = self.store.webhook_name(self.lease.datasource);
        let name = name.as_str();
        self.ask(|client| async move { remove_of(&client, webhook, name).await }).await?;
        let forget = || self.store.forget_webhook(self.lease.datasource, webhook.collection);
        Ok(patiently(forget).await?)
    }

    /// Registers a webhook and subscribes it to the fields that are kept here, or goes on where that broke off.
    async fn register(
        &self,
        webhook: &'static Webhook,
        known: Option<&Hook>,
        address: &str,
    ) -> Result<(), Trouble> {
        let datasource = self.lease.datasource;
        let name = self.store.webhook_name(datasource);
        let (named, collection) = (name.as_str(), webhook.collection);
        let there = self.ask(|client| async move { client.webhooks_named(collection, named).await }).await?;
        // One that Autotask had switched off begins anew: its secret may not be what Autotask has any more.
        let known = known.filter(|hook| hook.address == address && hook.state != WebhookState::Deactivated);
        let mine = known
            .and_then(|hook| there.iter().find(|other| Some(other.id) == hook.remote_id))
            .filter(|mine| is_of_address(mine, datasource, webhook, address));
        let was_active = known.is_some_and(|hook| hook.state == WebhookState::Active);
        for stray in there.iter().filter(|other| Some(other.id) != mine.map(|mine| mine.id)) {
            self.ask(|client| async move { client.delete_webhook(collection, stray.id).await }).await?;
        }
        if let Some(mine) = mine
            && was_active
            && !mine.is_active
        {
            let problem = "Autotask switched it off, as it does when 25 callouts in a row do not arrive. See that Autotask can \
                           reach this address, then save it again below; Taskgauge tries by itself once a day. Syncs go on \
                           meanwhile.";
            let off = HookNote { problem: Some(problem.to_owned()), ..note_of(WebhookState::Deactivated) };
            return self.note(webhook, off).await;
        }
        let id = match mine {
            Some(mine) => mine.id,
            None => match self.create(webhook, address, named).await? {
                Ok(id) => {
                    // Kept at once: what breaks off below goes on with this one.
                    let created = HookNote { remote_id: Some(id), ..note_of(WebhookState::Registering) };
                    self.note(webhook, created).await?;
                    self.remove_others(webhook, named, id).await?;
                    id
                }
                Err(problem) => {
                    let refused = HookNote { problem: Some(problem), ..note_of(WebhookState::Refused) };
                    return self.note(webhook, refused).await;
                }
            },
        };
        let subscribed = self.subscribe(webhook, id).await?;
        let now = self.ask(|client| async move { client.webhook(collection, id).await }).await?;
        let (state, problem) = match &now {
            Some(now) if now.is_active && now.is_ready => (WebhookState::Active, None),
            _ if subscribed == 0 => (WebhookState::Registering, Some(NO_FIELDS)),
            _ => (WebhookState::Registering, Some(NOT_READY)),
        };
        let guid = now.and_then(|now| now.guid);
        let problem = problem.map(str::to_owned);
        self.note(webhook, HookNote { guid, problem, fields: Some(subscribed), ..note_of(state) }).await
    }

    /// Removes what a request that was repeated has registered besides.
    async fn remove_others(&self, webhook: &Webhook, name: &str, id: i64) -> Result<(), Trouble> {
        let collection = webhook.collection;
        let there = self.ask(|client| async move { client.webhooks_named(collection, name).await }).await?;
        for other in there.iter().filter(|other| other.id != id) {
            self.ask(|client| async move { client.delete_webhook(collection, other.id).await }).await?;
        }
        Ok(())
    }

    /// Registers a webhook; answers its id, or why Autotask refuses.
    async fn create(
        &self,
        webhook: &Webhook,
        address: &str,
        name: &str,
    ) -> Result<Result<i64, String>, Trouble> {
        let datasource = self.lease.datasource;
        let secret = patiently(|| self.store.begin_webhook(datasource, webhook.collection, address)).await?;
        let Some((url, deactivation_url)) = addresses(datasource, webhook, address) else {
            return Ok(Err("The address of this installation cannot be used.".to_owned()));
        };
        let new = NewWebhook { name, url: &url, deactivation_url: &deactivation_url, secret: &secret };
        let new = &new;
        let created = self
            .ask(|client| async move {
                match client.create_webhook(webhook.collection, new).await {
                    Err(error @ (Error::Forbidden { .. } | Error::Rejected { .. } | Error::NotFound)) => {
                        Ok(Err(error))
                    }
                    other => other.map(Ok),
                }
            })
            .await?;
        Ok(created.map_err(|error| refusal(&error)))
    }

    /// Subscribes a webhook to the fields that it is not subscribed to yet, one call at a time. Answers how many there are.
    async fn subscribe(&self, webhook: &'static Webhook, id: i64) -> Result<usize, Trouble> {
        let fields = webhook.fields();
        let fields = fields.as_str();
        let offered = self.ask(|client| async move { client.subscribable(fields).await }).await?;
        let present = self.ask(|client| async move { client.subscriptions(fields, id).await }).await?;
        let wanted: Vec<&Subscribable> =
            offered.iter().filter(|field| is_kept(webhook, &field.name)).collect();
        let mut subscribed = wanted.iter().filter(|field| present.contains(&field.id)).count();
        for field in wanted.into_iter().filter(|field| !present.contains(&field.id)) {
            if patiently(|| self.store.should_stop(&self.lease)).await? {
                return Err(Trouble::Stopped);
            }
            let always = webhook.leads_to.is_some_and(|(leads, _)| leads.eq_ignore_ascii_case(&field.name));
            let done = self
                .ask(|client| async move {
                    match client.subscribe(webhook.collection, id, field.id, always).await {
                        // A field that cannot be subscribed to after all is found by syncs.
                        Err(Error::Rejected { errors, .. }) => Ok(Err(errors.join("; "))),
                        other => other.map(Ok),
                    }
                })
                .await?;
            match done {
                Ok(()) => subscribed += 1,
                Err(refused) => tracing::info!(field = field.name, refused, "not subscribed"),
            }
        }
        Ok(subscribed)
    }

    async fn note(&self, webhook: &Webhook, note: HookNote) -> Result<(), Trouble> {
        let keep = || self.store.note_webhook(self.lease.datasource, webhook.collection, &note);
        Ok(patiently(keep).await?)
    }
}

/// A state, and nothing new besides.
fn note_of(state: WebhookState) -> HookNote {
    HookNote { state, problem: None, remote_id: None, guid: None, fields: None }
}

/// Whether a change of this field shows in a row that is kept. Of records that are not kept themselves any does.
fn is_kept(webhook: &Webhook, field: &str) -> bool {
    Entity::named(webhook.entity)
        .is_none_or(|entity| entity.columns.iter().any(|column| column.field.eq_ignore_ascii_case(field)))
}

fn refusal(error: &Error) -> String {
    let words = match error {
        Error::Rejected { errors, .. } if !errors.is_empty() => format!(": “{}”", errors.join("; ")),
        _ => String::new(),
    };
    format!(
        "Autotask does not register webhooks for this API user{words}. Give its security level the right Can create WebHooks, \
         for at least {} of them, and the right to view these records.",
        Webhook::ALL.len()
    )
}
