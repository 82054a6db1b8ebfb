//! Callouts of webhooks: checked, kept, and their records read at once.
//!
//! A callout is a hint. What one says is not stored; the record is read again through the API, as every other row is. A
//! callout that is lost, or whose record cannot be read now, makes a sync due instead.

use crate::doctor::{self, DoctorError};
use crate::engine::{patiently, sorted};
use crate::failure;
use crate::normalise::Normaliser;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use taskgauge_autotask::webhook::{Action, Callout, is_signed};
use taskgauge_autotask::{Client, Connector, Error, Filter, Query, value};
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::webhook::Webhook;
use taskgauge_store::rows::CalloutCommit;
use taskgauge_store::webhooks::{Arrived, Expected, Taken, Waiting};
use taskgauge_store::{Store, StoreError};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// Callouts that are read with one request: Autotask's limit of conditions is 500, clients in the field use 200.
const AT_ONCE: u32 = 200;
/// Longer than this for one request, reading is left to a sync.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long callouts belong to who reads them. Longer than reading takes, the waits for the pace included.
const CLAIM: Duration = Duration::from_mins(3);
/// How often callouts that another process left are looked for, and old ones removed.
const LOOK_AROUND: Duration = Duration::from_mins(1);
/// How long the task of a datasource waits for more.
const LINGER: Duration = Duration::from_mins(1);
/// Requests that may go out one after the other.
const BURST: u32 = 30;
/// The part of the datasource's share of an hour that callouts may take: an eighth.
const PART: u64 = 8;
/// What an hour is taken to allow where Autotask did not tell.
const USUAL_HOUR: u64 = 10_000;

/// Why a callout is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such webhook, or the signature is not its own. Who asks is not told which.
    #[error("the callout is not signed as it should be")]
    Unsigned,
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
        let (webhook, expected) = self.expected(datasource, collection).await?;
        if !signed(&expected, signature, body) {
            tracing::debug!(datasource = datasource.0, collection, "a callout without its signature");
            return Err(Refused::Unsigned);
        }
        // From here on it is Autotask's: what is refused is sent again, and switches the webhook off in the end. What cannot be
        // read tells at least that something changed.
        let callout = match Callout::read(body) {
            Ok(callout) => callout,
            Err(error) => {
                tracing::warn!(datasource = datasource.0, collection, %error, "a callout cannot be read; a sync is due");
                return Ok(self.store.catch_up(datasource).await?);
            }
        };
        if callout.action == Action::Deactivated {
            return self.switched_off(datasource, webhook).await;
        }
        if !callout.entity_type.eq_ignore_ascii_case(webhook.entity_type) {
            let entity_type = callout.entity_type;
            tracing::warn!(
                datasource = datasource.0,
                collection,
                entity_type,
                "a callout about something else"
            );
            return Ok(self.store.catch_up(datasource).await?);
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
        let (webhook, expected) = self.expected(datasource, collection).await?;
        let named = Callout::read(body).ok().zip(expected.guid.as_deref());
        let named = named.is_some_and(|(callout, guid)| guid.eq_ignore_ascii_case(&callout.guid));
        if !signed(&expected, signature, body) && !named {
            return Err(Refused::Unsigned);
        }
        self.switched_off(datasource, webhook).await
    }

    /// The webhook of that name and what its callouts are checked against.
    async fn expected(
        &self,
        datasource: DatasourceId,
        collection: &str,
    ) -> Result<(&'static Webhook, Expected), Refused> {
        let webhook = Webhook::named(collection).ok_or(Refused::Unsigned)?;
        let expected = self.store.expected_callouts(datasource, webhook.collection).await?;
        Ok((webhook, expected.ok_or(Refused::Unsigned)?))
    }

    async fn switched_off(&self, datasource: DatasourceId, webhook: &Webhook) -> Result<(), Refused> {
        tracing::warn!(
            datasource = datasource.0,
            collection = webhook.collection,
            "Autotask switched a webhook off"
        );
        Ok(self.store.webhook_deactivated(datasource, webhook.collection).await?)
    }
}

fn signed(expected: &Expected, signature: Option<&str>, body: &[u8]) -> bool {
    signature.is_some_and(|signature| is_signed(&expected.secret, signature, body))
}

