//! Callouts of webhooks: checked, kept, and their records read at once.
//!
//! A callout is a hint. What one says is not stored; the record is read again through the API, as every other row is. A
//! callout that is lost, or whose record cannot be read now, makes a sync due instead.

use crate::doctor::{self, DoctorError};
use crate::engine::{patiently, sorted};
use crate::failure;
use crate::normalise::Normaliser;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use taskgauge_autotask::webhook::{Action, Callout, is_signed};
use taskgauge_autotask::{Client, Connector, Error, Filter, Query, value};
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::webhook::Webhook;
use taskgauge_store::rows::CalloutCommit;
use taskgauge_store::webhooks::{Arrived, Taken, Waiting};
use taskgauge_store::{Store, StoreError};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Callouts that are read with one request: Autotask's limit of conditions is 500, clients in the field use 200.
const AT_ONCE: u32 = 200;
/// Longer than this, reading is left to a sync.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often callouts that another process left are looked for, and old ones removed.
const LOOK_AROUND: Duration = Duration::from_mins(1);
/// How long the task of a datasource waits for more.
const LINGER: Duration = Duration::from_mins(1);
/// Requests that may go out one after the other.
const BURST: u32 = 30;
/// From then on one goes out in this time, for all callouts that came meanwhile: 600 an hour, of the 10,000 that a tenant's
/// integrations share.
const PACE: Duration = Duration::from_secs(6);

/// Why a callout is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such webhook, or the signature is not its own. Who asks is not told which.
    #[error("the callout is not signed as it should be")]
    Unsigned,
    /// It cannot be read, or is about something else.
    #[error("the callout cannot be read: {0}")]
    Malformed(String),
    /// It could not be kept; Autotask sends it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes callouts and has their records read.
#[derive(Debug, Clone)]
pub struct Callouts {
    store: Store,
    called: mpsc::UnboundedSender<DatasourceId>,
}

impl Callouts {
    /// Begins to read the records of callouts, those too that a process before left, until `stop`.
    pub fn start(store: Store, connector: Connector, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (called, calls) = mpsc::unbounded_channel();
        let reader = Reader { store: store.clone(), connector };
        (Self { store, called }, tokio::spawn(reader.run(calls, stop)))
    }

    /// Takes a callout that came for this webhook, with the signature that came along.
    pub async fn receive(
        &self,
        datasource: DatasourceId,
        collection: &str,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), Refused> {
        let webhook = Webhook::named(collection).ok_or(Refused::Unsigned)?;
        let expected = self.store.expected_callouts(datasource, webhook.collection).await?;
        let expected = expected.ok_or(Refused::Unsigned)?;
        let signed = signature.is_some_and(|signature| is_signed(&expected.secret, signature, body));
        if !signed {
            tracing::warn!(datasource = datasource.0, collection, "a callout without its signature");
            return Err(Refused::Unsigned);
        }
        let callout = Callout::read(body).map_err(|error| Refused::Malformed(error.to_string()))?;
        if expected.guid.is_some_and(|guid| !guid.eq_ignore_ascii_case(&callout.guid)) {
            return Err(Refused::Unsigned);
        }
        if callout.action == Action::Deactivated {
            tracing::warn!(datasource = datasource.0, collection, "Autotask switched a webhook off");
            return Ok(self.store.webhook_deactivated(datasource, webhook.collection).await?);
        }
        if !callout.entity_type.eq_ignore_ascii_case(webhook.entity_type) {
            return Err(Refused::Malformed("it is about another kind of record".to_owned()));
        }
        let arrived = Arrived {
            collection: webhook.collection,
            guid: &callout.guid,
            sequence: callout.sequence,
            record: callout.id,
            leads_to: webhook.leads_to.and_then(|(field, _)| callout.number(field)),
            is_deletion: callout.action == Action::Delete,
        };
        match self.store.take_callout(datasource, arrived).await? {
            Taken::Kept { gap } => {
                if gap {
                    tracing::info!(
                        datasource = datasource.0,
                        collection,
                        "callouts are missing; a sync is due"
                    );
                }
                // Without a reader the process is stopping, and the next one finds it.
                let _ = self.called.send(datasource);
            }
            Taken::Known | Taken::Paused => {}
        }
        Ok(())
    }

