//! A gauge checked against the catalogue: what is counted, over which dates, by what, and the formulas over it.

use super::{Context, bucket::Bucket, invalid, relative::at_moment, statement::company_id};
use crate::{Scope, StoreError};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset, DatasetColumn},
    datasource::Doctor,
    formula::Formula,
    gauge::{Condition, DATE_RANGE, FILTERS, Filters, Gauge, Group, Layer, Measure, Op, Order, Scalar, Unit},
    lacks::{self, Lacks},
    range::{Range, Window},
};

/// Most layers, measures and filter values of one gauge; far above what people build.
const LAYERS_MAX: usize = 12;
const MEASURES_MAX: usize = 12;
const FILTER_VALUES_MAX: usize = 500;

/// Most groups that are shown of a dimension by itself, and of each of two that are crossed.
pub(super) const TOP_ALONE: u32 = 1_000;
const TOP_CROSSED: u32 = 200;

/// The name by which formulas know the length of the gauge's window.
pub(super) const MONTHS: &str = "months";

/// The filter whose column a layer may name ([`Layer::member`]).
const MEMBER: &str = "member";

/// Datasets with the same columns and a longer window: slug, days it is complete for, the next wider one.
const WIDER: &[(&str, i64, &str)] = &[
    ("tickets_14d", 14, "tickets_210d"),
    ("tickets_210d", 210, "tickets_all"),
    ("time_14d", 14, "time_210d"),
    ("time_210d", 210, "time_all"),
];

/// Datasets that reach back for so many days, with no wider sibling.
const REACHES: &[(&str, i64)] =
    &[("member_days", 399), ("ticket_daily", 399), ("tasks", 120), ("invoices", 730)];

/// What the column of a filter is called in datasets that name it differently.
const FILTER_COLUMNS: &[(&str, &str)] = &[("member", "resource"), ("project_status", "status")];

/// Datasets in which a column of a filter's name means something else: the status of a contract is not a ticket's.
const OTHER_MEANINGS: &[(&str, &[&str])] = &[
    ("status", &["opportunities", "projects", "tasks", "contracts", "contract_blocks", "service_calls"]),
    ("priority", &["tasks"]),
];

/// Filters that look into a list of ids, by dataset: a call is of everybody who is on it.
const OF_MANY: &[(&str, &str, &str)] = &[("member", "service_calls", "call_resource_ids")];

/// Filters of which only these datasets know the column under another name ([`FILTER_COLUMNS`]).
const OTHERS_ONLY_IN: &[(&str, &[&str])] = &[("project_status", &["projects"])];

/// A gauge ready to be asked.
pub(super) struct Plan<'a> {
    pub gauge: &'a Gauge,
    pub layers: Vec<PlanLayer<'a>>,
    pub measures: Vec<Measured>,
    pub dimensions: Vec<Dimension<'a>>,
    /// The gauge's own window.
    pub window: Option<Window>,
    pub unfiltered: Vec<String>,
    /// Whether there is a period before: it is compared with where all of it is known.
    pub compares: bool,
}

/// A layer with its columns found.
#[derive(Clone)]
pub(crate) struct PlanLayer<'a> {
    pub layer: &'a Layer,
    pub dataset: &'a Dataset,
    /// The layer's own conditions and those of the filters.
    pub conditions: Vec<Condition>,
    /// What the filters are called whose conditions are the last ones, in their order.
    pub filters: Vec<&'static str>,
    pub cut: Option<Cut<'a>>,
    /// One per dimension.
    pub keys: Vec<Key<'a>>,
    /// What its measure reads.
    pub column: Option<&'a DatasetColumn>,
    /// The groups that are counted; none means all.
    pub within: Vec<Within<'a>>,
}

/// Groups of one dimension.
#[derive(Clone)]
pub(crate) struct Within<'a> {
    pub key: Key<'a>,
    /// Keys of the groups.
    pub keys: Vec<String>,
    /// Whether they are the ones that are left out.
    pub is_rest: bool,
}

