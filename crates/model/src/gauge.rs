//! Gauges: a question with one answer, declared in `catalogue/gauges/*.toml`.
//!
//! A gauge has *layers* (each an aggregate over one dataset), *values* (formulas over the layers, which are what is
//! shown) and at most two *groups*. The store turns it into SQL; `charts` turns the answer into a chart.

use crate::{dataset::directed, range::Range};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// A question with one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gauge {
    /// Stable name, e.g. `open_tickets`.
    pub id: String,
    /// Title on the tile.
    pub title: String,
    /// The formula in words, for *Explain this number*.
    pub about: String,
    /// The range used unless a board or a viewer chooses another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub range: Range,
    /// How it is drawn.
    pub chart: ChartKind,
    /// What is counted.
    pub layers: Vec<Layer>,
    /// What is shown; the first is the gauge's value. Empty means: each layer as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// Unit of the first value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: Unit,
    /// One or two dimensions; none for a single number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The target and where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Whether the previous period of the same length is shown beside it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub compare: bool,
    /// For a list of rows: which columns, in which order. A table without is one of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowList>,
    /// Said when nothing was there to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<String>,
    /// Whether a chart has the value over all its groups above it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub total: bool,
    /// Whether it may never leave by a client's link (cost, margin, other clients, member names).
    #[serde(default, skip_serializing_if = "is_default")]
    pub internal: bool,
}

/// Whether a member need not be written, because reading it leads to the same.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How an answer is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// A number.
    Number,
    /// A percentage with its target.
    Percent,
    /// Progress to a target.
    Progress,
    /// Columns.
    Columns,
    /// Horizontal bars.
    Bars,
    /// Lines.
    Line,
    /// A filled line.
    Area,
    /// Stacked columns.
    Stack,
    /// A donut.
    Donut,
    /// A heat map.
    Heat,
    /// A table: rows, or groups with their values.
    Table,
    /// Ranked bars with names.
    Rank,
}

/// Colours of series that mean something, and in words.
pub const TONES: [(&str, &str); 5] =
    [("opened", "Opened"), ("closed", "Closed"), ("good", "Good"), ("warn", "Warning"), ("bad", "Bad")];

/// An aggregate over one dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Name, used in formulas and as the measure's key.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Slug of the dataset.
    pub dataset: String,
    /// How rows become a number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub measure: Measure,
    /// Conditions, all of which hold.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Column that the range cuts (time or date). None: the range does not apply, as for *now*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Column with the time at which a row ends, for levels: a row counts at the end of each day from its `date` to the
    /// day before this one, and as long as it is empty. By day, week or month; over all, it is the level at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// A range of its own, where it differs from the gauge's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Whether it counts in the period of the same length before the range.
    #[serde(default, skip_serializing_if = "is_default")]
    pub before: bool,
    /// Column of the filter *Member*, where that is not whoever something is assigned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Columns this layer is grouped by, where they differ from the gauge's [`Group::by`]; by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Series colour, where the meaning fixes it: one of [`TONES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
}

/// How rows become a number.
///
/// In files it is a name, or a name and its column: `"count"`, `{ sum = "hours" }`, `{ p95 = "age_hours" }`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MeasureInFile", into = "MeasureInFile")]
pub enum Measure {
    /// Number of rows.
    #[default]
    Count,
    /// Sum of a column.
    Sum(String),
    /// Mean of a column, rows without a value left out.
    Avg(String),
    /// The percentile of a column that so many percent of its values are at or below, 1 to 99; 50 is the median.
    Percentile(u8, String),
    /// Number of different values of a column.
    Distinct(String),
    /// Smallest value of a column.
    Min(String),
    /// Largest value of a column.
    Max(String),
}

impl Measure {
    /// The column it reads, if any.
    pub fn column(&self) -> Option<&str> {
        match self {
            Measure::Count => None,
            Measure::Sum(column)
            | Measure::Avg(column)
            | Measure::Percentile(_, column)
            | Measure::Distinct(column)
            | Measure::Min(column)
            | Measure::Max(column) => Some(column),
        }
    }