    /// Takes the news that Autotask has switched a webhook off. It may come without a signature, so that what it names has
    /// to be right; a sync asks Autotask whether it is true.
    pub async fn deactivated(
        &self,
        datasource: DatasourceId,
        collection: &str,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), Refused> {
        let webhook = Webhook::named(collection).ok_or(Refused::Unsigned)?;
        let expected = self.store.expected_callouts(datasource, webhook.collection).await?;
        let expected = expected.ok_or(Refused::Unsigned)?;
        let signed = signature.is_some_and(|signature| is_signed(&expected.secret, signature, body));
        let named = Callout::read(body).ok().zip(expected.guid);
        let named = named.is_some_and(|(callout, guid)| guid.eq_ignore_ascii_case(&callout.guid));
        if !signed && !named {
            return Err(Refused::Unsigned);
        }
        tracing::warn!(datasource = datasource.0, collection, "Autotask switched a webhook off");
        Ok(self.store.webhook_deactivated(datasource, webhook.collection).await?)
    }
}

#[derive(Debug, Clone)]
struct Reader {
    store: Store,
    connector: Connector,
}

impl Reader {
    /// Each datasource has a task of its own while callouts come: one tenant's silence holds up no other.
    async fn run(self, mut calls: mpsc::UnboundedReceiver<DatasourceId>, stop: CancellationToken) {
        let mut readers: HashMap<DatasourceId, Arc<Notify>> = HashMap::new();
        let mut tasks = JoinSet::new();
        let mut look_around = tokio::time::interval(LOOK_AROUND);
        loop {
            let mut called = Vec::new();
            tokio::select! {
                () = stop.cancelled() => return,
                call = calls.recv() => match call {
                    Some(datasource) => called.push(datasource),
                    None => return,
                },
                _ = look_around.tick() => called = self.look_around().await,
                Some(ended) = tasks.join_next() => {
                    if let Ok(datasource) = ended {
                        readers.remove(&datasource);
                        // What came in the moment of its end found nobody.
                        called = self.left(datasource).await;
                    }
                }
            }
            for datasource in called {
                if let Some(reader) = readers.get(&datasource) {
                    reader.notify_one();
                    continue;
                }
                let more = Arc::new(Notify::new());
                readers.insert(datasource, Arc::clone(&more));
                let (reader, stop) = (self.clone(), stop.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = reader.attend(datasource, &more) => {}
                    }
                    datasource
                });
            }
        }
    }

    async fn look_around(&self) -> Vec<DatasourceId> {
        let found = async {
            self.store.forget_callouts().await?;
            self.store.datasources_called().await
        };
        found.await.unwrap_or_else(|error: StoreError| {
            tracing::warn!(%error, "callouts cannot be looked for");
            Vec::new()
        })
    }

    async fn left(&self, datasource: DatasourceId) -> Vec<DatasourceId> {
        let left = self.store.waiting_callouts(datasource, 1).await.unwrap_or_default();
        if left.is_empty() { Vec::new() } else { vec![datasource] }
    }

    /// Reads the records of a datasource's callouts until none have come for a while.
    async fn attend(&self, datasource: DatasourceId, more: &Notify) {
        let mut allowance = Allowance::new();
        loop {
            if let Err(error) = self.read_waiting(datasource, &mut allowance).await {
                tracing::warn!(datasource = datasource.0, %error, "callouts wait");
                return;
            }
            if timeout(LINGER, more.notified()).await.is_err() {
                return;
            }
        }
    }

    async fn read_waiting(
        &self,
        datasource: DatasourceId,
        allowance: &mut Allowance,
    ) -> Result<(), StoreError> {
        loop {
            let waiting = patiently(|| self.store.waiting_callouts(datasource, AT_ONCE)).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let problem = match timeout(PATIENCE, self.read(datasource, &waiting, allowance)).await {
                Ok(Ok(())) => continue,
                Ok(Err(DoctorError::Store(error))) => return Err(error),
                Ok(Err(DoctorError::Autotask(error))) => failure::sentence(&error),
                Err(_) => failure::sentence(&Error::Timeout),
            };
            tracing::warn!(
                datasource = datasource.0,
                callouts = waiting.len(),
                problem,
                "records of callouts cannot be read; a sync is due"
            );
            patiently(|| self.store.give_up_callouts(datasource, &waiting)).await?;
        }
    }

    /// Reads the records of these callouts and commits them.
    async fn read(
        &self,
        datasource: DatasourceId,
        waiting: &[Waiting],
        allowance: &mut Allowance,
    ) -> Result<(), DoctorError> {
        let (client, _) = doctor::client_of(&self.store, &self.connector, datasource).await?;
        let mut by_entity: BTreeMap<&str, Vec<(Waiting, Option<i64>)>> = BTreeMap::new();
        for webhook in &Webhook::ALL {
            let own: Vec<&Waiting> =
                waiting.iter().filter(|callout| callout.collection == webhook.collection).collect();
            if own.is_empty() {
                continue;
            }
            let rows = rows_of(&client, webhook, &own, allowance).await?;
            let own = own.into_iter().map(|callout| (callout.clone(), rows.get(&key(callout)).copied()));
            by_entity.entry(webhook.reads()).or_default().extend(own);
        }
        for (entity, callouts) in by_entity {
            let Some(entity) = Entity::named(entity) else { continue };
            self.read_rows(datasource, &client, entity, callouts, allowance).await?;
        }
        Ok(())
    }

    async fn read_rows(
        &self,
        datasource: DatasourceId,
        client: &Client,
        entity: &'static Entity,
        callouts: Vec<(Waiting, Option<i64>)>,
        allowance: &mut Allowance,
    ) -> Result<(), DoctorError> {
        let mut ids: Vec<i64> = callouts.iter().filter_map(|(_, row)| *row).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut commit = CalloutCommit {
            entity,
            callouts: &callouts.iter().map(|(callout, _)| callout.clone()).collect::<Vec<_>>(),
            rows: Vec::new(),
            unreadable: Vec::new(),
            gone: Vec::new(),
            deleted: Vec::new(),
        };
        if !ids.is_empty() {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            allowance.take().await;
            let page = client.page_of(entity.name, &query, None, &Normaliser::new(entity)).await;
            (commit.rows, commit.unreadable) = sorted(page.map_err(Box::new)?);
        }
        let answered = |id: &i64| {
            commit.rows.binary_search_by_key(id, |row| row.id).is_ok()
                || commit.unreadable.iter().any(|row| row.id == *id)
        };
        commit.gone = ids.into_iter().filter(|id| !answered(id)).collect();
        let named =
            callouts.iter().filter(|(callout, row)| callout.is_deletion && *row == Some(callout.record_id));
        commit.deleted = named.map(|(callout, _)| callout.record_id).collect();
        patiently(|| self.store.commit_callouts(datasource, &commit)).await?;
        Ok(())
    }
}

