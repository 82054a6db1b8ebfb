//! Windows of local dates at every change of clocks in every zone: no instant is in two days or in none.

use chrono::{DateTime, Days, NaiveDate, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use taskgauge_model::range::{Calendar, Range, start_of_day};

fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// The hour-long steps in which clocks of a zone change, within some decades.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
    let (mut from, end) = (at("2012-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
    let mut changes = Vec::new();
    while from < end {
        let next = from + TimeDelta::days(14);
        if offset(zone, from) != offset(zone, next) {
            let mut hour = from;
            while offset(zone, hour) == offset(zone, from) {
                hour += TimeDelta::hours(1);
            }
            changes.push(hour);
        }
        from = next;
    }
    changes
}

fn assert_begins(date: NaiveDate, zone: Tz) {
    let begin = start_of_day(date, &zone);
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    assert_eq!(local(begin), date, "{zone} {date}: {begin}");
    assert!(local(begin - TimeDelta::seconds(1)) < date, "{zone} {date} begins before {begin}");
}

/// Whether today, seen at this instant, holds it, and the days before follow each other without a gap.
fn assert_holds(now: DateTime<Utc>, zone: Tz) {
    let window = |range: Range| range.window(now, &zone, Calendar::default()).expect("a window");
    let (from, to) = window(Range::Today).instants(&zone);
    assert!(from <= now && now < to, "{zone}: {now} is not in {from} to {to}");
    assert_eq!(window(Range::Yesterday).instants(&zone).1, from, "{zone}: {now}");
    let week = window(Range::Last(7));
    assert_eq!((week.instants(&zone).1, week.previous().instants(&zone).1), (to, week.instants(&zone).0));
}

#[test]
fn days_are_whole_at_every_change_of_clocks() {
    let mut seen = 0;
    for zone in TZ_VARIANTS {
        for change in changes(zone) {
            seen += 1;
            let date = change.with_timezone(&zone).date_naive();
            for day in 0..3 {
                assert_begins(date - Days::new(1) + Days::new(day), zone);
            }
            for quarters in -8..=8 {
                assert_holds(change + TimeDelta::minutes(15 * quarters), zone);
            }
        }
    }
    assert!(seen > 5_000, "{seen} changes");
}

proptest! {
    #[test]
    fn days_are_whole_around_every_midnight(
        zone in prop::sample::select(&TZ_VARIANTS[..]),
        days in 0_u64..18_000,
        seconds in -7_200_i64..7_200,
    ) {
        let date = NaiveDate::from_ymd_opt(2012, 1, 1).expect("a date") + Days::new(days);
        assert_begins(date, zone);
        assert_holds(start_of_day(date, &zone) + TimeDelta::seconds(seconds), zone);
    }
}
