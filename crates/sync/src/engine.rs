//! One run: metadata, parts of the first load, changes, sweeps, children, second looks.
//!
//! The engine holds no state that a kill could lose: where each walk stands is committed with its rows, and a run that
//! another worker takes over goes on from there.

mod ask;
mod compare;
mod jobs;
mod prepare;
mod read;
mod webhooks;

use jobs::{Job, jobs};
pub(crate) use read::sorted;

use crate::doctor::{self, DoctorError};
use crate::failure;
use crate::plan::{self, Due, Part, Times};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use taskgauge_autotask::{Client, Connector, Credentials, Filter, Query};
use taskgauge_model::datasource::{Doctor, Finding};
use taskgauge_model::entity::{Entity, Refresh};
use taskgauge_model::run::RunState;
use taskgauge_store::rows::{Covers, Written};
use taskgauge_store::runs::{Completed, Cursor, EntityState, Lease};
use taskgauge_store::{Store, StoreError};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

/// Walks at once.
const WALKS_AT_ONCE: usize = 8;
/// Walks of one entity at once: each has a request under way, and more than this many the client holds back.
const WALKS_OF_AN_ENTITY: usize = 2;
/// How long a database that does not answer is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Names of the walks that are not parts of a load.
mod walk {
    pub(super) const CHANGES: &str = "changes";
    pub(super) const AGAIN: &str = "recent records again";
    pub(super) const SWEEP: &str = "everything again";
    pub(super) const RECONCILE: &str = "comparing ids";
    pub(super) const DIFFERENCES: &str = "comparing where counts differ";
    pub(super) const MISSED: &str = "records missed before";
    pub(super) const CHILDREN: &str = "of changed records";
    pub(super) const DELETIONS: &str = "of deleted activity";
    pub(super) const SECOND_LOOK: &str = "second look";
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// It was ended in the queue with this state.
    Ended(RunState),
    /// Another worker has it now.
    Lost,
}

/// Why reading stopped.
#[derive(Debug)]
enum Trouble {
    /// A person stopped the run.
    Stopped,
    /// Another worker took the run.
    Lost,
    /// The database was restarted, and may have lost what was committed last.
    Restarted,
    /// The whole run fails. `halts` keeps scheduled runs away until a person acts.
    Run { problem: String, halts: bool },
    /// One entity fails. `expected` when that is a matter of rights, which does not make the run a failure.
    Step { problem: String, expected: bool },
    /// Another walk of the same entity has failed, and ended its step.
    Beside,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lost => Trouble::Lost,
            StoreError::Restarted => Trouble::Restarted,
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "the database refused");
                Trouble::Run { problem: error.to_string(), halts: false }
            }
        }
    }
}

/// An entity's part of the run.
struct Work {
    entity: &'static Entity,
    state: EntityState,
    due: Due,
    /// Whether the run was begun by another worker, so that walks go on.
    resumed: bool,
    ready: OnceCell<Ready>,
    left: AtomicUsize,
    failed: AtomicBool,
    /// Rows that were written, or marked as missed or deleted.
    changed: AtomicU64,
    remark: Mutex<Option<String>>,
}

/// What is known before the first row.
struct Ready {
    unqueryable: Vec<String>,
    /// The parts of a load.
    parts: Vec<Part>,
    /// Rows at Autotask, where they were counted just now.
    there: Option<u64>,
    cursors: Vec<Cursor>,
    covers: Covers,
}

impl Ready {
    /// Autotask's time when this walk began, or the first of all.
    fn began(&self, walk: Option<&str>) -> Option<DateTime<Utc>> {
        began(&self.cursors, walk)
    }
}

fn began(cursors: &[Cursor], walk: Option<&str>) -> Option<DateTime<Utc>> {
    cursors
        .iter()
        .filter(|cursor| walk.is_none_or(|walk| walk == cursor.slice))
        .map(|cursor| cursor.began_at)
        .min()
}

