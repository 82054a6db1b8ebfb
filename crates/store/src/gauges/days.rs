//! Answers by the day: what was counted of a day is kept, and counted anew only where rows of that day changed.
//!
//! A window of a year rests on hundreds of thousands of rows, of which a sync changes few. So a scan over a long window
//! asks for its days one by one, in a form that can be put together: sums and counts, the numbers that percentiles are
//! taken of, the texts that are told apart. `taskgauge.changed_days` says which days changed since; it is read in the
//! transaction that counts, so that a mark and what was counted under it belong to the same state of the rows.
//!
//! It is done for the collections whose days are noted ([`DATED`]) and for scans that do not depend on the clock. What
//! else a scan reads is part of its key, by version.

use super::{
    Context, cache, names,
    plan::Cut,
    reads, scans,
    statement::{self, Asker, GROUPS_MAX, Row, Scan, level, percentile_columns},
};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use moka::future::Cache;
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem::size_of,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use taskgauge_model::{
    dataset::{ColumnKind, Dataset},
    gauge::Measure,
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
/// Shorter windows are counted at once, longer ones than people ask for, too.
const WINDOW_DAYS: std::ops::RangeInclusive<i64> = 7..=1_200;
/// Most statements for the days of one scan; gaps between changed days are counted with them where there are more.
const RANGES_MAX: usize = 8;
/// Most groups of days that are read at once. Where there are more, next to each row has one of its own, and the days are
/// not worth keeping.
const DAY_GROUPS_MAX: usize = 100_000;

/// The days that a process keeps.
#[derive(Debug)]
pub(crate) struct Days {
    kept: Cache<cache::Key, Arc<Scanned>>,
    asked: AtomicU64,
    counted: AtomicU64,
}

/// What is known of a scan: its days, each with the mark it was counted under.
type Scanned = HashMap<NaiveDate, (i64, Arc<[Group]>)>;

/// What a scan comes to in one of its finest groups on one day.
#[derive(Debug)]
struct Group {
    names: [Name; 2],
    /// By the measure: nothing, the sum, the smallest, the largest, the number of different values. One per layer.
    values: Vec<Option<f64>>,
    /// Rows that count. One per layer.
    counts: Vec<i64>,
    /// What percentiles are taken of, column after column.
    numbers: Vec<f64>,
    /// What is told apart, layer after layer.
    texts: Vec<String>,
}

/// Key, label and order of a group.
#[derive(Debug, Clone, PartialEq)]
struct Name {
    key: String,
    label: Option<String>,
    order: Option<f64>,
}

impl Default for Days {
    fn default() -> Self {
        let kept = Cache::builder()
            .weigher(|_, days: &Arc<Scanned>| weight(days))
            .max_capacity(KEPT_BYTES)
            .time_to_idle(IDLE)
            .build();
        Self { kept, asked: AtomicU64::new(0), counted: AtomicU64::new(0) }
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
        connection: &mut PgConnection,
        context: &Context,
        scan: &Scan<'_>,
        asker: &Asker<'_>,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let Some((cut, dated)) = by_the_day(scan, asker.scope) else { return Ok(None) };
        let whole = Window { from: cut.first_day(), to: cut.window.to };
        let Some(days) = self.scanned(connection, context, scan, asker, (cut, dated), whole).await? else {
            return Ok(None);
        };
        let mut rows = together(scan, &days, cut.window, false);
        if let Some(previous) = cut.previous {
            rows.extend(together(scan, &days, previous, true));
        }
        names::fill(connection, context.datasource, scan, &mut rows).await?;
        Ok(Some(rows))
    }

    /// The days of a window, kept or counted now, and perhaps others; `None` where they have too many groups.
    async fn scanned(
        &self,
        connection: &mut PgConnection,
        context: &Context,
        scan: &Scan<'_>,
        asker: &Asker<'_>,
        (cut, dated): (Cut<'_>, &Dated),
        window: Window,
    ) -> Result<Option<Arc<Scanned>>, StoreError> {
        let noted: Vec<&str> = dated.noted.iter().flat_map(|noted| noted.by).copied().collect();
        let key = scans::key(context, scan, asker, Some(cut.column), &noted)?;
        let marks = marks(connection, context, cut, dated.noted, window).await?;
        let kept = self.kept.get(&key).await.unwrap_or_default();
        let is_missing = |(day, mark): (&NaiveDate, &i64)| {
            kept.get(day).is_none_or(|(counted_at, _)| counted_at != mark).then_some(*day)
        };
        let missing: Vec<NaiveDate> = marks.iter().filter_map(is_missing).collect();
        self.asked.fetch_add(marks.len() as u64, Ordering::Relaxed);
        if missing.is_empty() {
            return Ok(Some(kept));
        }
        let mut days = Scanned::clone(&kept);
        days.retain(|day, _| *day >= window.from || (window.to - *day).num_days() <= *WINDOW_DAYS.end());
        for range in ranges(&missing) {
            let Some(counted) = count(connection, scan, cut, range, asker).await? else { return Ok(None) };
            self.counted.fetch_add(counted.len() as u64, Ordering::Relaxed);
            for (day, groups) in counted {
                let Some(mark) = marks.get(&day) else { continue };
                days.insert(day, (*mark, groups.into()));
            }
        }
        let days = Arc::new(days);
        self.kept.insert(key, days.clone()).await;
        Ok(Some(days))
    }
}

/// What a scan without keys comes to on each day of a cut's window: a value and a number of rows for each layer, of
/// counts and sums. The days are kept where their changes are noted and `kept` is there.
pub(super) async fn by_day(
    connection: &mut PgConnection,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
    cut: Cut<'_>,
    kept: Option<(&Days, &Context)>,
) -> Result<Vec<(NaiveDate, Vec<(f64, i64)>)>, StoreError> {
    let dated = dated(scan[0].1.dataset, cut).filter(|_| !reads::of_scan(scan, asker.scope).clock);
    let days = if let Some(((days, context), dated)) = kept.zip(dated) {
        days.scanned(connection, context, scan, asker, (cut, dated), cut.window).await?
    } else {
        let counted = count(connection, scan, cut, cut.window, asker).await?;
        counted
            .map(|days| Arc::new(days.into_iter().map(|(day, groups)| (day, (0, groups.into()))).collect()))
    };
    // Without keys there is one group a day.
    let days = days.unwrap_or_default();
    let layer_of = |group: &Group, place: usize, measure: &Measure| {
        let count = group.counts.get(place).copied().unwrap_or_default();
        let value = group.values.get(place).copied().flatten().unwrap_or_default();
        (if *measure == Measure::Count { count as f64 } else { value }, count)
    };
    Ok(cut
        .window
        .dates()
        .filter_map(|day| Some((day, days.get(&day)?.1.first()?)))
        .map(|(day, group)| {
            let layers = scan.iter().enumerate();
            (day, layers.map(|(place, (_, layer))| layer_of(group, place, &layer.layer.measure)).collect())
        })
        .collect())
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

/// Counts each day of a window; `None` where the days have more than [`DAY_GROUPS_MAX`] groups.
async fn count(
    connection: &mut PgConnection,
    scan: &Scan<'_>,
    cut: Cut<'_>,
    window: Window,
    asker: &Asker<'_>,
) -> Result<Option<BTreeMap<NaiveDate, Vec<Group>>>, StoreError> {
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
    let counted: Vec<Counted> = sql.build_query_as().fetch_all(connection).await?;
    if counted.len() > DAY_GROUPS_MAX {
        return Ok(None);
    }
    let mut days: BTreeMap<NaiveDate, Vec<Group>> = window.dates().map(|day| (day, Vec::new())).collect();
    for (day, k1, l1, o1, k2, l2, o2, values, counts, numbers, texts) in counted {
        let mut names = [Name { key: k1, label: l1, order: o1 }, Name { key: k2, label: l2, order: o2 }];
        for (name, key) in names.iter_mut().zip(&scan[0].1.keys) {
            if let Some(first) = key.of_day().and_then(|bucket| bucket.first_day(day, asker.week_starts)) {
                name.key = first.to_string();
            }
        }
        days.entry(day).or_default().push(Group { names, values, counts, numbers, texts });
    }
    Ok(Some(days))
}

/// What the days of a window come to, as rows of the statement.
fn together(scan: &Scan<'_>, days: &Scanned, window: Window, is_previous: bool) -> Vec<Row> {
    let keys = if is_previous { 0 } else { scan[0].1.keys.len() };
    let columns = percentile_columns(scan);
    let mut sums: HashMap<(i32, &str, &str), Sum<'_>> = HashMap::new();
    let levels: &[i32] = match keys {
        0 => &[level::TOTAL],
        1 => &[level::TOTAL, level::FIRST],
        _ => &[level::TOTAL, level::FIRST, level::SECOND, 0],
    };
    // Everything is a group even where there are no rows.
    sums.entry((level::TOTAL, "", "")).or_insert_with(|| Sum::new(scan.len()));
    for (_, groups) in window.dates().filter_map(|day| days.get(&day)) {
        for group in groups.iter() {
            let pieces = group.pieces(scan, &columns);
            let [first, second] = &group.names;
            for level in levels {
                // `grouping(k1, k2)` has a bit for each key that is left out.
                let (k1, k2) = (
                    if level & 2 == 0 { first.key.as_str() } else { "" },
                    if level & 1 == 0 && keys > 1 { second.key.as_str() } else { "" },
                );
                let sum = sums.entry((*level, k1, k2)).or_insert_with(|| Sum::new(scan.len()));
                if level & 2 == 0 {
                    sum.names[0].add(first);
                }
                if level & 1 == 0 && keys > 1 {
                    sum.names[1].add(second);
                }
                for (total, piece) in sum.totals.iter_mut().zip(&pieces) {
                    total.add(piece);
                }
            }
        }
    }
    let mut groups: Vec<_> = sums
        .into_iter()
        .map(|(group, Sum { names, totals })| {
            let layers = scan.iter().zip(totals);
            let cells: Vec<_> =
                layers.map(|((at, layer), total)| (*at, total.value(&layer.layer.measure))).collect();
            (group, names, cells)
        })
        .collect();
    if keys > 0 {
        // As the statement does: totals first, then the largest groups.
        let size = |cells: &[(usize, (Option<f64>, i64))]| {
            cells.first().and_then(|(_, (value, _))| *value).unwrap_or(f64::NEG_INFINITY)
        };
        groups.sort_unstable_by(|((level, k1, k2), _, cells), ((other, o1, o2), _, others)| {
            other
                .cmp(level)
                .then_with(|| size(others).total_cmp(&size(cells)))
                .then_with(|| (k1, k2).cmp(&(o1, o2)))
        });
        groups.truncate(GROUPS_MAX + 1);
    }
    let mut rows = Vec::with_capacity(groups.len() * scan.len());
    for ((level, k1, k2), [first, second], cells) in groups {
        for (at, (value, counted)) in cells {
            rows.push((
                i32::try_from(at).unwrap_or(i32::MAX),
                i32::from(is_previous),
                level,
                k1.to_owned(),
                first.label.clone(),
                first.order,
                k2.to_owned(),
                second.label.clone(),
                second.order,
                value,
                counted,
            ));
        }
    }
    rows
}

/// A layer's part of a group on one day.
struct Piece<'a> {
    value: Option<f64>,
    count: i64,
    numbers: &'a [f64],
    texts: &'a [String],
}

impl Group {
    /// One per layer; `columns` are those of [`percentile_columns`].
    fn pieces<'a>(&'a self, scan: &Scan<'_>, columns: &[usize]) -> Vec<Piece<'a>> {
        let count = |place: usize| self.counts.get(place).copied().unwrap_or_default();
        // Where the numbers of each column begin.
        let mut begins = Vec::with_capacity(columns.len());
        let mut begin = 0;
        for at in columns {
            let place = scan.iter().position(|(other, _)| other == at).unwrap_or_default();
            let length = usize::try_from(count(place)).unwrap_or_default();
            begins.push((&scan[place].1.layer.measure, begin, length));
            begin += length;
        }
        let mut told = 0;
        scan.iter()
            .enumerate()
            .map(|(place, (_, layer))| {
                let value = self.values.get(place).copied().flatten();
                let mut piece = Piece { value, count: count(place), numbers: &[], texts: &[] };
                match &layer.layer.measure {
                    Measure::Percentile(_, column) => {
                        let of =
                            begins.iter().find(|(measure, ..)| measure.column() == Some(column.as_str()));
                        let numbers =
                            of.and_then(|(_, begin, length)| self.numbers.get(*begin..begin + length));
                        piece.numbers = numbers.unwrap_or_default();
                    }
                    Measure::Distinct(_) => {
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a count"
                        )]
                        let length = value.unwrap_or_default() as usize;
                        piece.texts = self.texts.get(told..told + length).unwrap_or_default();
                        told += length;
                    }
                    _ => {}
                }
                piece
            })
            .collect()
    }
}