    /// Its name in files.
    pub fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Measure::Count => "count",
            Measure::Sum(_) => "sum",
            Measure::Avg(_) => "avg",
            Measure::Percentile(50, _) => "median",
            Measure::Percentile(percent, _) => return Cow::Owned(format!("p{percent}")),
            Measure::Distinct(_) => "distinct",
            Measure::Min(_) => "min",
            Measure::Max(_) => "max",
        })
    }

    /// The measure of that name, of a column where it needs one.
    pub fn named(name: &str, column: &str) -> Option<Measure> {
        let column = column.to_owned();
        Some(match name {
            "count" => Measure::Count,
            "sum" => Measure::Sum(column),
            "avg" => Measure::Avg(column),
            "median" => Measure::Percentile(50, column),
            "distinct" => Measure::Distinct(column),
            "min" => Measure::Min(column),
            "max" => Measure::Max(column),
            other => {
                let percent = other.strip_prefix('p')?.parse().ok()?;
                (1..=99).contains(&percent).then_some(Measure::Percentile(percent, column))?
            }
        })
    }

    /// Whether the absence of rows means 0 rather than *no data*.
    pub const fn is_zero_when_empty(&self) -> bool {
        matches!(self, Measure::Count | Measure::Sum(_) | Measure::Distinct(_))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MeasureInFile {
    Bare(String),
    Of(BTreeMap<String, String>),
}

impl TryFrom<MeasureInFile> for Measure {
    type Error = String;

    fn try_from(written: MeasureInFile) -> Result<Self, String> {
        let (name, column) = match written {
            MeasureInFile::Bare(name) => (name, None),
            MeasureInFile::Of(of) => {
                let mut of = of.into_iter();
                match (of.next(), of.next()) {
                    (Some((name, column)), None) => (name, Some(column)),
                    _ => return Err("a measure has one name and one column".to_owned()),
                }
            }
        };
        Measure::named(&name, column.as_deref().unwrap_or_default())
            .filter(|measure| measure.column().is_some() == column.is_some())
            .ok_or_else(|| format!("there is no measure “{}”", name.chars().take(60).collect::<String>()))
    }
}

impl From<Measure> for MeasureInFile {
    fn from(measure: Measure) -> Self {
        let name = measure.name().into_owned();
        match measure.column() {
            None => MeasureInFile::Bare(name),
            Some(column) => MeasureInFile::Of(BTreeMap::from([(name, column.to_owned())])),
        }
    }
}

/// A condition on a column of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// The comparison.
    #[serde(default, skip_serializing_if = "is_default")]
    pub op: Op,
    /// What it is compared with; text for label, id, time and date columns.
    #[serde(default, skip_serializing_if = "is_default")]
    pub value: Scalar,
}

/// A comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal (text without regard to case).
    #[default]
    Is,
    /// Not equal; empty counts as different.
    IsNot,
    /// One of a list.
    In,
    /// None of a list; empty counts as none.
    NotIn,
    /// Greater.
    Over,
    /// Greater or equal.
    AtLeast,
    /// Less.
    Under,
    /// Less or equal.
    AtMost,
    /// Text holds the value, without regard to case.
    Contains,
    /// No value.
    Empty,
    /// Any value.
    Filled,
}

/// A value of a condition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// None, for [`Op::Empty`] and [`Op::Filled`].
    #[default]
    Nothing,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Text, an ISO date or an RFC 3339 time; in gauges also `now`, `now+4h` and `now-7d`, for dates reckoned from
    /// the local date.
    Text(String),
    /// Several.
    List(Vec<Scalar>),
}

/// A formula over layers that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Name, the measure's key in the answer.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The formula, e.g. `closed / opened * 100`; see [`crate::formula`]. The name `months` is the length of the
    /// window in months.
    pub formula: String,
    /// Its unit, where it differs from the gauge's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Shown per group as a share of its value over everything, × 100, for gauges with one group. Its unit is
    /// [`Unit::Percent`] then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub of_total: bool,
    /// Drawn as a line over columns.
    #[serde(default, skip_serializing_if = "is_default")]
    pub line: bool,
    /// Series colour, where the meaning fixes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
}

