//! Comparing what is stored with Autotask's own counts: of whole collections, and of the windows that people look at.
//! Where they differ, the difference is closed in on by halves, and what is found is read.

use super::prepare::{hidden, looks_hidden};
use super::read::{IDS_AT_ONCE, sorted};
use super::{Engine, Ready, Trouble, Work, patiently, walk};
use crate::normalise::Normaliser;
use crate::plan;
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use taskgauge_autotask::{Filter, Query};
use taskgauge_model::entity::{Deletes, Entity};
use taskgauge_store::rows::{ALL_RECORDS, Compared, Covers, PageCommit, Window};

/// Ranges with no more rows than this are read whole: four pages.
const FEW_ENOUGH: u64 = 2_000;
/// Parts of a collection, one of which is compared id by id each night.
const PARTS: u64 = 7;

/// How many rows of a window Autotask and this copy have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    there: u64,
    here: u64,
}

impl Engine {
    /// Compares an entity's rows with Autotask's counts. Rows that are gone are marked, rows that were missed are read, rows
    /// that are in another window than they should be are read again. As many rows missed as gone would go unnoticed by
    /// their number, so that each night a seventh of the ids is compared in any case. Answers whether that was done.
    pub(super) async fn reconcile(&self, work: &Work, ready: &Ready) -> Result<bool, Trouble> {
        let entity = work.entity;
        let datasource = self.lease.datasource;
        let aside = patiently(|| self.store.set_aside_count(datasource, entity)).await?;
        // What is newer than everything here came after changes were read, and is the next run's.
        let last = patiently(|| self.store.highest_id(datasource, entity)).await?;
        let all = Window { last, ..Window::default() };
        let before = work.changed.load(Ordering::Relaxed);
        let counts = self.counts(entity, all).await?;
        if looks_hidden(entity, counts.there, counts.here) {
            work.remark(hidden(counts.there, counts.here));
            let apart = counts.there.abs_diff(counts.here);
            self.note_counts(work, ALL_RECORDS, counts, before, apart).await?;
            return Ok(false);
        }
        self.compare_a_seventh(work, ready, all, counts.here).await?;
        let mut differ = Vec::new();
        self.mend(work, (ALL_RECORDS, all), (counts, before), 0, &mut differ).await?;
        for slice in plan::windows(entity, &ready.unqueryable) {
            let window = Window { rule: Some((&slice.rule, self.now)), ..all };
            let before = work.changed.load(Ordering::Relaxed);
            let counts = self.counts(entity, window).await?;
            self.mend(work, (slice.name, window), (counts, before), aside, &mut differ).await?;
        }
        if !differ.is_empty() {
            work.remark(format!(
                "Counts differed from Autotask's own ({}). What was missed is read now, what is gone is marked.",
                differ.join("; ")
            ));
        }
        Ok(true)
    }

    /// Closes in on what differs in a window that was counted, and keeps what came of it. In `differ` goes what there is to
    /// say.
    async fn mend(
        &self,
        work: &Work,
        (name, window): (&str, Window),
        (first, before): (Counts, u64),
        aside: u64,
        differ: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let has_changed = || work.changed.load(Ordering::Relaxed) > before;
        let mut counts = first;
        if has_changed() {
            counts = self.counts(work.entity, window).await?;
        }
        if counts.there.abs_diff(counts.here) > aside {
            self.close_in(work, window, counts, aside).await?;
            counts = self.counts(work.entity, window).await?;
        }
        let apart = counts.there.abs_diff(counts.here);
        self.note_counts(work, name, first, before, apart.saturating_sub(aside)).await?;
        if first.there.abs_diff(first.here) > aside {
            differ.push(format!("{name}: {} there, {} here", first.there, first.here));
        }
        Ok(())
    }

    /// Keeps the counts of a collection that was read whole: as Autotask counted it before, and as it is stored now.
    pub(super) async fn note_sweep(&self, work: &Work, there: u64) -> Result<(), Trouble> {
        let (datasource, entity) = (self.lease.datasource, work.entity);
        let here = patiently(|| self.store.count_within(datasource, entity, Window::default())).await?;
        let counts = Counts { there, here };
        // Rows may have come and gone while it was read.
        let counts = if there == here { counts } else { self.counts(entity, Window::default()).await? };
        let apart = counts.there.abs_diff(counts.here);
        self.note_counts(work, ALL_RECORDS, counts, u64::MAX, apart).await
    }

    /// Halves a window while the counts of its halves differ, and reads what is left. `aside` rows more at Autotask are
    /// those that were set aside: in which windows they are is not known.
    async fn close_in(&self, work: &Work, window: Window, counts: Counts, aside: u64) -> Result<(), Trouble> {
        let entity = work.entity;
        let mut open = vec![(window, counts)];
        while let Some((window, Counts { there, here })) = open.pop() {
            // Of what is never deleted, rows can only be missing here.
            let settled = entity.deletes == Deletes::Never && there <= here;
            if there.abs_diff(here) <= aside || settled {
                continue;
            }
            let middle = if there.max(here) > FEW_ENOUGH && here > 1 {
                self.id_within(entity, window, here / 2 - 1).await?
            } else {
                None
            };
            let Some(middle) = middle else {
                match window.rule {
                    None => {
                        self.compare_ids(work, walk::DIFFERENCES, window.after, window.last).await?;
                    }
                    Some(_) => self.read_window(work, window).await?,
                }
                continue;
            };
            let below = Window { last: Some(middle), ..window };
            let lower = self.counts(entity, below).await?;
            let upper =
                Counts { there: there.saturating_sub(lower.there), here: here.saturating_sub(lower.here) };
            open.push((Window { after: Some(middle), ..window }, upper));
            open.push((below, lower));
        }
        Ok(())
    }

