//! Answers by the day: what was counted of a day is kept, and counted anew only where rows of that day changed.
//!
//! A window of a year rests on hundreds of thousands of rows, of which a sync changes few. So a scan over a long window
//! asks for its days one by one, in a form that can be put together: sums and counts, the numbers that percentiles are
//! taken of, the texts that are told apart. `taskgauge.changed_days` says which days changed since; it is read in the
//! transaction that counts, so that a mark and what was counted under it belong to the same state of the rows.
//!
//! It is done for the collections whose days are noted ([`DATED`]) and for scans that do not depend on the clock. What
//! else a scan reads is part of its key, by version.

mod groups;

use self::groups::{Groups, Name, Names, Naming, together};
use super::{
    Context, cache, names,
    plan::Cut,
    reads, scans,
    statement::{self, Asker, Row, Scan},
};
use crate::{Scope, Store, StoreError, snapshot::Snapshot};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::TryStreamExt as _;
use moka::future::Cache;
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use taskgauge_model::{
    dataset::{ColumnKind, Dataset},
    ids::DatasourceId,
    range::Window,
};

/// A date of records whose changes are noted by day.
pub(crate) struct Noted {
    /// Name in `taskgauge.changed_days`.
    pub name: &'static str,
    /// Whose changes are noted: the records', and those of others by the days of the records that look into them.
    pub by: &'static [&'static str],
}

/// A column of datasets whose days are noted.
pub(crate) struct Dated {
    /// The leading entity of the datasets.
    pub entity: &'static str,
    /// The column.
    pub column: &'static str,
    /// Where its dates are from.
    pub noted: &'static [&'static Noted],
}

const OF_TICKETS: &[&str] = &["Tickets", "TimeEntries", "ServiceLevelAgreementResults"];
const CREATED: Noted = Noted { name: "tickets.create_date", by: OF_TICKETS };
const COMPLETED: Noted = Noted { name: "tickets.completed_date", by: OF_TICKETS };
const CLOSED: Noted = Noted { name: "tickets.closed_at", by: OF_TICKETS };
const WORKED: Noted = Noted {
    name: "time_entries.date_worked",
    by: &["TimeEntries", "Tickets", "Tasks", "Projects", "Resources"],
};
const POSTED: Noted = Noted { name: "billing_items.posted_date", by: &["BillingItems"] };

/// Dates whose changes are noted by day. Triggers of the database note them; a test compares both.
pub(crate) const DATED: &[Dated] = &[
    Dated { entity: "Tickets", column: "create_date", noted: &[&CREATED] },
    Dated { entity: "Tickets", column: "completed_date", noted: &[&COMPLETED] },
    Dated { entity: "Tickets", column: "closed_at", noted: &[&CLOSED] },
    Dated { entity: "TimeEntries", column: "date_worked", noted: &[&WORKED] },
    Dated { entity: "BillingItems", column: "posted_date", noted: &[&POSTED] },
    // Revenue and cost in one list.
    Dated { entity: "BillingItems", column: "date", noted: &[&POSTED, &WORKED] },
];

/// Bytes of counted days kept at most.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Days of a scan that nobody asked for so long make room.
const IDLE: Duration = Duration::from_hours(12);
/// How long a scan whose days have too many groups is counted at once without trying its days first, and how many such
/// are known.
const OVERFULL: Duration = Duration::from_hours(1);
const OVERFULL_MAX: u64 = 1_000;
/// Shorter windows are counted at once, longer ones than people ask for, too.
const WINDOW_DAYS: std::ops::RangeInclusive<i64> = 7..=1_200;
/// Most statements for the days of one scan; gaps between changed days are counted with them where there are more.
const RANGES_MAX: usize = 8;
/// Most groups of days that are read at once, and most names that they may have together. Where there are more, next to
/// each row has one of its own, and the days are not worth keeping.
const DAY_GROUPS_MAX: usize = 200_000;
const NAMES_MAX: usize = 50_000;

