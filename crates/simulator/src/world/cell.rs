//! Values, and rows as their wire text.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Number, Value};

use crate::schema::{Entity, Kind};

/// A row as JSON: every field of the entity, and `userDefinedFields` where the entity has them.
pub type Row = Map<String, Value>;

/// One value of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cell {
    /// No value.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number: ids, picklist values, counts.
    Int(i64),
    /// A number with a fraction: money, hours.
    Num(f64),
    /// An instant in milliseconds since 1970 UTC; a date is its unconverted midnight.
    Time(i64),
    /// Text.
    Text(Box<str>),
}

/// An instant in milliseconds since 1970 UTC, as a cell value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub i64);

/// Milliseconds of a second, minute, hour and day.
pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

impl From<At> for Cell {
    fn from(at: At) -> Self {
        Self::Time(at.0)
    }
}
impl From<NaiveDate> for Cell {
    fn from(date: NaiveDate) -> Self {
        Self::Time(midnight(date))
    }
}
impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}
impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Num(value)
    }
}
impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}
impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}
impl From<&String> for Cell {
    fn from(value: &String) -> Self {
        Self::Text(value.as_str().into())
    }
}
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Cell {
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) const fn as_time(&self) -> Option<i64> {
        match self {
            Self::Time(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Num(value) => Some(*value),
            _ => None,
        }
    }

    /// What an index sorts by: ids and picklist values, and instants.
    pub(crate) const fn key(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Time(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as JSON; instants as text without a suffix.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Num(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Self::Time(value) => {
                let mut text = String::with_capacity(24);
                write_time(&mut text, *value);
                Value::String(text)
            }
            Self::Text(value) => Value::String(value.to_string()),
        }
    }

    /// A value of a field from JSON; `None` when the type does not fit.
    pub(crate) fn from_json(kind: Kind, value: &Value) -> Option<Self> {
        Some(match (kind, value) {
            (_, Value::Null) => Self::Null,
            (Kind::Boolean, Value::Bool(value)) => Self::Bool(*value),
            (Kind::Integer | Kind::Long, Value::Number(value)) => {
                Self::Int(value.as_i64().or_else(|| value.as_f64().map(whole))?)
            }
            (Kind::Double | Kind::Decimal | Kind::Float, Value::Number(value)) => Self::Num(value.as_f64()?),
            (Kind::DateTime, Value::String(text)) => Self::Time(parse_time(text)?),
            (Kind::String, Value::String(text)) => Self::Text(text.as_str().into()),
            (Kind::Object, other) => Self::Text(other.to_string().into()),
            _ => return None,
        })
    }
}

/// A float without its fraction; out-of-range values saturate.
#[expect(clippy::cast_possible_truncation, reason = "saturating is the wish")]
pub(crate) const fn whole(value: f64) -> i64 {
    value as i64
}

/// The instant at which a date-only field travels: its unconverted midnight.
pub(crate) fn midnight(date: NaiveDate) -> i64 {
    date.and_hms_opt(0, 0, 0).map_or(0, |at| at.and_utc().timestamp_millis())
}

/// Writes `YYYY-MM-DDTHH:MM:SS`, with milliseconds when there are any, and no suffix.
pub(crate) fn write_time(out: &mut String, at: i64) {
    let Some(time) = DateTime::from_timestamp_millis(at) else {
        out.push_str("1900-01-01T00:00:00");
        return;
    };
    let (date, clock) = (time.date_naive(), at.rem_euclid(DAY));
    let (year, month, day) =
        (chrono::Datelike::year(&date), chrono::Datelike::month(&date), chrono::Datelike::day(&date));
    let (hour, minute, second, milli) =
        (clock / HOUR, clock / MINUTE % 60, clock / SECOND % 60, clock % SECOND);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if milli != 0 {
        let _ = write!(out, ".{milli:03}");
    }
}

/// Reads an ISO date or date-time; without an offset it is UTC.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, format) {
            return Some(time.and_utc().timestamp_millis());
        }
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(midnight)
}

/// A user-defined field of one row: its name and its value, text whatever the type.
pub(crate) type Udf = (&'static str, Option<Box<str>>);

/// A stored row: only the fields that have a value, by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    cells: Vec<(u16, Cell)>,
    pub(crate) udf: Vec<Udf>,
}

impl Record {
    pub(crate) fn get(&self, column: u16) -> &Cell {
        static NULL: Cell = Cell::Null;
        self.cells.binary_search_by_key(&column, |(at, _)| *at).map_or(&NULL, |at| &self.cells[at].1)
    }

    pub(crate) fn set(&mut self, column: u16, cell: Cell) {
        match self.cells.binary_search_by_key(&column, |(at, _)| *at) {
            Ok(at) if cell.is_null() => {
                self.cells.remove(at);
            }
            Ok(at) => self.cells[at].1 = cell,
            Err(_) if cell.is_null() => {}
            Err(at) => self.cells.insert(at, (column, cell)),
        }
    }

    pub(crate) fn set_udf(&mut self, name: &'static str, value: Option<Box<str>>) {
        match self.udf.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = value,
            None => self.udf.push((name, value)),
        }
    }
}

/// A row under construction, written by field name.
pub(crate) struct Draft {
    pub(crate) entity: &'static Entity,
    pub(crate) record: Record,
}

impl Draft {
    /// # Panics
    /// When the schema has no such entity: a mistake in the generator, found by any test that generates.
    pub(crate) fn new(entity: &str) -> Self {
        let entity = crate::schema::schema().entity(entity).expect("the schema has the entity");
        Self { entity, record: Record::default() }
    }

    /// # Panics
    /// When the entity has no such field: a mistake in the generator, found by any test that generates.
    pub(crate) fn set(mut self, field: &str, value: impl Into<Cell>) -> Self {
        let Some(column) = self.entity.column(field) else {
            panic!("{} has no field {field}", self.entity.name);
        };
        let cell = match (self.entity.fields[usize::from(column)].kind, value.into()) {
            (Kind::Double | Kind::Decimal | Kind::Float, Cell::Int(value)) => Cell::Num(value as f64),
            (Kind::String, Cell::Int(value)) => Cell::Text(value.to_string().into()),
            (_, cell) => cell,
        };
        self.record.set(column, cell);
        self
    }

    pub(crate) fn udf(mut self, name: &'static str, value: Option<String>) -> Self {
        self.record.set_udf(name, value.map(Into::into));
        self
    }
}

/// Builds a [`Draft`]: `draft!("Roles" { id: 5, name: "Engineer" })`.
macro_rules! draft {
    ($entity:literal { $($field:ident : $value:expr),* $(,)? }) => {
        $crate::world::cell::Draft::new($entity)$(.set(stringify!($field), $value))*
    };
}
pub(crate) use draft;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_published_spelling() {
        let expected = Some(1_706_713_445_000);
        for text in [
            "2024-01-31T15:04:05",
            "2024-01-31T15:04:05Z",
            "2024-01-31T17:04:05+02:00",
            "2024-01-31T15:04:05.0000000",
        ] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        assert_eq!(parse_time("2024-01-31T15:04:05.307"), Some(1_706_713_445_307));
        assert_eq!(parse_time("2024-01-31"), Some(1_706_659_200_000));
        assert_eq!(parse_time("yesterday"), None);
    }

    #[test]
    fn times_are_written_without_a_suffix() {
        let mut text = String::new();
        write_time(&mut text, 1_706_713_445_307);
        assert_eq!(text, "2024-01-31T15:04:05.307");
    }
}
