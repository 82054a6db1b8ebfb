//! Rows of a dataset as somebody asks for them: columns, conditions, order, a page.

use super::order::{Ordered, ordered, push_order};
use crate::{
    Scope, StoreError,
    gauges::{
        plan::PlanLayer,
        relative::at_instant,
        statement::{Asker, push_condition, push_counted, push_source, quoted},
    },
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, postgres::PgRow};
use std::collections::HashMap;
use taskgauge_model::{
    dataset::{
        ColumnKind, Dataset, DatasetColumn, TABLE_ROWS_MAX, TablePage, TableQuery, TableRow, directed,
    },
    gauge::{Condition, Op, Scalar},
    ids::DatasourceId,
    link::Links,
};

/// Rows of a page when none are asked for.
const ROWS_DEFAULT: u32 = 50;
/// Most words of a search; more are left out.
const WORDS_MAX: usize = 8;
/// Longest word of a search, in characters; the rest of it is left out.
const WORD_LENGTH_MAX: usize = 100;
/// Most conditions of a query; far above what people build.
const CONDITIONS_MAX: usize = 50;

/// The datasource's address in Autotask and where records open there; an error where there is no such datasource.
pub(super) async fn opening(
    connection: &mut PgConnection,
    datasource: DatasourceId,
) -> Result<(Option<String>, Links), StoreError> {
    let found: Option<(Option<String>, Option<Value>)> = sqlx::query_as(
        "select web_url, settings -> 'links'
        from taskgauge.datasources
        where id = $1",
    )
    .bind(datasource.0)
    .fetch_optional(connection)
    .await?;
    let (web_url, links) = found.ok_or(StoreError::NotFound { what: "datasource" })?;
    Ok((web_url, links.and_then(|links| serde_json::from_value(links).ok()).unwrap_or_default()))
}

/// Who reads what.
pub(crate) struct Reading<'a> {
    pub datasource: DatasourceId,
    pub dataset: &'a Dataset,
    pub query: &'a TableQuery,
    pub scope: &'a Scope,
    pub at: DateTime<Utc>,
    /// The layer of a gauge whose rows these are; all rows of the dataset where there is none.
    pub counted: Option<(&'a PlanLayer<'a>, &'a Asker<'a>)>,
}

impl<'a> Reading<'a> {
    /// A page of the rows, of the columns asked for, else of those of `default`.
    pub async fn page(
        &self,
        connection: &mut PgConnection,
        default: &[String],
    ) -> Result<TablePage, StoreError> {
        let columns = self.columns(default)?;
        let order = self.order()?;
        let (web_url, links) = opening(connection, self.datasource).await?;
        let total = self.count(connection).await?;
        let link = match self.scope {
            Scope::All => self.dataset.link.as_ref().filter(|link| self.dataset.column(&link.id).is_some()),
            Scope::Companies(_) => None,
        };
        let mut selected = columns.clone();
        selected
            .extend(link.iter().flat_map(|link| link.columns()).filter_map(|name| self.dataset.column(name)));
        let rows = if self.id().is_some() {
            self.page_by_id(connection, &order, &selected).await?
        } else {
            let mut sql = QueryBuilder::new("select ");
            push_values(&mut sql, &selected);
            self.push_rows(&mut sql)?;
            push_order(&mut sql, &order);
            self.push_page(&mut sql);
            sql.build().fetch_all(connection).await?.iter().map(values).collect::<Result<_, _>>()?
        };
        let rows = rows
            .into_iter()
            .map(|cells| {
                let address = link.zip(web_url.as_deref()).and_then(|(link, web_url)| {
                    let [id, entity] = [0, 1].map(|place| cells.get(columns.len() + place)?.as_deref());
                    links.url(link.record(entity)?, web_url, id?.parse().ok()?)
                });
                TableRow {
                    values: columns
                        .iter()
                        .zip(&cells)
                        .map(|(column, cell)| json(column.kind, cell.as_deref()))
                        .collect(),
                    link: address,
                }
            })
            .collect();
        Ok(TablePage { total, rows, columns: columns.iter().map(|column| column.name.clone()).collect() })
    }

    /// The columns that the reader may see.
    pub fn visible(&self) -> impl Iterator<Item = &'a DatasetColumn> + use<'a> {
        let everything = *self.scope == Scope::All;
        self.dataset
            .columns
            .iter()
            .filter(move |column| everything || (!column.internal && column.kind != ColumnKind::Json))
    }

