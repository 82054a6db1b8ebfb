//! Reading datasets: a page of a table, a count, an export.
//!
//! Columns, conditions and orders are looked up in the dataset's declaration; nothing that a caller sends becomes part
//! of a statement's text. Readers who see some companies only ([`Scope::Companies`]) see no internal columns, no
//! user-defined fields and no addresses in Autotask; asking for such a column is asking for one that is not there.

use crate::{
    Scope, Store, StoreError,
    gauges::{
        relative::at_instant,
        statement::{push_condition, push_source, quoted},
    },
};
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _, Transaction, postgres::PgRow};
use std::{collections::HashMap, fmt::Write as _};
use taskgauge_model::{
    dataset::{ColumnKind, Dataset, DatasetColumn, TABLE_ROWS_MAX, TablePage, TableQuery, TableRow},
    ids::DatasourceId,
};

/// Rows of a page when none are asked for.
const ROWS_DEFAULT: u32 = 50;
/// Most words of a search; more are left out.
const WORDS_MAX: usize = 8;
/// Longest word of a search, in characters; the rest of it is left out.
const WORD_LENGTH_MAX: usize = 100;
/// Most conditions of a query; far above what people build.
const CONDITIONS_MAX: usize = 50;
/// Rows that an export reads at a time, and the statement that reads so many.
const EXPORT_ROWS: usize = 1_000;
const EXPORT_FETCH: &str = "fetch forward 1000 from export";
/// Longest time that one statement of an export may take: its first rows wait for the sort of all.
const EXPORT_TIMEOUT: &str = "120s";

