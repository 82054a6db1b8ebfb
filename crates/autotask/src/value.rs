//! Tolerant reading of wire values.
//!
//! The API is loose with types: times come with and without a suffix, numbers as texts, booleans as 0 and 1, "no
//! value" as null or as an empty text. Everything here reads all observed spellings, gives `None` for "no value" and
//! an error for what cannot be read, never a guess.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::{Number, Value};

use crate::Row;

/// A value that cannot be read as asked. Does not hold the value itself, which may be personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct ValueError {
    /// What was expected.
    pub expected: &'static str,
}

type Read<T> = Result<Option<T>, ValueError>;

/// A value as a reader of rows meets it, which need not be a [`Value`].
#[derive(Debug, Clone, PartialEq)]
pub enum Plain<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(&'a str),
    /// A list or an object.
    Compound,
}

impl<'a> From<&'a Value> for Plain<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Plain::Null,
            Value::Bool(flag) => Plain::Flag(*flag),
            Value::Number(number) => Plain::Number(number.clone()),
            Value::String(text) => Plain::Text(text),
            Value::Array(_) | Value::Object(_) => Plain::Compound,
        }
    }
}

/// Integers beyond this are not exact in the doubles that JSON numbers may have passed through.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The value of a field, whatever the case of its name; `None` when absent.
pub fn field<'a>(row: &'a Row, name: &str) -> Option<&'a Value> {
    row.get(name)
        .or_else(|| row.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The name and text of every user-defined field of a row that has a name. Values are texts whatever their declared
/// type; an empty text is `None`.
pub fn user_defined(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    field(row, "userDefinedFields").and_then(Value::as_array).into_iter().flatten().filter_map(|entry| {
        let entry = entry.as_object()?;
        let name = field(entry, "name")?.as_str().filter(|name| !name.is_empty())?;
        Some((name, field(entry, "value").and_then(Value::as_str).filter(|text| !text.is_empty())))
    })
}

/// An instant. Without a suffix it is UTC; `Z` and offsets are honoured; 0 to 9 fraction digits; a bare date is its
/// midnight.
pub fn date_time<'a>(value: impl Into<Plain<'a>>) -> Read<DateTime<Utc>> {
    let error = ValueError { expected: "an instant" };
    let Some(text) = string(value.into(), error)? else { return Ok(None) };
    parse_date_time(text).map(Some).ok_or(error)
}

/// A calendar date. Date-only concepts travel as instants that are *not* converted to UTC, so the written date is
/// taken as it stands, without any zone conversion.
pub fn date<'a>(value: impl Into<Plain<'a>>) -> Read<NaiveDate> {
    let error = ValueError { expected: "a date" };
    let Some(text) = string(value.into(), error)? else { return Ok(None) };
    // The rest must be readable too: half a time is a damaged value, not a date.
    parse_date_time(text).ok_or(error)?;
    text.get(..10).and_then(day).map(Some).ok_or(error)
}

/// A whole number: `5`, `5.0`, `"5"` or `"5.0"`.
pub fn integer<'a>(value: impl Into<Plain<'a>>) -> Read<i64> {
    let error = ValueError { expected: "a whole number" };
    match value.into() {
        Plain::Null => Ok(None),
        Plain::Number(number) => match number.as_i64() {
            Some(whole) => Ok(Some(whole)),
            None => number.as_f64().and_then(whole_float).map(Some).ok_or(error),
        },
        Plain::Text(text) => match text.trim() {
            "" => Ok(None),
            text => {
                let whole = match text.split_once('.') {
                    Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
                        whole
                    }
                    Some(_) => return Err(error),
                    None => text,
                };
                whole.parse().map(Some).map_err(|_| error)
            }
        },
        Plain::Flag(_) | Plain::Compound => Err(error),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within the exact range")]
fn whole_float(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= MAX_EXACT).then_some(float as i64)
}

/// A decimal number in plain notation (`-1234.5`), as text so that no digit is lost to binary rounding.
pub fn decimal<'a>(value: impl Into<Plain<'a>>) -> Read<String> {
    let error = ValueError { expected: "a number" };
    match value.into() {
        Plain::Null => Ok(None),
        Plain::Number(number) => plain_decimal(&number.to_string()).map(Some).ok_or(error),
        Plain::Text(text) => match text.trim() {
            "" => Ok(None),
            text => plain_decimal(text).map(Some).ok_or(error),
        },
        Plain::Flag(_) | Plain::Compound => Err(error),
    }
}