    fn column(&self, name: &str) -> Result<&'a DatasetColumn, StoreError> {
        self.visible().find(|column| column.name == name).ok_or_else(|| {
            let name: String = name.chars().take(60).collect();
            StoreError::Invalid(format!("“{}” has no column “{name}”.", self.dataset.title))
        })
    }

    /// The columns asked for, else those of `default` that the reader may see.
    pub fn columns(&self, default: &[String]) -> Result<Vec<&'a DatasetColumn>, StoreError> {
        if self.query.columns.is_empty() {
            return Ok(default.iter().filter_map(|name| self.column(name).ok()).collect());
        }
        if self.query.columns.len() > self.dataset.columns.len() {
            return Err(StoreError::Invalid("A column can be chosen once.".to_owned()));
        }
        self.query.columns.iter().map(|name| self.column(name)).collect()
    }

    /// The columns to order by; the last ones make the order of equal rows the same on every page.
    pub fn order(&self) -> Result<Vec<Ordered<'a>>, StoreError> {
        let chosen = self.query.sort.as_str();
        let mut order = if chosen.is_empty() {
            let sort = self.dataset.sort.as_str();
            let column = self.column(directed(sort).0).ok();
            column.map_or(Ok(Vec::new()), |column| ordered(self.dataset, column, sort))?
        } else {
            ordered(self.dataset, self.column(directed(chosen).0)?, chosen)?
        };
        match self.id() {
            Some(id) => order.push((id, false)),
            None => order.extend(
                self.visible()
                    .filter(|column| matches!(column.kind, ColumnKind::Id | ColumnKind::Date))
                    .map(|column| (column, false)),
            ),
        }
        Ok(order)
    }

    /// The column that tells rows apart, if there is one.
    fn id(&self) -> Option<&'a DatasetColumn> {
        self.dataset.column("id").filter(|id| id.kind == ColumnKind::Id && !self.dataset.some_without_id)
    }

    /// `from` and `where` of the rows.
    pub fn push_rows(&self, sql: &mut QueryBuilder<Postgres>) -> Result<(), StoreError> {
        match self.counted {
            Some((layer, asker)) => push_counted(sql, layer, asker)?,
            None => push_source(sql, self.datasource, self.dataset, self.scope)?,
        }
        if self.query.conditions.len() > CONDITIONS_MAX {
            return Err(StoreError::Invalid(format!("Use at most {CONDITIONS_MAX} conditions.")));
        }
        for condition in &self.query.conditions {
            let column = self.column(&condition.column)?;
            for condition in of_days(at_instant(condition, column, self.at), column) {
                push_condition(sql, self.dataset, &condition)?;
            }
        }
        for word in self.query.search.split_whitespace().take(WORDS_MAX) {
            let pattern = contains(word);
            sql.push("\nand (false");
            for column in self.visible().filter(|column| column.kind == ColumnKind::Text) {
                sql.push(format_args!(" or d.{} ilike ", quoted(&column.name)));
                sql.push_bind(pattern.clone());
            }
            sql.push(")");
        }
        Ok(())
    }

    fn push_page(&self, sql: &mut QueryBuilder<Postgres>) {
        let limit = if self.query.limit == 0 { ROWS_DEFAULT } else { self.query.limit.min(TABLE_ROWS_MAX) };
        sql.push("\nlimit ");
        sql.push_bind(i64::from(limit));
        sql.push("\noffset ");
        sql.push_bind(i64::try_from(self.query.offset).unwrap_or(i64::MAX));
    }

    pub async fn count(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
        let mut sql = QueryBuilder::new("select count(*)");
        self.push_rows(&mut sql)?;
        let count: i64 = sql.build_query_scalar().fetch_one(connection).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The page's rows in two steps: which ones, then what they say. The first reads only the columns that the
    /// conditions and the order need, however many rows there are; the joins of the second are for a page of rows.
    async fn page_by_id(
        &self,
        connection: &mut PgConnection,
        order: &[Ordered<'_>],
        columns: &[&DatasetColumn],
    ) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        let mut sql = QueryBuilder::new("select d.id");
        self.push_rows(&mut sql)?;
        push_order(&mut sql, order);
        self.push_page(&mut sql);
        let ids: Vec<i64> = sql.build_query_scalar().fetch_all(&mut *connection).await?;
        let mut sql = QueryBuilder::new("select d.id, ");
        push_values(&mut sql, columns);
        push_source(&mut sql, self.datasource, self.dataset, self.scope)?;
        sql.push("\nand d.id = any(");
        sql.push_bind(ids.clone());
        sql.push(")");
        let mut found: HashMap<i64, Vec<Option<String>>> = HashMap::with_capacity(ids.len());
        for row in sql.build().fetch_all(connection).await? {
            found.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}

pub(super) fn values(row: &PgRow) -> Result<Vec<Option<String>>, StoreError> {
    Ok(row.try_get(0)?)
}

/// Conditions on instants for one that names a day, as people write it; the day is one of UTC, as tables show times.
fn of_days(condition: Condition, column: &DatasetColumn) -> Vec<Condition> {
    let day = match (&condition.value, column.kind) {
        (Scalar::Text(text), ColumnKind::Time) => text.trim().parse::<NaiveDate>().ok(),
        _ => None,
    };
    let Some((day, next)) = day.and_then(|day| Some((day, day.succ_opt()?))) else { return vec![condition] };
    let on = |op: Op, date: NaiveDate| Condition {
        column: condition.column.clone(),
        op,
        value: Scalar::Text(date.and_time(NaiveTime::MIN).and_utc().to_rfc3339()),
    };
    match condition.op {
        Op::Is => vec![on(Op::AtLeast, day), on(Op::Under, next)],
        Op::Over => vec![on(Op::AtLeast, next)],
        Op::AtMost => vec![on(Op::Under, next)],
        Op::AtLeast | Op::Under => vec![on(condition.op, day)],
        _ => vec![condition],
    }
}

/// A pattern for `ilike` that matches text with `word` in it.
fn contains(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.chars().take(WORD_LENGTH_MAX) {
        match letter {
            '%' | '_' | '\\' => pattern.extend(['\\', letter]),
            // Postgres holds no such text, so nothing contains it.
            '\0' => pattern.push('\u{fffd}'),
            letter => pattern.push(letter),
        }
    }
    pattern.push('%');
    pattern
}

/// The values of a row as one array of text: a function's arguments are limited, an array's elements are not.
pub(super) fn push_values(sql: &mut QueryBuilder<Postgres>, columns: &[&DatasetColumn]) {
    sql.push("array[");
    for (place, column) in columns.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        let name = format!("d.{}", quoted(&column.name));
        match column.kind {
            ColumnKind::Time => sql.push(format_args!(
                "{comma}to_char({name} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
            )),
            ColumnKind::Date => sql.push(format_args!("{comma}to_char({name}, 'YYYY-MM-DD')")),
            ColumnKind::Number | ColumnKind::Hours | ColumnKind::Money | ColumnKind::Percent => {
                sql.push(format_args!("{comma}trim_scale({name}::numeric)::text"))
            }
            ColumnKind::Id | ColumnKind::Text | ColumnKind::Integer | ColumnKind::Flag | ColumnKind::Json => {
                sql.push(format_args!("{comma}{name}::text"))
            }
        };
    }
    sql.push("]::text[]");
}

/// A value as it is read from Postgres, for a browser.
pub(super) fn json(kind: ColumnKind, cell: Option<&str>) -> Value {
    let Some(text) = cell else { return Value::Null };
    match kind {
        ColumnKind::Text | ColumnKind::Time | ColumnKind::Date => Value::String(text.to_owned()),
        ColumnKind::Flag => Value::Bool(text == "true"),
        // What is no JSON number, as NaN, is no number for people either.
        ColumnKind::Id
        | ColumnKind::Integer
        | ColumnKind::Number
        | ColumnKind::Hours
        | ColumnKind::Money
        | ColumnKind::Percent
        | ColumnKind::Json => serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_word_is_no_pattern() {
        assert_eq!(contains("50%_\\"), "%50\\%\\_\\\\%");
        assert_eq!(contains("a\0b"), "%a\u{fffd}b%");
    }

    #[test]
    fn values_read_as_their_kind_says() {
        assert_eq!(json(ColumnKind::Id, Some("12")), Value::from(12));
        assert_eq!(json(ColumnKind::Hours, Some("1.25")), Value::from(1.25));
        assert_eq!(json(ColumnKind::Hours, Some("NaN")), Value::Null);
        assert_eq!(json(ColumnKind::Flag, Some("true")), Value::from(true));
        assert_eq!(json(ColumnKind::Text, Some("12")), Value::from("12"));
        assert_eq!(json(ColumnKind::Text, None), Value::Null);
    }
}
