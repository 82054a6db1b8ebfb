//! What a gauge should answer, and whether it does.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::dataset::TableRow;
use taskgauge_model::gauge::{Answer, AnswerGroup, Gauge, OTHER, Status};

/// Numbers of a group, or beside the first one, by measure.
pub type Numbers = Vec<(&'static str, Option<f64>)>;

/// A group by key.
#[derive(Debug, Clone)]
pub struct Group {
    pub key: String,
    /// Checked where it is not empty.
    pub label: String,
    pub numbers: Numbers,
}

/// How the groups of an answer follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they are given.
    Given,
    /// By the first number; what is alike may stand either way.
    Falling,
    Rising,
}

/// A row of a list: the columns that are compared.
pub type Shown = Vec<(&'static str, Value)>;

/// An answer counted from the records.
#[derive(Debug, Default)]
pub struct Expected {
    value: Option<f64>,
    /// Whether there is a period before, and its number.
    compares: bool,
    previous: Option<f64>,
    target: Option<f64>,
    figures: Numbers,
    groups: Option<(Order, Vec<Group>)>,
    cells: Option<BTreeMap<(String, String), f64>>,
    rows: Option<(usize, Vec<Shown>)>,
    /// Rows that are alike in the column a list is ordered by may follow each other in any order: each of those shown
    /// is one of these.
    alike: bool,
}

impl Expected {
    pub fn value(value: Option<f64>) -> Expected {
        Expected { value, ..Expected::default() }
    }

    /// Beside the same of the period before.
    pub fn compared(now: Option<f64>, before: Option<f64>) -> Expected {
        Expected { compares: true, previous: before, ..Expected::value(now) }
    }

    /// Beside the number of the period before.
    pub fn before(self, before: Option<f64>) -> Expected {
        Expected { compares: true, previous: before, ..self }
    }

    pub fn figure(mut self, id: &'static str, value: Option<f64>) -> Expected {
        self.figures.push((id, value));
        self
    }

    pub fn target(self, target: Option<f64>) -> Expected {
        Expected { target, ..self }
    }

    pub fn groups(value: Option<f64>, order: Order, groups: Vec<Group>) -> Expected {
        Expected { groups: Some((order, groups)), ..Expected::value(value) }
    }

    /// Cells of a matrix that are not 0.
    pub fn cells(value: Option<f64>, cells: BTreeMap<(String, String), f64>) -> Expected {
        Expected { cells: Some(cells), ..Expected::value(value) }
    }

    /// A list: rows in their order, of which the first so many are shown.
    pub fn rows(mut rows: Vec<Shown>, limit: usize) -> Expected {
        let total = rows.len();
        rows.truncate(limit);
        Expected { rows: Some((total, rows)), ..Expected::default() }
    }

    /// A list without an order of its own among what is alike.
    pub fn alike(rows: Vec<Shown>) -> Expected {
        Expected { rows: Some((rows.len(), rows)), alike: true, ..Expected::default() }
    }

    fn is_something(&self) -> bool {
        let numbers = |group: &Group| group.numbers.iter().any(|(_, number)| number.is_some());
        match (&self.rows, &self.groups, &self.cells) {
            (Some((total, _)), ..) => *total > 0,
            (_, Some((_, groups)), _) => groups.iter().any(numbers),
            (.., Some(cells)) => !cells.is_empty(),
            _ => self.value.is_some(),
        }
    }

    /// What is wrong with the answer.
    pub fn compare(&self, gauge: &Gauge, answer: &Answer) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_list = gauge.rows.is_some();
        assert_eq!(self.rows.is_some(), is_list, "{}: list or not", gauge.id);
        assert_eq!(self.groups.is_some(), !is_list && gauge.groups.len() == 1, "{}: groups or not", gauge.id);
        assert_eq!(self.compares, gauge.compare && !is_list, "{}: compares or not", gauge.id);
        assert_eq!(self.cells.is_some(), gauge.groups.len() == 2, "{}: matrix or not", gauge.id);
        if answer.status == Status::NoData {
            // A line at zero may be shown as such, or not at all.
            let all_zero = self.groups.as_ref().is_some_and(|(_, groups)| {
                groups.iter().flat_map(|group| &group.numbers).all(|(_, number)| number.unwrap_or(0.0) == 0.0)
            });
            if self.is_something() && !all_zero {
                wrong.push(format!("has no data, and should have {}", shortened(self)));
            }
            return wrong;
        }
        if answer.status != Status::Ok || !self.is_something() {
            return vec![format!(
                "status {:?} with value {:?}, note {:?}; {} is expected",
                answer.status,
                answer.value,
                answer.note,
                shortened(self)
            )];
        }
        compare_number(&mut wrong, "the value", answer.value, self.value);
        compare_number(&mut wrong, "the period before", answer.previous, self.previous);
        compare_number(&mut wrong, "the target", answer.target, self.target);
        let figures = answer.figures.iter().map(|figure| (figure.id.clone(), figure.value)).collect();
        compare_numbers(&mut wrong, "beside it", &figures, &self.figures);
        if let Some((order, groups)) = &self.groups {
            compare_groups(&mut wrong, *order, groups, &answer.groups);
        }
        if let Some(cells) = &self.cells {
            compare_cells(&mut wrong, cells, answer);
        }
        if let Some((total, rows)) = &self.rows {
            let limit = gauge.rows.as_ref().map_or(0, |list| list.limit as usize);
            compare_rows(&mut wrong, (*total, &rows[..], self.alike), limit, answer);
        }
        wrong
    }
}