struct Engine {
    store: Store,
    connector: Connector,
    lease: Lease,
    user_name: String,
    credentials: Credentials,
    client: Mutex<Client>,
    /// Whether the zone was discovered again in this run; also the gate that lets one task at a time do it.
    rediscovered: tokio::sync::Mutex<bool>,
    /// Requests of the client after which the tenant's hour is looked at again.
    share: AtomicU64,
    /// Requests of the tenant's hour that the run leaves to the others.
    for_others: OnceLock<u64>,
    /// The gate that lets one task at a time look.
    sharing: tokio::sync::Mutex<()>,
    /// Requests already counted, per entity.
    counted: Mutex<HashMap<&'static str, u64>>,
    /// What the permission doctor knew at the start.
    doctor: Doctor,
    /// Rows per entity, as it counted them.
    counts: HashMap<String, u64>,
    /// Autotask's time at the start.
    now: DateTime<Utc>,
    /// This machine's time at the start.
    here: DateTime<Utc>,
    /// The datasource's time zone.
    zone: Tz,
    /// Whether callouts write rows beside runs.
    is_called: bool,
}

/// Works on a run until it ends, and ends it in the queue.
///
/// Dropping the future at any point loses nothing: the lease ends, and the next worker goes on.
pub async fn run(store: &Store, connector: &Connector, lease: Lease) -> Outcome {
    let ended = match work(store, connector, lease).await {
        Ok(None) | Err(Trouble::Beside) => (RunState::Done, None, false),
        Ok(Some(problem)) | Err(Trouble::Step { problem, .. }) => (RunState::Failed, Some(problem), false),
        Err(Trouble::Stopped) => (RunState::Cancelled, None, false),
        Err(Trouble::Lost) => return Outcome::Lost,
        Err(Trouble::Restarted) => return begin_again(store, lease).await,
        Err(Trouble::Run { problem, halts }) => (RunState::Failed, Some(problem), halts),
    };
    let (state, problem, halts) = ended;
    tracing::info!(
        datasource = lease.datasource.0,
        run = lease.run.0,
        state = state.word(),
        problem,
        "run ended"
    );
    match patiently(|| store.finish_run(&lease, state, problem.as_deref(), halts)).await {
        Ok(()) => Outcome::Ended(state),
        Err(StoreError::Restarted) => begin_again(store, lease).await,
        Err(error) => {
            tracing::warn!(run = lease.run.0, %error, "could not end the run");
            Outcome::Lost
        }
    }
}

/// Gives the run back, so that whoever takes it next begins at what is stored.
async fn begin_again(store: &Store, lease: Lease) -> Outcome {
    tracing::warn!(run = lease.run.0, "the database was restarted; the run begins again at what is stored");
    if let Err(error) = patiently(|| store.release(&lease)).await {
        tracing::warn!(run = lease.run.0, %error, "the run goes on when its lease ends");
    }
    Outcome::Lost
}

/// Repeats a call while the database does not answer, for a while.
pub(crate) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Err(error) if error.is_transient() && began.elapsed() < PATIENCE => {
                tracing::warn!(%error, "waiting for the database");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            other => return other,
        }
    }
}

async fn work(store: &Store, connector: &Connector, lease: Lease) -> Result<Option<String>, Trouble> {
    if patiently(|| store.should_stop(&lease)).await? {
        if patiently(|| store.datasource(lease.datasource)).await?.paused {
            let problem = "Syncing of this datasource is paused. Resume it first.".to_owned();
            return Err(Trouble::Run { problem, halts: false });
        }
        return Err(Trouble::Stopped);
    }
    let opened = patiently(|| async {
        match doctor::client_of(store, connector, lease.datasource).await {
            Ok(client) => Ok(Ok(client)),
            Err(DoctorError::Store(error)) => Err(error),
            Err(DoctorError::Autotask(error)) => Ok(Err(error)),
        }
    });
    let (client, credentials) =
        opened.await?.map_err(|error| Trouble::Run { problem: failure::sentence(&error), halts: true })?;
    let datasource = patiently(|| store.datasource(lease.datasource)).await?;
    let is_called = patiently(|| store.webhook_address(lease.datasource)).await?.is_some();
    let here = store.clock().now();
    let mut engine = Engine {
        store: store.clone(),
        connector: connector.clone(),
        lease,
        user_name: credentials.user_name().to_owned(),
        credentials,
        client: Mutex::new(client),
        rediscovered: tokio::sync::Mutex::new(false),
        share: AtomicU64::new(u64::MAX),
        for_others: OnceLock::new(),
        sharing: tokio::sync::Mutex::default(),
        counted: Mutex::default(),
        doctor: Doctor::default(),
        counts: HashMap::new(),
        now: here,
        here,
        zone: datasource.time_zone.parse().unwrap_or(Tz::UTC),
        is_called,
    };
    engine.take_share().await?;
    engine.now = engine.client().last_server_date().unwrap_or(here);
    engine.doctor = patiently(|| store.doctor(lease.datasource)).await?;
    engine.counts = engine
        .doctor
        .probes
        .iter()
        .filter_map(|probe| match probe.finding {
            Finding::Readable { rows } => Some((probe.entity.clone(), rows)),
            _ => None,
        })
        .collect();
    let engine = Arc::new(engine);
    let done = Arc::clone(&engine).everything().await;
    engine.count_others().await?;
    done
}

