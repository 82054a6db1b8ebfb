//! The queue of sync runs: leases, fencing and progress.
//!
//! A worker takes a run with a lease and renews it while it works. A lease that is not renewed ends, and the next
//! worker takes the run with a higher fence; whatever the former one still tries to write is refused.

mod progress;

pub use progress::{Completed, Cursor, EntityState};

use crate::rows::{break_holds, hold, hold_alone, try_hold_alone};
use crate::{Store, StoreError, notify};
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use std::time::Duration;
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::{DatasourceId, RunId, UserId};
use taskgauge_model::run::{Event, Run, RunKind, RunState, Step};

/// Ended runs are kept for so many days.
const KEPT_DAYS: i32 = 14;

/// The right to work on a run, until it ends or another worker takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    /// Whose.
    pub datasource: DatasourceId,
    /// What it reads.
    pub kind: RunKind,
    /// Rises with every lease of the run: 1 for its first worker.
    pub fence: i64,
}

const RUN_COLUMNS: &str = "select r.id, r.datasource_id, r.kind, r.state, r.queued_at, r.started_at, r.ended_at, \
    r.problem, r.requests + case when r.ended_at is null then coalesce((select sum(s.requests)::bigint \
    from taskgauge.steps s where s.datasource_id = r.datasource_id and s.run_id = r.id), 0) else 0 end as requests \
    from taskgauge.runs r";

#[derive(FromRow)]
struct RunRow {
    id: i64,
    datasource_id: i64,
    kind: String,
    state: String,
    queued_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    problem: Option<String>,
    requests: i64,
}

#[derive(FromRow)]
struct StepRow {
    run_id: i64,
    entity: String,
    state: String,
    slice: Option<String>,
    expected: Option<i64>,
    read: i64,
    written: i64,
    unchanged: i64,
    deleted: i64,
    quarantined: i64,
    requests: i64,
    seconds: f64,
    problem: Option<String>,
}

const fn kind_word(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Full => "full",
        RunKind::Incremental => "incremental",
        RunKind::Reconcile => "reconcile",
    }
}

fn kind_of(word: &str) -> RunKind {
    match word {
        "full" => RunKind::Full,
        "reconcile" => RunKind::Reconcile,
        _ => RunKind::Incremental,
    }
}

fn state_of(word: &str) -> Result<RunState, StoreError> {
    RunState::from_word(word)
        .ok_or_else(|| StoreError::Invalid(format!("“{word}” is not the state of a run.")))
}

impl RunRow {
    fn into_run(self, steps: Vec<Step>) -> Result<Run, StoreError> {
        Ok(Run {
            id: RunId(self.id),
            datasource: DatasourceId(self.datasource_id),
            kind: kind_of(&self.kind),
            state: state_of(&self.state)?,
            queued_at: self.queued_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            problem: self.problem,
            requests: self.requests.cast_unsigned(),
            steps,
        })
    }
}