/// A range on a column.
#[derive(Clone, Copy)]
pub(crate) struct Cut<'a> {
    pub column: &'a DatasetColumn,
    pub window: Window,
    /// The period before, where the gauge compares.
    pub previous: Option<Window>,
    /// For levels: the column with the time at which a row ends.
    pub until: Option<&'a DatasetColumn>,
    /// Of rows that stand for a while, only those that begin, and not after they end: the two dates.
    pub standing: Option<(&'a DatasetColumn, &'a DatasetColumn)>,
    /// Whether Saturdays and Sundays are left out.
    pub workdays: bool,
}

impl Cut<'_> {
    /// The first day that is looked at, in the period before where there is one.
    pub fn first_day(self) -> NaiveDate {
        self.previous.map_or(self.window.from, |previous| previous.from.min(self.window.from))
    }
}

/// What a layer's rows are grouped by.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    /// The values of a column, with the columns of their id and their order.
    Column { label: &'a DatasetColumn, id: Option<&'a DatasetColumn>, order: Option<&'a DatasetColumn> },
    /// A part of the layer's date.
    Bucket { date: &'a DatasetColumn, bucket: Bucket },
    /// Bands of a number.
    Bands { column: &'a DatasetColumn, bounds: &'a [f64] },
}

/// A dimension of the answer.
pub(super) struct Dimension<'a> {
    pub group: &'a Group,
    pub bucket: Option<Bucket>,
    /// Most groups that are shown; `None` where there are as many as the window or the bands have.
    pub top: Option<u32>,
}

impl Dimension<'_> {
    /// Whether its keys are numbers in the order they are shown.
    pub fn is_numbered(&self) -> bool {
        self.bucket.is_some() || !self.group.bands.is_empty()
    }

    /// Time and bands read in their own order, whatever the sizes are.
    pub fn order(&self) -> Order {
        if self.is_numbered() { Order::Key } else { self.group.order }
    }
}

/// A number of the answer.
pub(super) struct Measured {
    pub id: String,
    pub label: String,
    pub unit: Unit,
    pub line: bool,
    pub tone: Option<String>,
    /// Shown per group as a share of the whole.
    pub of_total: bool,
    pub formula: Formula,
    /// Layers it is made of.
    pub uses: Vec<usize>,
    /// Layers whose rows it rests on: those of the divisor, else all.
    pub rests_on: Vec<usize>,
    /// Whether the values of two groups can be added.
    pub adds_up: bool,
}