impl Engine {
    fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn times(&self) -> Times {
        Times::of(self.now, self.here, self.zone)
    }

    /// Counts the requests that belong to no entity's step: for limits, rights and webhooks.
    async fn count_others(&self) -> Result<(), Trouble> {
        let steps: u64 = self.counted.lock().unwrap_or_else(PoisonError::into_inner).values().sum();
        let others = self.client().requests().saturating_sub(steps);
        Ok(patiently(|| self.store.count_requests(&self.lease, others)).await?)
    }

    async fn everything(self: Arc<Self>) -> Result<Option<String>, Trouble> {
        let states: HashMap<String, EntityState> =
            patiently(|| self.store.entity_states(self.lease.datasource))
                .await?
                .into_iter()
                .map(|state| (state.entity.clone(), state))
                .collect();
        let mut works = Vec::new();
        for entity in Entity::all() {
            let state = states.get(entity.name);
            let due = plan::due(entity, state, self.lease.kind, self.times());
            works.push((entity, state.cloned().unwrap_or_default(), due));
        }
        let first: Vec<&Entity> =
            works.iter().filter(|(_, _, due)| due.is_work()).map(|(entity, ..)| *entity).collect();
        let resumed = patiently(|| self.store.plan_steps(&self.lease, &first)).await?;
        let done: Vec<String> = if resumed {
            let run = patiently(|| self.store.run(self.lease.run)).await?;
            run.steps.into_iter().filter(|step| step.state.is_over()).map(|step| step.entity).collect()
        } else {
            Vec::new()
        };
        let works: Vec<Arc<Work>> = works
            .into_iter()
            .filter(|(entity, ..)| !done.iter().any(|name| name == entity.name))
            .map(|(entity, state, due)| Arc::new(Work::new(entity, state, due, resumed)))
            .collect();
        // Counts are compared once what changed meanwhile is read: it would differ.
        let (comparing, reading) =
            jobs(&works, &self.counts).into_iter().partition(|(_, job)| *job == Job::Reconcile);
        self.go_through(reading).await?;
        let children: Vec<Arc<Work>> = works
            .iter()
            .filter(|work| work.due.children)
            .map(|work| {
                let due = Due { children: true, metadata: work.due.metadata, ..Due::default() };
                Arc::new(Work::new(work.entity, work.state.clone(), due, resumed))
            })
            .collect();
        let mut later: Vec<_> = children.iter().map(|work| (Arc::clone(work), Job::Children)).collect();
        // Every line that was not followed up yet, whichever run read it.
        let logged = works.iter().filter(|work| !read::logs_of(work.entity).is_empty());
        later.extend(logged.map(|work| (Arc::clone(work), Job::Deletions)));
        self.go_through(later).await?;
        self.go_through(comparing).await?;
        self.diagnose().await?;
        self.webhooks().await?;
        self.verdict().await
    }