/// A group over all its days.
struct Sum<'a> {
    names: [Named; 2],
    totals: Vec<Total<'a>>,
}

impl Sum<'_> {
    fn new(layers: usize) -> Self {
        Sum {
            names: [const { Named { label: None, order: None } }; 2],
            totals: std::iter::repeat_with(Total::default).take(layers).collect(),
        }
    }
}

/// The largest label and the least order, as the statement takes them.
#[derive(Clone)]
struct Named {
    label: Option<String>,
    order: Option<f64>,
}

impl Named {
    fn add(&mut self, name: &Name) {
        if name.label > self.label {
            self.label.clone_from(&name.label);
        }
        self.order = [self.order, name.order].into_iter().flatten().min_by(f64::total_cmp);
    }
}

/// A layer of a group over all its days.
#[derive(Default)]
struct Total<'a> {
    sum: f64,
    least: Option<f64>,
    most: Option<f64>,
    count: i64,
    numbers: Vec<&'a [f64]>,
    texts: HashSet<&'a str>,
}

impl<'a> Total<'a> {
    fn add(&mut self, piece: &Piece<'a>) {
        if let Some(value) = piece.value {
            self.sum += value;
            self.least = Some(self.least.map_or(value, |least| least.min(value)));
            self.most = Some(self.most.map_or(value, |most| most.max(value)));
        }
        self.count += piece.count;
        if !piece.numbers.is_empty() {
            self.numbers.push(piece.numbers);
        }
        self.texts.extend(piece.texts.iter().map(String::as_str));
    }