/// Yes or no: `true`, `"true"`, `1`, `"1"` and their opposites.
pub fn boolean<'a>(value: impl Into<Plain<'a>>) -> Read<bool> {
    let error = ValueError { expected: "true or false" };
    match value.into() {
        Plain::Flag(flag) => Ok(Some(flag)),
        Plain::Text(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
        Plain::Text(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => match integer(other).map_err(|_| error)? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(_) => Err(error),
        },
    }
}

/// A text. Null and the empty text both mean "none"; numbers and booleans are written out.
pub fn text<'a>(value: impl Into<Plain<'a>>) -> Read<String> {
    match value.into() {
        Plain::Null | Plain::Text("") => Ok(None),
        Plain::Text(text) => Ok(Some(text.to_owned())),
        Plain::Number(number) => Ok(Some(number.to_string())),
        Plain::Flag(flag) => Ok(Some(flag.to_string())),
        Plain::Compound => Err(ValueError { expected: "a text" }),
    }
}

fn string(value: Plain<'_>, error: ValueError) -> Read<&str> {
    match value {
        Plain::Null => Ok(None),
        Plain::Text(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        _ => Err(error),
    }
}

fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    if text.len() == 10 {
        return Some(day(text)?.and_time(NaiveTime::MIN).and_utc());
    }
    // The two accepted separators differ in nothing else.
    let (day, time) = text.split_once(['T', 't', ' '])?;
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return naive(day, time).map(|instant| instant.and_utc());
    }
    match time.rfind(['+', '-']) {
        Some(at) => {
            let (time, offset) = time.split_at(at);
            let seconds = offset_seconds(offset)?;
            naive(day, time)?.and_utc().checked_sub_signed(chrono::TimeDelta::seconds(seconds))
        }
        None => naive(day, time).map(|instant| instant.and_utc()),
    }
}

fn naive(date: &str, time: &str) -> Option<NaiveDateTime> {
    Some(day(date)?.and_time(clock_time(time)?))
}

// Rows hold a dozen of these; a parser of patterns would take most of the time that reading a page takes.

/// `2024-01-31`.
fn day(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i32::try_from(number(&bytes[..4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&bytes[5..7])?, number(&bytes[8..])?)
}

/// `15:04`, `15:04:05`, `15:04:05.3`, with up to nine digits.
fn clock_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.as_bytes().split(|byte| *byte == b':');
    let mut pair = || parts.next().filter(|part| part.len() == 2).and_then(number);
    let (hour, minute) = (pair()?, pair()?);
    let (second, nanosecond) = match parts.next() {
        None => (0, 0),
        Some(part) => match part.split_at_checked(2)? {
            (second, []) => (number(second)?, 0),
            (second, [b'.', fraction @ ..]) => {
                let digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=9).contains(digits))?;
                (number(second)?, number(fraction)? * 10_u32.pow(9 - digits))
            }
            _ => return None,
        },
    };
    parts.next().is_none().then(|| NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond))?
}

/// At most nine digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

