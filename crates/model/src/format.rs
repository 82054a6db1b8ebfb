//! Numbers, durations, ages and dates as people read them.

use crate::gauge::Unit;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Timelike, Utc};

/// The sign for *no value*.
pub const NOTHING: &str = "–";

/// A number on a tile: at most three significant digits, thousands as `k`, millions as `M`.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 999_500.0 {
        format!("{} M", significant(value / 1e6))
    } else if size >= 9_999.5 {
        format!("{} k", significant(value / 1e3))
    } else if size >= 1_000.0 {
        grouped(value, 0)
    } else {
        significant(value)
    }
}

/// Three significant digits without trailing zeros.
fn significant(value: f64) -> String {
    let size = value.abs();
    let decimals = if size >= 99.95 {
        0
    } else if size >= 9.995 {
        1
    } else {
        2
    };
    trim(format!("{value:.decimals$}"))
}

fn trim(text: String) -> String {
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// An exact number with grouped thousands and so many decimals.
pub fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut out = String::with_capacity(text.len() + 8);
    if value < 0.0 && text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') {
        out.push('−');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A number with as many decimals as it needs, at most two.
pub fn exact(value: f64) -> String {
    let text = grouped(value, 2);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A duration given in hours: `45 m`, `2 h 15 m`, `3 d 4 h`. A day is 24 hours.
#[expect(clippy::cast_possible_truncation, reason = "durations of records, far below 2^63 minutes")]
pub fn hours(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let minutes = (value.abs() * 60.0).round() as i64;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let text = match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes} m"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} m"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) if days < 10 => format!("{days} d {hours} h"),
        (days, _, _) => format!("{days} d"),
    };
    format!("{sign}{text}")
}

/// A value with its unit, as a tile shows it.
pub fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Number | Unit::Money => short(value),
        Unit::Percent => format!("{} %", significant_percent(value)),
        Unit::Hours => hours(value),
        Unit::WorkHours => format!("{} h", short(value)),
        Unit::Days => format!("{} d", significant(value)),
    }
}

fn significant_percent(value: f64) -> String {
    // What is short of the whole does not say that it is the whole: a goal of 100 % is missed by a little, too.
    if (99.95..100.0).contains(&value) {
        return "99.9".to_owned();
    }
    let decimals = usize::from(value.abs() < 99.95);
    trim(format!("{value:.decimals$}"))
}

/// A value with its unit, exact, as tables and tooltips show it.
pub fn exact_value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Number => exact(value),
        Unit::Money => grouped(value, 2),
        Unit::Percent => format!("{} %", exact(value)),
        Unit::Hours | Unit::WorkHours => format!("{} h", exact(value)),
        Unit::Days => format!("{} d", exact(value)),
    }
}

/// How long ago something was: `just now`, `4 min ago`, `3 h ago`, `2 days ago`.
pub fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let past = now - at;
    if past < TimeDelta::seconds(60) {
        "just now".to_owned()
    } else if past < TimeDelta::minutes(60) {
        format!("{} min ago", past.num_minutes())
    } else if past < TimeDelta::hours(48) {
        format!("{} h ago", past.num_hours())
    } else {
        format!("{} days ago", past.num_days())
    }
}

/// A short span of seconds: `8 s`, `2 min`, `1 h 5 min`.
#[expect(clippy::cast_possible_truncation, reason = "spans of a run, far below 2^63 seconds")]
pub fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as i64;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// An instant to the minute, by the clock of its own offset: `2026-11-03 09:05`. Written out, because what chrono needs to
/// read a pattern is more wasm than all numbers here.
pub fn instant<Tz: TimeZone>(at: DateTime<Tz>) -> String {
    format!("{} {:02}:{:02}", at.date_naive(), at.hour(), at.minute())
}

/// A date in a sentence: `3 Nov 2026`.
pub fn date(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// A day on an axis: `Mon 3`, and the month where it changes: `1 Nov`. Over more than a month, `is_long`, the month always.
pub fn day(date: NaiveDate, is_long: bool) -> String {
    if is_long || date.day() == 1 {
        date.format("%-d %b").to_string()
    } else {
        date.format("%a %-d").to_string()
    }
}

/// A month on an axis: `Nov`, and the year where it changes: `Jan 2026`.
pub fn month(date: NaiveDate) -> String {
    if date.month() == 1 { date.format("%b %Y").to_string() } else { date.format("%b").to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (7.0, "7"),
            (12.34, "12.3"),
            (999.6, "1000"),
            (1_234.0, "1,234"),
            (12_400.0, "12.4 k"),
            (1_250_000.0, "1.25 M"),
            (-42.0, "−42"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn durations_read_as_people_say_them() {
        for (value, text) in [
            (0.75, "45 m"),
            (2.25, "2 h 15 m"),
            (76.0, "3 d 4 h"),
            (24.0, "1 d"),
            (1_000.0, "41 d"),
            (-1.0, "−1 h"),
        ] {
            assert_eq!(hours(value), text);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(exact(1_200.5), "1,200.5");
        assert_eq!(value(100.0, Unit::Percent), "100 %");
        assert_eq!(value(99.96, Unit::Percent), "99.9 %");
        assert_eq!(value(87.26, Unit::Percent), "87.3 %");
    }
}