/// A dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A column of the dataset; or `hour`, `weekday`, `day`, `week`, `month` of each layer's date.
    pub by: String,
    /// Order of the groups.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: Order,
    /// Most groups shown; the rest becomes *Other* where measures add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<u32>,
    /// What rows without a value are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<String>,
    /// Lower bounds of bands for a numeric column, e.g. `[0, 1, 3, 7, 14, 30]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<f64>,
    /// Groups that rest on fewer rows are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_rows: Option<u64>,
    /// Whether Saturdays and Sundays are left out, of days.
    #[serde(default, skip_serializing_if = "is_default")]
    pub workdays: bool,
}

/// Order of groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Largest first value first.
    #[default]
    Largest,
    /// Smallest first value first.
    Smallest,
    /// As Autotask's picklist is ordered.
    Picklist,
    /// By key: time, band, or name.
    Key,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target's value.
    pub value: f64,
    /// The id of the gauge's value that is the target, where that has a number; [`Target::value`] holds elsewhere. In a
    /// list, the column that is measured by [`Target::value`]; without one it is the number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The workspace's setting that is the target, such as `sla_target`; [`Target::value`] is its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
    /// Which side is good.
    #[serde(default, skip_serializing_if = "is_default")]
    pub good: Good,
    /// Distance from the target within which it is a warning rather than bad.
    #[serde(default, skip_serializing_if = "is_default")]
    pub warn_within: f64,
    /// What is beyond this on the good side is a warning, too: a member who is fully used is overloaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_beyond: Option<f64>,
    /// Where the default comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// Which side of a target is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    /// At or above.
    #[default]
    Higher,
    /// At or below.
    Lower,
}

/// How a value stands to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Reached.
    Good,
    /// Close.
    Warn,
    /// Missed.
    Bad,
}

impl Target {
    /// The target as an answer has it.
    #[must_use]
    pub fn within(&self, answer: Option<&Answer>) -> Target {
        let value = answer.and_then(|answer| answer.target).unwrap_or(self.value);
        Target { value, ..self.clone() }
    }

    /// How far `value` is on the wrong side of a bound.
    fn short_of(&self, bound: f64, value: f64) -> f64 {
        match self.good {
            Good::Higher => bound - value,
            Good::Lower => value - bound,
        }
    }

    /// Whether `value` is further on the good side than is good.
    pub fn is_beyond(&self, value: f64) -> bool {
        self.warn_beyond.is_some_and(|beyond| self.short_of(beyond, value) < 0.0)
    }

    /// How `value` stands to the target.
    pub fn tone(&self, value: f64) -> Tone {
        let missed_by = self.short_of(self.value, value);
        if self.is_beyond(value) {
            Tone::Warn
        } else if missed_by <= 0.0 {
            Tone::Good
        } else if missed_by <= self.warn_within {
            Tone::Warn
        } else {
            Tone::Bad
        }
    }
}

/// A list of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowList {
    /// Columns of the first layer's dataset.
    pub columns: Vec<String>,
    /// Column to order by, with `-` in front for descending.
    pub sort: String,
    /// Column to order equal rows by, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
    /// Most rows on the tile.
    pub limit: u32,
}

impl RowList {
    /// What it is ordered by, as `name` or `-name`.
    pub fn sorts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.sort).chain(&self.then).map(String::as_str)
    }

    /// The columns that are shown and ordered by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str).chain(self.sorts().map(|sort| directed(sort).0))
    }
}

/// What a value is measured in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A count or a plain number.
    #[default]
    Number,
    /// A share, 0 to 100.
    Percent,
    /// A duration in hours, from one instant to another.
    Hours,
    /// Hours of work, which never make days.
    WorkHours,
    /// A duration in days.
    Days,
    /// An amount in the tenant's currency.
    Money,
}