/// `+02:00`, `-0530` or `+02`, in seconds east.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), 5) => (hours, minutes),
        (None, 4) => digits.split_at_checked(2)?,
        (None, 2) => (digits, "00"),
        _ => return None,
    };
    let (hours, minutes) = (i64::from(number(hours.as_bytes())?), i64::from(number(minutes.as_bytes())?));
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Checks a number and writes it without an exponent.
fn plain_decimal(text: &str) -> Option<String> {
    if is_plain_decimal(text.as_bytes()) {
        return Some(text.to_owned());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // A double has at most 309 digits before the point and 324 behind it.
    if exponent.unsigned_abs() > 400 {
        return None;
    }
    let mut digits = format!("{whole}{fraction}");
    let mut point = i32::try_from(whole.len()).ok()? + exponent;
    while point < 1 {
        digits.insert(0, '0');
        point += 1;
    }
    let point = usize::try_from(point).ok()?;
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Whether a number is written the way all are written here: most are.
fn is_plain_decimal(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = (&digits[..point], &digits[(point + 1).min(digits.len())..]);
    let is_whole = matches!(whole, [b'0'] | [b'1'..=b'9', ..]) && whole.iter().all(u8::is_ascii_digit);
    let is_fraction =
        point == digits.len() || (!fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit));
    is_whole && is_fraction
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Timelike};
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("2024-01-31T15:04:05.307", "2024-01-31T15:04:05.307Z")]
    #[case("2024-01-31T15:04:05Z", "2024-01-31T15:04:05Z")]
    #[case("2024-01-31T15:04:05.1234567Z", "2024-01-31T15:04:05.1234567Z")]
    #[case("2024-01-31T15:04:05+02:00", "2024-01-31T13:04:05Z")]
    #[case("2024-01-31T15:04:05.5-0530", "2024-01-31T20:34:05.5Z")]
    #[case("2024-01-31 15:04:05", "2024-01-31T15:04:05Z")]
    #[case("2024-01-31T15:04", "2024-01-31T15:04:00Z")]
    #[case("2024-01-31", "2024-01-31T00:00:00Z")]
    fn instants(#[case] text: &str, #[case] expected: &str) {
        let expected = DateTime::parse_from_rfc3339(expected).unwrap().with_timezone(&Utc);
        assert_eq!(date_time(&json!(text)), Ok(Some(expected)));
    }

    #[rstest]
    #[case(json!("31/01/2024"))]
    #[case(json!("2024-02-30T00:00:00"))]
    #[case(json!("2024-01-31T25:00:00"))]
    #[case(json!("2024-01-31T15:04:05+99:00"))]
    #[case(json!("2024-01-31T15:04:05 UTC"))]
    #[case(json!("é024-01-31T15:04:05"))]
    #[case(json!(1_706_713_445))]
    #[case(json!(true))]
    fn damaged_instants(#[case] value: Value) {
        assert!(date_time(&value).is_err());
        assert!(date(&value).is_err());
    }

    #[test]
    fn dates_are_not_moved_by_zones() {
        let expected = NaiveDate::from_ymd_opt(2024, 1, 31);
        for text in ["2024-01-31T00:00:00", "2024-01-31T23:30:00-08:00", "2024-01-31T05:00:00Z", "2024-01-31"]
        {
            assert_eq!(date(&json!(text)), Ok(expected));
        }
    }

    #[test]
    fn no_value_is_none_everywhere() {
        for none in [json!(null), json!("")] {
            assert_eq!(date_time(&none), Ok(None));
            assert_eq!(date(&none), Ok(None));
            assert_eq!(integer(&none), Ok(None));
            assert_eq!(decimal(&none), Ok(None));
            assert_eq!(boolean(&none), Ok(None));
            assert_eq!(text(&none), Ok(None));
        }
    }

    #[rstest]
    #[case(json!(5), Ok(Some(5)))]
    #[case(json!(5.0), Ok(Some(5)))]
    #[case(json!("5"), Ok(Some(5)))]
    #[case(json!(" -5.00 "), Ok(Some(-5)))]
    #[case(json!(5.5), Err(()))]
    #[case(json!("5.5"), Err(()))]
    #[case(json!("5."), Err(()))]
    #[case(json!("five"), Err(()))]
    #[case(json!(1e300), Err(()))]
    #[case(json!(true), Err(()))]
    fn integers(#[case] value: Value, #[case] expected: Result<Option<i64>, ()>) {
        assert_eq!(integer(&value).map_err(|_| ()), expected);
    }

    #[rstest]
    #[case(json!(0.1), "0.1")]
    #[case(json!(1e-7), "0.0000001")]
    #[case(json!(1e21), "1000000000000000000000")]
    #[case(json!(-12.50), "-12.5")]
    #[case(json!("0012.500"), "12.500")]
    #[case(json!("+.5"), "0.5")]
    #[case(json!("12345678901234567890.123456789"), "12345678901234567890.123456789")]
    #[case(json!("1.25E+2"), "125")]
    fn decimals(#[case] value: Value, #[case] expected: &str) {
        assert_eq!(decimal(&value), Ok(Some(expected.to_owned())));
    }

    #[rstest]
    #[case(json!("1,5"))]
    #[case(json!("."))]
    #[case(json!("1e999999"))]
    #[case(json!("NaN"))]
    #[case(json!([1]))]
    fn not_decimals(#[case] value: Value) {
        assert!(decimal(&value).is_err());
    }

    #[rstest]
    #[case(json!(true), Ok(Some(true)))]
    #[case(json!("False"), Ok(Some(false)))]
    #[case(json!(1), Ok(Some(true)))]
    #[case(json!("0"), Ok(Some(false)))]
    #[case(json!(2), Err(()))]
    #[case(json!("yes"), Err(()))]
    fn booleans(#[case] value: Value, #[case] expected: Result<Option<bool>, ()>) {
        assert_eq!(boolean(&value).map_err(|_| ()), expected);
    }

    #[test]
    fn rows_are_read_whatever_the_case() {
        let row = json!({
            "QueueID": 5,
            "userDefinedFields": [{ "name": "Site", "value": "A" }, { "name": "Empty", "value": "" }, { "value": "x" }],
        });
        let row = row.as_object().unwrap();
        assert_eq!(field(row, "queueID"), Some(&json!(5)));
        assert_eq!(field(row, "status"), None);
        assert_eq!(user_defined(row).collect::<Vec<_>>(), [("Site", Some("A")), ("Empty", None)]);
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_instant_is_the_same_instant(
            seconds in 0_i64..4_102_444_800,
            nanos in 0_u32..1_000_000_000,
            digits in 0_usize..=7,
            minutes in -14 * 60_i64..=14 * 60,
            suffix in 0..3,
        ) {
            let scale = 10_u32.pow(9 - u32::try_from(digits).unwrap());
            let instant = DateTime::from_timestamp(seconds, nanos / scale * scale).unwrap();
            let write = |at: DateTime<Utc>| {
                let fraction = format!(".{:09}", at.nanosecond());
                let fraction = if digits == 0 { "" } else { &fraction[..=digits] };
                format!("{}{fraction}", at.format("%Y-%m-%dT%H:%M:%S"))
            };
            let text = match suffix {
                0 => write(instant),
                1 => format!("{}Z", write(instant)),
                _ => format!(
                    "{}{}{:02}:{:02}",
                    write(instant + TimeDelta::minutes(minutes)),
                    if minutes < 0 { '-' } else { '+' },
                    minutes.abs() / 60,
                    minutes.abs() % 60,
                ),
            };
            prop_assert_eq!(date_time(&json!(text)), Ok(Some(instant)));
            prop_assert_eq!(date(&json!(text)).unwrap().unwrap().to_string(), &text[..10]);
        }

        /// A calendar date is the one that is written, in every year, whatever follows it.
        #[test]
        fn a_date_is_the_day_that_is_written(
            days in 1_i32..=3_652_059,
            separator in "[Tt ]",
            seconds in 0_u32..86_400,
            suffix in "(|Z|z|[+-](0[0-9]|1[0-4])(|:?[0-5][0-9]))",
        ) {
            let day = NaiveDate::from_num_days_from_ce_opt(days).unwrap();
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap();
            let text = format!("{}{separator}{}{suffix}", day.format("%Y-%m-%d"), time.format("%H:%M:%S"));
            // Only where the calendar ends, an offset can lead out of it.
            if days > 1 && days < 3_652_059 {
                prop_assert_eq!(date(&json!(text)), Ok(Some(day)));
            }
            prop_assert_eq!(date(&json!(text[..10])), Ok(Some(day)));
        }

        /// Another parser of the standard reads the same, and refuses the same.
        #[test]
        fn instants_are_those_of_the_standard(
            text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,9})?",
            suffix in "(|Z|[+-][01][0-9]:[0-6][0-9])",
        ) {
            let standard = if suffix.is_empty() { "Z" } else { &suffix };
            let standard = DateTime::parse_from_rfc3339(&format!("{text}{standard}")).ok();
            // Autotask knows no leap second, and the earth no zone beyond 14 hours.
            let known = standard.filter(|at| {
                at.nanosecond() < 1_000_000_000 && at.offset().local_minus_utc().abs() < 15 * 3600
            });
            let read = date_time(&json!(format!("{text}{suffix}"))).ok().flatten();
            prop_assert_eq!(read, known.map(|at| at.with_timezone(&Utc)));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}", number in any::<f64>()) {
            for value in [json!(text), json!(number)] {
                let _ = (date_time(&value), date(&value), integer(&value), decimal(&value), boolean(&value));
            }
        }

        #[test]
        fn whole_numbers_survive_every_spelling(number in -9_007_199_254_740_992_i64..=9_007_199_254_740_992) {
            prop_assert_eq!(integer(&json!(number)), Ok(Some(number)));
            prop_assert_eq!(integer(&json!(number.to_string())), Ok(Some(number)));
            prop_assert_eq!(integer(&json!(number as f64)), Ok(Some(number)));
            prop_assert_eq!(decimal(&json!(number)), Ok(Some(number.to_string())));
        }

        #[test]
        fn decimals_keep_the_value_of_a_double(number in any::<f64>()) {
            let plain = decimal(&json!(number)).unwrap().unwrap();
            prop_assert!(!plain.contains(['e', 'E']));
            prop_assert_eq!(plain.parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}
