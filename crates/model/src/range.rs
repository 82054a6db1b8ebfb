//! Ranges of whole local dates: `today`, `mtd`, `last_90d` …
//!
//! A range is resolved to its first and last date in the workspace's time zone, both included; today is part of every
//! range that reaches the present. `now` is no range of dates but the state of things.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A range of dates, or the state of things now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Range {
    /// The state at the last sync.
    #[default]
    Now,
    /// Today.
    Today,
    /// Yesterday.
    Yesterday,
    /// This week to date.
    WeekToDate,
    /// The seven dates before this week.
    LastWeek,
    /// This month to date.
    MonthToDate,
    /// The month before.
    LastMonth,
    /// This quarter to date.
    QuarterToDate,
    /// This quarter, its future included.
    ThisQuarter,
    /// This fiscal year to date.
    YearToDate,
    /// So many dates, today the last.
    Last(u16),
    /// So many dates, today the first.
    Next(u16),
    /// The twelve complete months before this one, plus this one to date.
    LastTwelveMonths,
    /// From a date to a date.
    Dates(NaiveDate, NaiveDate),
}

/// First and last date of a range, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First date.
    pub from: NaiveDate,
    /// Last date.
    pub to: NaiveDate,
}

/// How a workspace counts weeks and years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// First day of a week.
    pub week_starts: Weekday,
    /// First month of the fiscal year, 1 to 12.
    pub year_starts: u32,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { week_starts: Weekday::Mon, year_starts: 1 }
    }
}

/// The names of ranges, in the order people choose from.
const NAMED: &[(&str, &str, Range)] = &[
    ("now", "Now", Range::Now),
    ("today", "Today", Range::Today),
    ("yesterday", "Yesterday", Range::Yesterday),
    ("wtd", "This week", Range::WeekToDate),
    ("last_week", "Last week", Range::LastWeek),
    ("mtd", "This month", Range::MonthToDate),
    ("last_month", "Last month", Range::LastMonth),
    ("qtd", "This quarter to date", Range::QuarterToDate),
    ("this_quarter", "This quarter", Range::ThisQuarter),
    ("ytd", "This year", Range::YearToDate),
    ("last_12m", "Last 12 months", Range::LastTwelveMonths),
];

/// Longest `last_…d`, `next_…d` and range from day to day, in days.
const DAYS_MAX: u16 = 3_660;

impl Range {
    /// The ranges a viewer can choose for a board.
    pub fn choices() -> Vec<Range> {
        vec![
            Range::Today,
            Range::Yesterday,
            Range::WeekToDate,
            Range::LastWeek,
            Range::Last(7),
            Range::Last(14),
            Range::Last(30),
            Range::MonthToDate,
            Range::LastMonth,
            Range::Last(90),
            Range::QuarterToDate,
            Range::YearToDate,
            Range::LastTwelveMonths,
        ]
    }

    /// What people read.
    pub fn label(self) -> String {
        if let Some((_, label, _)) = NAMED.iter().find(|(_, _, range)| *range == self) {
            return (*label).to_owned();
        }
        match self {
            // Unlike *today* in a title, it gives way to the range that a viewer chooses.
            Range::Last(1) => Range::Today.label(),
            Range::Last(days) => format!("Last {days} days"),
            Range::Next(days) => format!("Next {days} days"),
            Range::Dates(from, to) => format!("{} to {}", from.format("%-d %b %Y"), to.format("%-d %b %Y")),
            _ => self.to_string(),
        }
    }

    /// The first and the last date where the range is between two dates.
    pub const fn dates(self) -> Option<(NaiveDate, NaiveDate)> {
        match self {
            Range::Dates(from, to) => Some((from, to)),
            _ => None,
        }
    }