impl<'a> Plan<'a> {
    pub fn new(
        catalogue: &'a Catalogue,
        context: &Context,
        gauge: &'a Gauge,
        filters: &Filters,
        at: DateTime<Utc>,
    ) -> Result<Plan<'a>, StoreError> {
        if gauge.layers.is_empty() || gauge.layers.len() > LAYERS_MAX || gauge.values.len() > MEASURES_MAX {
            return Err(invalid(format!("The gauge “{}” needs 1 to {LAYERS_MAX} layers.", gauge.title)));
        }
        if gauge.groups.len() > 2 {
            return Err(invalid(format!("The gauge “{}” has more than two groups.", gauge.title)));
        }
        let mut unfiltered = Vec::new();
        let window = |range: Range| range.window(at, &context.zone, context.calendar);
        let chosen = filters.range.filter(|range| *range != Range::Now);
        let follows = |layer: &Layer| layer.date.is_some() && layer.range.is_none();
        let range = match chosen {
            Some(range) if is_period(gauge.range) && gauge.layers.iter().any(follows) => range,
            Some(_) => {
                unfiltered.push(DATE_RANGE.to_owned());
                gauge.range
            }
            None => gauge.range,
        };
        let mut layers = Vec::new();
        for layer in &gauge.layers {
            let layer_window = window(layer.range.unwrap_or(range));
            let layer_window = if layer.before { layer_window.map(Window::previous) } else { layer_window };
            layers.push(PlanLayer::new(catalogue, context, gauge, layer, (window(range), layer_window), at)?);
        }
        for (name, values) in &filters.fields {
            if values.is_empty() {
                continue;
            }
            let (label, _) = filter_columns(name)?;
            if values.len() > FILTER_VALUES_MAX {
                return Err(invalid(format!("Choose at most {FILTER_VALUES_MAX} values of “{label}”.")));
            }
            let filtered = |layer: &PlanLayer<'a>| {
                let own = layer.layer.member.as_deref().filter(|_| name == MEMBER);
                let found = match own {
                    Some(own) => Some(column(layer.dataset, own)?),
                    None => filter_column(name, layer.dataset),
                };
                Ok(found.map(|column| filter_condition(layer.dataset, column, values)))
            };
            let conditions: Option<Vec<Condition>> =
                layers.iter().map(filtered).collect::<Result<_, StoreError>>()?;
            // Of a number that is made of several, a part alone says nothing: it is filtered as a whole or not at all.
            match conditions {
                Some(conditions) => {
                    for (layer, condition) in layers.iter_mut().zip(conditions) {
                        layer.conditions.push(condition);
                        layer.filters.push(label);
                    }
                }
                None => unfiltered.push(label.to_owned()),
            }
        }
        let compares = gauge.compare && layers.iter().all(|layer| layer.knows_previous(context, at));
        for cut in layers.iter_mut().filter_map(|layer| layer.cut.as_mut()).filter(|_| !compares) {
            cut.previous = None;
        }
        let most = if gauge.groups.len() > 1 { TOP_CROSSED } else { TOP_ALONE };
        let dimension = |group: &'a Group| {
            let bucket = bucket_of(&group.by, window(range));
            let is_limited = bucket.is_none() && group.bands.is_empty();
            let most = is_limited.then_some(most);
            let top = [group.top, most].into_iter().flatten().min();
            Dimension { group, bucket, top }
        };
        let dimensions = gauge.groups.iter().map(dimension).collect();
        let measures = measures(gauge)?;
        Ok(Plan { gauge, measures, layers, dimensions, window: window(range), unfiltered, compares })
    }

    /// A formula's value, with the layers' numbers by position.
    pub fn value(&self, measure: &Measured, numbers: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        measure.formula.value(&|name| {
            if name == MONTHS {
                return self.window.map(months);
            }
            numbers(self.layers.iter().position(|layer| layer.layer.id == name)?)
        })
    }

    /// The first day that the answer is about; `None` where a layer has no window.
    pub fn first_day(&self) -> Option<NaiveDate> {
        self.layers.iter().map(|layer| layer.cut.map(Cut::first_day)).min().flatten()
    }

    /// What to say of a window that begins before a dataset does.
    pub fn beyond_reach(&self, context: &Context, at: DateTime<Utc>) -> Option<String> {
        self.layers.iter().find_map(|layer| {
            let (_, days) = REACHES.iter().find(|(slug, _)| *slug == layer.dataset.slug)?;
            let begun = layer.cut.filter(|cut| cut.until.is_none())?.window.instants(&context.zone).0;
            let title = &layer.dataset.title;
            (at - begun >= TimeDelta::days(days + 1))
                .then(|| format!("“{title}” reaches back {days} days, and no further."))
        })
    }

    /// What to say of a window that begins before Taskgauge could observe what is counted. Questions about a time before
    /// that are not asked by people.
    pub fn observed_since(&self, context: &Context, at: DateTime<Utc>) -> Option<String> {
        let cut = self.layers.iter().find_map(|layer| layer.cut.filter(|cut| cut.column.observed))?;
        let begun = cut.window.instants(&context.zone).0;
        (begun < context.since && context.since <= at).then(|| {
            let since = context.since.with_timezone(&context.zone).date_naive();
            format!("Observed since {}: what happened before is not known.", since.format("%-d %B %Y"))
        })
    }

    /// What to say of a window that has too many days or weeks to show each.
    pub fn coarser(&self) -> Option<String> {
        let dimension = self.dimensions.iter().find(|it| it.bucket != Bucket::named(&it.group.by))?;
        let shown = if dimension.bucket == Some(Bucket::Week) { "week" } else { "month" };
        Some(format!("The window is long, so it is shown by {shown}."))
    }

    /// Whether the layers count in different datasets, so that a group may be missing from one of them.
    pub fn mixes_datasets(&self) -> bool {
        self.layers.windows(2).any(|pair| pair[0].layer.dataset != pair[1].layer.dataset)
    }

    /// Why someone who may see the rows of some companies only may not see this at all.
    pub fn withheld_from(&self, scope: &Scope) -> Result<Option<&'static str>, StoreError> {
        if *scope == Scope::All {
            return Ok(None);
        }
        for layer in &self.layers {
            if company_id(layer.dataset)?.is_none() {
                return Ok(Some("This cannot be told apart by client, so it is not shown here."));
            }
            let keys = layer.keys.iter().map(Key::column);
            let read =
                layer.conditions.iter().filter_map(|condition| layer.dataset.column(&condition.column));
            if layer.column.into_iter().chain(keys).chain(read).any(|column| column.internal) {
                return Ok(Some("This is internal, so it is not shown here."));
            }
        }
        Ok(None)
    }

    /// What the doctor knows to be missing behind the answer.
    pub fn lacks(&self, doctor: &Doctor) -> Lacks {
        let layers: Vec<_> = self.layers.iter().map(|layer| (layer.layer, layer.dataset)).collect();
        lacks::of_gauge(doctor, self.gauge, &layers)
    }
}

