//! Levels: how many rows stand at the end of each day, from the dates on which they begin and end.
//!
//! A level over days cannot be counted by grouping, as a row stands on many of them. So what stands at the end is
//! counted, and walked backwards from: a day earlier stood what ended that day, and what began that day did not.

use super::{
    Context,
    days::{self, Days},
    plan::{Bucket, Cut, Key, PlanLayer},
    statement::{self, Asker, Row, Scan, level},
};
use crate::StoreError;
use chrono::{Days as Later, NaiveDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use taskgauge_model::range::Window;

/// A value and a number of rows for each layer of a scan.
type Stand = Vec<(f64, i64)>;

/// The rows of a scan that is a level by the end of each day, week or month, as a statement would answer them; `None`
/// for every other scan.
pub(super) async fn rows(
    connection: &mut PgConnection,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
    kept: Option<(&Days, &Context)>,
) -> Result<Option<Vec<Row>>, StoreError> {
    let layer = scan[0].1;
    let Some((cut, until)) = layer.cut.and_then(|cut| Some((cut, cut.until?))) else { return Ok(None) };
    let Some(Key::Bucket { bucket, .. }) = layer.keys.first() else { return Ok(None) };
    let last = cut.window.to.min(asker.today);
    let whole = total(connection, scan, cut, asker).await?;
    let mut days: BTreeMap<NaiveDate, Stand> = BTreeMap::new();
    let mut add = |day: NaiveDate, sign: i32, stand: &Stand| {
        let change = days.entry(day).or_insert_with(|| vec![(0.0, 0); scan.len()]);
        for (sum, step) in change.iter_mut().zip(stand) {
            sum.0 += f64::from(sign) * step.0;
            sum.1 += i64::from(sign) * step.1;
        }
    };
    if cut.window.from < last {
        let window = Window { from: cut.window.from, to: last };
        for (column, sign) in [(cut.column, -1), (until, 1)] {
            let cut = Cut { column, window, previous: None, until: None };
            let layers = without_keys(scan, cut);
            for (day, stand) in days::by_day(connection, &as_scan(scan, &layers), asker, cut, kept).await? {
                add(day, sign, &stand);
            }
        }
    }
    // From the last day back to the first. What has an end does not stand today, wherever that end is; it did before.
    let tomorrow = asker.today.checked_add_days(Later::new(1)).unwrap_or(asker.today);
    let with_ends_ahead = Asker { today: tomorrow, ..*asker };
    let window = Window { to: last, ..cut.window };
    let mut stands = if last == asker.today {
        total(connection, scan, Cut { window, ..cut }, &with_ends_ahead).await?
    } else {
        whole.clone()
    };
    let mut at_end: BTreeMap<NaiveDate, Stand> = BTreeMap::new();
    for day in window.dates().collect::<Vec<_>>().into_iter().rev() {
        at_end.insert(day, if day == asker.today { whole.clone() } else { stands.clone() });
        for (sum, step) in stands.iter_mut().zip(days.get(&day).into_iter().flatten()) {
            sum.0 += step.0;
            sum.1 += step.1;
        }
    }
    let mut rows = Vec::new();
    for (first, end) in groups(*bucket, cut.window, asker) {
        // At the end of days to come stands what stands now.
        let stand = at_end.get(&end.min(last)).unwrap_or(&whole);
        rows.extend(row(scan, level::FIRST, &first.to_string(), stand));
    }
    rows.extend(row(scan, level::TOTAL, "", &whole));
    Ok(Some(rows))
}

/// The layers of a scan in total, cut otherwise.
fn without_keys<'a>(scan: &Scan<'a>, cut: Cut<'a>) -> Vec<PlanLayer<'a>> {
    scan.iter().map(|(_, layer)| PlanLayer { keys: Vec::new(), cut: Some(cut), ..(*layer).clone() }).collect()
}

fn as_scan<'a>(scan: &Scan<'_>, layers: &'a [PlanLayer<'a>]) -> Scan<'a> {
    scan.iter().map(|(at, _)| *at).zip(layers).collect()
}

/// What a scan comes to in total in a cut.
async fn total(
    connection: &mut PgConnection,
    scan: &Scan<'_>,
    cut: Cut<'_>,
    asker: &Asker<'_>,
) -> Result<Stand, StoreError> {
    let cut = Cut { previous: None, ..cut };
    let layers = without_keys(scan, cut);
    let mut sql = statement::statement(&[as_scan(scan, &layers)], asker)?;
    let rows: Vec<Row> = sql.build_query_as().fetch_all(connection).await?;
    let of = |at: usize| rows.iter().find(|row| usize::try_from(row.0) == Ok(at));
    Ok(scan
        .iter()
        .map(|(at, _)| of(*at).map_or((0.0, 0), |row| (row.9.unwrap_or_default(), row.10)))
        .collect())
}

/// First and last day of each group of a window; the last one ends with the window.
fn groups(bucket: Bucket, window: Window, asker: &Asker<'_>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut groups = Vec::new();
    let mut next = bucket.first_day(window.from, asker.week_starts);
    while let Some(first) = next.filter(|first| *first <= window.to) {
        let Some(last) = bucket.last_day(first) else { break };
        groups.push((first, last.min(window.to)));
        next = last.checked_add_days(Later::new(1));
    }
    groups
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