impl StepRow {
    fn into_step(self) -> Result<Step, StoreError> {
        Ok(Step {
            label: Entity::named(&self.entity)
                .map_or_else(|| self.entity.clone(), |entity| entity.label.to_owned()),
            entity: self.entity,
            state: state_of(&self.state)?,
            slice: self.slice,
            expected: self.expected.map(i64::cast_unsigned),
            read: self.read.cast_unsigned(),
            written: self.written.cast_unsigned(),
            unchanged: self.unchanged.cast_unsigned(),
            deleted: self.deleted.cast_unsigned(),
            quarantined: self.quarantined.cast_unsigned(),
            requests: self.requests.cast_unsigned(),
            seconds: self.seconds,
            problem: self.problem,
        })
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

impl Store {
    /// The time for leases: the database's own, so that workers on different machines agree, unless a test set one.
    pub(crate) fn pinned_now(&self) -> Option<DateTime<Utc>> {
        self.clock.is_fixed().then(|| self.clock.now())
    }

    /// Queues a run and answers it, or answers the one that is queued or running already. A queued one that reads less
    /// becomes one of the kind that is asked for.
    pub async fn queue_run(
        &self,
        datasource: DatasourceId,
        kind: RunKind,
        requested_by: Option<UserId>,
    ) -> Result<Run, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id: i64 = sqlx::query_scalar(
            "insert into taskgauge.runs as r (datasource_id, kind, queued_at, requested_by)
            select d.id, $2, $3, $4
            from taskgauge.datasources d
            where d.id = $1
            on conflict (datasource_id) where state in ('queued', 'running') do update
            set kind = case
                when r.state = 'queued' and (excluded.kind = 'full' or r.kind = 'incremental') then excluded.kind
                else r.kind
            end
            returning id",
        )
        .bind(datasource.0)
        .bind(kind_word(kind))
        .bind(self.clock.now())
        .bind(requested_by.map(|user| user.0))
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(StoreError::NotFound { what: "datasource" })?;
        notify::send(&mut transaction, &Event::Progress { datasource, run: RunId(id) }).await?;
        transaction.commit().await?;
        self.run(RunId(id)).await
    }

    /// Queues an incremental run for every datasource whose last run began as long ago as its schedule says, or five minutes
    /// after one that failed, or a minute where there is something to [catch up](Store::catch_up) with; that is not paused,
    /// has no active run, and whose credentials were not refused since they were stored. Answers how many.
    pub async fn queue_due(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let queued: Vec<(i64, i64)> = sqlx::query_as(
            "insert into taskgauge.runs (datasource_id, kind, queued_at)
            select d.id, 'incremental', coalesce($1, now())
            from taskgauge.datasources d
            left join lateral (
                select r.*
                from taskgauge.runs r
                where r.datasource_id = d.id
                order by r.id desc
                limit 1
            ) last on true
            left join taskgauge.credentials c on c.datasource_id = d.id
            where not d.paused
                and (
                    last.id is null
                    or (
                        last.ended_at is not null
                        and coalesce(last.started_at, last.queued_at) + make_interval(mins => case
                                when d.catch_up_at >= coalesce(last.started_at, last.queued_at) then 1
                                when last.state = 'failed' then least(d.sync_minutes, 5)
                                else d.sync_minutes
                            end)
                            <= coalesce($1, now())
                        and not (last.halts and coalesce(c.stored_at <= last.ended_at, true))
                    )
                )
            on conflict (datasource_id) where state in ('queued', 'running') do nothing
            returning datasource_id, id",
        )
        .bind(self.pinned_now())
        .fetch_all(&mut *transaction)
        .await?;
        for (datasource, run) in &queued {
            let event = Event::Progress { datasource: DatasourceId(*datasource), run: RunId(*run) };
            notify::send(&mut transaction, &event).await?;
        }
        transaction.commit().await?;
        Ok(queued.len() as u64)
    }

    /// Takes the run that waits longest: queued, or left by a worker whose lease ended. Paused datasources wait.
    pub async fn claim_run(&self, worker: &str, lease: Duration) -> Result<Option<Lease>, StoreError> {
        self.claim(worker, lease, None).await
    }

    /// Takes this run, if it waits. That its datasource is paused shows when the work begins.
    pub async fn claim_this_run(
        &self,
        run: RunId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.claim(worker, lease, Some(run)).await
    }

    async fn claim(
        &self,
        worker: &str,
        lease: Duration,
        only: Option<RunId>,
    ) -> Result<Option<Lease>, StoreError> {
        let mut tried = Vec::new();
        loop {
            let mut transaction = self.pool.begin().await?;
            let next: Option<(i64, i64, bool)> = sqlx::query_as(
                "select r.datasource_id, r.id,
                    coalesce(r.lease_until <= coalesce($1, now()) - make_interval(secs => $4), false)
                from taskgauge.runs r
                join taskgauge.datasources d on d.id = r.datasource_id
                where (r.state = 'queued' or (r.state = 'running' and r.lease_until <= coalesce($1, now())))
                    and case when $2::bigint is null then not d.paused else r.id = $2 end
                    and not r.id = any($3)
                order by r.queued_at, r.id
                limit 1",
            )
            .bind(self.pinned_now())
            .bind(only.map(|run| run.0))
            .bind(&tried)
            .bind(seconds(lease))
            .fetch_optional(&mut *transaction)
            .await?;
            let Some((datasource, run, is_long_over)) = next else { return Ok(None) };
            // A worker that was thought dead may be in the middle of a page: that is waited for elsewhere, while other runs
            // go on, and not for ever.
            if !try_hold_alone(&mut transaction, run).await? {
                if is_long_over {
                    tracing::warn!(
                        run,
                        "a worker stands still in the middle of a page; its connections are ended"
                    );
                    transaction.rollback().await?;
                    break_holds(&mut *self.pool.acquire().await?, run).await?;
                }
                tried.push(run);
                continue;
            }
            let claimed: Option<(String, i64)> = sqlx::query_as(
                "update taskgauge.runs r
                set state = 'running',
                    worker = $2,
                    started_at = coalesce(r.started_at, $5),
                    lease_until = coalesce($1, clock_timestamp()) + make_interval(secs => $3),
                    fence = r.fence + 1
                where r.datasource_id = $4
                    and r.id = $6
                    and (
                        r.state = 'queued'
                        or (r.state = 'running' and r.lease_until <= coalesce($1, clock_timestamp()))
                    )
                returning r.kind, r.fence",
            )
            .bind(self.pinned_now())
            .bind(worker)
            .bind(seconds(lease))
            .bind(datasource)
            .bind(self.clock.now())
            .bind(run)
            .fetch_optional(&mut *transaction)
            .await?;
            let Some((kind, fence)) = claimed else {
                tried.push(run);
                continue;
            };
            sqlx::query(
                "insert into taskgauge.holds (datasource_id, run_id, fence)
                values ($1, $2, $3)
                on conflict (datasource_id, run_id) do update set fence = excluded.fence",
            )
            .bind(datasource)
            .bind(run)
            .bind(fence)
            .execute(&mut *transaction)
            .await?;
            let (datasource, run) = (DatasourceId(datasource), RunId(run));
            notify::send(&mut transaction, &Event::Progress { datasource, run }).await?;
            transaction.commit().await?;
            return Ok(Some(Lease { run, datasource, kind: kind_of(&kind), fence }));
        }
    }

    /// Makes the lease last `lease` from now. [`StoreError::Lost`] when another worker has the run.
    pub async fn renew(&self, held: &Lease, lease: Duration) -> Result<(), StoreError> {
        let renewed = sqlx::query(
            "update taskgauge.runs
            set lease_until = coalesce($4, now()) + make_interval(secs => $5)
            where datasource_id = $1 and id = $2 and fence = $3 and state = 'running'",
        )
        .bind(held.datasource.0)
        .bind(held.run.0)
        .bind(held.fence)
        .bind(self.pinned_now())
        .bind(seconds(lease))
        .execute(&self.pool)
        .await?
        .rows_affected();
        if renewed == 0 { Err(StoreError::Lost) } else { Ok(()) }
    }

    /// Gives a run back, so that another worker can go on at once.
    pub async fn release(&self, held: &Lease) -> Result<(), StoreError> {
        sqlx::query(
            "update taskgauge.runs
            set state = 'queued', lease_until = null
            where datasource_id = $1 and id = $2 and fence = $3 and state = 'running'",
        )
        .bind(held.datasource.0)
        .bind(held.run.0)
        .bind(held.fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A run with its steps.
    pub async fn run(&self, id: RunId) -> Result<Run, StoreError> {
        let row: RunRow = sqlx::query_as(sqlx::AssertSqlSafe(format!("{RUN_COLUMNS} where r.id = $1")))
            .bind(id.0)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(StoreError::NotFound { what: "run" })?;
        let steps = self.steps(DatasourceId(row.datasource_id), &[row.id]).await?;
        row.into_run(steps.into_iter().map(|(_, step)| step).collect())
    }

    /// The newest runs with their steps, newest first.
    pub async fn runs(&self, datasource: DatasourceId, limit: u32) -> Result<Vec<Run>, StoreError> {
        let rows: Vec<RunRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{RUN_COLUMNS} where r.datasource_id = $1 order by r.id desc limit $2"
        )))
        .bind(datasource.0)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut steps = self.steps(datasource, &ids).await?;
        rows.into_iter()
            .map(|row| {
                let own = steps.extract_if(.., |(run, _)| *run == row.id).map(|(_, step)| step).collect();
                row.into_run(own)
            })
            .collect()
    }