    /// The dates of the range when it is `now` in the workspace; `None` for [`Range::Now`].
    pub fn window<Tz: TimeZone>(self, now: DateTime<Utc>, zone: &Tz, calendar: Calendar) -> Option<Window> {
        let today = now.with_timezone(zone).date_naive();
        let window = |from, to| Some(Window { from, to });
        match self {
            Range::Now => None,
            Range::Today => window(today, today),
            Range::Yesterday => window(back(today, 1), back(today, 1)),
            Range::WeekToDate => window(calendar.week_start(today), today),
            Range::LastWeek => {
                let monday = calendar.week_start(today);
                window(back(monday, 7), back(monday, 1))
            }
            Range::MonthToDate => window(month_start(today), today),
            Range::LastMonth => {
                let first = month_start(today);
                window(months_back(first, 1), back(first, 1))
            }
            Range::QuarterToDate => window(calendar.quarter_start(today), today),
            Range::ThisQuarter => {
                let first = calendar.quarter_start(today);
                window(first, back(months_ahead(first, 3), 1))
            }
            Range::YearToDate => window(calendar.year_start(today), today),
            Range::Last(days) => window(back(today, u64::from(days.max(1) - 1)), today),
            Range::Next(days) => window(today, ahead(today, u64::from(days.max(1) - 1))),
            Range::LastTwelveMonths => window(months_back(month_start(today), 12), today),
            Range::Dates(from, to) => window(from.min(to), from.max(to)),
        }
    }
}

impl Window {
    /// Number of dates.
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The window of the same length that ends where this one begins.
    #[must_use]
    pub fn previous(self) -> Window {
        let days = u64::try_from(self.days()).unwrap_or(1);
        Window { from: back(self.from, days), to: back(self.from, 1) }
    }

    /// Every date, in order.
    pub fn dates(self) -> impl Iterator<Item = NaiveDate> {
        self.from.iter_days().take_while(move |date| *date <= self.to)
    }

    /// The instants at which the first date begins and the last one has ended.
    pub fn instants<Tz: TimeZone>(self, zone: &Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        (start_of_day(self.from, zone), start_of_day(ahead(self.to, 1), zone))
    }
}

/// The first instant of a local date. Where clocks jump over midnight it is the first instant after the jump.
pub fn start_of_day<Tz: TimeZone>(date: NaiveDate, zone: &Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let mut local = midnight;
    for _ in 0..8 {
        if let Some(instant) = zone.from_local_datetime(&local).earliest() {
            return instant.with_timezone(&Utc);
        }
        local += TimeDelta::minutes(30);
    }
    midnight.and_utc()
}

impl Calendar {
    /// First date of the week that holds `date`.
    pub fn week_start(self, date: NaiveDate) -> NaiveDate {
        back(date, u64::from(date.weekday().days_since(self.week_starts)))
    }

    /// First date of the fiscal quarter that holds `date`.
    pub fn quarter_start(self, date: NaiveDate) -> NaiveDate {
        let months_in = (date.month() + 12 - self.year_starts) % 3;
        months_back(month_start(date), months_in)
    }

    /// First date of the fiscal year that holds `date`.
    pub fn year_start(self, date: NaiveDate) -> NaiveDate {
        let months_in = (date.month() + 12 - self.year_starts) % 12;
        months_back(month_start(date), months_in)
    }
}

/// First date of the month that holds `date`.
pub fn month_start(date: NaiveDate) -> NaiveDate {
    back(date, u64::from(date.day0()))
}

fn back(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

fn ahead(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

fn months_back(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN)
}

/// `date` so many months later; the last day of the month where the day does not exist.
pub fn months_ahead(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _, _)) = NAMED.iter().find(|(_, _, range)| range == self) {
            return f.write_str(name);
        }
        match self {
            Range::Last(days) => write!(f, "last_{days}d"),
            Range::Next(days) => write!(f, "next_{days}d"),
            Range::Dates(from, to) => write!(f, "{from}..{to}"),
            _ => Err(fmt::Error),
        }
    }
}

/// The text names no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a range; use for example today, mtd, last_30d or 2026-01-01..2026-01-31")]
pub struct UnknownRange(String);

impl FromStr for Range {
    type Err = UnknownRange;

    fn from_str(text: &str) -> Result<Self, UnknownRange> {
        let unknown = || UnknownRange(text.chars().take(40).collect());
        if let Some((_, _, range)) = NAMED.iter().find(|(name, _, _)| *name == text) {
            return Ok(*range);
        }
        let days = |text: &str| {
            let days = text.strip_suffix('d')?.parse::<u16>().ok()?;
            (1..=DAYS_MAX).contains(&days).then_some(days)
        };
        if let Some(rest) = text.strip_prefix("last_") {
            return days(rest).map(Range::Last).ok_or_else(unknown);
        }
        if let Some(rest) = text.strip_prefix("next_") {
            return days(rest).map(Range::Next).ok_or_else(unknown);
        }
        let (from, to) = text.split_once("..").ok_or_else(unknown)?;
        let (from, to): (NaiveDate, NaiveDate) =
            (from.parse().map_err(|_| unknown())?, to.parse().map_err(|_| unknown())?);
        let sane = (1900..=2200).contains(&from.year())
            && (0..i64::from(DAYS_MAX)).contains(&(to - from).num_days());
        if sane { Ok(Range::Dates(from, to)) } else { Err(unknown()) }
    }
}

