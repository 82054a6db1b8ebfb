//! Walks: asking for pages and committing them.

use super::{Engine, Ready, Trouble, Work, patiently, walk};
use crate::normalise::{Normaliser, Problem};
use crate::plan;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::Ordering;
use std::time::Instant;
use taskgauge_autotask::{Client, Filter, Page, Query};
use taskgauge_model::entity::{Deletes, Entity, Refresh};
use taskgauge_model::run::RunState;
use taskgauge_store::rows::{Covers, PageCommit, Row, Unreadable, Written};
use taskgauge_store::runs::Completed;

/// Ids in one condition. Autotask allows 500; clients in the field use 200.
pub(super) const IDS_AT_ONCE: usize = 200;
/// Longer than it takes until a change shows in its record's stamp.
const STAMP_LAG: TimeDelta = TimeDelta::hours(2);
/// Longer than it takes until a row that this copy stamped as changed is committed.
const COMMIT_LAG: TimeDelta = TimeDelta::minutes(2);
/// More changed parents than this are cheaper to read with everything.
const MOST_PARENTS: usize = 20_000;

/// When a page was asked for, by this machine's clock, and how long it took.
pub(super) struct Asked {
    pub(super) at: DateTime<Utc>,
    pub(super) seconds: f64,
}

impl Engine {
    /// Reads a part page by page and commits each. The next page is asked for while one is committed.
    pub(super) async fn walk(
        &self,
        work: &Work,
        ready: &Ready,
        slice: &str,
        query: Query,
        covers: Covers,
    ) -> Result<(), Trouble> {
        let cursor = ready.cursors.iter().find(|cursor| cursor.slice == slice);
        if cursor.is_some_and(|cursor| cursor.done) {
            return Ok(());
        }
        self.walk_from(work, slice, &query, covers, cursor.and_then(|cursor| cursor.after_id)).await
    }

    pub(super) async fn walk_from(
        &self,
        work: &Work,
        slice: &str,
        query: &Query,
        covers: Covers,
        mut after: Option<i64>,
    ) -> Result<(), Trouble> {
        let entity = work.entity;
        let normaliser = Normaliser::new(entity);
        let ids_only = query.include_fields.is_some();
        let fetch = async |after| self.page(entity, query, after, &normaliser).await;
        let mut next = Some(fetch(after).await?);
        while let Some((page, asked)) = next.take() {
            let (last, complete) = (page.last_id, page.complete);
            let mut commit = PageCommit {
                slice: Some(slice),
                fresh: work.due.load && work.state.loaded_at.is_none(),
                covers: covers.clone(),
                after,
                last,
                complete,
                requests: self.spent(entity),
                asked_at: Some(asked.at),
                seconds: asked.seconds,
                ..PageCommit::of(entity)
            };
            (commit.rows, commit.unreadable) = sorted(page);
            if ids_only {
                commit.seen = commit.rows.drain(..).map(|row| row.id).collect();
                // Before the cursor moves past them: a kill in between would leave them unread until the next sweep.
                self.missed(work, &commit.seen).await?;
            }
            let ahead = async { if complete { Ok(None) } else { fetch(last).await.map(Some) } };
            let (written, ahead) = tokio::join!(self.commit(commit), ahead);
            let written = written?;
            work.count(&written);
            if written.stop {
                return Err(Trouble::Stopped);
            }
            if work.failed.load(Ordering::Relaxed) {
                return Err(Trouble::Beside);
            }
            after = last;
            next = ahead?;
        }
        Ok(())
    }