/// The days that a process keeps.
#[derive(Debug)]
pub(crate) struct Days {
    kept: Cache<cache::Key, Arc<Scanned>>,
    /// Scans whose days had too many groups a short while ago.
    overfull: Cache<cache::Key, ()>,
    asked: AtomicU64,
    counted: AtomicU64,
}

/// What is known of a scan.
#[derive(Debug, Clone, Default)]
struct Scanned {
    /// Its days, each with the mark it was counted under.
    days: HashMap<NaiveDate, (i64, Arc<Groups>)>,
    /// The names of their groups.
    names: Names,
}

impl Default for Days {
    fn default() -> Self {
        let kept = Cache::builder()
            .weigher(|_, scanned: &Arc<Scanned>| scanned.weight())
            .max_capacity(KEPT_BYTES)
            .time_to_idle(IDLE)
            .build();
        let overfull = Cache::builder().max_capacity(OVERFULL_MAX).time_to_live(OVERFULL).build();
        Self { kept, overfull, asked: AtomicU64::new(0), counted: AtomicU64::new(0) }
    }
}

/// How often days were needed and counted, since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCounts {
    /// Days that answers rested on.
    pub asked: u64,
    /// Days of them that had to be counted.
    pub counted: u64,
    /// Bytes that the kept ones take, about.
    pub bytes: u64,
}

impl Days {
    /// How often days were needed and counted.
    pub fn counts(&self) -> DayCounts {
        DayCounts {
            asked: self.asked.load(Ordering::Relaxed),
            counted: self.counted.load(Ordering::Relaxed),
            bytes: self.kept.weighted_size(),
        }
    }

    /// The rows of a scan as its statement would answer them; `None` where it cannot be counted by the day.
    pub(super) async fn rows(
        &self,
        snapshot: &mut Snapshot,
        context: &Context,
        scan: &Scan<'_>,
        asker: &Asker<'_>,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let Some((cut, dated)) = by_the_day(scan, asker.scope) else { return Ok(None) };
        let whole = Window { from: cut.first_day(), to: cut.window.to };
        let Some(days) = self.scanned(snapshot, context, scan, asker, (cut, dated), whole).await? else {
            return Ok(None);
        };
        let of = |window: Window| window.dates().filter_map(|day| Some(&*days.days.get(&day)?.1));
        let mut rows = together(scan, &days.names, of(cut.window), false);
        if let Some(previous) = cut.previous {
            rows.extend(together(scan, &days.names, of(previous), true));
        }
        names::fill(snapshot.connection(), context.datasource, scan, &mut rows).await?;
        Ok(Some(rows))
    }

