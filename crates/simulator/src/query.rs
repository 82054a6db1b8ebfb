//! The query language: reading it with all its rules, and asking a table.

use serde_json::Value;

use crate::schema::{Entity, Kind};
use crate::world::cell::{Cell, parse_time};
use crate::world::picklists;
use crate::world::table::{RowRef, Table};

/// A query that passed every rule.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) max_records: usize,
    /// Columns to answer with, when the caller limited them.
    pub(crate) include: Option<Vec<u16>>,
    pub(crate) filter: Filter,
}

#[derive(Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Field(u16, Test),
    Udf(&'static str, UdfTest),
    /// A comparison of types that never match.
    Nothing,
    Everything,
}

/// What is asked of one field.
#[derive(Debug)]
pub(crate) enum Test {
    Exists(bool),
    Number(Compare, f64),
    Integer(Compare, i64),
    Time(Compare, i64),
    Bool(bool),
    /// Lower-case text.
    Text(TextOp, String),
    /// Whether the value is one of these sorted keys (ids, picklist values, instants).
    Among(bool, Vec<i64>),
    AmongNumbers(bool, Vec<f64>),
    AmongTexts(bool, Vec<String>),
}

#[derive(Debug)]
pub(crate) enum UdfTest {
    Exists(bool),
    Text(TextOp, String),
    Number(Compare, f64),
    Time(Compare, i64),
    Among(bool, Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compare {
    Eq,
    NotEq,
    Gt,
    Gte,
    Lt,
    Lte,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TextOp {
    Compare(Compare),
    BeginsWith,
    EndsWith,
    Contains,
}

impl Compare {
    fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::NotEq => left != right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
            Self::Lt => left < right,
            Self::Lte => left <= right,
        }
    }
}

impl TextOp {
    /// Compares as the service's collation does: without regard to case. `right` is lower-case.
    fn holds(self, left: &str, right: &str) -> bool {
        let left = left.to_lowercase();
        match self {
            Self::Compare(compare) => compare.holds(left.as_str(), right),
            Self::BeginsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
            Self::Contains => left.contains(right),
        }
    }
}

/// The largest page.
pub(crate) const PAGE: usize = 500;
/// The most OR conditions of a query; each value of an `in` list counts as one.
const MOST_ORS: usize = 500;

fn key<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

impl Query {
    /// Reads a query; the error is the text of the answer.
    pub(crate) fn parse(entity: &Entity, body: &Value) -> Result<Self, String> {
        if !body.is_object() {
            return Err("Invalid query syntax. A JSON object with a filter is expected.".into());
        }
        let max_records = match key(body, "maxRecords") {
            None | Some(Value::Null) => PAGE,
            Some(value) => value
                .as_u64()
                .and_then(|count| usize::try_from(count).ok())
                .filter(|count| (1..=PAGE).contains(count))
                .ok_or("MaxRecords must be between 1 and 500.")?,
        };
        let include = match key(body, "includeFields") {
            None | Some(Value::Null) => None,
            Some(Value::Array(names)) if names.is_empty() => None,
            Some(Value::Array(names)) => {
                let mut columns = Vec::new();
                for name in names {
                    let name = name.as_str().unwrap_or_default();
                    if !name.eq_ignore_ascii_case("userDefinedFields") {
                        columns.push(entity.column(name).ok_or_else(|| unknown(entity, name))?);
                    }
                }
                Some(columns)
            }
            Some(_) => return Err("IncludeFields must be a list of field names.".into()),
        };
        let list = match key(body, "filter") {
            Some(Value::Array(list)) if !list.is_empty() => list,
            _ => return Err("The filter property is required.".into()),
        };
        let mut udfs = 0;
        let filters = list.iter().map(|item| read(entity, item, &mut udfs)).collect::<Result<Vec<_>, _>>()?;
        if udfs > 1 {
            return Err("Invalid query syntax. Only one user-defined field may be queried at a time.".into());
        }
        if list.iter().map(ors).sum::<usize>() > MOST_ORS {
            return Err("Invalid query syntax. Queries are limited to 500 or fewer 'OR' conditions.".into());
        }
        if entity.name == "TicketHistory" {
            let alone = matches!(
                (filters.len(), filters.first()),
                (1, Some(Filter::Field(column, Test::Integer(Compare::Eq, _)))) if Some(*column) == entity.column("ticketID")
            );
            if !alone {
                return Err("TicketHistory can only be queried by ticketID with the equals operator.".into());
            }
        }
        let filter = Filter::And(filters);
        Ok(Self { max_records, include, filter })
    }
}

fn unknown(entity: &Entity, name: &str) -> String {
    format!("Unable to find {name} in the {} Entity.", entity.singular())
}

/// OR conditions of a filter as the service counts them.
fn ors(filter: &Value) -> usize {
    let op = key(filter, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let items = || key(filter, "items").and_then(Value::as_array).into_iter().flatten();
    match op.as_str() {
        "in" | "notin" => key(filter, "value").and_then(Value::as_array).map_or(0, Vec::len),
        "or" => items().map(|item| ors(item).max(1)).sum(),
        "and" => items().map(ors).sum(),
        _ => 0,
    }
}

fn read(entity: &Entity, filter: &Value, udfs: &mut usize) -> Result<Filter, String> {
    let op =
        key(filter, "op").and_then(Value::as_str).ok_or("Invalid query syntax. A filter needs an op.")?;
    let op = op.to_ascii_lowercase();
    if matches!(op.as_str(), "and" | "or") {
        let items = key(filter, "items")
            .and_then(Value::as_array)
            .filter(|items| !items.is_empty())
            .ok_or("Invalid query syntax. A group needs items.")?;
        let items = items.iter().map(|item| read(entity, item, udfs)).collect::<Result<Vec<_>, _>>()?;
        return Ok(if op == "and" { Filter::And(items) } else { Filter::Or(items) });
    }
    let op = match op.as_str() {
        "eq" => Op::Text(TextOp::Compare(Compare::Eq)),
        "noteq" => Op::Text(TextOp::Compare(Compare::NotEq)),
        "gt" => Op::Text(TextOp::Compare(Compare::Gt)),
        "gte" => Op::Text(TextOp::Compare(Compare::Gte)),
        "lt" => Op::Text(TextOp::Compare(Compare::Lt)),
        "lte" => Op::Text(TextOp::Compare(Compare::Lte)),
        "beginswith" => Op::Text(TextOp::BeginsWith),
        "endswith" => Op::Text(TextOp::EndsWith),
        "contains" => Op::Text(TextOp::Contains),
        "exist" => Op::Exists(true),
        "notexist" => Op::Exists(false),
        "in" => Op::Among(true),
        "notin" => Op::Among(false),
        other => return Err(format!("Invalid query syntax. {other} is not a valid operator.")),
    };
    let name = key(filter, "field")
        .and_then(Value::as_str)
        .ok_or("Invalid query syntax. A filter needs a field.")?;
    let value = key(filter, "value");
    if key(filter, "udf").and_then(Value::as_bool).unwrap_or(false) {
        *udfs += 1;
        let udf = picklists::udf(&entity.name, name).ok_or_else(|| unknown(entity, name))?;
        return read_udf(udf, op, value);
    }
    let column = entity.column(name).ok_or_else(|| unknown(entity, name))?;
    let field = &entity.fields[usize::from(column)];
    if !field.queryable {
        return Err(format!(
            "The field {} in the {} Entity cannot be queried.",
            field.name,
            entity.singular()
        ));
    }
    read_test(&field.name, field.kind, op, value)
        .map(|test| test.map_or(Filter::Nothing, |test| Filter::Field(column, test)))
}

#[derive(Clone, Copy)]
enum Op {
    Text(TextOp),
    Exists(bool),
    Among(bool),
}

fn values<'a>(name: &str, value: Option<&'a Value>) -> Result<&'a Vec<Value>, String> {
    value
        .and_then(Value::as_array)
        .ok_or_else(|| format!("Invalid query syntax. The value for {name} must be a list."))
}