#[derive(Debug, Clone)]
struct Reader {
    store: Store,
    connector: Connector,
}

/// A datasource whose callouts are read here.
#[derive(Debug, Default)]
struct Attended {
    /// Wakes its task.
    more: Arc<Notify>,
    /// Shared by all of its tasks, one after the other.
    allowance: Arc<Mutex<Allowance>>,
    is_read: bool,
}

impl Reader {
    /// Each datasource has a task of its own while callouts come: one tenant's silence holds up no other.
    async fn run(self, mut calls: mpsc::UnboundedReceiver<DatasourceId>, stop: CancellationToken) {
        let mut attended: HashMap<DatasourceId, Attended> = HashMap::new();
        let mut tasks = JoinSet::new();
        let mut of_task = HashMap::new();
        let mut look_around = tokio::time::interval(LOOK_AROUND);
        loop {
            let called = tokio::select! {
                () = stop.cancelled() => return,
                call = calls.recv() => match call {
                    Some(datasource) => vec![datasource],
                    None => return,
                },
                _ = look_around.tick() => self.look_around().await,
                Some(ended) = tasks.join_next_with_id() => {
                    let (task, well) = match ended {
                        Ok((task, well)) => (task, well),
                        Err(broken) => (broken.id(), false),
                    };
                    match of_task.remove(&task) {
                        Some(datasource) => {
                            if let Some(attended) = attended.get_mut(&datasource) {
                                attended.is_read = false;
                            }
                            // What came in the moment of its end found nobody. After a failure it waits for the next look.
                            if well { self.left(datasource).await } else { Vec::new() }
                        }
                        None => Vec::new(),
                    }
                }
            };
            for datasource in called {
                let attended = attended.entry(datasource).or_default();
                if attended.is_read {
                    attended.more.notify_one();
                    continue;
                }
                attended.is_read = true;
                let (more, allowance) = (Arc::clone(&attended.more), Arc::clone(&attended.allowance));
                let (reader, stop) = (self.clone(), stop.clone());
                let task = tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => false,
                        well = reader.attend(datasource, &more, &allowance) => well,
                    }
                });
                of_task.insert(task.id(), datasource);
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
        let left = self.store.callouts_waiting(datasource).await.unwrap_or_default();
        if left == 0 { Vec::new() } else { vec![datasource] }
    }

    /// Reads the records of a datasource's callouts until none have come for a while. Answers whether all went well.
    async fn attend(&self, datasource: DatasourceId, more: &Notify, allowance: &Mutex<Allowance>) -> bool {
        let mut allowance = allowance.lock().await;
        loop {
            if let Err(error) = self.read_waiting(datasource, &mut allowance).await {
                tracing::warn!(datasource = datasource.0, %error, "callouts wait");
                return false;
            }
            if timeout(LINGER, more.notified()).await.is_err() {
                return true;
            }
        }
    }

    async fn read_waiting(
        &self,
        datasource: DatasourceId,
        allowance: &mut Allowance,
    ) -> Result<(), StoreError> {
        loop {
            let waiting = patiently(|| self.store.claim_callouts(datasource, AT_ONCE, CLAIM)).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let settings = patiently(|| self.store.datasource(datasource)).await?;
            let hour = settings.hour.map_or(USUAL_HOUR, |hour| hour.limit);
            allowance.set_pace(hour * u64::from(settings.share_percent) / 100 / PART);
            let client = match doctor::client_of(&self.store, &self.connector, datasource).await {
                Ok((client, _)) => client,
                Err(DoctorError::Store(error)) => return Err(error),
                Err(DoctorError::Autotask(error)) => {
                    self.give_up(datasource, &waiting, &error).await?;
                    continue;
                }
            };
            // One kind of record that cannot be read holds up no other.
            let mut entities: Vec<&str> = Webhook::ALL.iter().map(Webhook::reads).collect();
            entities.sort_unstable();
            entities.dedup();
            for entity in entities {
                let own: Vec<Waiting> = waiting
                    .iter()
                    .filter(|callout| {
                        Webhook::named(&callout.collection).is_some_and(|webhook| webhook.reads() == entity)
                    })
                    .cloned()
                    .collect();
                let Some(entity) = Entity::named(entity).filter(|_| !own.is_empty()) else { continue };
                match self.read_rows(datasource, &client, entity, &own, allowance).await {
                    Ok(()) => {}
                    Err(DoctorError::Store(error)) => return Err(error),
                    Err(DoctorError::Autotask(error)) => self.give_up(datasource, &own, &error).await?,
                }
            }
        }
    }

    async fn give_up(
        &self,
        datasource: DatasourceId,
        callouts: &[Waiting],
        why: &Error,
    ) -> Result<(), StoreError> {
        tracing::warn!(
            datasource = datasource.0,
            callouts = callouts.len(),
            problem = failure::sentence(why),
            "records of callouts cannot be read; a sync is due"
        );
        patiently(|| self.store.give_up_callouts(datasource, callouts)).await
    }

    /// Reads the rows that these callouts lead to, and commits them.
    async fn read_rows(
        &self,
        datasource: DatasourceId,
        client: &Client,
        entity: &'static Entity,
        callouts: &[Waiting],
        allowance: &mut Allowance,
    ) -> Result<(), DoctorError> {
        let mut rows = HashMap::new();
        for webhook in Webhook::ALL.iter().filter(|webhook| webhook.reads() == entity.name) {
            let own: Vec<&Waiting> =
                callouts.iter().filter(|callout| callout.collection == webhook.collection).collect();
            if !own.is_empty() {
                rows.extend(rows_of(client, webhook, &own, allowance).await?);
            }
        }
        let mut ids: Vec<i64> = rows.values().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut commit = CalloutCommit {
            entity,
            callouts,
            rows: Vec::new(),
            unreadable: Vec::new(),
            gone: Vec::new(),
            deleted: Vec::new(),
        };
        if !ids.is_empty() {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            let normaliser = Normaliser::new(entity);
            allowance.take().await;
            let page = in_time(client.page_of(entity.name, &query, None, &normaliser)).await?;
            (commit.rows, commit.unreadable) = sorted(page);
        }
        let answered = |id: &i64| {
            commit.rows.binary_search_by_key(id, |row| row.id).is_ok()
                || commit.unreadable.iter().any(|row| row.id == *id)
        };
        commit.gone = ids.into_iter().filter(|id| !answered(id)).collect();
        let named = callouts.iter().filter(|callout| callout.is_deletion);
        let own = named.filter(|callout| rows.get(&key(callout)) == Some(&callout.record_id));
        commit.deleted = own.map(|callout| callout.record_id).collect();
        patiently(|| self.store.commit_callouts(datasource, &commit)).await?;
        Ok(())
    }
}

