//! Levels: how many rows stand at the end of each day, from the dates on which they begin and end.
//!
//! A level over days cannot be counted by grouping, as a row stands on many of them. So rows are counted by the two
//! dates, and added up in their order here.

use super::{
    plan::{Bucket, Key},
    statement::{self, Asker, Row, Scan},
};
use crate::StoreError;
use chrono::{Days, NaiveDate};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use taskgauge_model::range::Window;

/// A value and a number of rows for each layer of a scan.
type Steps = Vec<(f64, i64)>;

/// The rows of a scan that is a level by the end of each day, week or month, as a statement would answer them; `None`
/// for every other scan.
pub(super) async fn rows(
    connection: &mut PgConnection,
    scan: &Scan<'_>,
    asker: &Asker<'_>,
) -> Result<Option<Vec<Row>>, StoreError> {
    type Counted = (Option<NaiveDate>, Option<NaiveDate>, Vec<f64>, Vec<i64>);
    let layer = scan[0].1;
    let Some((cut, until)) = layer.cut.and_then(|cut| Some((cut, cut.until?))) else { return Ok(None) };
    let Some(Key::Bucket { bucket, .. }) = layer.keys.first() else { return Ok(None) };
    let mut sql = statement::standing(scan, cut, until, asker)?;
    let counted: Vec<Counted> = sql.build_query_as().fetch_all(connection).await?;
    let mut changes: BTreeMap<NaiveDate, Steps> = BTreeMap::new();
    for (begun, ended, values, counts) in counted {
        for (day, sign) in [(begun, 1), (ended, -1)] {
            let Some(day) = day else { continue };
            let steps = changes.entry(day).or_insert_with(|| vec![(0.0, 0); scan.len()]);
            for (step, (value, count)) in steps.iter_mut().zip(values.iter().zip(&counts)) {
                step.0 += f64::from(sign) * value;
                step.1 += i64::from(sign) * count;
            }
        }
    }
    let mut rows = Vec::new();
    let mut changes = changes.into_iter().peekable();
    let mut stands = vec![(0.0, 0); scan.len()];
    for (first, last) in groups(*bucket, cut.window, asker) {
        while let Some((_, steps)) = changes.next_if(|(day, _)| *day <= last) {
            for (sum, step) in stands.iter_mut().zip(steps) {
                sum.0 += step.0;
                sum.1 += step.1;
            }
        }
        rows.extend(row(scan, statement::level::FIRST, &first.to_string(), &stands));
    }
    rows.extend(row(scan, statement::level::TOTAL, "", &stands));
    Ok(Some(rows))
}

/// First and last day of each group of a window; the last one ends with the window.
fn groups(bucket: Bucket, window: Window, asker: &Asker<'_>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut groups = Vec::new();
    let mut next = bucket.first_day(window.from, asker.week_starts);
    while let Some(first) = next.filter(|first| *first <= window.to) {
        let Some(last) = bucket.last_day(first) else { break };
        groups.push((first, last.min(window.to)));
        next = last.checked_add_days(Days::new(1));
    }
    groups
}

/// One row per layer.
fn row<'a>(
    scan: &'a Scan<'_>,
    at_level: i32,
    key: &'a str,
    stands: &'a Steps,
) -> impl Iterator<Item = Row> + 'a {
    scan.iter().zip(stands).map(move |((at, _), (value, count))| {
        let layer = i32::try_from(*at).unwrap_or(i32::MAX);
        let none = || (None, None);
        let ((l1, o1), (l2, o2)) = (none(), none());
        (layer, 0, at_level, key.to_owned(), l1, o1, String::new(), l2, o2, Some(*value), *count)
    })
}