fn sorted(keys: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut keys: Vec<i64> = keys.collect();
    keys.sort_unstable();
    keys
}

/// The test of a field; `None` when the types can never match.
fn read_test(name: &str, kind: Kind, op: Op, value: Option<&Value>) -> Result<Option<Test>, String> {
    let missing = || format!("Invalid query syntax. A value is required for {name}.");
    let op = match op {
        Op::Exists(exists) => return Ok(Some(Test::Exists(exists))),
        Op::Among(among) => {
            let list = values(name, value)?;
            return Ok(Some(match kind {
                Kind::Integer | Kind::Long => {
                    Test::Among(among, sorted(list.iter().filter_map(Value::as_i64)))
                }
                Kind::DateTime => {
                    Test::Among(among, sorted(list.iter().filter_map(Value::as_str).filter_map(parse_time)))
                }
                Kind::Double | Kind::Decimal | Kind::Float => {
                    Test::AmongNumbers(among, list.iter().filter_map(Value::as_f64).collect())
                }
                Kind::Boolean => return Err(format!("Invalid value for {name}: true or false is expected.")),
                Kind::String | Kind::Object => Test::AmongTexts(among, list.iter().map(plain).collect()),
            }));
        }
        Op::Text(op) => op,
    };
    let value = value.ok_or_else(missing)?;
    if kind == Kind::Boolean {
        let wanted =
            value.as_bool().ok_or_else(|| format!("Invalid value for {name}: true or false is expected."))?;
        return match op {
            TextOp::Compare(Compare::Eq) => Ok(Some(Test::Bool(wanted))),
            TextOp::Compare(Compare::NotEq) => Ok(Some(Test::Bool(!wanted))),
            _ => Err(format!("Invalid query syntax. The operator does not fit {name}.")),
        };
    }
    if value.is_null() {
        return Ok(None);
    }
    if matches!(kind, Kind::String | Kind::Object) {
        return Ok(Some(Test::Text(op, plain(value))));
    }
    let TextOp::Compare(compare) = op else { return Ok(None) };
    Ok(match kind {
        Kind::Integer | Kind::Long => match value {
            Value::Bool(flag) => Some(Test::Integer(compare, i64::from(*flag))),
            Value::Number(number) => Some(number.as_i64().map_or_else(
                || Test::Number(compare, number.as_f64().unwrap_or(f64::NAN)),
                |whole| Test::Integer(compare, whole),
            )),
            _ => None,
        },
        Kind::DateTime => {
            let text =
                value.as_str().ok_or_else(|| format!("Invalid value for {name}: a date is expected."))?;
            Some(Test::Time(
                compare,
                parse_time(text).ok_or_else(|| format!("Invalid value for {name}: a date is expected."))?,
            ))
        }
        _ => value.as_f64().map(|number| Test::Number(compare, number)),
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase()
}

fn read_udf(udf: &'static picklists::UdfField, op: Op, value: Option<&Value>) -> Result<Filter, String> {
    let name = udf.name;
    let test = match op {
        Op::Exists(exists) => UdfTest::Exists(exists),
        Op::Among(among) => UdfTest::Among(among, values(name, value)?.iter().map(plain).collect()),
        Op::Text(op) => {
            let value =
                value.ok_or_else(|| format!("Invalid query syntax. A value is required for {name}."))?;
            match (udf.kind, op) {
                ("double", TextOp::Compare(compare)) => {
                    match value.as_f64().or_else(|| value.as_str()?.parse().ok()) {
                        Some(number) => UdfTest::Number(compare, number),
                        None => return Ok(Filter::Nothing),
                    }
                }
                ("datetime", TextOp::Compare(compare)) => match value.as_str().and_then(parse_time) {
                    Some(time) => UdfTest::Time(compare, time),
                    None => return Ok(Filter::Nothing),
                },
                _ => UdfTest::Text(op, plain(value)),
            }
        }
    };
    Ok(Filter::Udf(name, test))
}

impl Filter {
    pub(crate) fn matches(&self, row: RowRef<'_>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(row)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(row)),
            Self::Field(column, test) => test.holds(&row.cell(*column)),
            Self::Udf(name, test) => {
                let fields = row.udf();
                let value =
                    fields.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref());
                test.holds(value)
            }
            Self::Nothing => false,
            Self::Everything => true,
        }
    }

    /// The lowest id that can match.
    fn lowest(&self) -> i64 {
        match self {
            Self::And(all) => all.iter().map(Self::lowest).max().unwrap_or(i64::MIN),
            Self::Or(any) => any.iter().map(Self::lowest).min().unwrap_or(i64::MIN),
            Self::Field(0, Test::Integer(Compare::Gt, id)) => id.saturating_add(1),
            Self::Field(0, Test::Integer(Compare::Gte | Compare::Eq, id)) => *id,
            _ => i64::MIN,
        }
    }

    /// Ids among which all matches are, when an index narrows them well.
    fn candidates(&self, table: &Table) -> Option<Vec<i64>> {
        match self {
            Self::And(all) => all.iter().filter_map(|filter| filter.candidates(table)).min_by_key(Vec::len),
            Self::Or(any) => any
                .iter()
                .map(|filter| filter.candidates(table))
                .collect::<Option<Vec<_>>>()
                .map(|ids| ids.concat()),
            Self::Field(0, Test::Among(true, ids)) => Some(ids.clone()),
            Self::Field(0, Test::Integer(Compare::Eq, id)) => Some(vec![*id]),
            Self::Field(column, Test::Among(true, keys)) => {
                let found: Option<Vec<_>> =
                    keys.iter().map(|key| table.candidates(*column, *key, *key)).collect();
                found.map(|ids| ids.concat())
            }
            Self::Field(column, Test::Integer(compare, key) | Test::Time(compare, key)) => match compare {
                Compare::Eq => table.candidates(*column, *key, *key),
                Compare::Gt | Compare::Gte => table.candidates(*column, *key, i64::MAX),
                Compare::Lt | Compare::Lte => table.candidates(*column, i64::MIN, *key),
                Compare::NotEq => None,
            },
            _ => None,
        }
    }

    /// Matching rows in ascending id order, beyond `after`.
    pub(crate) fn search<'a>(
        &'a self,
        table: &'a Table,
        after: i64,
    ) -> Box<dyn Iterator<Item = RowRef<'a>> + 'a> {
        let lowest = self.lowest().max(after.saturating_add(1));
        if let Some(mut ids) = self.candidates(table) {
            ids.retain(|id| *id >= lowest);
            ids.sort_unstable();
            ids.dedup();
            return Box::new(ids.into_iter().filter_map(|id| table.get(id)).filter(|row| self.matches(*row)));
        }
        Box::new(table.starting_at(lowest).filter(|row| self.matches(*row)))
    }
}

