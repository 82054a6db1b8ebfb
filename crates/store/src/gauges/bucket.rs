//! Parts of dates that rows are grouped by.

use chrono::{Days, NaiveDate, Weekday};
use taskgauge_model::range::{Window, month_start, months_ahead};

/// Most groups that follow each other in time: more are no chart that anybody reads.
const CALENDAR_GROUPS_MAX: i64 = 400;

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bucket {
    Hour,
    Weekday,
    Day,
    Week,
    Month,
}

impl Bucket {
    /// The part that files call so.
    pub fn named(name: &str) -> Option<Bucket> {
        Some(match name {
            "hour" => Bucket::Hour,
            "weekday" => Bucket::Weekday,
            "day" => Bucket::Day,
            "week" => Bucket::Week,
            "month" => Bucket::Month,
            _ => return None,
        })
    }

    /// The part itself, or the next longer one of which a window has not too many.
    pub fn of_window(self, window: Window) -> Bucket {
        match self {
            Bucket::Day if window.days() > CALENDAR_GROUPS_MAX => Bucket::Week.of_window(window),
            Bucket::Week if window.days() > 7 * CALENDAR_GROUPS_MAX => Bucket::Month,
            other => other,
        }
    }

    /// What people call it.
    pub const fn words(self) -> &'static str {
        match self {
            Bucket::Hour => "Hour",
            Bucket::Weekday => "Day of the week",
            Bucket::Day => "Day",
            Bucket::Week => "Week from",
            Bucket::Month => "Month",
        }
    }

    /// The first day of the group that a day is in, where groups follow each other in time.
    pub fn first_day(self, day: NaiveDate, week_starts: Weekday) -> Option<NaiveDate> {
        match self {
            Bucket::Day => Some(day),
            Bucket::Week => Some(day.week(week_starts).first_day()),
            Bucket::Month => Some(month_start(day)),
            Bucket::Hour | Bucket::Weekday => None,
        }
    }

    /// The last day of the group that begins with `first`, where groups follow each other in time.
    pub fn last_day(self, first: NaiveDate) -> Option<NaiveDate> {
        match self {
            Bucket::Day => Some(first),
            Bucket::Week => first.checked_add_days(Days::new(6)),
            Bucket::Month => months_ahead(first, 1).pred_opt(),
            Bucket::Hour | Bucket::Weekday => None,
        }
    }

    /// Whether groups follow each other in time, rather than repeat.
    pub const fn is_calendar(self) -> bool {
        matches!(self, Bucket::Day | Bucket::Week | Bucket::Month)
    }

    /// First and last day of each group of a window, where groups follow each other in time; the last one ends with the
    /// window.
    pub fn groups(
        self,
        window: Window,
        week_starts: Weekday,
    ) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
        let group = move |first: NaiveDate| Some((first, self.last_day(first)?.min(window.to)));
        std::iter::successors(self.first_day(window.from, week_starts).and_then(group), move |(_, last)| {
            group(last.succ_opt()?)
        })
        .take_while(move |(first, _)| *first <= window.to)
    }
}