fn shortened(expected: &Expected) -> String {
    format!("{expected:?}").chars().take(300).collect()
}

fn is_close(got: f64, wanted: f64) -> bool {
    (got - wanted).abs() < 1e-3 + 1e-9 * wanted.abs()
}

fn compare_number(wrong: &mut Vec<String>, what: &str, got: Option<f64>, wanted: Option<f64>) {
    let same = match (got, wanted) {
        (Some(got), Some(wanted)) => is_close(got, wanted),
        (None, None) => true,
        _ => false,
    };
    if !same {
        wrong.push(format!("{what} is {got:?} and should be {wanted:?}"));
    }
}

fn compare_numbers(wrong: &mut Vec<String>, what: &str, got: &BTreeMap<String, f64>, wanted: &Numbers) {
    let known: BTreeSet<&str> =
        got.keys().map(String::as_str).chain(wanted.iter().map(|(id, _)| *id)).collect();
    for id in known {
        let should = wanted.iter().find(|(wanted, _)| *wanted == id).and_then(|(_, number)| *number);
        compare_number(wrong, &format!("{what}, {id}"), got.get(id).copied(), should);
    }
}

fn compare_groups(wrong: &mut Vec<String>, order: Order, wanted: &[Group], got: &[AnswerGroup]) {
    let keys: Vec<&str> = got.iter().map(|group| group.key.as_str()).collect();
    let wanted_keys: Vec<&str> = wanted.iter().map(|group| group.key.as_str()).collect();
    let same = if order == Order::Given {
        keys == wanted_keys
    } else {
        keys.iter().collect::<BTreeSet<_>>() == wanted_keys.iter().collect::<BTreeSet<_>>()
    };
    if !same {
        wrong.push(format!("groups are {keys:?} and should be {wanted_keys:?}"));
        return;
    }
    for group in wanted {
        let found = got.iter().find(|found| found.key == group.key).unwrap();
        compare_numbers(wrong, &format!("{} ({})", group.key, group.label), &found.values, &group.numbers);
        if !group.label.is_empty() && group.label != found.label {
            wrong.push(format!("{} is called {} and should be {}", group.key, found.label, group.label));
        }
    }
    let Some(first) = wanted.first().and_then(|group| group.numbers.first()).map(|(id, _)| *id) else {
        return;
    };
    let sizes: Vec<f64> = got
        .iter()
        .filter(|group| group.key != OTHER)
        .filter_map(|group| group.values.get(first).copied())
        .collect();
    let in_order = sizes.windows(2).all(|pair| match order {
        Order::Given => true,
        Order::Falling => pair[0] >= pair[1] - 1e-6,
        Order::Rising => pair[0] <= pair[1] + 1e-6,
    });
    if !in_order {
        wrong.push(format!("groups are out of order: {sizes:?}"));
    }
}

