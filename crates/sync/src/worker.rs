//! Who does the runs: a worker of the server, or the command line for one run.

use crate::engine::{self, Outcome, patiently};
use std::time::Duration;
use taskgauge_autotask::Connector;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::{Run, RunKind};
use taskgauge_store::runs::Lease;
use taskgauge_store::{Store, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a worker behaves.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Name in the queue, to tell server processes apart.
    pub name: String,
    /// How long a run may stay without sign of life before another worker takes it. Renewed three times as often.
    pub lease: Duration,
    /// Runs at once.
    pub parallel: usize,
    /// How often the queue is looked at when nobody calls.
    pub poll: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            name: format!("worker-{}", std::process::id()),
            lease: Duration::from_secs(30),
            parallel: 2,
            poll: Duration::from_secs(5),
        }
    }
}

/// Takes runs from the queue and does them, and queues the scheduled ones. Any number may share one database.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    connector: Connector,
    options: WorkerOptions,
}

impl Worker {
    /// A worker with the usual options.
    pub fn new(store: Store, connector: Connector) -> Self {
        Self::with_options(store, connector, WorkerOptions::default())
    }

    /// A worker with these options.
    pub fn with_options(store: Store, connector: Connector, options: WorkerOptions) -> Self {
        Self { store, connector, options }
    }

    /// Works until `shutdown`, then gives its runs back to the queue. A database that goes away is waited for.
    pub async fn run(self, shutdown: CancellationToken) {
        // Without it the queue is still looked at every now and then.
        let events = self
            .store
            .events()
            .await
            .inspect_err(|error| tracing::warn!(%error, "no events; the queue is polled"))
            .ok();
        let mut calls = events.as_ref().map(taskgauge_store::notify::Events::subscribe);
        let mut runs = JoinSet::new();
        while !shutdown.is_cancelled() {
            if let Err(error) = self.take(&mut runs, &shutdown).await {
                tracing::warn!(%error, "the queue cannot be read");
            }
            let called = async {
                match &mut calls {
                    Some(calls) => drop(calls.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = called => {}
                Some(_) = runs.join_next() => {}
                () = tokio::time::sleep(self.options.poll) => {}
            }
            while runs.try_join_next().is_some() {}
        }
        while runs.join_next().await.is_some() {}
    }

    async fn take(&self, runs: &mut JoinSet<()>, shutdown: &CancellationToken) -> Result<(), StoreError> {
        self.store.queue_due().await?;
        while runs.len() < self.options.parallel {
            let Some(lease) = self.store.claim_run(&self.options.name, self.options.lease).await? else {
                break;
            };
            let (store, connector) = (self.store.clone(), self.connector.clone());
            let (length, shutdown) = (self.options.lease, shutdown.clone());
            runs.spawn(async move {
                tokio::select! {
                    _ = drive(&store, &connector, lease, length) => {}
                    () = shutdown.cancelled() => {
                        if let Err(error) = store.release(&lease).await {
                            tracing::warn!(run = lease.run.0, %error, "the run goes on when its lease ends");
                        }
                    }
                }
            });
        }
        Ok(())
    }
}

/// Does a run and keeps its lease alive meanwhile.
async fn drive(store: &Store, connector: &Connector, lease: Lease, length: Duration) -> Outcome {
    tracing::info!(datasource = lease.datasource.0, run = lease.run.0, fence = lease.fence, "run begins");
    let outcome = tokio::select! {
        outcome = engine::run(store, connector, lease) => outcome,
        () = keep_alive(store, lease, length) => Outcome::Lost,
    };
    // Beside no lease any more: the run is over, and this may take longer than one.
    if let Outcome::Ended(_) = outcome {
        tidy(store, lease).await;
    }
    outcome
}

/// What is good for whoever reads next. Nothing is lost where it cannot be done.
async fn tidy(store: &Store, lease: Lease) {
    if let Err(error) = store.refresh_statistics().await {
        tracing::warn!(run = lease.run.0, %error, "the tables were not looked at");
    }
    if let Err(error) = store.shorten_changed_days(lease.datasource).await {
        tracing::warn!(run = lease.run.0, %error, "the notes of changed days were not put together");
    }
}

/// Renews a lease until it is lost.
async fn keep_alive(store: &Store, lease: Lease, length: Duration) {
    loop {
        tokio::time::sleep(length / 3).await;
        match store.renew(&lease, length).await {
            Ok(()) => {}
            Err(StoreError::Lost) => {
                tracing::warn!(run = lease.run.0, "another worker has taken the run, or it was removed");
                return;
            }
            // The lease may outlive the trouble; the fence decides.
            Err(error) => tracing::warn!(run = lease.run.0, %error, "the lease was not renewed"),
        }
    }
}

/// Syncs a datasource now and answers the ended run with what it did per entity. A run that another process does
/// already is waited for, and followed by one of its own where that was not of the kind that is asked for and did less.
pub async fn run_once(
    store: &Store,
    connector: &Connector,
    datasource: DatasourceId,
    kind: RunKind,
) -> Result<Run, StoreError> {
    let options = WorkerOptions::default();
    let mut run = patiently(|| store.queue_run(datasource, kind, None)).await?;
    loop {
        let claim = || store.claim_this_run(run.id, "command line", options.lease);
        if let Some(lease) = patiently(claim).await? {
            drive(store, connector, lease, options.lease).await;
        }
        let now = patiently(|| store.run(run.id)).await?;
        if now.state.is_over() {
            if now.kind == kind || kind == RunKind::Incremental {
                return Ok(now);
            }
            run = patiently(|| store.queue_run(datasource, kind, None)).await?;
            continue;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