impl Serialize for Range {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America, Europe, Pacific};
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn window(range: Range, now: &str) -> (String, String) {
        let window = range.window(at(now), &Europe::Berlin, Calendar::default()).expect("a window");
        (window.from.to_string(), window.to.to_string())
    }

    #[test]
    fn ranges_hold_today_and_both_ends() {
        let now = "2026-03-31T22:30:00Z"; // already 1 April in Berlin
        for (range, from, to) in [
            (Range::Today, "2026-04-01", "2026-04-01"),
            (Range::Yesterday, "2026-03-31", "2026-03-31"),
            (Range::WeekToDate, "2026-03-30", "2026-04-01"),
            (Range::LastWeek, "2026-03-23", "2026-03-29"),
            (Range::MonthToDate, "2026-04-01", "2026-04-01"),
            (Range::LastMonth, "2026-03-01", "2026-03-31"),
            (Range::QuarterToDate, "2026-04-01", "2026-04-01"),
            (Range::ThisQuarter, "2026-04-01", "2026-06-30"),
            (Range::YearToDate, "2026-01-01", "2026-04-01"),
            (Range::Last(7), "2026-03-26", "2026-04-01"),
            (Range::Next(7), "2026-04-01", "2026-04-07"),
            (Range::LastTwelveMonths, "2025-04-01", "2026-04-01"),
        ] {
            assert_eq!(window(range, now), (from.to_owned(), to.to_owned()), "{range}");
        }
        assert!(Range::Now.window(at(now), &Europe::Berlin, Calendar::default()).is_none());
    }

    #[test]
    fn no_range_is_longer_than_anybody_looks() {
        for text in ["2016-01-01..2026-01-07", "last_3660d", "2026-01-01..2026-01-01"] {
            assert!(text.parse::<Range>().is_ok(), "{text}");
        }
        for text in
            ["2016-01-01..2026-01-08", "1900-01-01..2200-12-31", "last_3661d", "2026-01-02..2026-01-01"]
        {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_fiscal_year_may_start_in_any_month() {
        let july = Calendar { year_starts: 7, ..Calendar::default() };
        assert_eq!(july.year_start(date("2026-06-30")), date("2025-07-01"));
        assert_eq!(july.quarter_start(date("2026-06-30")), date("2026-04-01"));
        let february = Calendar { year_starts: 2, ..Calendar::default() };
        assert_eq!(february.quarter_start(date("2026-01-15")), date("2025-11-01"));
    }

    #[test]
    fn days_have_23_or_25_hours_when_clocks_change() {
        let hours = |day: &str| {
            let (from, to) = Window { from: date(day), to: date(day) }.instants(&Europe::Berlin);
            (to - from).num_hours()
        };
        assert_eq!((hours("2026-03-29"), hours("2026-10-25"), hours("2026-06-01")), (23, 25, 24));
    }

    #[test]
    fn a_day_without_midnight_begins_after_the_jump() {
        // Greenland's west moved its clocks from 22:00 on Saturday; Santiago skips midnight itself.
        let start = start_of_day(date("2026-09-06"), &America::Santiago);
        assert_eq!(start, at("2026-09-06T04:00:00Z"));
    }

    proptest! {
        #[test]
        fn names_round_trip(days in 1u16..=DAYS_MAX, past in any::<bool>()) {
            let range = if past { Range::Last(days) } else { Range::Next(days) };
            prop_assert_eq!(range.to_string().parse::<Range>(), Ok(range));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
            if let Ok(range) = text.parse::<Range>() {
                prop_assert_eq!(range.to_string(), text);
            }
        }

        #[test]
        fn days_tile_the_time_line(seconds in 0i64..4_000_000_000, east in any::<bool>()) {
            let now = DateTime::from_timestamp(seconds, 0).expect("in range");
            let zone = if east { Pacific::Apia } else { Pacific::Honolulu };
            let window = Range::Last(14).window(now, &zone, Calendar::default()).expect("a window");
            let (from, to) = window.instants(&zone);
            prop_assert!(from <= now && now < to);
            prop_assert_eq!(window.previous().instants(&zone).1, from);
            prop_assert_eq!(window.dates().count(), 14);
        }
    }
}