impl Test {
    fn holds(&self, cell: &Cell) -> bool {
        if let Self::Exists(exists) = self {
            return cell.is_null() != *exists;
        }
        // As in SQL, no value is neither equal nor unequal to anything.
        if cell.is_null() {
            return false;
        }
        match (self, cell) {
            (Self::Integer(compare, right), Cell::Int(left))
            | (Self::Time(compare, right), Cell::Time(left)) => compare.holds(left, right),
            (Self::Number(compare, right), cell) => {
                cell.as_number().is_some_and(|left| compare.holds(left, *right))
            }
            (Self::Bool(right), Cell::Bool(left)) => left == right,
            (Self::Text(op, right), Cell::Text(left)) => op.holds(left, right),
            (Self::Among(among, keys), cell) => {
                cell.key().is_some_and(|key| keys.binary_search(&key).is_ok() == *among)
            }
            (Self::AmongNumbers(among, numbers), cell) => cell
                .as_number()
                .is_some_and(|left| numbers.iter().any(|right| left.total_cmp(right).is_eq()) == *among),
            (Self::AmongTexts(among, texts), Cell::Text(left)) => {
                texts.contains(&left.to_lowercase()) == *among
            }
            _ => false,
        }
    }
}

impl UdfTest {
    fn holds(&self, value: Option<&str>) -> bool {
        if let Self::Exists(exists) = self {
            return value.is_some() == *exists;
        }
        let Some(value) = value else { return false };
        match self {
            Self::Exists(_) => false,
            Self::Text(op, right) => op.holds(value, right),
            Self::Number(compare, right) => {
                value.parse::<f64>().is_ok_and(|left| compare.holds(left, *right))
            }
            Self::Time(compare, right) => parse_time(value).is_some_and(|left| compare.holds(left, *right)),
            Self::Among(among, texts) => texts.contains(&value.to_lowercase()) == *among,
        }
    }
}