impl<'a> PlanLayer<'a> {
    /// Whether the dataset reaches back to the beginning of the period before.
    fn knows_previous(&self, context: &Context, at: DateTime<Utc>) -> bool {
        let reach = REACHES.iter().find(|(slug, _)| *slug == self.dataset.slug);
        let previous = self.cut.and_then(|cut| cut.previous);
        reach.zip(previous).is_none_or(|((_, days), previous)| {
            at - previous.instants(&context.zone).0 < TimeDelta::days(days + 1)
        })
    }

    /// Whether the dataset is one of a family of windows, of which the plan takes one that is wide enough.
    pub fn dataset_is_complete(&self) -> bool {
        WIDER.iter().any(|(slug, _, _)| *slug == self.dataset.slug)
    }

    /// Whether both count the same rows by the same keys, whatever they measure.
    pub fn counts_rows_of(&self, other: &PlanLayer<'_>) -> bool {
        let cut =
            |layer: &PlanLayer<'_>| layer.cut.map(|cut| (cut.column.name.clone(), cut.window, cut.previous));
        self.dataset.slug == other.dataset.slug
            && self.conditions == other.conditions
            && self.layer.by == other.layer.by
            && self.layer.date == other.layer.date
            && self.layer.until == other.layer.until
            && cut(self) == cut(other)
    }

    fn new(
        catalogue: &'a Catalogue,
        context: &Context,
        gauge: &'a Gauge,
        layer: &'a Layer,
        (shown, window): (Option<Window>, Option<Window>),
        at: DateTime<Utc>,
    ) -> Result<PlanLayer<'a>, StoreError> {
        let mut dataset = catalogue
            .dataset(&layer.dataset)
            .ok_or_else(|| invalid(format!("There is no dataset “{}”.", shortened(&layer.dataset))))?;
        let window = window.filter(|_| layer.date.is_some());
        let previous = window.filter(|_| gauge.compare && !layer.before).map(Window::previous);
        if let Some(first) = previous.or(window) {
            dataset = wide_enough(catalogue, dataset, at - first.instants(&context.zone).0);
        }
        let date = layer.date.as_deref().map(|name| column(dataset, name)).transpose()?;
        if let Some(date) = date.filter(|date| !matches!(date.kind, ColumnKind::Time | ColumnKind::Date)) {
            return Err(invalid(format!("“{}” is no date, so no range can cut it.", date.label)));
        }
        let until = layer.until.as_deref().map(|name| column(dataset, name)).transpose()?;
        if until.is_some() {
            check_level(gauge, layer, date, until)?;
        }
        let workdays = until.is_none() && gauge.groups.iter().any(|group| group.workdays);
        let cut = date.zip(window).map(|(column, window)| Cut {
            column,
            window,
            previous,
            until,
            standing: None,
            workdays,
        });
        let measured = layer.measure.column().map(|name| column(dataset, name)).transpose()?;
        let mut keys = Vec::new();
        for (place, group) in gauge.groups.iter().enumerate() {
            let by = layer.by.get(place).unwrap_or(&group.by);
            keys.push(Key::new(dataset, group, by, date, shown)?);
        }
        let conditions = layer
            .conditions
            .iter()
            .map(|condition| Ok(at_moment(condition, column(dataset, &condition.column)?, at, context.zone)))
            .collect::<Result<_, StoreError>>()?;
        let (filters, within) = (Vec::new(), Vec::new());
        Ok(PlanLayer { layer, dataset, conditions, filters, cut, keys, column: measured, within })
    }
}

