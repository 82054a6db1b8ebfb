//! Tolerant reading of wire values.
//!
//! The API is loose with types: times come with and without a suffix, numbers as texts, booleans as 0 and 1, "no
//! value" as null or as an empty text. Everything here reads all observed spellings, gives `None` for "no value" and
//! an error for what cannot be read, never a guess.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

use crate::Row;

/// A value that cannot be read as asked. Does not hold the value itself, which may be personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct ValueError {
    /// What was expected.
    pub expected: &'static str,
}

type Read<T> = Result<Option<T>, ValueError>;

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
pub fn date_time(value: &Value) -> Read<DateTime<Utc>> {
    let error = ValueError { expected: "an instant" };
    let Some(text) = string(value, error)? else { return Ok(None) };
    parse_date_time(text).map(Some).ok_or(error)
}

/// A calendar date. Date-only concepts travel as instants that are *not* converted to UTC, so the written date is
/// taken as it stands, without any zone conversion.
pub fn date(value: &Value) -> Read<NaiveDate> {
    let error = ValueError { expected: "a date" };
    let Some(text) = string(value, error)? else { return Ok(None) };
    // The rest must be readable too: half a time is a damaged value, not a date.
    parse_date_time(text).ok_or(error)?;
    text.get(..10).and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()).map(Some).ok_or(error)
}

/// A whole number: `5`, `5.0`, `"5"` or `"5.0"`.
pub fn integer(value: &Value) -> Read<i64> {
    let error = ValueError { expected: "a whole number" };
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Ok(Some(whole)),
            None => number.as_f64().and_then(whole_float).map(Some).ok_or(error),
        },
        Value::String(text) => match text.trim() {
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
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(error),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within the exact range")]
fn whole_float(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= MAX_EXACT).then_some(float as i64)
}

/// A decimal number in plain notation (`-1234.5`), as text so that no digit is lost to binary rounding.
pub fn decimal(value: &Value) -> Read<String> {
    let error = ValueError { expected: "a number" };
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => plain_decimal(&number.to_string()).map(Some).ok_or(error),
        Value::String(text) => match text.trim() {
            "" => Ok(None),
            text => plain_decimal(text).map(Some).ok_or(error),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(error),
    }
}

/// Yes or no: `true`, `"true"`, `1`, `"1"` and their opposites.
pub fn boolean(value: &Value) -> Read<bool> {
    let error = ValueError { expected: "true or false" };
    match value {
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => match integer(other).map_err(|_| error)? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(_) => Err(error),
        },
    }
}

/// A text. Null and the empty text both mean "none"; numbers and booleans are written out.
pub fn text(value: &Value) -> Read<String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Array(_) | Value::Object(_) => Err(ValueError { expected: "a text" }),
    }
}

fn string(value: &Value, error: ValueError) -> Read<&str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        _ => Err(error),
    }
}

fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    if text.len() == 10 {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc());
    }
    // The two accepted separators differ in nothing else.
    let (day, time) = text.split_once(['T', 't', ' '])?;
    if day.len() != 10 {
        return None;
    }
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

fn naive(day: &str, time: &str) -> Option<NaiveDateTime> {
    let format = match time.len() {
        5 => "%Y-%m-%dT%H:%M",
        _ => "%Y-%m-%dT%H:%M:%S%.f",
    };
    NaiveDateTime::parse_from_str(&format!("{day}T{time}"), format).ok()
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
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Checks a number and writes it without an exponent.
fn plain_decimal(text: &str) -> Option<String> {
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
