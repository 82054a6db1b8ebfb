//! Filters and queries, checked against the API's limits before anything is sent.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use crate::Error;

/// The largest number of rows on one page.
pub const MAX_PAGE_SIZE: usize = 500;
/// The largest number of OR conditions in one query. Every value of an `in` list counts as one.
pub const MAX_OR_CONDITIONS: usize = 500;

/// One query: which rows, which columns, how many at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which rows.
    pub filter: Filter,
    /// Which columns; `None` asks for all. `id` is always added. Columns that are not listed are absent from the
    /// rows, not null.
    pub include_fields: Option<Vec<String>>,
    /// Rows per page, 1 to [`MAX_PAGE_SIZE`].
    pub page_size: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self::new(Filter::All)
    }
}

impl Query {
    /// A query for all columns in pages of [`MAX_PAGE_SIZE`].
    pub fn new(filter: Filter) -> Self {
        Self { filter, include_fields: None, page_size: MAX_PAGE_SIZE }
    }

    /// Limits the columns.
    #[must_use]
    pub fn include_fields<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.include_fields = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the number of rows per page.
    #[must_use]
    pub fn page_size(mut self, rows: usize) -> Self {
        self.page_size = rows;
        self
    }

    /// Checks the page size, the column names and the filter.
    pub fn validate(&self) -> Result<(), Error> {
        if !(1..=MAX_PAGE_SIZE).contains(&self.page_size) {
            return invalid(format!("a page has 1 to {MAX_PAGE_SIZE} rows, not {}", self.page_size));
        }
        if self.include_fields.iter().flatten().any(|name| name.trim().is_empty()) {
            return invalid("a column name is empty");
        }
        self.filter.validate()
    }

    /// The request body for the page behind `after`, or the first one. The id condition and the filter stand in one
    /// explicit `and`: were one of them lost, the walk would skip rows or never end.
    pub(crate) fn body(&self, after: Option<i64>) -> Value {
        let position = match after {
            Some(id) => Filter::gt("id", id),
            // Id 0 exists: it is the company of the tenant itself.
            None => Filter::gte("id", 0),
        };
        let filter = match &self.filter {
            Filter::All => position,
            filter => Filter::And(vec![position, filter.clone()]),
        };
        let mut body = Map::new();
        body.insert("MaxRecords".to_owned(), json!(self.page_size));
        if let Some(fields) = &self.include_fields {
            let mut fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            if !fields.iter().any(|field| field.eq_ignore_ascii_case("id")) {
                fields.insert(0, "id");
            }
            body.insert("IncludeFields".to_owned(), json!(fields));
        }
        body.insert("filter".to_owned(), json!([filter.to_wire()]));
        Value::Object(body)
    }
}

/// A condition on rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every row.
    All,
    /// All of these.
    And(Vec<Filter>),
    /// At least one of these.
    Or(Vec<Filter>),
    /// A condition on one field. Field names are case-insensitive.
    Field {
        /// The field's name.
        field: String,
        /// What is asked of it.
        op: Op,
        /// True for a user-defined field; a query may hold one such condition at most.
        udf: bool,
    },
}

/// A comparison with its value.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Equal.
    Eq(Value),
    /// Not equal.
    NotEq(Value),
    /// Greater than.
    Gt(Value),
    /// Greater than or equal.
    Gte(Value),
    /// Less than.
    Lt(Value),
    /// Less than or equal.
    Lte(Value),
    /// The text begins with.
    BeginsWith(Value),
    /// The text ends with.
    EndsWith(Value),
    /// The text contains.
    Contains(Value),
    /// The field has a value.
    Exist,
    /// The field has no value.
    NotExist,
    /// One of a list.
    In(Vec<Value>),
    /// None of a list.
    NotIn(Vec<Value>),
}

/// A value to compare with, in the form the API expects: numbers stay numbers (a text compared with an id matches
/// nothing), instants are UTC with milliseconds, dates are their midnight.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar(Value);