fn compare_cells(wrong: &mut Vec<String>, wanted: &BTreeMap<(String, String), f64>, answer: &Answer) {
    let got: BTreeMap<(String, String), f64> = answer
        .groups
        .iter()
        .flat_map(|group| {
            group.values.iter().map(|(series, number)| ((group.key.clone(), series.clone()), *number))
        })
        .filter(|(_, number)| number.abs() > 1e-9)
        .collect();
    for place in got.keys().chain(wanted.keys()).collect::<BTreeSet<_>>() {
        let (got, wanted) = (got.get(place).copied(), wanted.get(place).copied());
        compare_number(wrong, &format!("{place:?}"), got, wanted.filter(|number| number.abs() > 1e-9));
    }
    for (_, series) in wanted.keys() {
        if !answer.series.iter().any(|known| known.id == *series) {
            wrong.push(format!("there is no series {series}"));
        }
    }
}

fn compare_rows(
    wrong: &mut Vec<String>,
    (total, wanted, alike): (usize, &[Shown], bool),
    limit: usize,
    answer: &Answer,
) {
    let table = answer.table.as_ref().expect("a list has rows");
    if table.total != total as u64 || table.rows.len() != total.min(limit) || answer.rows != total as u64 {
        wrong.push(format!(
            "{} rows ({} shown, {} said), and {total} ({}) should be",
            table.total,
            table.rows.len(),
            answer.rows,
            wanted.len()
        ));
    }
    let value = |row: &'_ TableRow, name: &str| -> Value {
        let at = table.columns.iter().position(|column| column == name);
        at.map_or(Value::Null, |at| row.values[at].clone())
    };
    if alike {
        for got in &table.rows {
            let is_it =
                |wanted: &&Shown| wanted.iter().all(|(name, wanted)| is_same(&value(got, name), wanted));
            if wanted.iter().filter(is_it).count() != 1 {
                wrong.push(format!("not to be in the list: {:?}", got.values));
            }
        }
        return;
    }
    for (place, (got, wanted)) in table.rows.iter().zip(wanted).enumerate() {
        for (name, wanted) in wanted {
            let got = value(got, name);
            if !is_same(&got, wanted) {
                wrong.push(format!("row {place}: {name} is {got} and should be {wanted}"));
            }
        }
    }
}

fn is_same(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Number(got), Value::Number(wanted)) => {
            is_close(got.as_f64().unwrap(), wanted.as_f64().unwrap())
        }
        (Value::String(got), Value::String(wanted)) => {
            got == wanted || instant(got).is_some_and(|at| instant(wanted) == Some(at))
        }
        (got, wanted) => got == wanted,
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

/// A number as a list shows it.
pub fn number(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |number| json!(number))
}

pub fn words(text: Option<impl Into<String>>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.into()))
}

pub fn time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.to_rfc3339()))
}

pub fn date(date: Option<NaiveDate>) -> Value {
    date.map_or(Value::Null, |date| Value::String(date.to_string()))
}

#[expect(clippy::unnecessary_wraps, reason = "what an answer has is optional")]
pub fn count(of: usize) -> Option<f64> {
    Some(of as f64)
}

/// A share of a whole, 0 to 100; of nothing there is none.
pub fn percent(part: f64, whole: f64) -> Option<f64> {
    ratio(part, whole).map(|share| share * 100.0)
}

pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}

pub fn mean(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) =
        numbers.into_iter().fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
    ratio(sum, count)
}

/// The number below which such a share of the numbers lies, between two of them in proportion.
pub fn quantile(numbers: impl IntoIterator<Item = f64>, share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor()))
}

/// The key of an id; none has an empty one.
pub fn key(id: Option<i64>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