/// What was asked for, unless it takes too long.
async fn in_time<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Box<Error>> {
    timeout(PATIENCE, request).await.unwrap_or(Err(Error::Timeout)).map_err(Box::new)
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
    let page = in_time(client.page(webhook.entity, &query, None)).await?;
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

/// How many requests may go out for callouts: a few at once, then one after the other, for all that came meanwhile.
#[derive(Debug)]
struct Allowance {
    pace: Duration,
    left: u32,
    since: Instant,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { pace: Duration::from_secs(6), left: BURST, since: Instant::now() }
    }
}

impl Allowance {
    /// Allows so many requests an hour.
    fn set_pace(&mut self, an_hour: u64) {
        let an_hour = u32::try_from(an_hour.max(1)).unwrap_or(u32::MAX);
        self.pace = (Duration::from_hours(1) / an_hour).max(Duration::from_millis(1));
    }

    /// Waits for the next request's turn.
    async fn take(&mut self) {
        let earned = self.since.elapsed().as_millis() / self.pace.as_millis().max(1);
        let earned = u32::try_from(earned).unwrap_or(u32::MAX).min(BURST);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = if self.left == BURST { Instant::now() } else { self.since + self.pace * earned };
        }
        if self.left == 0 {
            tokio::time::sleep_until(self.since + self.pace).await;
            self.since += self.pace;
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
        const PACE: Duration = Duration::from_secs(6);
        let mut allowance = Allowance::default();
        allowance.set_pace(600);
        assert_eq!(allowance.pace, PACE);
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
