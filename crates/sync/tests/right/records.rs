//! The simulated tenant's own records, read once: what the second count is made from.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// A field's value.
#[derive(Debug, Clone)]
enum Cell {
    Nothing,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    /// An instant; dates travel as its midnight.
    Time(DateTime<Utc>),
}

impl Cell {
    fn of(value: &Value) -> Cell {
        match value {
            Value::Bool(flag) => Cell::Flag(*flag),
            Value::Number(number) => number
                .as_i64()
                .map_or_else(|| number.as_f64().map_or(Cell::Nothing, Cell::Number), Cell::Whole),
            Value::String(text) if text.is_empty() => Cell::Nothing,
            Value::String(text) => instant(text).map_or_else(|| Cell::Text(text.clone()), Cell::Time),
            _ => Cell::Nothing,
        }
    }
}

/// Without a suffix, Autotask means UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let looks_right = text.len() >= 19 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
    if !looks_right {
        return None;
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    NaiveDateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc())
}

/// A record.
#[derive(Debug)]
pub struct Row(HashMap<String, Cell>);

impl Row {
    fn new(fields: Map<String, Value>) -> Row {
        Row(fields.into_iter().map(|(name, value)| (name, Cell::of(&value))).collect())
    }

    /// Panics for a field that the entity does not have, so that a slip of the pen is no empty value.
    fn cell(&self, field: &str) -> &Cell {
        self.0.get(field).unwrap_or_else(|| panic!("no field {field} in {:?}", self.0.keys()))
    }

    pub fn id(&self) -> i64 {
        self.int("id").unwrap()
    }

    pub fn int(&self, field: &str) -> Option<i64> {
        match self.cell(field) {
            Cell::Whole(number) => Some(*number),
            Cell::Number(number) => Some(number.round() as i64),
            Cell::Flag(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    pub fn num(&self, field: &str) -> Option<f64> {
        match self.cell(field) {
            Cell::Whole(number) => Some(*number as f64),
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// As [`Row::num`], with nothing for 0.
    pub fn sum(&self, field: &str) -> f64 {
        self.num(field).unwrap_or(0.0)
    }

    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.cell(field) {
            Cell::Flag(flag) => Some(*flag),
            Cell::Whole(number) => Some(*number == 1),
            _ => None,
        }
    }

    pub fn is(&self, field: &str) -> bool {
        self.flag(field) == Some(true)
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        match self.cell(field) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn time(&self, field: &str) -> Option<DateTime<Utc>> {
        match self.cell(field) {
            Cell::Time(at) => Some(*at),
            _ => None,
        }
    }

    /// A calendar date, which no time zone shifts.
    pub fn date(&self, field: &str) -> Option<NaiveDate> {
        self.time(field).map(|at| at.date_naive())
    }

    /// First and last name.
    pub fn person(&self) -> String {
        let part = |field| self.text(field).unwrap_or_default();
        format!("{} {}", part("firstName"), part("lastName")).trim().to_owned()
    }
}

/// Every record of the tenant, and its lists of values.
#[derive(Debug, Default)]
pub struct Records {
    tables: HashMap<String, Vec<Row>>,
    places: HashMap<String, HashMap<i64, usize>>,
    /// Value and label, in the order of the list, by entity and field.
    lists: HashMap<(String, String), Vec<(i64, String)>>,
    /// Tickets that were opened again while they were watched, and when.
    pub reopened: Vec<(i64, DateTime<Utc>)>,
    /// How many records there were of each entity when the tenant was connected.
    pub at_first: HashMap<String, usize>,
    /// How many tickets are open by the tenant's own count.
    pub open_there: u64,
    /// What the tenant counts of each gauge's rows.
    pub own: Vec<super::own_count::Own>,
    /// How many requests the last run made.
    pub requests: u64,
}

impl Records {
    pub fn add(&mut self, entity: &str, rows: Vec<Map<String, Value>>) {
        let rows: Vec<Row> = rows.into_iter().map(Row::new).collect();
        let places = rows.iter().enumerate().map(|(place, row)| (row.id(), place)).collect();
        self.places.insert(entity.to_owned(), places);
        self.tables.insert(entity.to_owned(), rows);
    }

    pub fn add_list(&mut self, entity: &str, field: &str, values: Vec<(i64, String)>) {
        self.lists.insert((entity.to_owned(), field.to_owned()), values);
    }

    pub fn all(&self, entity: &str) -> &[Row] {
        self.tables.get(entity).unwrap_or_else(|| panic!("no records of {entity}"))
    }

    pub fn get(&self, entity: &str, id: Option<i64>) -> Option<&Row> {
        let place = self.places.get(entity).unwrap_or_else(|| panic!("no {entity}")).get(&id?)?;
        Some(&self.all(entity)[*place])
    }

    /// Every whole number that records of any entity have in fields of these names.
    pub fn numbers_in(&self, fields: &[&str]) -> BTreeSet<i64> {
        let rows = self.tables.values().flatten();
        let cells = rows.flat_map(|row| fields.iter().filter_map(|field| row.0.get(*field)));
        let numbers = cells.filter_map(|cell| match cell {
            Cell::Whole(number) => Some(*number),
            _ => None,
        });
        numbers.collect()
    }

    fn list(&self, entity: &str, field: &str) -> &[(i64, String)] {
        let list = self.lists.get(&(entity.to_owned(), field.to_owned()));
        list.unwrap_or_else(|| panic!("no list {entity}.{field}"))
    }

    /// What people read for a value of a list.
    pub fn label(&self, entity: &str, field: &str, value: Option<i64>) -> Option<&str> {
        let found = self.list(entity, field).iter().find(|(known, _)| Some(*known) == value);
        found.map(|(_, label)| label.as_str())
    }

    /// The place of a value in its list.
    pub fn place(&self, entity: &str, field: &str, value: i64) -> Option<usize> {
        self.list(entity, field).iter().position(|(known, _)| *known == value)
    }

    /// Whether the label of a value is one of these words, in any case.
    pub fn is_labelled(&self, entity: &str, field: &str, value: Option<i64>, words: &[&str]) -> bool {
        let label = self.label(entity, field, value).map(str::to_lowercase);
        label.is_some_and(|label| words.contains(&label.as_str()))
    }

    /// Whether the label of a value holds one of these words, in any case.
    pub fn holds_word(&self, entity: &str, field: &str, value: Option<i64>, words: &[&str]) -> bool {
        let label = self.label(entity, field, value).map(str::to_lowercase);
        label.is_some_and(|label| words.iter().any(|word| label.contains(&word.to_lowercase())))
    }

    pub fn person(&self, entity: &str, id: Option<i64>) -> Option<String> {
        self.get(entity, id).map(Row::person)
    }
}