    /// Keeps what this run has learnt about rights; once a night the doctor asks for everything anew, unless the share of
    /// the hour does not suffice for it.
    async fn diagnose(&self) -> Result<(), Trouble> {
        let datasource = self.lease.datasource;
        let times = self.times();
        let is_old = self.doctor.at.is_none_or(|at| times.is_before_night(at));
        let found = if is_old && self.has_share(doctor::REQUESTS) {
            // Refused credentials are refused once, not once for every entity.
            match self.ask(|client| async move { client.version().await }).await {
                Ok(_) => {}
                // What was read stands, and the next run asks again.
                Err(Trouble::Step { .. } | Trouble::Run { halts: false, .. }) => return Ok(()),
                Err(trouble) => return Err(trouble),
            }
            Some(doctor::examine(&self.client(), self.here).await.or_known(&self.doctor))
        } else {
            let run = patiently(|| self.store.run(self.lease.run)).await?;
            let states = patiently(|| self.store.entity_states(datasource)).await?;
            let stored = |entity: &str| {
                let state = states.iter().find(|state| state.entity == entity);
                state.map_or(0, |state| state.rows.cast_unsigned())
            };
            doctor::learnt(&self.doctor, &run.steps, stored)
        };
        if let Some(found) = found {
            patiently(|| self.store.set_doctor(datasource, &found)).await?;
        }
        Ok(())
    }

    /// Whether the run failed although it came to its end.
    async fn verdict(&self) -> Result<Option<String>, Trouble> {
        let run = patiently(|| self.store.run(self.lease.run)).await?;
        let failed: Vec<_> = run.steps.iter().filter(|step| step.state == RunState::Failed).collect();
        if !failed.is_empty() && failed.len() == run.steps.len() {
            return Ok(Some(
                "Nothing could be read. Run the permission doctor of this datasource; it names the rights that the \
                 API user's security level lacks."
                    .to_owned(),
            ));
        }
        Ok(failed
            .into_iter()
            .find(|step| step.problem.as_deref().is_none_or(|problem| !failure::is_about_rights(problem)))
            .map(|step| {
                format!("{}: {}", step.label, step.problem.as_deref().unwrap_or("could not be read."))
            }))
    }