impl<'a> Key<'a> {
    fn new(
        dataset: &'a Dataset,
        group: &'a Group,
        by: &str,
        date: Option<&'a DatasetColumn>,
        shown: Option<Window>,
    ) -> Result<Key<'a>, StoreError> {
        if let Some(bucket) = bucket_of(by, shown) {
            let date = date.ok_or_else(|| invalid(format!("Grouping by {by} needs a date column.")))?;
            if bucket == Bucket::Hour && date.kind == ColumnKind::Date {
                return Err(invalid(format!("“{}” is a date without a time of day.", date.label)));
            }
            return Ok(Key::Bucket { date, bucket });
        }
        let label = column(dataset, by)?;
        if !group.bands.is_empty() {
            if !label.kind.is_numeric() || !group.bands.is_sorted_by(|a, b| a < b) {
                return Err(invalid(format!("“{}” needs numbers and rising bands.", label.label)));
            }
            return Ok(Key::Bands { column: label, bounds: &group.bands });
        }
        if label.kind == ColumnKind::Json {
            return Err(invalid(format!("“{}” cannot be grouped by.", label.label)));
        }
        let id = label.id.as_deref().map(|name| column(dataset, name)).transpose()?;
        let order = label.order.as_deref().map(|name| column(dataset, name)).transpose()?;
        Ok(Key::Column { label, id, order })
    }
}

/// The part of a date that rows of a window are grouped by.
fn bucket_of(by: &str, shown: Option<Window>) -> Option<Bucket> {
    let bucket = Bucket::named(by)?;
    Some(shown.map_or(bucket, |window| bucket.of_window(window)))
}

/// Whether a level can be counted.
fn check_level(
    gauge: &Gauge,
    layer: &Layer,
    date: Option<&DatasetColumn>,
    until: Option<&DatasetColumn>,
) -> Result<(), StoreError> {
    let by = gauge.groups.iter().map(|group| Bucket::named(layer.by.first().unwrap_or(&group.by)));
    let fits = date.zip(until).is_some_and(|(date, until)| date.kind == until.kind)
        && matches!(layer.measure, Measure::Count | Measure::Sum(_))
        && gauge.groups.len() <= usize::from(!gauge.compare)
        && by.into_iter().all(|bucket| bucket.is_some_and(Bucket::is_calendar));
    if fits {
        return Ok(());
    }
    Err(invalid(format!(
        "“{}” is a level: it counts rows or a sum between two columns of one kind, over all, or by day, week or \
         month and not compared.",
        layer.label
    )))
}

impl Key<'_> {
    /// The part of the calendar that the rows of one day are all in; `None` where rows of a day are in several groups.
    pub fn of_day(&self) -> Option<Bucket> {
        match self {
            Key::Bucket { bucket, .. } if bucket.is_calendar() => Some(*bucket),
            _ => None,
        }
    }

    /// The column whose values the groups are.
    pub fn column(&self) -> &DatasetColumn {
        match self {
            Key::Column { label: column, .. }
            | Key::Bands { column, .. }
            | Key::Bucket { date: column, .. } => column,
        }
    }
}

/// The column of that name, or why not.
pub(crate) fn column<'a>(dataset: &'a Dataset, name: &str) -> Result<&'a DatasetColumn, StoreError> {
    dataset
        .column(name)
        .ok_or_else(|| invalid(format!("“{}” has no column “{}”.", dataset.title, shortened(name))))
}