    /// The value of a measure and the rows behind it.
    fn value(self, measure: &Measure) -> (Option<f64>, i64) {
        let value = match measure {
            Measure::Count => Some(self.count as f64),
            Measure::Sum(_) => Some(self.sum),
            Measure::Avg(_) => (self.count > 0).then(|| self.sum / self.count as f64),
            Measure::Percentile(percent, _) => percentile(self.numbers.concat(), f64::from(*percent) / 100.0),
            Measure::Distinct(_) => Some(self.texts.len() as f64),
            Measure::Min(_) => self.least,
            Measure::Max(_) => self.most,
        };
        (value, self.count)
    }
}

/// As Postgres' `percentile_cont`: between two numbers where the place is.
fn percentile(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let place = share * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last place"
    )]
    let below = place.floor() as usize;
    let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(low + (place - below as f64) * (high - low))
}

/// Bytes of a scan's days, about.
fn weight(days: &Scanned) -> u32 {
    let text = |text: &String| cache::bytes_of(text);
    let name = |name: &Name| text(&name.key) + name.label.as_ref().map_or(0, text);
    let group = |group: &Group| {
        let numbers = group.numbers.len() + group.values.len() * 2 + group.counts.len();
        size_of::<Group>()
            + group.names.iter().map(name).sum::<usize>()
            + numbers * size_of::<f64>()
            + group.texts.iter().map(text).sum::<usize>()
    };
    let bytes: usize =
        days.values().map(|(_, groups)| cache::PIECE + groups.iter().map(group).sum::<usize>()).sum();
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