    /// The newest run, if there ever was one.
    pub async fn latest_run(&self, datasource: DatasourceId) -> Result<Option<Run>, StoreError> {
        Ok(self.runs(datasource, 1).await?.pop())
    }

    async fn steps(&self, datasource: DatasourceId, runs: &[i64]) -> Result<Vec<(i64, Step)>, StoreError> {
        let rows: Vec<StepRow> = sqlx::query_as(
            "select run_id, entity, state, slice, expected, read, written, unchanged, deleted, quarantined,
                requests, seconds, problem
            from taskgauge.steps
            where datasource_id = $1 and run_id = any($2)
            order by run_id, place, entity",
        )
        .bind(datasource.0)
        .bind(runs)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| Ok((row.run_id, row.into_step()?))).collect()
    }

    /// Asks a run to stop: at once when it is queued, after the page at hand when it runs. Answers whether it was
    /// active.
    pub async fn request_cancel(&self, id: RunId) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let datasource: Option<i64> = sqlx::query_scalar(
            "update taskgauge.runs
            set cancel_requested = true,
                ended_at = case when state = 'queued' then $2 end,
                state = case when state = 'queued' then 'cancelled' else state end
            where id = $1 and state in ('queued', 'running')
            returning datasource_id",
        )
        .bind(id.0)
        .bind(self.clock.now())
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(datasource) = datasource {
            let event = Event::Progress { datasource: DatasourceId(datasource), run: id };
            notify::send(&mut transaction, &event).await?;
        }
        transaction.commit().await?;
        Ok(datasource.is_some())
    }

    /// Whether the run should stop. [`StoreError::Lost`] when another worker has it.
    pub async fn should_stop(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        hold(&mut connection, lease, self.pinned_now()).await
    }

    /// Ends a run. A complete one sets the datasource's time of sync and of working credentials; one that `halts` is
    /// not followed by scheduled ones. Steps that did not end share the run's state. Old runs are removed.
    pub async fn finish_run(
        &self,
        lease: &Lease,
        state: RunState,
        problem: Option<&str>,
        halts: bool,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        // Pages of walks that were broken off may still be under way; what they write belongs to the run.
        hold_alone(&mut transaction, &[lease.run.0]).await?;
        let held = sqlx::query(
            "delete from taskgauge.holds where datasource_id = $1 and run_id = $2 and fence = $3",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(lease.fence)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        let ended = sqlx::query(
            "update taskgauge.runs r
            set state = $4,
                problem = $5,
                halts = $6,
                ended_at = $7,
                lease_until = null,
                requests = r.requests + coalesce((
                    select sum(s.requests)::bigint
                    from taskgauge.steps s
                    where s.datasource_id = $1 and s.run_id = $2
                ), 0)
            where r.datasource_id = $1 and r.id = $2 and r.fence = $3 and r.state = 'running'",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(lease.fence)
        .bind(state.word())
        .bind(problem)
        .bind(halts)
        .bind(now)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if ended == 0 {
            return Err(StoreError::Lost);
        }
        if held == 0 {
            return Err(StoreError::Restarted);
        }
        sqlx::query(
            "update taskgauge.steps
            set state = $3
            where datasource_id = $1 and run_id = $2 and state in ('queued', 'running')",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(state.word())
        .execute(&mut *transaction)
        .await?;
        if state == RunState::Done {
            sqlx::query("update taskgauge.datasources set synced_at = $2 where id = $1")
                .bind(lease.datasource.0)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("update taskgauge.credentials set worked_at = $2 where datasource_id = $1")
                .bind(lease.datasource.0)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(
            "delete from taskgauge.runs
            where datasource_id = $1 and ended_at < $2 - make_interval(days => $3)",
        )
        .bind(lease.datasource.0)
        .bind(now)
        .bind(KEPT_DAYS)
        .execute(&mut *transaction)
        .await?;
        let event = Event::Progress { datasource: lease.datasource, run: lease.run };
        notify::send(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(())
    }
}