/// What a viewer chose on a board.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Filters {
    /// Another range than each gauge's own; applies to gauges over a period, not to *now*.
    #[serde(default)]
    pub range: Option<Range>,
    /// Filter name (`queue`, `priority`, `client` …) → chosen ids or labels; any of them.
    #[serde(default)]
    pub fields: BTreeMap<String, Vec<String>>,
}

/// What the filter of dates is called in [`Answer::unfiltered`].
pub const DATE_RANGE: &str = "Date range";

/// Most values that a filter offers.
pub const CHOICES_MAX: usize = 2_000;

/// What the boards' filters are called, and the dataset column each one holds.
pub const FILTERS: &[(&str, &str, &str)] = &[
    ("queue", "Queue", "queue"),
    ("priority", "Priority", "priority"),
    ("client", "Client", "company"),
    ("member", "Member", "assigned_resource"),
    ("owner", "Owner", "owner_resource"),
    ("status", "Status", "status"),
    ("lead", "Lead", "project_lead"),
    ("project_status", "Status", "project_status"),
    ("category", "Category", "opportunity_category"),
    ("contract_type", "Contract type", "contract_type"),
    ("team", "Team", "department"),
];

/// Whether a question could be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Ok,
    /// There is nothing to answer from: no rows, or a denominator of 0.
    NoData,
    /// The API user may not read what it needs.
    NotPermitted,
    /// The first sync is under way, and nothing has arrived yet of some of what it needs.
    Loading,
}

impl Status {
    /// What stands in the place of an answer that is not there.
    pub const fn sign(self) -> &'static str {
        match self {
            Status::Ok => "",
            Status::NoData => "No data",
            Status::NotPermitted => "Not permitted",
            Status::Loading => "Still loading",
        }
    }
}

/// The answer to a gauge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The gauge's id.
    pub gauge: String,
    /// The instant it holds for.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Whether there is an answer.
    pub status: Status,
    /// The first value over everything; `None` for lists and where it makes no sense.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// The values after the first, of a gauge without groups; those without a number and the target left out.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// The target, where it is one of the gauge's values ([`Target::of`]).
    #[serde(default)]
    pub target: Option<f64>,
    /// How many rows it rests on.
    pub rows: u64,
    /// Per group; empty for single numbers.
    pub groups: Vec<AnswerGroup>,
    /// The measures in `groups`, in order; with two dimensions, the groups of the second.
    #[serde(default)]
    pub series: Vec<Series>,
    /// How many dimensions it has.
    #[serde(default)]
    pub dimensions: u8,
    /// The value of the previous period of the same length.
    #[serde(default)]
    pub previous: Option<f64>,
    /// Why there is no answer, or what to know about it, as a sentence.
    #[serde(default)]
    pub note: Option<String>,
    /// Filters that this gauge could not apply, by label.
    #[serde(default)]
    pub unfiltered: Vec<String>,
    /// The window it covers, both dates included; `None` for *now*.
    #[serde(default)]
    pub window: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    /// Rows of a list.
    #[serde(default)]
    pub table: Option<crate::dataset::TablePage>,
    /// When the oldest entity it rests on was last read.
    #[serde(default)]
    pub data_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// A number beside the first one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Id of the gauge's value.
    pub id: String,
    /// What people read.
    pub label: String,
    /// Its unit.
    pub unit: Unit,
    /// The number.
    pub value: f64,
}

/// Key of the group that holds what is beyond the top: no value that people would give a group of their own.
pub const OTHER: &str = "(all others)";

/// One group of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerGroup {
    /// Key: an id, a date, a band; `""` for rows without a value, [`OTHER`] for the rest.
    pub key: String,
    /// What people read.
    pub label: String,
    /// Measure → number; a measure without data is absent.
    pub values: BTreeMap<String, f64>,
}

/// A measure of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Key in [`AnswerGroup::values`].
    pub id: String,
    /// What people read.
    pub label: String,
    /// Its unit.
    pub unit: Unit,
    /// Drawn as a line over columns.
    #[serde(default)]
    pub line: bool,
    /// Series colour, where the meaning fixes it.
    #[serde(default)]
    pub tone: Option<String>,
}
