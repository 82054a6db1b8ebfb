//! Walks: asking for pages and committing them.

use super::{Engine, Ready, Trouble, Work, patiently, walk};
use crate::normalise::Normaliser;
use chrono::TimeDelta;
use std::time::Instant;
use taskgauge_autotask::{Filter, Page, Query, value};
use taskgauge_model::entity::{Deletes, Entity, Refresh};
use taskgauge_model::run::RunState;
use taskgauge_store::rows::{Covers, PageCommit, Written};
use taskgauge_store::runs::Completed;

/// Ids in one condition. Autotask allows 500; clients in the field use 200.
const IDS_AT_ONCE: usize = 200;
/// More changed parents than this are cheaper to read with everything.
const MOST_PARENTS: usize = 20_000;

impl Engine<'_> {
    /// Reads a part page by page and commits each. The next page is asked for while one is committed.
    pub(super) async fn walk(
        &self,
        work: &Work,
        ready: &Ready,
        slice: &str,
        query: Query,
        covers: Covers,
    ) -> Result<Vec<i64>, Trouble> {
        let cursor = ready.cursors.iter().find(|cursor| cursor.slice == slice);
        if cursor.is_some_and(|cursor| cursor.done) {
            return Ok(Vec::new());
        }
        self.walk_from(work, slice, &query, covers, cursor.and_then(|cursor| cursor.after_id)).await
    }

    /// Answers ids that an id sweep saw and that are not stored.
    async fn walk_from(
        &self,
        work: &Work,
        slice: &str,
        query: &Query,
        covers: Covers,
        mut after: Option<i64>,
    ) -> Result<Vec<i64>, Trouble> {
        let entity = work.entity;
        let normaliser = Normaliser::new(entity);
        let ids_only = query.include_fields.is_some();
        let mut unknown = Vec::new();
        let mut next = Some(self.page(entity, query, after).await?);
        while let Some((page, seconds)) = next.take() {
            let (last, complete) = (page.last_id, page.complete);
            let mut commit = PageCommit {
                slice: Some(slice),
                covers: covers.clone(),
                after,
                last,
                complete,
                requests: self.spent(entity),
                seconds,
                ..PageCommit::of(entity)
            };
            for wire in page.rows {
                if ids_only {
                    let id = value::field(&wire, "id");
                    commit.seen.extend(id.and_then(|id| value::integer(id).ok().flatten()));
                } else {
                    match normaliser.row(wire) {
                        Ok(row) => commit.rows.push(row),
                        Err(refused) => commit.unreadable.push(refused),
                    }
                }
            }
            let ahead =
                async { if complete { Ok(None) } else { self.page(entity, query, last).await.map(Some) } };
            let (written, ahead) = tokio::join!(self.commit(commit), ahead);
            let written = written?;
            if written.stop {
                return Err(Trouble::Stopped);
            }
            unknown.extend(written.unknown);
            after = last;
            next = ahead?;
        }
        Ok(unknown)
    }

    async fn commit(&self, page: PageCommit<'_>) -> Result<Written, Trouble> {
        Ok(patiently(|| self.store.commit_page(&self.lease, page.clone())).await?)
    }

    /// Compares all ids: what is gone is marked, what was missed is read.
    pub(super) async fn reconcile(&self, work: &Work, ready: &Ready) -> Result<(), Trouble> {
        let query = Query::new(Filter::All).include_fields(["id"]);
        let unknown = self.walk(work, ready, walk::RECONCILE, query, ready.covers.clone()).await?;
        for ids in unknown.chunks(IDS_AT_ONCE) {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            self.walk_from(work, walk::RECONCILE, &query, Covers::Nothing, None).await?;
        }
        Ok(())
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
        let since = work.state.watermark.unwrap_or(self.here);
        // Autotask's clock is not ours, and stamps lag; a day is more than either takes.
        let stamped_since = since + (self.now - self.here) - TimeDelta::days(1);
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

    /// Looks at the rows of parents that new lines of a deletion log name: the log tells that something of them was
    /// deleted, not which row.
    pub(super) async fn deletions(&self, work: &Work) -> Result<(), Trouble> {
        let Some((log, field)) = log_of(work.entity) else { return Ok(()) };
        let parents = patiently(|| self.store.logged_ids(&self.lease, log, field)).await?;
        if parents.is_empty() {
            return Ok(());
        }
        let entities = [work.entity];
        patiently(|| self.store.plan_steps(&self.lease, &entities)).await?;
        for parents in parents.chunks(IDS_AT_ONCE) {
            let query = Query::new(Filter::is_in(field, parents.iter().copied()));
            let covers = Covers::Children { field, parents: parents.to_vec() };
            self.walk_from(work, walk::DELETIONS, &query, covers, None).await?;
        }
        self.end(work, RunState::Done).await
    }

    async fn page(
        &self,
        entity: &'static Entity,
        query: &Query,
        after: Option<i64>,
    ) -> Result<(Page, f64), Trouble> {
        let began = Instant::now();
        let page = self.ask(|client| async move { client.page(entity.name, query, after).await }).await?;
        Ok((page, began.elapsed().as_secs_f64()))
    }
}

/// For an entity whose deletion log names only the parent of what was deleted: the log, and the field that holds the
/// parent's id in both.
pub(super) fn log_of(entity: &Entity) -> Option<(&'static Entity, &'static str)> {
    let Deletes::Log(log) = entity.deletes else { return None };
    let log = Entity::named(log)?;
    if log.columns.iter().any(|column| column.reference == entity.name.strip_suffix('s')) {
        return None;
    }
    let shared = entity.columns.iter().find(|column| {
        column.reference.is_some()
            && log
                .columns
                .iter()
                .any(|other| other.field == column.field && other.reference == column.reference)
            && column.reference != Some("Resource")
    })?;
    Some((log, shared.field))
}
