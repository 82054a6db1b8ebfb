//! The provider's working hours: Monday to Friday, 08:00 to 18:00 local, holidays off.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Weekday};
use chrono_tz::Tz;

use super::cell::{DAY, HOUR};

/// Working time between any two instants, by binary search over the working days.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) zone: Tz,
    first_day: NaiveDate,
    /// The instant of local midnight of every day from `first_day` on.
    midnights: Arc<Vec<i64>>,
    /// Working periods and the working time before each, in milliseconds.
    windows: Arc<Vec<(i64, i64, i64)>>,
}

/// Hours of a working day at which the desk opens and closes.
pub(crate) const OPENS: i64 = 8;
pub(crate) const CLOSES: i64 = 18;

impl Calendar {
    /// A calendar from `first` for `days` days.
    pub(crate) fn new(zone: Tz, first: NaiveDate, days: u64) -> Self {
        let mut midnights = Vec::new();
        let mut windows = Vec::new();
        let mut before = 0;
        for offset in 0..days {
            let Some(date) = first.checked_add_days(Days::new(offset)) else { break };
            let start = local_midnight(zone, date);
            midnights.push(start);
            if is_working_day(date) {
                let (open, close) = (start + OPENS * HOUR, start + CLOSES * HOUR);
                windows.push((open, close, before));
                before += close - open;
            }
        }
        Self { zone, first_day: first, midnights: Arc::new(midnights), windows: Arc::new(windows) }
    }

    /// The local date of an instant.
    pub(crate) fn date(&self, at: i64) -> NaiveDate {
        let day = self.midnights.partition_point(|midnight| *midnight <= at);
        if day == 0 || day == self.midnights.len() {
            return DateTime::from_timestamp_millis(at)
                .unwrap_or_default()
                .with_timezone(&self.zone)
                .date_naive();
        }
        self.first_day.checked_add_days(Days::new(day as u64 - 1)).unwrap_or(self.first_day)
    }

    /// The instant of the local midnight that starts a date.
    pub(crate) fn midnight(&self, date: NaiveDate) -> i64 {
        usize::try_from((date - self.first_day).num_days())
            .ok()
            .and_then(|day| self.midnights.get(day).copied())
            .unwrap_or_else(|| local_midnight(self.zone, date))
    }

    fn clock(&self, at: i64) -> i64 {
        let next = self.windows.partition_point(|(open, ..)| *open <= at);
        if next == 0 {
            return 0;
        }
        let (open, close, before) = self.windows[next - 1];
        before + at.min(close) - open
    }

    /// Working hours between two instants.
    pub(crate) fn hours_between(&self, from: i64, to: i64) -> f64 {
        (self.clock(to) - self.clock(from)) as f64 / HOUR as f64
    }

    /// The instant at which `hours` working hours have passed since `from`.
    pub(crate) fn after(&self, from: i64, hours: f64) -> i64 {
        let target = self.clock(from) + super::cell::whole(hours * HOUR as f64);
        let next = self.windows.partition_point(|(.., before)| *before <= target);
        if next == 0 {
            return from;
        }
        let (open, close, before) = self.windows[next - 1];
        (open + target - before).clamp(open, close.max(open) + DAY).max(from)
    }
}

/// The provider's public holidays in a year, with their names.
pub(crate) fn holidays(year: i32) -> Vec<(NaiveDate, &'static str)> {
    let nth = |month, weekday, n| NaiveDate::from_weekday_of_month_opt(year, month, weekday, n);
    let last_may_monday = nth(5, Weekday::Mon, 5).or_else(|| nth(5, Weekday::Mon, 4));
    [
        (NaiveDate::from_ymd_opt(year, 1, 1), "New Year's Day"),
        (last_may_monday, "Memorial Day"),
        (NaiveDate::from_ymd_opt(year, 7, 4), "Independence Day"),
        (nth(9, Weekday::Mon, 1), "Labor Day"),
        (nth(11, Weekday::Thu, 4), "Thanksgiving Day"),
        (NaiveDate::from_ymd_opt(year, 12, 25), "Christmas Day"),
    ]
    .into_iter()
    .filter_map(|(date, name)| date.map(|date| (date, name)))
    .collect()
}

pub(crate) fn is_working_day(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
        && !holidays(date.year()).iter().any(|(holiday, _)| *holiday == date)
}

fn local_midnight(zone: Tz, date: NaiveDate) -> i64 {
    let naive = date.and_hms_opt(0, 0, 0).unwrap_or_default();
    // Some zones skip midnight when summer time starts; the next hour exists.
    zone.from_local_datetime(&naive)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(naive + chrono::TimeDelta::hours(1))).earliest())
        .map_or_else(|| naive.and_utc().timestamp_millis(), |at| at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn working_time_skips_nights_and_weekends() {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let calendar = Calendar::new(chrono_tz::America::New_York, first, 200);
        // Friday 17:00 to Monday 09:00 local is two working hours.
        let (friday, monday) = (at("2026-01-09T17:00:00-05:00"), at("2026-01-12T09:00:00-05:00"));
        assert!((calendar.hours_between(friday, monday) - 2.0).abs() < 1e-9);
        assert_eq!(calendar.after(friday, 2.0), monday);
        // A ticket that arrives at night starts its clock in the morning.
        assert_eq!(calendar.after(at("2026-01-13T02:00:00-05:00"), 0.5), at("2026-01-13T08:30:00-05:00"));
        assert_eq!(calendar.date(at("2026-01-13T02:00:00Z")), NaiveDate::from_ymd_opt(2026, 1, 12).unwrap());
    }
}