impl Store {
    /// A page of a dataset's rows in `scope`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a column that is not there or a value of another kind, [`StoreError::NotFound`] for
    /// an unknown datasource.
    pub async fn table(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<TablePage, StoreError> {
        let read = Reading { datasource, dataset, query, scope, at: self.clock.now() };
        let columns = read.columns(&dataset.shown)?;
        let order = read.order()?;
        let mut transaction = self.reading_at(read.at).await?;
        let web_url = web_url(&mut transaction, datasource).await?;
        let total = read.count(&mut transaction).await?;
        let link = match scope {
            Scope::All => dataset.link.as_ref().filter(|link| dataset.column(&link.id).is_some()),
            Scope::Companies(_) => None,
        };
        let mut selected = columns.clone();
        selected.extend(link.and_then(|link| dataset.column(&link.id)));
        let rows = if read.has_unique_id() {
            read.page_by_id(&mut transaction, &order, &selected).await?
        } else {
            let mut sql = QueryBuilder::new("select ");
            push_values(&mut sql, &selected);
            read.push_rows(&mut sql)?;
            push_order(&mut sql, &order);
            read.push_page(&mut sql);
            sql.build().fetch_all(&mut *transaction).await?.iter().map(values).collect::<Result<_, _>>()?
        };
        let rows = rows
            .into_iter()
            .map(|cells| {
                let address = link.zip(web_url.as_deref()).and_then(|(link, web_url)| {
                    let id = cells.get(columns.len())?.as_deref()?.parse().ok()?;
                    Some(link.record.url(web_url, id))
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

    /// How many rows of a dataset in `scope` meet the query's search and conditions.
    ///
    /// # Errors
    /// As [`Store::table`].
    pub async fn dataset_count(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        let read = Reading { datasource, dataset, query, scope, at: self.clock.now() };
        let mut transaction = self.reading_at(read.at).await?;
        web_url(&mut transaction, datasource).await?;
        read.count(&mut transaction).await
    }

    /// All rows that meet the query, as CSV (RFC 4180, UTF-8) with the columns' names in the first line.
    ///
    /// Without columns in the query these are all that are no JSON. `offset` and `limit` do not apply. Text that a
    /// spreadsheet would take for a formula gets an apostrophe in front. All rows are of one moment, however long the
    /// reader takes; dropping the stream ends the reading.
    ///
    /// # Errors
    /// As [`Store::table`]; once rows flow, what the database says.
    pub async fn dataset_csv(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        self.export(datasource, dataset, query, scope, Format::Csv).await
    }

    /// All rows that meet the query, as a JSON array of objects. Otherwise as [`Store::dataset_csv`]; without columns
    /// in the query these are all columns.
    ///
    /// # Errors
    /// As [`Store::dataset_csv`].
    pub async fn dataset_json(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        self.export(datasource, dataset, query, scope, Format::Json).await
    }

    /// When the entities that date a dataset's rows ([`Dataset::dated_by`]) were last read completely: the oldest of
    /// those that were read at all, as one that the API user may not read says nothing of the others' age. `None` until
    /// the leading entity has been read.
    pub async fn dataset_ages(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (oldest, leading): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = sqlx::query_as(
            "select min(read_at), min(read_at) filter (where entity = $3)
            from taskgauge.entity_state
            where datasource_id = $1
                and entity = any($2)",
        )
        .bind(datasource.0)
        .bind(dataset.dated_by().collect::<Vec<_>>())
        .bind(dataset.entities.first())
        .fetch_one(&self.pool)
        .await?;
        Ok(leading.and(oldest))
    }

    async fn export(
        &self,
        datasource: DatasourceId,
        dataset: &Dataset,
        query: &TableQuery,
        scope: &Scope,
        format: Format,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let read = Reading { datasource, dataset, query, scope, at: self.clock.now() };
        let all: Vec<String> = read
            .visible()
            .filter(|column| format == Format::Json || column.kind != ColumnKind::Json)
            .map(|column| column.name.clone())
            .collect();
        let columns = read.columns(&all)?;
        let order = read.order()?;
        let mut transaction = self.reading_at(read.at).await?;
        web_url(&mut transaction, datasource).await?;
        sqlx::query("select set_config('statement_timeout', $1, true)")
            .bind(EXPORT_TIMEOUT)
            .execute(&mut *transaction)
            .await?;
        let mut sql = QueryBuilder::new("declare export no scroll cursor for\nselect ");
        push_values(&mut sql, &columns);
        read.push_rows(&mut sql)?;
        push_order(&mut sql, &order);
        sql.build().execute(&mut *transaction).await?;
        let columns = columns.into_iter().map(|column| (column.name.clone(), column.kind)).collect();
        let export = Export { transaction, columns, format, place: Place::Start };
        Ok(stream::try_unfold(export, Export::next))
    }
}

/// The datasource's address in Autotask; an error where there is no such datasource.
async fn web_url(
    connection: &mut PgConnection,
    datasource: DatasourceId,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "select web_url
        from taskgauge.datasources
        where id = $1",
    )
    .bind(datasource.0)
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NotFound { what: "datasource" })
}

/// Who reads what.
struct Reading<'a> {
    datasource: DatasourceId,
    dataset: &'a Dataset,
    query: &'a TableQuery,
    scope: &'a Scope,
    at: DateTime<Utc>,
}

/// A column to order by, and whether from its largest value down.
type Ordered<'a> = (&'a DatasetColumn, bool);

impl<'a> Reading<'a> {
    /// The columns that the reader may see.
    fn visible(&self) -> impl Iterator<Item = &'a DatasetColumn> + use<'a> {
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
    fn columns(&self, default: &[String]) -> Result<Vec<&'a DatasetColumn>, StoreError> {
        if self.query.columns.is_empty() {
            return Ok(default.iter().filter_map(|name| self.column(name).ok()).collect());
        }
        if self.query.columns.len() > self.dataset.columns.len() {
            return Err(StoreError::Invalid("A column can be chosen once.".to_owned()));
        }
        self.query.columns.iter().map(|name| self.column(name)).collect()
    }

    /// The columns to order by; the last ones make the order of equal rows the same on every page.
    fn order(&self) -> Result<Vec<Ordered<'a>>, StoreError> {
        let directed = |sort: &'a str| match sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (sort, false),
        };
        let chosen = self.query.sort.as_str();
        let mut order = Vec::new();
        if chosen.is_empty() {
            let (name, down) = directed(self.dataset.sort.as_str());
            order.extend(self.column(name).ok().map(|column| (column, down)));
        } else {
            let (name, down) = match chosen.strip_prefix('-') {
                Some(name) => (name, true),
                None => (chosen, false),
            };
            let column = self.column(name)?;
            if column.kind == ColumnKind::Json {
                return Err(StoreError::Invalid(format!("“{}” has no order.", column.label)));
            }
            order.push((column, down));
        }
        // A label stands where Autotask's picklist puts it.
        if let Some((column, down)) = order.first().copied()
            && let Some(place) = column.order.as_deref().and_then(|name| self.dataset.column(name))
        {
            order.insert(0, (place, down));
        }
        match self.dataset.column("id") {
            Some(id) => order.push((id, false)),
            None => order.extend(
                self.visible()
                    .filter(|column| matches!(column.kind, ColumnKind::Id | ColumnKind::Date))
                    .map(|column| (column, false)),
            ),
        }
        Ok(order)
    }

    /// Whether the rows have an id, which is unique in every dataset that has one.
    fn has_unique_id(&self) -> bool {
        self.dataset.column("id").is_some_and(|column| column.kind == ColumnKind::Id)
    }