    /// Does jobs, some at once and each in a task of its own: reading pages keeps a processor busy. Dropping the future
    /// ends them all.
    async fn go_through(self: &Arc<Self>, jobs: Vec<(Arc<Work>, Job)>) -> Result<(), Trouble> {
        let mut jobs = VecDeque::from(jobs);
        let mut walking: HashMap<&str, usize> = HashMap::new();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < WALKS_AT_ONCE {
                // The first whose entity is not busy: waiting for its turn, another would take a place for nothing.
                let free = |entity| walking.get(entity).is_none_or(|walks| *walks < WALKS_OF_AN_ENTITY);
                let Some(place) = jobs.iter().position(|(work, _)| free(work.entity.name)) else { break };
                let Some((work, job)) = jobs.remove(place) else { break };
                *walking.entry(work.entity.name).or_default() += 1;
                let engine = Arc::clone(self);
                tasks.spawn(async move { (work.entity.name, engine.undertake(&work, job).await) });
            }
            match tasks.join_next().await {
                None => return Ok(()),
                Some(Ok((entity, done))) => {
                    *walking.entry(entity).or_default() -= 1;
                    if done.is_err() {
                        tasks.shutdown().await;
                        return done;
                    }
                }
                Some(Err(broken)) => match broken.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Only the end of the process ends them.
                    Err(_) => return Err(Trouble::Lost),
                },
            }
        }
    }

    /// Does a job. When its entity cannot be read, the entity's step fails and the run goes on.
    async fn undertake(&self, work: &Work, job: Job) -> Result<(), Trouble> {
        if work.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.attend(work, job).await {
            Ok(()) | Err(Trouble::Beside) => Ok(()),
            Err(Trouble::Step { problem, expected }) => {
                work.failed.store(true, Ordering::Relaxed);
                tracing::warn!(entity = work.entity.name, problem, expected, "entity not read");
                let requests = self.spent(work.entity);
                let end = || {
                    let (lease, entity) = (&self.lease, work.entity);
                    self.store.end_step(lease, entity, RunState::Failed, Some(&problem), requests)
                };
                Ok(patiently(end).await?)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Does a job, and ends the entity's step when it was the last one.
    async fn attend(&self, work: &Work, job: Job) -> Result<(), Trouble> {
        match job {
            Job::Children => return self.children(work).await,
            Job::Deletions => return self.deletions(work).await,
            _ => {}
        }
        let entity = work.entity;
        let ready = work.ready.get_or_try_init(|| self.prepare(work)).await?;
        match job {
            Job::Part(at) => {
                if let Some(part) = ready.parts.get(at) {
                    let covers = if ready.parts.len() == 1 { ready.covers.clone() } else { Covers::Nothing };
                    self.walk(work, ready, &part.name, Query::new(part.filter.clone()), covers).await?;
                }
            }
            Job::Changes => {
                let filter = work.due.changes.clone().unwrap_or(Filter::All);
                self.walk(work, ready, walk::CHANGES, Query::new(filter), Covers::Nothing).await?;
                let completed =
                    Completed { watermark: ready.began(Some(walk::CHANGES)), ..Completed::default() };
                self.complete(entity, &[walk::CHANGES], completed).await?;
            }
            Job::Again => {
                let filter = work.due.again.clone().unwrap_or(Filter::All);
                self.walk(work, ready, walk::AGAIN, Query::new(filter), Covers::Nothing).await?;
                let completed =
                    Completed { again_at: ready.began(Some(walk::AGAIN)), ..Completed::default() };
                self.complete(entity, &[walk::AGAIN], completed).await?;
            }
            Job::Sweep => {
                self.walk(work, ready, walk::SWEEP, Query::new(Filter::All), ready.covers.clone()).await?;
                let began = ready.began(Some(walk::SWEEP));
                let completed = Completed {
                    watermark: self.watermark(entity, began),
                    swept_at: began,
                    second_look: true,
                    ..Completed::default()
                };
                self.complete(entity, &[walk::SWEEP], completed).await?;
                if let (Some(there), true) = (ready.there, ready.covers != Covers::Nothing) {
                    self.note_sweep(work, there).await?;
                }
            }
            Job::Reconcile => {
                let compared = self.reconcile(work, ready).await?;
                let swept_at = ready.began(Some(walk::RECONCILE));
                let completed = Completed { swept_at, second_look: true, compared, ..Completed::default() };
                self.complete(entity, &[walk::RECONCILE], completed).await?;
            }
            Job::SecondLook => {
                self.second_look(work).await?;
                self.complete(entity, &[], Completed { second_look: true, ..Completed::default() }).await?;
            }
            Job::Children | Job::Deletions => {}
        }
        if work.left.fetch_sub(1, Ordering::AcqRel) > 1 || work.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        if work.due.load {
            let began = ready.began(None);
            // Rows that were there before are compared with a load only when it is one walk; a first load has
            // nothing to compare with.
            let whole = ready.cursors.len() == 1 || work.state.loaded_at.is_none();
            let completed = Completed {
                load: true,
                watermark: self.watermark(entity, began),
                swept_at: began.filter(|_| whole),
                second_look: whole,
                ..Completed::default()
            };
            let walks: Vec<&str> = ready.cursors.iter().map(|cursor| cursor.slice.as_str()).collect();
            self.complete(entity, &walks, completed).await?;
        }
        self.end(work, RunState::Done).await
    }

    /// From when on changes are asked for after everything was read.
    fn watermark(&self, entity: &Entity, began: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match entity.refresh {
            Refresh::Stamped { .. } => began,
            // Compared with this copy's own change times.
            Refresh::Children { .. } => Some(self.here),
            Refresh::Sweep { .. } => None,
        }
    }

    async fn complete(&self, entity: &Entity, walks: &[&str], completed: Completed) -> Result<(), Trouble> {
        Ok(patiently(|| self.store.complete(&self.lease, entity, walks, completed)).await?)
    }

    async fn end(&self, work: &Work, state: RunState) -> Result<(), Trouble> {
        let remark = work.remark.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let requests = self.spent(work.entity);
        let end = || self.store.end_step(&self.lease, work.entity, state, remark.as_deref(), requests);
        Ok(patiently(end).await?)
    }
}

impl Work {
    fn new(entity: &'static Entity, state: EntityState, due: Due, resumed: bool) -> Self {
        Self {
            entity,
            state,
            due,
            resumed,
            ready: OnceCell::new(),
            left: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            changed: AtomicU64::new(0),
            remark: Mutex::default(),
        }
    }

    fn count(&self, written: &Written) {
        let changed = written.inserted + written.updated + written.missed + written.deleted;
        self.changed.fetch_add(changed, Ordering::Relaxed);
    }

    fn remark(&self, text: String) {
        *self.remark.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}