    /// Reads rows that an id sweep saw and that are not stored.
    async fn missed(&self, work: &Work, seen: &[i64]) -> Result<(), Trouble> {
        let entity = work.entity;
        let unknown = patiently(|| self.store.unknown_ids(self.lease.datasource, entity, seen)).await?;
        for ids in unknown.chunks(IDS_AT_ONCE) {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            Box::pin(self.walk_from(work, walk::MISSED, &query, Covers::Nothing, None)).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(&self, page: PageCommit<'_>) -> Result<Written, Trouble> {
        Ok(patiently(|| self.store.commit_page(&self.lease, &page)).await?)
    }

    /// Asks for rows that an earlier run missed: there again, or deleted.
    pub(super) async fn second_look(&self, work: &Work) -> Result<(), Trouble> {
        let absent = patiently(|| self.store.absent_ids(&self.lease, work.entity)).await?;
        for ids in absent.chunks(IDS_AT_ONCE) {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            self.walk_from(work, walk::SECOND_LOOK, &query, Covers::Ids(ids.to_vec()), None).await?;
        }
        Ok(())
    }

    /// Reads the rows of parents that changed since the last time.
    pub(super) async fn children(&self, work: &Work) -> Result<(), Trouble> {
        let Refresh::Children { parent, field, .. } = work.entity.refresh else { return Ok(()) };
        let Some(parent) = Entity::named(parent) else { return Ok(()) };
        let until = self.store.clock().now();
        // A callout's record is stamped before it is committed, by another machine perhaps; a run knows its own.
        let lag = if self.is_called { COMMIT_LAG } else { TimeDelta::zero() };
        let since = work.state.watermark.unwrap_or(self.here) - lag;
        // By Autotask's clock, which is not ours, and with more than what stamps lag by. What a first load has read of the
        // time before is no change.
        let stamped_since = since + (self.now - self.here) - STAMP_LAG;
        let parents =
            patiently(|| self.store.changed_ids(self.lease.datasource, parent, since, stamped_since)).await?;
        if parents.is_empty() {
            let completed = Completed { watermark: Some(until), ..Completed::default() };
            return self.complete(work.entity, &[], completed).await;
        }
        let entities = [work.entity];
        patiently(|| self.store.plan_steps(&self.lease, &entities)).await?;
        if parents.len() > MOST_PARENTS {
            self.walk_from(work, walk::CHILDREN, &Query::new(Filter::All), Covers::Nothing, None).await?;
        } else {
            for parents in parents.chunks(IDS_AT_ONCE) {
                let query = Query::new(Filter::is_in(field, parents.iter().copied()));
                let covers = match work.entity.deletes {
                    Deletes::Never => Covers::Nothing,
                    Deletes::Sweep | Deletes::Log(_) => Covers::Children { field, parents: parents.to_vec() },
                };
                self.walk_from(work, walk::CHILDREN, &query, covers, None).await?;
            }
        }
        let completed = Completed { watermark: Some(until), ..Completed::default() };
        self.complete(work.entity, &[], completed).await?;
        self.end(work, RunState::Done).await
    }

    /// Looks at the rows of parents that lines of deletion logs name: they tell that something of them was deleted, not
    /// which row. Lines count as followed up when that is done, in whichever run they were read.
    pub(super) async fn deletions(&self, work: &Work) -> Result<(), Trouble> {
        let until = self.store.clock().now();
        // A load has read what was there when it began.
        let since = work.ready.get().filter(|_| work.due.load).and_then(|ready| ready.began(None));
        let since = since.map(|began| began - plan::OVERLAP);
        let mut planned = false;
        for (log, field) in logs_of(work.entity) {
            let ids = || self.store.logged_ids(self.lease.datasource, work.entity, log, field, since);
            let parents = patiently(ids).await?;
            if !parents.is_empty() && !planned {
                let entities = [work.entity];
                patiently(|| self.store.plan_steps(&self.lease, &entities)).await?;
                planned = true;
            }
            for parents in parents.chunks(IDS_AT_ONCE) {
                let query = Query::new(Filter::is_in(field, parents.iter().copied()));
                let covers = Covers::Children { field, parents: parents.to_vec() };
                self.walk_from(work, walk::DELETIONS, &query, covers, None).await?;
            }
        }
        if planned || since.is_some() {
            let followed = Completed { logs_until: Some(until), ..Completed::default() };
            self.complete(work.entity, &[], followed).await?;
        }
        if planned {
            self.end(work, RunState::Done).await?;
        }
        Ok(())
    }

    pub(super) async fn page(
        &self,
        entity: &'static Entity,
        query: &Query,
        after: Option<i64>,
        normaliser: &Normaliser,
    ) -> Result<(Page<Result<Row, Problem>>, Asked), Trouble> {
        let (at, began) = (self.store.clock().now(), Instant::now());
        let ask = |client: Client| async move { client.page_of(entity.name, query, after, normaliser).await };
        let page = self.ask(ask).await?;
        Ok((page, Asked { at, seconds: began.elapsed().as_secs_f64() }))
    }
}

/// The rows of a page that can be stored, and those that cannot.
pub(crate) fn sorted(page: Page<Result<Row, Problem>>) -> (Vec<Row>, Vec<Unreadable>) {
    let mut unreadable = Vec::new();
    if page.rows.iter().any(Result::is_err) {
        for (row, sent) in page.rows.iter().zip(page.rows_as_sent()) {
            unreadable.extend(row.as_ref().err().map(|problem| problem.clone().with_row(sent)));
        }
    }
    (page.rows.into_iter().flatten().collect(), unreadable)
}

/// For an entity whose deletion logs name only the parent of what was deleted: each log, and the field that holds the
/// parent's id in both.
pub(super) fn logs_of(entity: &Entity) -> Vec<(&'static Entity, &'static str)> {
    let Deletes::Log(logs) = entity.deletes else { return Vec::new() };
    let names_rows =
        |log: &Entity| log.columns.iter().any(|column| column.reference == entity.name.strip_suffix('s'));
    logs.iter()
        .filter_map(|log| Entity::named(log))
        .filter(|log| !names_rows(log))
        .filter_map(|log| {
            let shared = entity.columns.iter().find(|column| {
                column.reference.is_some_and(|reference| reference != "Resource")
                    && log
                        .columns
                        .iter()
                        .any(|other| other.field == column.field && other.reference == column.reference)
            })?;
            Some((log, shared.field))
        })
        .collect()
}