/// Length of a window in months: whole ones are counted, others by the mean length of a month.
fn months(window: Window) -> f64 {
    /// A year of the Gregorian calendar has 365.2425 days on average.
    const DAYS_PER_MONTH: f64 = 365.242_5 / 12.0;
    let after = window.to.checked_add_days(Days::new(1)).unwrap_or(window.to);
    if window.from.day() == 1 && after.day() == 1 {
        let count = |date: NaiveDate| 12 * date.year() + date.month0().cast_signed();
        return f64::from(count(after) - count(window.from));
    }
    window.days() as f64 / DAYS_PER_MONTH
}

/// Whether a viewer's range takes the place of this one: *now* and *today* are what their titles say, and a look ahead
/// has no past.
const fn is_period(range: Range) -> bool {
    !matches!(range, Range::Now | Range::Today | Range::Next(_))
}

/// The dataset itself, or the sibling that is complete for so long a time before now.
fn wide_enough<'a>(catalogue: &'a Catalogue, dataset: &'a Dataset, needed: TimeDelta) -> &'a Dataset {
    let mut dataset = dataset;
    while let Some((_, days, wider)) = WIDER.iter().find(|(slug, _, _)| *slug == dataset.slug) {
        match catalogue.dataset(wider) {
            Some(wider) if needed > TimeDelta::days(*days) => dataset = wider,
            _ => break,
        }
    }
    dataset
}

/// The label of a filter and the columns that may hold it.
pub(super) fn filter_columns(name: &str) -> Result<(&'static str, Vec<&'static str>), StoreError> {
    let (_, label, column) = FILTERS
        .iter()
        .find(|(filter, _, _)| *filter == name)
        .ok_or_else(|| invalid(format!("There is no filter “{}”.", shortened(name))))?;
    let others = FILTER_COLUMNS.iter().filter(|(filter, _)| *filter == name).map(|(_, column)| *column);
    Ok((label, std::iter::once(*column).chain(others).collect()))
}

/// The column of a dataset that a filter cuts; `None` where it has none of that meaning.
pub(super) fn filter_column<'a>(filter: &str, dataset: &'a Dataset) -> Option<&'a DatasetColumn> {
    let of = |table: &'static [(&'static str, &'static [&'static str])]| {
        table
            .iter()
            .find(|(name, _)| *name == filter)
            .map(|(_, slugs)| slugs.contains(&dataset.slug.as_str()))
    };
    if of(OTHER_MEANINGS) == Some(true) {
        return None;
    }
    if let Some((_, _, ids)) = OF_MANY.iter().find(|(name, slug, _)| *name == filter && *slug == dataset.slug)
    {
        return dataset.column(ids);
    }
    let (_, columns) = filter_columns(filter).ok()?;
    let (own, others) = columns.split_first()?;
    let others = others.iter().filter(|_| of(OTHERS_ONLY_IN) != Some(false));
    std::iter::once(own).chain(others).find_map(|column| dataset.column(column))
}

/// Names of the filters that can apply to a gauge: those whose column its first dataset has.
pub fn filters_of(gauge: &Gauge) -> Vec<&'static str> {
    let dataset = gauge.layers.first().and_then(|layer| Catalogue::shipped().dataset(&layer.dataset));
    let Some(dataset) = dataset else { return Vec::new() };
    FILTERS.iter().map(|(name, _, _)| *name).filter(|name| filter_column(name, dataset).is_some()).collect()
}

/// Rows whose id is one of the values, when all are numbers; else rows whose label is. A lone empty value stands for
/// rows without one.
fn filter_condition(dataset: &Dataset, label: &DatasetColumn, values: &[String]) -> Condition {
    let list = || Scalar::List(values.iter().cloned().map(Scalar::Text).collect());
    let are_ids = values.iter().all(|value| value.parse::<i64>().is_ok());
    if label.kind == ColumnKind::Json {
        let is_none = matches!(values, [value] if value.is_empty());
        if are_ids || is_none {
            let (op, value) = if is_none { (Op::Empty, Scalar::Nothing) } else { (Op::In, list()) };
            return Condition { column: label.name.clone(), op, value };
        }
    }
    // Lists have no names: whoever comes first has.
    let label =
        dataset.column("assigned_resource").filter(|_| label.kind == ColumnKind::Json).unwrap_or(label);
    let id = label.id.as_deref().filter(|id| dataset.column(id).is_some());
    match (values, id) {
        ([value], id) if value.is_empty() => {
            Condition { column: id.unwrap_or(&label.name).to_owned(), op: Op::Empty, value: Scalar::Nothing }
        }
        (_, Some(id)) if are_ids => Condition { column: id.to_owned(), op: Op::In, value: list() },
        _ => Condition { column: label.name.clone(), op: Op::In, value: list() },
    }
}

