//! Datasets: named, documented views for people, declared in `catalogue/datasets/*.toml`.

#[cfg(not(target_arch = "wasm32"))]
use crate::field_filter::FieldFilter;
use crate::link::DeepLink;
use serde::{Deserialize, Serialize};

/// A named view of the copy of Autotask: columns with labels, a window, joins done.
///
/// Its rows come from the Postgres view `dataset.<slug>`; the two are compared by a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a declaration, in which each says something by itself")]
pub struct Dataset {
    /// Stable name, also of the view, e.g. `tickets_14d`.
    pub slug: String,
    /// The title people know, e.g. `Ticket Statistics Last 14 Days`.
    pub title: String,
    /// The area it is listed under, e.g. `Service desk`.
    pub group: String,
    /// What a row is and what the dataset is good for, in one or two sentences.
    pub about: String,
    /// Which rows are in it, as a sentence.
    pub window: String,
    /// Whether it is one of the 21 known from Autotask datasources elsewhere, or an extra.
    #[serde(default)]
    pub extra: bool,
    /// Entities it is made of, the leading one first. None where it is about Taskgauge itself.
    pub entities: Vec<String>,
    /// Those of them that decide which rows there are; none means the leading one alone.
    #[serde(default)]
    pub rows_of: Vec<String>,
    /// Whether rows come and go with the time of day, as where the window ends so many hours ago.
    #[serde(default)]
    pub clock: bool,
    /// Whether its rows are of tickets that count alone: the settings' queues in scope, without the excluded categories.
    #[serde(default)]
    pub of_tickets_in_scope: bool,
    /// What Autotask is asked for to have the same rows of the leading entity, all of it; `None` where rows are put together
    /// here. Besides, tickets count as the settings say ([`Dataset::of_tickets_in_scope`]). `now-336h` is such an instant. No
    /// browser needs it.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(default, skip_serializing)]
    pub there: Option<Vec<FieldFilter>>,
    /// Whether some rows have no id, so that rows are not found by it.
    #[serde(default)]
    pub some_without_id: bool,
    /// The record type a row opens in Autotask, if any.
    #[serde(default)]
    pub link: Option<DeepLink>,
    /// Column that names the company a row belongs to; rows are scoped by it.
    #[serde(default)]
    pub company: Option<String>,
    /// Names of the columns a table shows first.
    pub shown: Vec<String>,
    /// Column of the first order, with `-` in front for descending.
    pub sort: String,
    /// All columns, in the view's order.
    pub columns: Vec<DatasetColumn>,
}

/// A column of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetColumn {
    /// Name in the view.
    pub name: String,
    /// Heading for people.
    pub label: String,
    /// How its values read.
    pub kind: ColumnKind,
    /// What it says and where it comes from.
    #[serde(default)]
    pub about: String,
    /// For a label: the column that holds the id behind it.
    #[serde(default)]
    pub id: Option<String>,
    /// For a label: the column that holds its place in Autotask's picklist.
    #[serde(default)]
    pub order: Option<String>,
    /// The field of the leading entity that it shows as it is. No browser needs it.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(default, skip_serializing)]
    pub field: Option<String>,
    /// Of a flag that always has a value: what holds of fields of the leading entity where it is set, all of it. No browser
    /// needs it.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(default, skip_serializing)]
    pub when: Vec<FieldFilter>,
    /// Whether it is money or cost that clients must not see.
    #[serde(default)]
    pub internal: bool,
    /// Entities that it looks into, besides those that the rows are made of.
    #[serde(default)]
    pub reads: Vec<String>,
    /// Whether it changes by itself with the time of day, as ages do. What changes with the date alone does not count.
    #[serde(default)]
    pub clock: bool,
    /// Whether it is known only from what Taskgauge saw itself, since the datasource was added.
    #[serde(default)]
    pub observed: bool,
}

/// How a column's values read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// An id; hidden unless chosen.
    Id,
    /// Words.
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Number,
    /// A duration in hours.
    Hours,
    /// An amount in the tenant's currency.
    Money,
    /// A share, 0 to 100.
    Percent,
    /// Yes or no.
    Flag,
    /// An instant.
    Time,
    /// A calendar date.
    Date,
    /// A JSON object (user-defined fields).
    Json,
}

impl ColumnKind {
    /// Whether values stand right-aligned under each other.
    pub const fn is_numeric(self) -> bool {
        matches!(
            self,
            ColumnKind::Integer
                | ColumnKind::Number
                | ColumnKind::Hours
                | ColumnKind::Money
                | ColumnKind::Percent
        )
    }
}

impl Dataset {
    /// Entities that decide which rows there are.
    pub fn row_entities(&self) -> &[String] {
        if self.rows_of.is_empty() { self.entities.get(..1).unwrap_or_default() } else { &self.rows_of }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&DatasetColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A page of a dataset's rows, as a table shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TablePage {
    /// Rows in all, filters applied.
    pub total: u64,
    /// The page's rows; values in the order of `columns`.
    pub rows: Vec<TableRow>,
    /// Names of the columns, in the order of the values.
    pub columns: Vec<String>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// Values; times as RFC 3339 (read by the clock of their offset), dates as `YYYY-MM-DD`, numbers as numbers.
    pub values: Vec<serde_json::Value>,
    /// Address of the record in Autotask.
    pub link: Option<String>,
}

/// What a table asks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableQuery {
    /// Columns to return; empty means those of [`Dataset::shown`].
    #[serde(default)]
    pub columns: Vec<String>,
    /// Column to sort by, with `-` in front for descending; empty means [`Dataset::sort`].
    #[serde(default)]
    pub sort: String,
    /// Words looked for in every text column.
    #[serde(default)]
    pub search: String,
    /// Conditions, all of which hold.
    #[serde(default)]
    pub conditions: Vec<crate::gauge::Condition>,
    /// First row, from 0.
    #[serde(default)]
    pub offset: u64,
    /// Rows wanted, at most [`TABLE_ROWS_MAX`]; 0 means 50.
    #[serde(default)]
    pub limit: u32,
}

/// Most rows a page of a table holds.
pub const TABLE_ROWS_MAX: u32 = 500;

/// The column that a sort such as `name` or `-name` is by, and whether from its largest value down.
pub fn directed(sort: &str) -> (&str, bool) {
    sort.strip_prefix('-').map_or((sort, false), |name| (name, true))
}
