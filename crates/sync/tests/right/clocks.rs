//! The clocks and calendars that every gauge is counted at, and what a range means there: whole local dates, found by
//! looking at the calendar and not by the code under test.

use chrono::{DateTime, Datelike, Days as Span, Months, NaiveDate, Utc, Weekday};
use chrono_tz::{America, Europe, Pacific, Tz};
use taskgauge_model::settings::{Settings, UtilizationBasis};

/// An instant in a workspace.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub name: &'static str,
    pub at: &'static str,
    pub zone: Tz,
    pub week_starts: Weekday,
    /// First month of the fiscal year.
    pub year_starts: u32,
    /// The other settings.
    pub settings: fn() -> Settings,
}

/// The tenant's own clock when it was read: a Monday morning in its own zone.
pub const READ_AT: &str = "2026-04-06T15:30:00Z";

pub const fn moment(name: &'static str, at: &'static str, zone: Tz) -> Moment {
    Moment { name, at, zone, week_starts: Weekday::Mon, year_starts: 1, settings: Settings::default }
}

pub const ORDINARY: Moment = moment("an ordinary Monday", "2026-04-06T16:05:00Z", America::New_York);
/// A day of 23 hours; the week starts with it.
pub const FORWARD_WEST: Moment = Moment {
    week_starts: Weekday::Sun,
    ..moment("clocks went forward this morning", "2026-03-08T20:00:00Z", America::Los_Angeles)
};
/// Half past midnight: seven times 24 hours ago it was the evening of the eighth date before.
pub const AFTER_FORWARD: Moment =
    moment("two days after clocks went forward", "2026-03-10T04:30:00Z", America::New_York);
/// The last hours of a day of 23 hours; quarters begin in February, May, August and November.
pub const FORWARD_EAST: Moment =
    Moment { year_starts: 2, ..moment("clocks went forward today", "2026-03-29T21:30:00Z", Europe::Berlin) };
/// A day of 25 hours.
pub const BACK: Moment = moment("clocks went back today", "2026-04-05T10:00:00Z", Pacific::Auckland);
/// The last half hour of month, quarter and fiscal year, while it is still morning in UTC.
pub const YEAR_END_EAST: Moment = Moment {
    year_starts: 4,
    ..moment("end of the fiscal year, east", "2026-03-31T10:30:00Z", Pacific::Auckland)
};
/// The first half hour of the fiscal year, while UTC is in the old one.
pub const YEAR_START_EAST: Moment = Moment {
    year_starts: 4,
    ..moment("start of the fiscal year, east", "2026-03-31T11:30:00Z", Pacific::Auckland)
};
/// The last half hour of the fiscal year, while UTC is in the new one.
pub const YEAR_END_WEST: Moment = Moment {
    year_starts: 4,
    ..moment("end of the fiscal year, west", "2026-04-01T06:30:00Z", America::Los_Angeles)
};

/// A workspace that has changed every setting that numbers depend on.
pub const OWN_SETTINGS: Moment = Moment { settings: changed, ..ORDINARY };

fn changed() -> Settings {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Settings {
        stale_days: 6,
        reactive_types: words(&["Alert"]),
        reactive_issue_types: words(&["Printing"]),
        reactive_queues: vec![29_682_969],
        waiting_statuses: words(&["hold"]),
        endpoint_types: words(&["printer", "firewall"]),
        sla_target: 77.0,
        csat_positive_from: 60.0,
        loaded_cost_per_hour: Some(41.5),
        utilization_basis: UtilizationBasis::Billable,
        default_daily_hours: 7.0,
        queues_in_scope: vec![29_682_833, 29_682_969],
        excluded_ticket_categories: vec![1],
        ..Settings::default()
    }
}

pub const MOMENTS: &[Moment] = &[
    ORDINARY,
    FORWARD_WEST,
    AFTER_FORWARD,
    FORWARD_EAST,
    BACK,
    YEAR_END_EAST,
    YEAR_START_EAST,
    YEAR_END_WEST,
];

/// Dates from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates(pub NaiveDate, pub NaiveDate);

impl Dates {
    pub fn hold(self, date: Option<NaiveDate>) -> bool {
        date.is_some_and(|date| self.0 <= date && date <= self.1)
    }

    pub fn count(self) -> u64 {
        u64::try_from((self.1 - self.0).num_days() + 1).unwrap()
    }

    /// As many dates, right before.
    pub fn before(self) -> Dates {
        Dates(self.0 - Span::new(self.count()), self.0 - Span::new(1))
    }

    pub fn each(self) -> impl Iterator<Item = NaiveDate> {
        self.0.iter_days().take_while(move |date| *date <= self.1)
    }

    /// The firsts of the months it touches.
    pub fn months(self) -> Vec<NaiveDate> {
        let mut months: Vec<NaiveDate> = self.each().map(|date| date.with_day(1).unwrap()).collect();
        months.dedup();
        months
    }
}

impl Moment {
    pub fn at(&self) -> DateTime<Utc> {
        self.at.parse().unwrap()
    }

    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    pub fn today(&self) -> NaiveDate {
        self.date(self.at())
    }

    pub fn week_of(&self, date: NaiveDate) -> NaiveDate {
        let mut first = date;
        while first.weekday() != self.week_starts {
            first = first.pred_opt().unwrap();
        }
        first
    }

    /// The first of the month, not after today, that is a number of times so many months after the fiscal year's start.
    fn last_start(&self, months: u32) -> NaiveDate {
        let mut first = self.today().with_day(1).unwrap();
        while !(first.month() + 12 - self.year_starts).is_multiple_of(months) {
            first = first - Months::new(1);
        }
        first
    }

    pub fn dates(&self, range: &str) -> Dates {
        let today = self.today();
        let days_ago = |days: u64| today - Span::new(days);
        let first_of_month = today.with_day(1).unwrap();
        match range {
            "today" | "last_1d" => Dates(today, today),
            "wtd" => Dates(self.week_of(today), today),
            "last_week" => Dates(self.week_of(today) - Span::new(7), self.week_of(today) - Span::new(1)),
            "mtd" => Dates(first_of_month, today),
            "last_month" => Dates(first_of_month - Months::new(1), first_of_month - Span::new(1)),
            "last_12m" => Dates(first_of_month - Months::new(12), today),
            "this_quarter" => {
                let first = self.last_start(3);
                Dates(first, first + Months::new(3) - Span::new(1))
            }
            "qtd" => Dates(self.last_start(3), today),
            "ytd" => Dates(self.last_start(12), today),
            "last_14d" => Dates(days_ago(13), today),
            "last_30d" => Dates(days_ago(29), today),
            "last_90d" => Dates(days_ago(89), today),
            "next_7d" => Dates(today, today + Span::new(6)),
            "next_30d" => Dates(today, today + Span::new(29)),
            "next_90d" => Dates(today, today + Span::new(89)),
            other => panic!("no range {other}"),
        }
    }
}