    /// `from` and `where` of the rows.
    fn push_rows(&self, sql: &mut QueryBuilder<Postgres>) -> Result<(), StoreError> {
        push_source(sql, self.datasource, self.dataset, self.scope)?;
        if self.query.conditions.len() > CONDITIONS_MAX {
            return Err(StoreError::Invalid(format!("Use at most {CONDITIONS_MAX} conditions.")));
        }
        for condition in &self.query.conditions {
            let column = self.column(&condition.column)?;
            push_condition(sql, self.dataset, &at_instant(condition, column, self.at))?;
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

    async fn count(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
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

fn values(row: &PgRow) -> Result<Vec<Option<String>>, StoreError> {
    Ok(row.try_get(0)?)
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

fn push_order(sql: &mut QueryBuilder<Postgres>, order: &[Ordered<'_>]) {
    for (place, (column, down)) in order.iter().enumerate() {
        let name = quoted(&column.name);
        let direction = if *down { "desc" } else { "asc" };
        sql.push(if place == 0 { "\norder by " } else { ", " });
        match column.kind {
            ColumnKind::Text => sql.push(format_args!("lower(d.{name}) {direction} nulls last")),
            _ => sql.push(format_args!("d.{name} {direction} nulls last")),
        };
    }
}

/// The values of a row as one array of text: a function's arguments are limited, an array's elements are not.
fn push_values(sql: &mut QueryBuilder<Postgres>, columns: &[&DatasetColumn]) {
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
fn json(kind: ColumnKind, cell: Option<&str>) -> Value {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Rows,
    End,
}

/// An export under way. Its cursor lives as long as the transaction, which ends when this is dropped.
struct Export {
    transaction: Transaction<'static, Postgres>,
    columns: Vec<(String, ColumnKind)>,
    format: Format,
    place: Place,
}

impl Export {
    async fn next(mut self) -> Result<Option<(Vec<u8>, Export)>, StoreError> {
        if self.place == Place::End {
            return Ok(None);
        }
        let rows = sqlx::query(EXPORT_FETCH).fetch_all(&mut *self.transaction).await?;
        let mut text = String::new();
        let first = self.place == Place::Start;
        if first {
            match self.format {
                Format::Csv => {
                    push_csv_line(&mut text, self.columns.iter().map(|(name, _)| (name.as_str(), false)));
                }
                Format::Json => text.push('['),
            }
        }
        for (place, row) in rows.iter().enumerate() {
            let cells = values(row)?;
            match self.format {
                Format::Csv => push_csv_line(
                    &mut text,
                    self.columns.iter().zip(&cells).map(|((_, kind), cell)| {
                        (cell.as_deref().unwrap_or_default(), *kind == ColumnKind::Text)
                    }),
                ),
                Format::Json => {
                    text.push_str(if first && place == 0 { "\n" } else { ",\n" });
                    push_json_object(&mut text, &self.columns, &cells);
                }
            }
        }
        self.place = if rows.len() < EXPORT_ROWS { Place::End } else { Place::Rows };
        if self.place == Place::End && self.format == Format::Json {
            text.push_str("\n]\n");
        }
        Ok(Some((text.into_bytes(), self)))
    }
}

/// A line of CSV; cells marked as free text are kept from being read as formulas.
fn push_csv_line<'a>(text: &mut String, cells: impl Iterator<Item = (&'a str, bool)>) {
    for (place, (cell, is_free)) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        let guard = if is_free && is_formula(cell) { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            let _ = write!(text, "\"{guard}{}\"", cell.replace('"', "\"\""));
        } else {
            text.push_str(guard);
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

/// Whether a spreadsheet may take the text for a formula; numbers with a sign are none.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn push_json_object(text: &mut String, columns: &[(String, ColumnKind)], cells: &[Option<String>]) {
    text.push('{');
    for (place, ((name, kind), cell)) in columns.iter().zip(cells).enumerate() {
        if place > 0 {
            text.push(',');
        }
        let _ = write!(text, "{}:", Value::from(name.as_str()));
        match (kind, cell) {
            (_, None) => text.push_str("null"),
            // Numbers keep all their digits, which a float would not.
            (
                ColumnKind::Number | ColumnKind::Hours | ColumnKind::Money | ColumnKind::Percent,
                Some(number),
            ) if number.parse::<f64>().is_ok_and(f64::is_finite) => text.push_str(number),
            (kind, Some(cell)) => {
                let _ = write!(text, "{}", json(*kind, Some(cell)));
            }
        }
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut text = String::new();
        push_csv_line(&mut text, cells.iter().map(|cell| (*cell, true)));
        text
    }

    #[test]
    fn csv_cells_are_quoted_and_no_formulas() {
        assert_eq!(line(&["a", "b,c", "d\"e", "f\ng", ""]), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
        assert_eq!(line(&["=1+1", "+49 30", "-x", "@sum", "\tx"]), "'=1+1,'+49 30,'-x,'@sum,'\tx\r\n");
        assert_eq!(line(&["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"\r\n");
        assert_eq!(line(&["-12.5", "+3", "1-2"]), "-12.5,+3,1-2\r\n");
    }

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