fn key(callout: &Waiting) -> (String, i64) {
    (callout.guid.clone(), callout.sequence)
}

/// The row that is to be read for each of a webhook's callouts, where there is one.
async fn rows_of(
    client: &Client,
    webhook: &Webhook,
    callouts: &[&Waiting],
    allowance: &mut Allowance,
) -> Result<HashMap<(String, i64), i64>, DoctorError> {
    let Some((field, _)) = webhook.leads_to else {
        return Ok(callouts.iter().map(|callout| (key(callout), callout.record_id)).collect());
    };
    let known = callouts.iter().filter_map(|callout| Some((key(callout), callout.leads_to?)));
    let mut rows: HashMap<(String, i64), i64> = known.collect();
    let mut asked: Vec<i64> = callouts
        .iter()
        .filter(|callout| callout.leads_to.is_none())
        .map(|callout| callout.record_id)
        .collect();
    asked.sort_unstable();
    asked.dedup();
    if asked.is_empty() {
        return Ok(rows);
    }
    let query = Query::new(Filter::is_in("id", asked)).include_fields(["id", field]);
    allowance.take().await;
    let page = client.page(webhook.entity, &query, None).await.map_err(Box::new)?;
    let whole = |row: &taskgauge_autotask::Row, name: &str| {
        value::field(row, name).and_then(|value| value::integer(value).ok().flatten())
    };
    for row in &page.rows {
        let (Some(id), Some(leads_to)) = (whole(row, "id"), whole(row, field)) else { continue };
        for callout in callouts.iter().filter(|callout| callout.record_id == id) {
            rows.entry(key(callout)).or_insert(leads_to);
        }
    }
    Ok(rows)
}

/// How many requests may go out for callouts: a few at once, then one after the other.
struct Allowance {
    left: u32,
    since: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self { left: BURST, since: Instant::now() }
    }

    /// Waits for the next request's turn.
    async fn take(&mut self) {
        let earned = u32::try_from(self.since.elapsed().as_secs() / PACE.as_secs()).unwrap_or(BURST);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = if self.left == BURST { Instant::now() } else { self.since + PACE * earned };
        }
        if self.left == 0 {
            tokio::time::sleep_until(self.since + PACE).await;
            self.since += PACE;
            self.left = 1;
        }
        self.left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_out_at_once_and_a_flood_does_not() {
        let mut allowance = Allowance::new();
        let began = Instant::now();
        for _ in 0..BURST {
            allowance.take().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            allowance.take().await;
        }
        assert_eq!(began.elapsed(), PACE * 10);
        tokio::time::advance(PACE * 100).await;
        let later = Instant::now();
        for _ in 0..BURST {
            allowance.take().await;
        }
        assert_eq!(later.elapsed(), Duration::ZERO, "what was not used is there, up to a burst");
        allowance.take().await;
        assert!(later.elapsed() > Duration::ZERO);
    }
}