    /// The days of a window, kept or counted now, and perhaps others; `None` where they have too many groups.
    async fn scanned(
        &self,
        snapshot: &mut Snapshot,
        context: &Context,
        scan: &Scan<'_>,
        asker: &Asker<'_>,
        (cut, dated): (Cut<'_>, &Dated),
        window: Window,
    ) -> Result<Option<Arc<Scanned>>, StoreError> {
        let noted: Vec<&str> = dated.noted.iter().flat_map(|noted| noted.by).copied().collect();
        let key = scans::key(context, scan, asker, Some(cut.column), &noted)?;
        if self.overfull.contains_key(&key) {
            return Ok(None);
        }
        let marks = marks(snapshot.connection(), context, cut, dated.noted, window).await?;
        let kept = self.kept.get(&key).await.unwrap_or_default();
        let is_missing = |(day, mark): (&NaiveDate, &i64)| {
            kept.days.get(day).is_none_or(|(counted_at, _)| counted_at != mark).then_some(*day)
        };
        let missing: Vec<NaiveDate> = marks.iter().filter_map(is_missing).collect();
        self.asked.fetch_add(marks.len() as u64, Ordering::Relaxed);
        if missing.is_empty() {
            return Ok(Some(kept));
        }
        let Scanned { mut days, mut names } = Scanned::clone(&kept);
        days.retain(|day, _| *day >= window.from || (window.to - *day).num_days() <= *WINDOW_DAYS.end());
        let mut naming = names.naming();
        for range in ranges(&missing) {
            let Some(counted) = count(snapshot, scan, cut, range, asker, &mut naming).await? else {
                self.overfull.insert(key, ()).await;
                return Ok(None);
            };
            self.counted.fetch_add(counted.len() as u64, Ordering::Relaxed);
            for (day, groups) in counted {
                let Some(mark) = marks.get(&day) else { continue };
                days.insert(day, (*mark, Arc::new(groups)));
            }
        }
        let scanned = Arc::new(Scanned { days, names });
        self.kept.insert(key, scanned.clone()).await;
        Ok(Some(scanned))
    }
}

/// What a scan without keys comes to on each day of a cut's window: a value and a number of rows for each layer, of
/// counts and sums. The days are kept where their changes are noted and `kept` is there.
pub(super) async fn by_day(
    snapshot: &mut Snapshot,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
    cut: Cut<'_>,
    kept: Option<(&Days, &Context)>,
) -> Result<Vec<(NaiveDate, Vec<(f64, i64)>)>, StoreError> {
    let dated = dated(scan[0].1.dataset, cut).filter(|_| !reads::of_scan(scan, asker.scope).clock);
    let scanned = if let Some(((days, context), dated)) = kept.zip(dated) {
        days.scanned(snapshot, context, scan, asker, (cut, dated), cut.window).await?.unwrap_or_default()
    } else {
        let mut names = Names::default();
        let counted =
            count(snapshot, scan, cut, cut.window, asker, &mut names.naming()).await?.unwrap_or_default();
        let days = counted.into_iter().map(|(day, groups)| (day, (0, Arc::new(groups)))).collect();
        Arc::new(Scanned { days, names })
    };
    // Without keys there is one group a day.
    Ok(cut.window.dates().filter_map(|day| Some((day, scanned.days.get(&day)?.1.first(scan)?))).collect())
}

impl Store {
    /// How often the days behind answers were needed and counted by this process.
    pub fn day_counts(&self) -> DayCounts {
        self.counts.days.counts()
    }