fn measures(gauge: &Gauge) -> Result<Vec<Measured>, StoreError> {
    let measured = |id: &str, label: &str, text: &str| -> Result<Measured, StoreError> {
        let formula = Formula::parse(text)
            .map_err(|error| invalid(format!("The formula “{}” of “{label}”: {error}.", shortened(text))))?;
        let places = |formula: &Formula| -> Result<Vec<usize>, StoreError> {
            formula
                .names()
                .into_iter()
                .filter(|name| *name != MONTHS)
                .map(|name| {
                    gauge.layers.iter().position(|layer| layer.id == name).ok_or_else(|| {
                        invalid(format!(
                            "The formula of “{label}” names “{}”, which no layer is.",
                            shortened(name)
                        ))
                    })
                })
                .collect()
        };
        let uses = places(&formula)?;
        let divisors = formula.divisor_names();
        let rests_on: Vec<usize> =
            uses.iter().copied().filter(|at| divisors.contains(gauge.layers[*at].id.as_str())).collect();
        Ok(Measured {
            id: id.to_owned(),
            label: label.to_owned(),
            unit: gauge.unit,
            line: false,
            tone: None,
            of_total: false,
            adds_up: is_linear(&formula) && uses.iter().all(|at| adds_up(&gauge.layers[*at].measure)),
            rests_on: if rests_on.is_empty() { uses.clone() } else { rests_on },
            uses,
            formula,
        })
    };
    if gauge.values.is_empty() {
        return gauge
            .layers
            .iter()
            .map(|layer| {
                let measure = measured(&layer.id, &layer.label, &layer.id)?;
                Ok(Measured { tone: layer.tone.clone(), ..measure })
            })
            .collect();
    }
    gauge
        .values
        .iter()
        .map(|value| {
            let measure = measured(&value.id, &value.label, &value.formula)?;
            Ok(Measured {
                unit: value.unit.unwrap_or(gauge.unit),
                line: value.line,
                of_total: value.of_total,
                tone: value.tone.clone(),
                ..measure
            })
        })
        .collect()
}

/// Whether two disjoint sets of rows have the sum of their values together.
pub(super) const fn adds_up(measure: &Measure) -> bool {
    matches!(measure, Measure::Count | Measure::Sum(_))
}

/// Whether the formula only adds its names up, perhaps times a constant.
fn is_linear(formula: &Formula) -> bool {
    let with = |number: f64| formula.value(&|_| Some(number));
    match (with(1.0), with(2.0)) {
        (Some(one), Some(two)) => formula.divisor_names().is_empty() && (two - 2.0 * one).abs() < 1e-9,
        _ => false,
    }
}

/// A name from outside, short enough for a message.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn whole_months_are_counted_and_others_measured() {
        let of = |from: &str, to: &str| months(Window { from: date(from), to: date(to) });
        for (from, to, wanted) in [
            ("2026-02-01", "2026-02-28", 1.0),
            ("2026-03-01", "2026-03-31", 1.0),
            ("2025-12-01", "2026-02-28", 3.0),
            ("2026-01-02", "2026-02-01", 31.0 / 30.436_875),
        ] {
            assert!((of(from, to) - wanted).abs() < 1e-9, "{from} to {to}");
        }
    }

    #[test]
    fn formulas_that_only_add_add_up() {
        for (text, wanted) in
            [("a + b", true), ("(a - b) / 24", true), ("a / b", false), ("a * b", false), ("a + 1", false)]
        {
            assert_eq!(is_linear(&Formula::parse(text).unwrap()), wanted, "{text}");
        }
    }
}
