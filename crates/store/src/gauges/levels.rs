//! Levels: how many rows stand at the end of each day, from the dates on which they begin and end.
//!
//! A level over days cannot be counted by grouping, as a row stands on many of them. So what stands now is counted, which
//! is little, and walked backwards from: a day earlier stood what ended that day, and what began that day did not.

use super::{
    Context,
    days::{self, Days},
    plan::{Cut, Key, PlanLayer},
    statement::{self, Asker, Row, Scan, level},
};
use crate::{StoreError, snapshot::Snapshot};
use chrono::{Days as Later, NaiveDate};
use std::collections::BTreeMap;
use taskgauge_model::{
    dataset::{ColumnKind, DatasetColumn},
    gauge::{Condition, Op, Scalar},
    range::Window,
};

/// Furthest end that is looked for, in days from today.
const AHEAD: u64 = 36_500;

/// A value and a number of rows for each layer of a scan.
type Stand = Vec<(f64, i64)>;

/// The rows of a scan that is a level by the end of each day, week or month, as a statement would answer them; `None`
/// for every other scan.
pub(super) async fn rows(
    snapshot: &mut Snapshot,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
    kept: Option<(&Days, &Context)>,
) -> Result<Option<Vec<Row>>, StoreError> {
    let layer = scan[0].1;
    let Some((cut, until)) = layer.cut.and_then(|cut| Some((cut, cut.until?))) else { return Ok(None) };
    let Some(Key::Bucket { bucket, .. }) = layer.keys.first() else { return Ok(None) };
    // What stands now, and what has an end that is still to come: it does not stand today, but it did before.
    let today = asker.today;
    let now = Cut { window: Window { from: today, to: today }, previous: None, ..cut };
    let stands_now = total(snapshot, scan, now, None, asker).await?;
    let ahead = |days| today.checked_add_days(Later::new(days)).unwrap_or(today);
    let to_come = Cut {
        column: until,
        window: Window { from: ahead(1), to: ahead(AHEAD) },
        previous: None,
        until: None,
        standing: None,
        workdays: false,
    };
    let begun = begun_by(cut.column, today, asker);
    let mut stands = plus(&stands_now, 1, &total(snapshot, scan, to_come, Some(&begun), asker).await?);
    let mut changes: BTreeMap<NaiveDate, Stand> = BTreeMap::new();
    let window = Window { from: cut.window.from.min(today), to: today };
    for (column, sign) in [(cut.column, -1), (until, 1)] {
        let standing = Some((cut.column, until));
        let cut = Cut { column, window, previous: None, until: None, standing, workdays: false };
        let layers = without_keys(scan, cut);
        for (day, stand) in days::by_day(snapshot, &as_scan(scan, &layers), asker, cut, kept).await? {
            let change = changes.entry(day).or_insert_with(|| vec![(0.0, 0); scan.len()]);
            *change = plus(change, sign, &stand);
        }
    }
    let mut at_end: BTreeMap<NaiveDate, Stand> = BTreeMap::new();
    for day in window.dates().collect::<Vec<_>>().into_iter().rev() {
        at_end.insert(day, if day == today { stands_now.clone() } else { stands.clone() });
        if let Some(change) = changes.get(&day) {
            stands = plus(&stands, 1, change);
        }
    }
    // At the end of days to come stands what stands now.
    let at_end = |day: NaiveDate| at_end.get(&day.min(today)).unwrap_or(&stands_now);
    let mut rows = Vec::new();
    for (first, last) in bucket.groups(cut.window, asker.week_starts) {
        rows.extend(row(scan, level::FIRST, &first.to_string(), at_end(last)));
    }
    rows.extend(row(scan, level::TOTAL, "", at_end(cut.window.to)));
    Ok(Some(rows))
}

fn plus(one: &Stand, sign: i32, other: &Stand) -> Stand {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one.0 + f64::from(sign) * other.0, one.1 + i64::from(sign) * other.1))
        .collect()
}

/// That a row begins by the end of a day.
fn begun_by(column: &DatasetColumn, day: NaiveDate, asker: &Asker<'_>) -> Condition {
    let (op, value) = match column.kind {
        ColumnKind::Date => (Op::AtMost, day.to_string()),
        _ => (Op::Under, Window { from: day, to: day }.instants(&asker.zone).1.to_rfc3339()),
    };
    Condition { column: column.name.clone(), op, value: Scalar::Text(value) }
}

/// The layers of a scan in total, cut otherwise.
fn without_keys<'a>(scan: &Scan<'a>, cut: Cut<'a>) -> Vec<PlanLayer<'a>> {
    scan.iter().map(|(_, layer)| PlanLayer { keys: Vec::new(), cut: Some(cut), ..(*layer).clone() }).collect()
}

fn as_scan<'a>(scan: &Scan<'_>, layers: &'a [PlanLayer<'a>]) -> Scan<'a> {
    scan.iter().map(|(at, _)| *at).zip(layers).collect()
}

/// What a scan comes to in total in a cut, under one more condition or none.
async fn total(
    snapshot: &mut Snapshot,
    scan: &Scan<'_>,
    cut: Cut<'_>,
    condition: Option<&Condition>,
    asker: &Asker<'_>,
) -> Result<Stand, StoreError> {
    let mut layers = without_keys(scan, cut);
    for layer in &mut layers {
        layer.conditions.extend(condition.cloned());
    }
    let mut sql = statement::statement(&[as_scan(scan, &layers)], asker)?;
    let rows: Vec<Row> = sql.build_query_as().fetch_all(snapshot.next().await?).await?;
    let of = |at: usize| rows.iter().find(|row| usize::try_from(row.0) == Ok(at));
    Ok(scan
        .iter()
        .map(|(at, _)| of(*at).map_or((0.0, 0), |row| (row.9.unwrap_or_default(), row.10)))
        .collect())
}

/// One row per layer.
fn row<'a>(
    scan: &'a Scan<'_>,
    at_level: i32,
    key: &'a str,
    stand: &'a Stand,
) -> impl Iterator<Item = Row> + 'a {
    scan.iter().zip(stand).map(move |((at, _), (value, count))| {
        let layer = i32::try_from(*at).unwrap_or(i32::MAX);
        (layer, 0, at_level, key.to_owned(), None, None, String::new(), None, None, Some(*value), *count)
    })
}