    /// Puts the notes of changed days of a datasource together, one for each day, where there are many. What they say
    /// stays the same.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shorten_changed_days(&self, datasource: DatasourceId) -> Result<(), StoreError> {
        sqlx::query(
            "with gone as (
                delete from taskgauge.changed_days
                where datasource_id = $1
                    and (select count(*) > 2 * count(distinct (dated, day)) from taskgauge.changed_days where datasource_id = $1)
                returning dated, day, mark
            )
            insert into taskgauge.changed_days (datasource_id, dated, day, mark)
            select $1, dated, day, bit_xor(mark)
            from gone
            group by dated, day",
        )
        .bind(datasource.0)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// The date that a layer is cut by, if its changes are noted.
pub(super) fn dated(dataset: &Dataset, cut: Cut<'_>) -> Option<&'static Dated> {
    let entity = dataset.entities.first()?;
    DATED.iter().find(|dated| dated.entity == entity && dated.column == cut.column.name)
}

/// The cut of a scan that can be counted by the day, and the name of its date.
fn by_the_day<'a>(scan: &Scan<'a>, scope: &Scope) -> Option<(Cut<'a>, &'static Dated)> {
    let (_, layer) = scan.first()?;
    let cut = layer.cut.filter(|cut| cut.until.is_none())?;
    let dated = dated(layer.dataset, cut)?;
    let is_long = WINDOW_DAYS.contains(&cut.window.days());
    (is_long && layer.within.is_empty() && !reads::of_scan(scan, scope).clock).then_some((cut, dated))
}

/// The mark of each local day of a window.
async fn marks(
    connection: &mut PgConnection,
    context: &Context,
    cut: Cut<'_>,
    noted: &[&Noted],
    window: Window,
) -> Result<BTreeMap<NaiveDate, i64>, StoreError> {
    let is_time = cut.column.kind == ColumnKind::Time;
    // The dates in UTC that a local day reaches into.
    let reach = |window: Window| -> (NaiveDate, NaiveDate) {
        if !is_time {
            return (window.from, window.to);
        }
        let (from, until): (DateTime<Utc>, DateTime<Utc>) = window.instants(&context.zone);
        (from.date_naive(), (until - TimeDelta::microseconds(1)).date_naive())
    };
    let (from, to) = reach(window);
    let changed: HashMap<NaiveDate, i64> = sqlx::query_as(
        "select day, bit_xor(mark)
        from taskgauge.changed_days
        where datasource_id = $1
            and dated = any ($2)
            and day between $3 and $4
        group by day",
    )
    .bind(context.datasource.0)
    .bind(noted.iter().map(|noted| noted.name).collect::<Vec<_>>())
    .bind(from)
    .bind(to)
    .fetch_all(connection)
    .await?
    .into_iter()
    .collect();
    Ok(window
        .dates()
        .map(|day| {
            let (first, last) = reach(Window { from: day, to: day });
            let reached = Window { from: first, to: last };
            let mark =
                reached.dates().filter_map(|date| changed.get(&date)).fold(0, |one, other| one ^ other);
            (day, mark)
        })
        .collect())
}

/// Days that follow each other, as few ranges as statements are worth: the smallest gaps are closed first.
fn ranges(days: &[NaiveDate]) -> Vec<Window> {
    let mut ranges: Vec<Window> = Vec::new();
    for day in days {
        match ranges.last_mut() {
            Some(last) if last.to.succ_opt() == Some(*day) => last.to = *day,
            _ => ranges.push(Window { from: *day, to: *day }),
        }
    }
    while ranges.len() > RANGES_MAX {
        let gap = |place: &usize| ranges[place + 1].from - ranges[*place].to;
        let Some(place) = (0..ranges.len() - 1).min_by_key(gap) else { break };
        ranges[place].to = ranges[place + 1].to;
        ranges.remove(place + 1);
    }
    ranges
}

/// Counts each day of a window; `None` where the days have more than [`DAY_GROUPS_MAX`] groups or [`NAMES_MAX`] names.
async fn count(
    snapshot: &mut Snapshot,
    scan: &Scan<'_>,
    cut: Cut<'_>,
    window: Window,
    asker: &Asker<'_>,
    naming: &mut Naming<'_>,
) -> Result<Option<BTreeMap<NaiveDate, Groups>>, StoreError> {
    type Counted = (
        NaiveDate,
        String,
        Option<String>,
        Option<f64>,
        String,
        Option<String>,
        Option<f64>,
        Vec<Option<f64>>,
        Vec<i64>,
        Vec<f64>,
        Vec<String>,
    );
    let mut sql = statement::by_day(scan, cut, window, asker)?;
    sql.push(format_args!("\nlimit {}", DAY_GROUPS_MAX + 1));
    let mut days: BTreeMap<NaiveDate, Groups> = window.dates().map(|day| (day, Groups::default())).collect();
    let mut read = 0;
    // As they come: what is kept of a row is little.
    let mut rows = sql.build_query_as::<Counted>().fetch(snapshot.next().await?);
    while let Some((day, k1, l1, o1, k2, l2, o2, values, counts, numbers, texts)) = rows.try_next().await? {
        read += 1;
        if read > DAY_GROUPS_MAX || naming.len() > NAMES_MAX {
            return Ok(None);
        }
        let mut pair = [Name { key: k1, label: l1, order: o1 }, Name { key: k2, label: l2, order: o2 }];
        for (name, key) in pair.iter_mut().zip(&scan[0].1.keys) {
            if let Some(first) = key.of_day().and_then(|bucket| bucket.first_day(day, asker.week_starts)) {
                name.key = first.to_string();
            }
        }
        let pair = pair.map(|name| naming.place(name));
        days.entry(day).or_default().push(pair, &values, &counts, &numbers, texts);
    }
    for groups in days.values_mut() {
        groups.shrink();
    }
    Ok(Some(days))
}

impl Scanned {
    /// Bytes that it takes, about.
    fn weight(&self) -> u32 {
        let days: usize = self.days.values().map(|(_, groups)| groups.bytes()).sum();
        u32::try_from(days + self.names.bytes()).unwrap_or(u32::MAX)
    }
}