    /// Reads every row of a window, and those that are stored as if they were in it and are not.
    async fn read_window(&self, work: &Work, window: Window) -> Result<(), Trouble> {
        let entity = work.entity;
        let normaliser = Normaliser::new(entity);
        let query = Query::new(filter(window));
        let mut stored: HashSet<i64> =
            patiently(|| self.store.ids_within(self.lease.datasource, entity, window))
                .await?
                .into_iter()
                .collect();
        let mut after = window.after;
        loop {
            let (page, asked) = self.page(entity, &query, after, &normaliser).await?;
            let (last, complete) = (page.last_id, page.complete);
            let (rows, unreadable) = sorted(page);
            for id in rows.iter().map(|row| row.id).chain(unreadable.iter().map(|row| row.id)) {
                stored.remove(&id);
            }
            let requests = self.spent(entity);
            let commit = PageCommit {
                asked_at: Some(asked.at),
                rows,
                unreadable,
                after,
                last,
                complete,
                requests,
                seconds: asked.seconds,
                ..PageCommit::of(entity)
            };
            let written = self.commit(commit).await?;
            work.count(&written);
            if written.stop {
                return Err(Trouble::Stopped);
            }
            if complete {
                break;
            }
            after = last;
        }
        let mut elsewhere: Vec<i64> = stored.into_iter().collect();
        elsewhere.sort_unstable();
        for ids in elsewhere.chunks(IDS_AT_ONCE) {
            let query = Query::new(Filter::is_in("id", ids.iter().copied()));
            self.walk_from(work, walk::DIFFERENCES, &query, Covers::Ids(ids.to_vec()), None).await?;
        }
        Ok(())
    }

    /// Compares the ids of the part of the collection whose turn it is, or goes on where that broke off.
    async fn compare_a_seventh(
        &self,
        work: &Work,
        ready: &Ready,
        all: Window,
        here: u64,
    ) -> Result<(), Trouble> {
        let cursor = ready.cursors.iter().find(|cursor| cursor.slice == walk::RECONCILE);
        if cursor.is_some_and(|cursor| cursor.done) {
            return Ok(());
        }
        let turn = u64::try_from(work.state.turn).unwrap_or_default() % PARTS;
        let mut ends = [None, all.last];
        for (end, part) in ends.iter_mut().zip([turn, turn + 1]) {
            let before = here * part / PARTS;
            if before > 0 && part < PARTS {
                *end = self.id_within(work.entity, all, before - 1).await?;
            }
        }
        let [after, last] = ends;
        self.compare_ids(work, walk::RECONCILE, after.max(cursor.and_then(|cursor| cursor.after_id)), last)
            .await
    }

    /// Compares the ids above `after` and up to `last` one by one.
    async fn compare_ids(
        &self,
        work: &Work,
        slice: &str,
        after: Option<i64>,
        last: Option<i64>,
    ) -> Result<(), Trouble> {
        let (filter, covers) = match last {
            None => (Filter::All, Covers::Everything),
            Some(last) => (Filter::lte("id", last), Covers::UpTo(last)),
        };
        let covers = if work.entity.deletes == Deletes::Never { Covers::Nothing } else { covers };
        let query = Query::new(filter).include_fields(["id"]);
        self.walk_from(work, slice, &query, covers, after).await
    }

    async fn counts(&self, entity: &'static Entity, window: Window) -> Result<Counts, Trouble> {
        let after = window.after.map(|after| Filter::gt("id", after));
        let conditions: Vec<Filter> = after.into_iter().chain([filter(window)]).collect();
        let asked = &Filter::and(conditions);
        let there = self.ask(|client| async move { client.count(entity.name, asked).await }).await?;
        let here = patiently(|| self.store.count_within(self.lease.datasource, entity, window)).await?;
        Ok(Counts { there, here })
    }

    async fn id_within(&self, entity: &Entity, window: Window, before: u64) -> Result<Option<i64>, Trouble> {
        Ok(patiently(|| self.store.id_within(self.lease.datasource, entity, window, before)).await?)
    }

    /// Keeps what came of comparing a window: `before` rows were changed in this run when it began.
    async fn note_counts(
        &self,
        work: &Work,
        part: &str,
        Counts { there, here }: Counts,
        before: u64,
        apart: u64,
    ) -> Result<(), Trouble> {
        let repaired = work.changed.load(Ordering::Relaxed).saturating_sub(before);
        let compared = Compared { there, here, repaired, apart };
        let keep = || self.store.note_comparison(self.lease.datasource, work.entity, part, compared);
        Ok(patiently(keep).await?)
    }
}

/// The window as it is asked for; where it begins, a walk says by itself.
fn filter(window: Window) -> Filter {
    let rule = window.rule.map(|(rule, now)| plan::filter(rule, now));
    let last = window.last.map(|last| Filter::lte("id", last));
    Filter::and(rule.into_iter().chain(last))
}
