//! Requests: within the share of the tenant's hour, and where the tenant is now.

use super::{Engine, Trouble, patiently};
use crate::failure;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use taskgauge_autotask::{Client, Error};
use taskgauge_model::entity::Entity;

/// Fewer requests than this are not worth beginning with.
const LEAST_SHARE: u64 = 30;
/// Requests between two looks at a limit that the API user may not read.
const BLIND_SHARE: u64 = 1_000;
/// Requests between two looks at one that it may read: others use it, too.
const LOOK_AGAIN: u64 = 500;
/// From this part of the tenant's hour on, in percent, requests are spread over the time that is left. From half of it on
/// Autotask slows down every integration of the tenant.
const SPREAD_FROM: u64 = 45;
/// The tenant's requests are counted over this time.
const HOUR: Duration = Duration::from_hours(1);

impl Engine {
    /// Requests for the entity that were not counted yet.
    pub(super) fn spent(&self, entity: &'static Entity) -> u64 {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let total = self.client().requests_for(entity.name);
        let before = counted.insert(entity.name, total).unwrap_or_default();
        // A client for another zone begins at none.
        total.checked_sub(before).unwrap_or(total)
    }

    /// Sends a request. Refused credentials lead to one look for the tenant's present zone, never to a repetition in
    /// the same place: that would lock the API user.
    pub(super) async fn ask<T, F>(&self, request: impl Fn(Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.keep_to_share().await?;
        self.ask_beyond_share(request).await
    }

    /// Sends a request whatever the share is: the one that asks for the limits.
    pub(super) async fn ask_beyond_share<T, F>(&self, request: impl Fn(Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let client = self.client();
        let address = client.api_url().clone();
        let answer = match request(client).await {
            Err(Error::Unauthorized) => {
                let moved = self.rediscover(&address).await?;
                request(moved).await
            }
            answer => answer,
        };
        answer.map_err(|error| trouble(&error))
    }

    /// Waits for the others and looks at the tenant's hour again where the run has used what it took of it.
    pub(super) async fn keep_to_share(&self) -> Result<(), Trouble> {
        if self.client().requests() < self.share.load(Ordering::Relaxed) {
            return Ok(());
        }
        let _alone = self.sharing.lock().await;
        if self.client().requests() < self.share.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.take_share().await
    }

    /// Whether so many requests are left until the hour is looked at again.
    pub(super) fn has_share(&self, requests: u64) -> bool {
        self.client().requests().saturating_add(requests) <= self.share.load(Ordering::Relaxed)
    }

    /// Takes a share of what is left of the tenant's hour, which the admin sets, a half by default: all integrations share
    /// it, and Autotask slows everyone down from a half on. What is left to the others is settled when the run begins. Where
    /// nothing of the share is left the run ends, and the next one goes on where it was. Before everyone is slowed down, the
    /// run slows down itself: what it may take is spread over an hour, as far as a run may take that long.
    pub(super) async fn take_share(&self) -> Result<(), Trouble> {
        let (allowed, at_full_speed) =
            match self.ask_beyond_share(|client| async move { client.thresholds().await }).await {
                Ok(limits) => {
                    tracing::debug!(used = limits.used, limit = limits.limit, "requests of the tenant");
                    let note = || self.store.note_hour(self.lease.datasource, limits.used, limits.limit);
                    let share = patiently(note).await?;
                    let left = limits.limit.saturating_sub(limits.used);
                    let for_others = left - left * u64::from(share) / 100;
                    let allowed = left.saturating_sub(*self.for_others.get_or_init(|| for_others));
                    (allowed, (limits.limit * SPREAD_FROM / 100).saturating_sub(limits.used))
                }
                // Not everybody may read it.
                Err(Trouble::Step { problem, .. }) => {
                    tracing::debug!(problem, "the request limit is unknown");
                    (BLIND_SHARE, BLIND_SHARE)
                }
                Err(trouble) => return Err(trouble),
            };
        if allowed < LEAST_SHARE {
            let problem = "Taskgauge's share of the requests that Autotask allows in an hour is used up for now. The rest is \
                           left to your other integrations; Taskgauge goes on by itself, where it stopped, as the hour passes.";
            return Err(Trouble::Run { problem: problem.to_owned(), halts: false });
        }
        let client = self.client();
        let until_next_look = if at_full_speed > 0 {
            client.set_pace(None);
            allowed.min(at_full_speed).min(LOOK_AGAIN)
        } else {
            let spread = HOUR / u32::try_from(allowed).unwrap_or(u32::MAX);
            client.set_pace(Some(spread.min(self.connector.options().longest_pace)));
            allowed.min(LOOK_AGAIN)
        };
        self.share.store(client.requests().saturating_add(until_next_look), Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn rediscover(&self, refused_at: &url::Url) -> Result<Client, Trouble> {
        let mut rediscovered = self.rediscovered.lock().await;
        let current = self.client();
        if current.api_url() != refused_at {
            return Ok(current);
        }
        if *rediscovered {
            return Err(trouble(&Error::Unauthorized));
        }
        *rediscovered = true;
        // Whatever keeps the zone from being found, the credentials were refused where they worked before: to try them
        // again every few minutes would lock the API user.
        let zone = self.connector.discover(&self.user_name).await.map_err(|error| {
            tracing::warn!(%error, "the zone could not be looked up");
            trouble(&Error::Unauthorized)
        })?;
        if &zone.api_url == refused_at {
            return Err(trouble(&Error::Unauthorized));
        }
        tracing::warn!(zone = zone.name, "the tenant moved to another zone");
        let moved = self
            .connector
            .client(zone.api_url.clone(), self.credentials.clone())
            .map_err(|error| trouble(&error))?;
        let web_url = zone.web_url.as_ref().map(url::Url::as_str);
        let record = || {
            let api_url = zone.api_url.as_str();
            self.store.record_zone(&self.lease, &zone.name, api_url, web_url)
        };
        patiently(record).await?;
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = moved.clone();
        // It counts from none: what was taken of the hour is looked up.
        self.share.store(0, Ordering::Relaxed);
        Ok(moved)
    }
}

fn trouble(error: &Error) -> Trouble {
    let problem = failure::sentence(error);
    match error {
        Error::Forbidden { .. } => Trouble::Step { problem, expected: true },
        Error::Unauthorized
        | Error::UnknownUser
        | Error::IntegrationCode
        | Error::InvalidCredentials { .. }
        | Error::Origin { .. }
        | Error::Redirected { .. } => Trouble::Run { problem, halts: true },
        Error::HourlyLimit
        | Error::Throttled { .. }
        | Error::Unavailable { .. }
        | Error::Connect { .. }
        | Error::Tls { .. }
        | Error::Setup(_) => Trouble::Run { problem, halts: false },
        _ => Trouble::Step { problem, expected: false },
    }
}
