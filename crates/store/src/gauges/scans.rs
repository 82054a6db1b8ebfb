//! Scans that are kept by themselves: where a gauge reads several datasets, a change of one makes its scan anew and not
//! the others'. Tickets per endpoint does not count endpoints again because a ticket changed.

use super::{
    Context, cache,
    plan::Key,
    reads,
    statement::{self, Asker, Row, Scan},
};
use crate::{StoreError, snapshot::Snapshot};
use moka::future::Cache;
use serde::Serialize;
use std::{mem::size_of, sync::Arc, time::Duration};
use taskgauge_model::{
    dataset::DatasetColumn,
    gauge::{Condition, Measure},
    range::Window,
};

/// Bytes of scans kept at most.
const KEPT_BYTES: u64 = 32 * 1024 * 1024;
/// A scan that nobody asked for so long makes room.
const IDLE: Duration = Duration::from_hours(1);

/// The scans that a process keeps.
#[derive(Debug)]
pub(crate) struct Scans {
    kept: Cache<cache::Key, Arc<Vec<Row>>>,
}

impl Default for Scans {
    fn default() -> Self {
        let kept = Cache::builder()
            .weigher(|_, rows: &Arc<Vec<Row>>| weight(rows))
            .max_capacity(KEPT_BYTES)
            .time_to_idle(IDLE);
        Self { kept: kept.build() }
    }
}

impl Scans {
    /// The rows of a scan's statement, kept or read now.
    pub(super) async fn rows(
        &self,
        snapshot: &mut Snapshot,
        context: &Context,
        scan: Scan<'_>,
        asker: &Asker<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let is_whole = scan.iter().all(|(_, layer)| layer.within.is_empty());
        let is_still = is_whole && !reads::of_scan(&scan, asker.scope).clock;
        let key = is_still.then(|| key(context, &scan, asker, None, &[])).transpose()?;
        if let Some(key) = &key
            && let Some(rows) = self.kept.get(key).await
        {
            return Ok(rows.to_vec());
        }
        let mut sql = statement::statement(&[scan], asker)?;
        let rows: Vec<Row> = sql.build_query_as().fetch_all(snapshot.next().await?).await?;
        if let Some(key) = key {
            self.kept.insert(key, Arc::new(rows.clone())).await;
        }
        Ok(rows)
    }
}

/// Everything that the rows of a scan depend on: as a whole, or by the days of a `date`, apart from those days and the
/// rows of the entities whose changes are `noted` by them.
pub(super) fn key(
    context: &Context,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
    date: Option<&DatasetColumn>,
    noted: &[&str],
) -> Result<cache::Key, StoreError> {
    #[derive(Serialize)]
    struct Parts<'a> {
        datasource: i64,
        companies: Option<&'a [i64]>,
        reckoning: &'a str,
        week_starts: u32,
        dataset: &'a str,
        date: Option<&'a str>,
        cut: Option<(&'a str, Option<&'a str>, Window, Option<Window>)>,
        standing: Option<(&'a str, &'a str)>,
        workdays: bool,
        today: Option<String>,
        conditions: &'a [Condition],
        keys: Vec<String>,
        measures: Vec<(usize, &'a Measure)>,
        labels: Vec<i64>,
        versions: Vec<(&'a str, i64)>,
    }
    let layer = scan[0].1;
    let is_whole = date.is_none();
    // Groups of days are known by id.
    let of = if is_whole { reads::of_scan } else { reads::of_unnamed };
    let read = of(scan, asker.scope).entities;
    let labels = read.iter().filter(|entity| noted.contains(entity));
    let parts = Parts {
        datasource: context.datasource.0,
        companies: asker.scope.companies(),
        reckoning: &context.reckoning,
        week_starts: asker.week_starts.num_days_from_monday(),
        dataset: &layer.dataset.slug,
        date: date.map(|date| date.name.as_str()),
        cut: layer.cut.filter(|_| is_whole).map(|cut| {
            let until = cut.until.map(|until| until.name.as_str());
            (cut.column.name.as_str(), until, cut.window, cut.previous)
        }),
        standing: layer
            .cut
            .and_then(|cut| cut.standing)
            .map(|(begin, end)| (begin.name.as_str(), end.name.as_str())),
        workdays: layer.cut.is_some_and(|cut| cut.workdays),
        today: is_whole.then(|| asker.today.to_string()),
        conditions: &layer.conditions,
        keys: layer.keys.iter().map(said).collect(),
        measures: scan.iter().map(|(at, layer)| (*at, &layer.layer.measure)).collect(),
        // Labels of entities whose rows are noted are not.
        labels: labels.map(|entity| context.labels.get(*entity).copied().unwrap_or_default()).collect(),
        versions: read
            .iter()
            .filter(|entity| !noted.contains(entity))
            .map(|entity| (*entity, context.version(entity)))
            .collect(),
    };
    cache::hashed(&parts)
}

/// What tells one key from another.
fn said(key: &Key<'_>) -> String {
    match key {
        Key::Column { label, .. } => label.name.clone(),
        Key::Bands { column, bounds } => format!("{} {bounds:?}", column.name),
        Key::Bucket { date, bucket } => format!("{} {bucket:?}", date.name),
    }
}

/// Bytes of rows, about.
fn weight(rows: &[Row]) -> u32 {
    let text = |row: &Row| {
        let labels = [&row.4, &row.7].into_iter().flatten().map(String::len).sum::<usize>();
        row.3.len() + row.6.len() + labels
    };
    let bytes: usize = rows.iter().map(|row| size_of::<Row>() + text(row)).sum();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
