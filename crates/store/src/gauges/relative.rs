//! What `now`, `now+4h` and `now-7d` in a condition mean at an instant.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use taskgauge_model::{
    dataset::{ColumnKind, DatasetColumn},
    gauge::{Condition, Op, Scalar},
    range::start_of_day,
};

/// The condition with `now`, `now+4h` or `now-7d` of a time column as the instant it means.
pub(crate) fn at_instant(condition: &Condition, column: &DatasetColumn, at: DateTime<Utc>) -> Condition {
    let mut condition = condition.clone();
    if let (ColumnKind::Time, Scalar::Text(text)) = (column.kind, &condition.value)
        && let Some(instant) = instant(text, at)
    {
        condition.value = Scalar::Text(instant.to_rfc3339());
    }
    condition
}

/// The condition with `now` and the like as the instant, or of a date column as the local date, that it means; and of a
/// time column with a date as the instants of that local day.
pub(super) fn at_moment(
    condition: &Condition,
    column: &DatasetColumn,
    at: DateTime<Utc>,
    zone: Tz,
) -> Condition {
    let mut condition = at_instant(condition, column, at);
    if let (ColumnKind::Date, Scalar::Text(text)) = (column.kind, &condition.value)
        && let Some(date) = date(text, at, zone)
    {
        condition.value = Scalar::Text(date.to_string());
    }
    if let (ColumnKind::Time, Scalar::Text(text)) = (column.kind, &condition.value)
        && let Ok(day) = text.trim().parse::<NaiveDate>()
    {
        let (op, day) = match condition.op {
            Op::Over => (Op::AtLeast, day.succ_opt().unwrap_or(day)),
            Op::AtMost => (Op::Under, day.succ_opt().unwrap_or(day)),
            op => (op, day),
        };
        if matches!(op, Op::AtLeast | Op::Under) {
            (condition.op, condition.value) = (op, Scalar::Text(start_of_day(day, &zone).to_rfc3339()));
        }
    }
    condition
}

/// The local date that `now` and the like mean; `None` for other text.
///
/// Days are counted from the local date: where clocks change in between, so many times 24 hours may end on another.
pub(super) fn date(text: &str, at: DateTime<Utc>, zone: Tz) -> Option<NaiveDate> {
    let local = |instant: DateTime<Utc>| instant.with_timezone(&zone).date_naive();
    match text.strip_prefix("now")?.strip_suffix('d') {
        Some(days) => local(at).checked_add_signed(TimeDelta::try_days(days.parse().ok()?)?),
        None => instant(text, at).map(local),
    }
}

/// Whether a condition means another instant at each time of day: `now` and the like of a time column.
pub(super) fn is_time_of_day(condition: &Condition, column: &DatasetColumn) -> bool {
    let at = DateTime::UNIX_EPOCH;
    matches!((column.kind, &condition.value), (ColumnKind::Time, Scalar::Text(text)) if instant(text, at).is_some())
}

/// The instant that `now` and the like mean; `None` for other text.
pub(super) fn instant(text: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let offset = text.strip_prefix("now")?;
    if offset.is_empty() {
        return Some(at);
    }
    let unit = offset.chars().last()?;
    let number: i64 = offset.strip_suffix(unit)?.parse().ok()?;
    let offset = match unit {
        'h' => TimeDelta::try_hours(number)?,
        'd' => TimeDelta::try_days(number)?,
        _ => return None,
    };
    at.checked_add_signed(offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskgauge_model::catalogue::Catalogue;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn relative_times_are_hours_or_days_from_now() {
        let at: DateTime<Utc> = "2026-03-18T10:00:00Z".parse().unwrap();
        assert_eq!(instant("now", at), Some(at));
        assert_eq!(instant("now+4h", at), Some(at + TimeDelta::hours(4)));
        assert_eq!(instant("now-7d", at), Some(at - TimeDelta::days(7)));
        for text in
            ["", "now+", "now+h", "now+4x", "now+4é", "nowh", "now+99999999999999999999h", "now+9999999999d"]
        {
            assert_eq!(instant(text, at), None, "{text}");
        }
    }

    #[test]
    fn a_date_of_a_time_is_its_local_day() {
        let column = Catalogue::shipped().dataset("tickets_all").unwrap().column("create_date").unwrap();
        let zone = chrono_tz::Europe::Berlin;
        let meant = |op: Op| {
            let condition =
                Condition { column: column.name.clone(), op, value: Scalar::Text("2026-03-29".to_owned()) };
            let meant = at_moment(&condition, column, DateTime::UNIX_EPOCH, zone);
            (meant.op, meant.value)
        };
        let at = |text: &str| Scalar::Text(text.to_owned());
        // Clocks go forward on that day: it has 23 hours.
        let (first, next) = (at("2026-03-28T23:00:00+00:00"), at("2026-03-29T22:00:00+00:00"));
        assert_eq!(meant(Op::AtLeast), (Op::AtLeast, first.clone()));
        assert_eq!(meant(Op::Under), (Op::Under, first));
        assert_eq!(meant(Op::Over), (Op::AtLeast, next.clone()));
        assert_eq!(meant(Op::AtMost), (Op::Under, next));
        assert_eq!(meant(Op::Is), (Op::Is, at("2026-03-29")));
    }

    #[test]
    fn days_of_a_date_are_counted_on_the_calendar() {
        let zone = chrono_tz::America::New_York;
        // Half past midnight, two days after clocks went forward: 168 hours ago was the evening of 2 March.
        let at: DateTime<Utc> = "2026-03-10T04:30:00Z".parse().unwrap();
        assert_eq!(super::date("now-7d", at, zone), Some(date("2026-03-03")));
        assert_eq!(super::date("now", at, zone), Some(date("2026-03-10")));
        assert_eq!(super::date("now-1h", at, zone), Some(date("2026-03-09")));
        for text in ["", "today", "now-d", "now+9999999999d"] {
            assert_eq!(super::date(text, at, zone), None, "{text}");
        }
    }
}