macro_rules! scalar_from {
    ($($type:ty),+) => {
        $(impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                Self(Value::from(value))
            }
        })+
    };
}
scalar_from!(i16, i32, i64, u8, u16, u32, u64, usize, f64, bool, &str, String);

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<DateTime<Utc>> for Scalar {
    fn from(value: DateTime<Utc>) -> Self {
        Self(Value::String(value.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
    }
}

impl From<NaiveDate> for Scalar {
    fn from(value: NaiveDate) -> Self {
        Self(Value::String(value.format("%Y-%m-%dT00:00:00.000Z").to_string()))
    }
}

macro_rules! comparison {
    ($($(#[$doc:meta])+ $name:ident => $op:ident;)+) => {
        $($(#[$doc])+
        pub fn $name(field: impl Into<String>, value: impl Into<Scalar>) -> Self {
            Self::on(field, Op::$op(value.into().0))
        })+
    };
}

impl Filter {
    comparison! {
        /// The field equals the value.
        eq => Eq;
        /// The field differs from the value.
        noteq => NotEq;
        /// The field is greater.
        gt => Gt;
        /// The field is greater or equal.
        gte => Gte;
        /// The field is less.
        lt => Lt;
        /// The field is less or equal.
        lte => Lte;
        /// The text begins with the value.
        begins_with => BeginsWith;
        /// The text ends with the value.
        ends_with => EndsWith;
        /// The text contains the value.
        contains => Contains;
    }

    /// The field has a value.
    pub fn exist(field: impl Into<String>) -> Self {
        Self::on(field, Op::Exist)
    }

    /// The field has no value.
    pub fn not_exist(field: impl Into<String>) -> Self {
        Self::on(field, Op::NotExist)
    }

    /// The field is one of the values: 1 to [`MAX_OR_CONDITIONS`].
    pub fn is_in<S: Into<Scalar>>(field: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self::on(field, Op::In(values.into_iter().map(|value| value.into().0).collect()))
    }

    /// The field is none of the values: 1 to [`MAX_OR_CONDITIONS`].
    pub fn not_in<S: Into<Scalar>>(field: impl Into<String>, values: impl IntoIterator<Item = S>) -> Self {
        Self::on(field, Op::NotIn(values.into_iter().map(|value| value.into().0).collect()))
    }

    /// All of the filters; none of them means every row.
    pub fn and(filters: impl IntoIterator<Item = Self>) -> Self {
        let mut filters: Vec<Self> =
            filters.into_iter().filter(|filter| !matches!(filter, Self::All)).collect();
        match filters.len() {
            0 => Self::All,
            1 => filters.remove(0),
            _ => Self::And(filters),
        }
    }

    /// At least one of the filters.
    pub fn or(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::Or(filters.into_iter().collect())
    }

    /// The same condition on a user-defined field. Does nothing to a group of conditions.
    #[must_use]
    pub fn on_user_defined_field(self) -> Self {
        match self {
            Self::Field { field, op, .. } => Self::Field { field, op, udf: true },
            other => other,
        }
    }

    fn on(field: impl Into<String>, op: Op) -> Self {
        Self::Field { field: field.into(), op, udf: false }
    }

    /// Checks what the server would refuse or, worse, quietly answer with nothing: more than
    /// [`MAX_OR_CONDITIONS`], two conditions on user-defined fields, empty lists and groups, null values, and a text
    /// compared with `id`.
    pub fn validate(&self) -> Result<(), Error> {
        self.check()?;
        let alternatives = self.or_conditions();
        if alternatives > MAX_OR_CONDITIONS {
            return invalid(format!(
                "at most {MAX_OR_CONDITIONS} OR conditions are allowed, not {alternatives}"
            ));
        }
        let user_defined = self.user_defined_conditions();
        if user_defined > 1 {
            return invalid(format!("at most one user-defined field may be filtered on, not {user_defined}"));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::All => Ok(()),
            Self::And(filters) | Self::Or(filters) => {
                if filters.is_empty() {
                    return invalid("a group has no conditions");
                }
                if matches!(self, Self::Or(_)) && filters.contains(&Self::All) {
                    return invalid("an alternative that matches every row");
                }
                filters.iter().try_for_each(Self::check)
            }
            Self::Field { field, op, udf } => {
                if field.trim().is_empty() {
                    return invalid("a condition names no field");
                }
                let values = op.values();
                if matches!(op, Op::In(_) | Op::NotIn(_)) && values.is_empty() {
                    return invalid(format!("the list for {field} is empty"));
                }
                for value in values {
                    match value {
                        Value::Null | Value::Array(_) | Value::Object(_) => {
                            return invalid(format!(
                                "{field} is compared with something that is not a single value"
                            ));
                        }
                        Value::String(_) if !udf && field.eq_ignore_ascii_case("id") => {
                            return invalid("id is compared with a text, which matches nothing");
                        }
                        Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
                    }
                }
                Ok(())
            }
        }
    }

    fn or_conditions(&self) -> usize {
        match self {
            Self::And(filters) => filters.iter().map(Self::or_conditions).sum(),
            Self::Or(filters) => filters.iter().map(|filter| filter.or_conditions().max(1)).sum(),
            Self::Field { op: Op::In(values) | Op::NotIn(values), .. } => values.len(),
            Self::All | Self::Field { .. } => 0,
        }
    }

    fn user_defined_conditions(&self) -> usize {
        match self {
            Self::All => 0,
            Self::And(filters) | Self::Or(filters) => filters.iter().map(Self::user_defined_conditions).sum(),
            Self::Field { udf, .. } => usize::from(*udf),
        }
    }

    /// The body of a count.
    pub(crate) fn count_body(&self) -> Value {
        json!({ "filter": [self.to_wire()] })
    }

    fn to_wire(&self) -> Value {
        match self {
            // The usual way to say "everything"; an empty list is refused.
            Self::All => json!({ "op": "exist", "field": "id" }),
            Self::And(filters) => json!({ "op": "and", "items": wires(filters) }),
            Self::Or(filters) => json!({ "op": "or", "items": wires(filters) }),
            Self::Field { field, op, udf } => {
                let mut condition = Map::new();
                condition.insert("op".to_owned(), json!(op.name()));
                condition.insert("field".to_owned(), json!(field));
                match op {
                    Op::Exist | Op::NotExist => {}
                    Op::In(values) | Op::NotIn(values) => {
                        condition.insert("value".to_owned(), json!(values));
                    }
                    _ => {
                        condition
                            .insert("value".to_owned(), op.values().first().cloned().unwrap_or_default());
                    }
                }
                if *udf {
                    condition.insert("udf".to_owned(), json!(true));
                }
                Value::Object(condition)
            }
        }
    }
}

impl Op {
    fn name(&self) -> &'static str {
        match self {
            Self::Eq(_) => "eq",
            Self::NotEq(_) => "noteq",
            Self::Gt(_) => "gt",
            Self::Gte(_) => "gte",
            Self::Lt(_) => "lt",
            Self::Lte(_) => "lte",
            Self::BeginsWith(_) => "beginsWith",
            Self::EndsWith(_) => "endsWith",
            Self::Contains(_) => "contains",
            Self::Exist => "exist",
            Self::NotExist => "notExist",
            Self::In(_) => "in",
            Self::NotIn(_) => "notIn",
        }
    }

    fn values(&self) -> &[Value] {
        match self {
            Self::Eq(value)
            | Self::NotEq(value)
            | Self::Gt(value)
            | Self::Gte(value)
            | Self::Lt(value)
            | Self::Lte(value)
            | Self::BeginsWith(value)
            | Self::EndsWith(value)
            | Self::Contains(value) => std::slice::from_ref(value),
            Self::Exist | Self::NotExist => &[],
            Self::In(values) | Self::NotIn(values) => values,
        }
    }
}

fn wires(filters: &[Filter]) -> Vec<Value> {
    filters.iter().map(Filter::to_wire).collect()
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::InvalidQuery(reason.into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_first_page_starts_at_id_zero_and_later_ones_behind_the_last() {
        let query = Query::new(Filter::or([Filter::eq("status", 5), Filter::exist("queueID")]))
            .include_fields(["title"])
            .page_size(50);
        assert_eq!(
            query.body(None),
            json!({
                "MaxRecords": 50,
                "IncludeFields": ["id", "title"],
                "filter": [{ "op": "and", "items": [
                    { "op": "gte", "field": "id", "value": 0 },
                    { "op": "or", "items": [
                        { "op": "eq", "field": "status", "value": 5 },
                        { "op": "exist", "field": "queueID" },
                    ] },
                ] }],
            })
        );
        assert_eq!(
            Query::default().body(Some(7)),
            json!({ "MaxRecords": 500, "filter": [{ "op": "gt", "field": "id", "value": 7 }] })
        );
    }

    proptest! {
        /// What is asked for is, to the millisecond, what the same text would be in a row.
        #[test]
        fn times_that_are_asked_for_are_those_that_are_read(milliseconds in -2_208_988_800_000_i64..7_258_118_400_000) {
            let instant = DateTime::from_timestamp_millis(milliseconds).unwrap();
            let Scalar(asked) = instant.into();
            prop_assert_eq!(crate::value::date_time(&asked), Ok(Some(instant)));
            let day = instant.date_naive();
            let Scalar(asked) = day.into();
            prop_assert_eq!(crate::value::date(&asked), Ok(Some(day)));
            // As texts they are ordered as the instants are: the service compares them so on some fields.
            let Scalar(later) = (instant + chrono::TimeDelta::milliseconds(1)).into();
            prop_assert!(Scalar::from(instant).0.as_str() < later.as_str());
        }
    }

    #[test]
    fn values_travel_in_the_form_the_api_reads() {
        let instant =
            DateTime::parse_from_rfc3339("2026-03-01T12:30:00.5+02:00").unwrap().with_timezone(&Utc);
        let filter = Filter::and([
            Filter::gte("createDate", instant),
            Filter::lt("dateWorked", NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()),
            Filter::eq("isActive", true),
            Filter::not_in("companyID", [1, 2]),
            Filter::begins_with("Site", "A").on_user_defined_field(),
        ]);
        filter.validate().unwrap();
        assert_eq!(
            filter.count_body(),
            json!({ "filter": [{ "op": "and", "items": [
                { "op": "gte", "field": "createDate", "value": "2026-03-01T10:30:00.500Z" },
                { "op": "lt", "field": "dateWorked", "value": "2026-03-02T00:00:00.000Z" },
                { "op": "eq", "field": "isActive", "value": true },
                { "op": "notIn", "field": "companyID", "value": [1, 2] },
                { "op": "beginsWith", "field": "Site", "value": "A", "udf": true },
            ] }] })
        );
        assert_eq!(Filter::All.count_body(), json!({ "filter": [{ "op": "exist", "field": "id" }] }));
    }

    #[test]
    fn five_hundred_alternatives_are_the_limit_and_list_values_count() {
        Filter::is_in("id", 0..500).validate().unwrap();
        assert!(Filter::is_in("id", 0..501).validate().is_err());
        let mixed = |values: i32| Filter::or([Filter::is_in("id", 0..values), Filter::eq("status", 1)]);
        mixed(499).validate().unwrap();
        assert!(mixed(500).validate().is_err());
        let two_lists = Filter::and([Filter::is_in("a", 0..300), Filter::is_in("b", 0..300)]);
        assert!(two_lists.validate().is_err());
    }

    #[rstest]
    #[case(Filter::is_in("id", Vec::<i64>::new()))]
    #[case(Filter::or([]))]
    #[case(Filter::or([Filter::All, Filter::eq("a", 1)]))]
    #[case(Filter::eq("isActive", Value::Null))]
    #[case(Filter::eq("id", "123"))]
    #[case(Filter::eq(" ", 1))]
    #[case(Filter::and([Filter::exist("a").on_user_defined_field(), Filter::exist("b").on_user_defined_field()]))]
    fn what_the_server_would_refuse_is_refused_here(#[case] filter: Filter) {
        assert!(matches!(filter.validate(), Err(Error::InvalidQuery(_))), "{filter:?}");
    }

    #[rstest]
    #[case(0, false)]
    #[case(1, true)]
    #[case(500, true)]
    #[case(501, false)]
    fn page_sizes(#[case] size: usize, #[case] valid: bool) {
        assert_eq!(Query::default().page_size(size).validate().is_ok(), valid);
    }
}
