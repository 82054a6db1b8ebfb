//! The rows behind a number: of a tile, a bar, a point, a cell.
//!
//! The rows are narrowed by the predicates of the statement that counted them ([`super::statement`]), and the numbers
//! beside them come from that same statement narrowed to the spot. So the rows add up to what is shown.

use super::{
    Context,
    bucket::Bucket,
    counted,
    fold::{Cells, OTHERS, label, share},
    invalid,
    plan::{Dimension, Key, Measured, Plan, PlanLayer, Within},
    statement::{Asker, push_counted, quoted},
};
use crate::{
    Scope, Store, StoreError,
    datasets::{Format, Reading},
};
use chrono::{DateTime, NaiveDate, Utc};
use futures::Stream;
use sqlx::{PgConnection, QueryBuilder};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset, DatasetColumn, TablePage, TableQuery},
    gauge::{Answer, ChartKind, Filters, Gauge, Measure, OTHER, Unit},
    ids::DatasourceId,
    range::Window,
};

/// Longest key of a group, in characters.
const KEY_MAX: usize = 500;

/// Which rows of a gauge are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    /// What is chosen on the board.
    pub filters: Filters,
    /// The number whose rows they are.
    pub spot: Spot,
    /// Which of the rows, and how they are shown.
    pub table: TableQuery,
}

/// A number of a gauge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spot {
    /// Id of one of the gauge's values, or of one of its layers; without it the first value is meant.
    pub value: Option<String>,
    /// Of a value made of several layers, the one whose rows are wanted; without it the first of them.
    pub layer: Option<String>,
    /// Keys of the groups, one per dimension, as [`AnswerGroup::key`](taskgauge_model::gauge::AnswerGroup::key) has
    /// them; fewer mean all groups.
    pub keys: Vec<String>,
}

/// The rows behind a number, and the number.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// The dataset that was asked, which may be a wider one than the gauge names.
    pub dataset: &'static Dataset,
    /// The rows, as the question's table wants them.
    pub page: TablePage,
    /// The order they are in when no other is chosen, as in [`TableQuery::sort`].
    pub sort: String,
    /// What the value is called.
    pub label: String,
    /// The value in words, e.g. `Closed ÷ Opened × 100`.
    pub formula: String,
    /// The value at the spot; `None` for lists, for what has no number, and where one over all groups says nothing.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// Whether it is the spot's share of the value over everything.
    pub of_total: bool,
    /// The layers the value is made of.
    pub parts: Vec<Part>,
    /// Which of the parts the rows are of.
    pub listed: usize,
    /// The groups: what each is grouped by, and what it is called.
    pub groups: Vec<(String, String)>,
    /// Groups without a number of their own, which the value leaves out, are left out here, too.
    pub leaves_out: bool,
    /// Conditions of the layer, in words.
    pub conditions: Vec<String>,
    /// The dates that are counted, and the column that has them.
    pub window: Option<(String, Window)>,
    /// The time zone that dates are counted in.
    pub zone: String,
    /// Filters that this gauge could not apply, by label.
    pub unfiltered: Vec<String>,
    /// What the API user cannot see of it.
    pub note: Option<String>,
}

/// A layer of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// How its rows become a number, e.g. `sum of Hours worked`.
    pub measure: String,
    /// Whether that is how many there are.
    pub counts: bool,
    /// The number.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// Rows that are counted.
    pub rows: u64,
    /// Median and 90th percentile, where the number is a mean of durations: a few long ones move it far.
    pub spread: Option<(f64, f64)>,
}

impl Store {
    /// The rows behind a number of a gauge, as it is at the instant `at` for somebody who sees `scope`.
    ///
    /// # Errors
    /// As [`Store::answer`] and [`Store::table`]; [`StoreError::Invalid`] for a spot that the gauge has not, and
    /// [`StoreError::NotFound`] for a gauge that is withheld from the scope.
    pub async fn rows_behind(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        question: &Question,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Behind, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let drill = self.drill(&context, gauge, question, scope, at).await?;
        let asker = context.asker(scope, at);
        let mut snapshot = self.snapshot_from(at, drill.whole.first_day()).await?;
        let (cells, mut labels) =
            drill.narrowed.totals(counted(&mut snapshot, &drill.narrowed, &asker, None).await?);
        let value = match drill.value() {
            Some(measure) if measure.of_total => {
                let (whole, _) =
                    drill.whole.totals(counted(&mut snapshot, &drill.whole, &asker, None).await?);
                let part = drill.whole.number(measure, &cells);
                part.zip(drill.whole.number(measure, &whole)).and_then(|(part, whole)| share(part, whole))
            }
            Some(measure) => drill.whole.number(measure, &cells),
            None => cells.get(drill.layer).and_then(|cell| cell.value),
        };
        let mut parts = drill.parts(&cells);
        for part in &mut parts {
            if let Some(layer) = drill
                .narrowed
                .layers
                .iter()
                .find(|layer| is_mean_duration(layer, gauge.unit) && layer.layer.id == part.id)
            {
                part.spread = spread(snapshot.next().await?, layer, &asker).await?;
            }
        }
        let page = drill.read(&asker, at).page(snapshot.next().await?, &drill.shown()).await?;
        snapshot.end().await?;
        if !drill.is_named(&labels) {
            // Without rows nothing says what they are of, apart from the answer that has other rows of it.
            let answer = self.kept_answer(&context, gauge, &question.filters, scope, at).await?;
            labels = called(&answer, &question.spot.keys);
        }
        let layer = drill.listed();
        let lacks = drill.whole.lacks(&context.doctor);
        let notes: Vec<String> = lacks.barred.into_iter().chain(lacks.notes).collect();
        Ok(Behind {
            dataset: drill.dataset()?,
            page,
            sort: drill.table.sort.clone(),
            label: drill.value().map_or_else(|| layer.layer.label.clone(), |measure| measure.label.clone()),
            formula: drill.formula(),
            value: value.filter(|_| drill.has_value()),
            of_total: drill.value().is_some_and(|measure| measure.of_total),
            unit: drill.value().map_or_else(|| unit(layer), |measure| measure.unit),
            listed: parts.iter().position(|part| part.id == layer.layer.id).unwrap_or_default(),
            parts,
            groups: drill.groups(labels),
            leaves_out: drill.leaves_out,
            conditions: layer
                .layer
                .conditions
                .iter()
                .map(|condition| condition.words(Some(layer.dataset)))
                .collect(),
            window: layer.cut.map(|cut| match cut.until {
                Some(_) => (layer.layer.label.clone(), Window { from: cut.window.to, ..cut.window }),
                None => (cut.column.label.clone(), cut.window),
            }),
            zone: context.zone.name().to_owned(),
            unfiltered: drill.whole.unfiltered.clone(),
            note: (!notes.is_empty()).then(|| notes.join(" ")),
        })
    }

    /// All the rows behind a number as CSV; otherwise as [`Store::dataset_csv`].
    ///
    /// # Errors
    /// As [`Store::rows_behind`]; once rows flow, what the database says.
    pub async fn rows_behind_csv(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        question: &Question,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let drill = self.drill(&context, gauge, question, scope, at).await?;
        let asker = context.asker(scope, at);
        let read = drill.read(&asker, at);
        self.export(&read, &read.all_columns(false), Format::Csv).await
    }

    /// The rows behind a number as a workbook; otherwise as [`Store::dataset_xlsx`].
    ///
    /// # Errors
    /// As [`Store::rows_behind`] and [`Store::dataset_xlsx`].
    pub async fn rows_behind_xlsx(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        question: &Question,
        scope: &Scope,
        at: DateTime<Utc>,
        about: Vec<(String, String)>,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + use<>, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let drill = self.drill(&context, gauge, question, scope, at).await?;
        let asker = context.asker(scope, at);
        let read = drill.read(&asker, at);
        self.workbook(&read, &read.all_columns(false), about).await
    }

    async fn drill<'a>(
        &self,
        context: &'a Context,
        gauge: &'a Gauge,
        question: &'a Question,
        scope: &'a Scope,
        at: DateTime<Utc>,
    ) -> Result<Drill<'a>, StoreError> {
        let Question { filters, spot, table } = question;
        let whole = Plan::new(Catalogue::shipped(), context, gauge, filters, at)?;
        if whole.withheld_from(scope)?.is_some() {
            return Err(StoreError::NotFound { what: "gauge" });
        }
        let (value, layer) = found(&whole, spot)?;
        check_keys(&whole, &spot.keys)?;
        let mut drill = Drill {
            narrowed: Plan::new(Catalogue::shipped(), context, gauge, filters, at)?,
            whole,
            value,
            layer,
            keys: &spot.keys,
            leaves_out: false,
            table: table.clone(),
            scope,
            context,
        };
        let is_rest = |place: usize| is_rest(&drill.whole, place, &spot.keys);
        let rests = [is_rest(0), is_rest(1)];
        let mut groups: Vec<(Vec<String>, bool)> =
            spot.keys.iter().map(|key| (vec![key.clone()], false)).collect();
        if rests.contains(&true) {
            let answer = self.kept_answer(context, gauge, filters, scope, at).await?;
            let first = answer.groups.iter().map(|group| &group.key).collect::<Vec<_>>();
            let second = answer.series.iter().map(|series| &series.id).collect();
            for (place, shown) in [first, second].into_iter().enumerate().filter(|(place, _)| rests[*place]) {
                if !shown.iter().any(|key| *key == OTHER) {
                    return Err(no_such_group(OTHER));
                }
                let others = shown.into_iter().filter(|key| *key != OTHER).cloned();
                groups[place] = (others.collect(), true);
            }
        }
        if let Some(measure) =
            drill.value().filter(|it| spot.keys.is_empty() && drill.whole.leaves_out_groups(it))
        {
            let mut snapshot = self.snapshot_from(at, drill.whole.first_day()).await?;
            let rows = counted(&mut snapshot, &drill.whole, &context.asker(scope, at), None).await?;
            groups = vec![(drill.whole.keys_with_number(measure, rows), false)];
            drill.leaves_out = true;
        }
        let grouped = if rests.contains(&true) { 0 } else { spot.keys.len() };
        for layer in &mut drill.narrowed.layers {
            layer.within = layer
                .keys
                .iter()
                .zip(&groups)
                .map(|(key, (keys, is_rest))| Within { key: *key, keys: keys.clone(), is_rest: *is_rest })
                .collect();
            // What one group is called comes with its rows; of many groups it is not asked.
            layer.keys.truncate(grouped);
            if let Some(cut) = &mut layer.cut {
                cut.previous = None;
                if cut.until.is_some() {
                    // The rows of a level in a group of days are those that stand at its end.
                    let ends =
                        layer.within.iter().filter_map(|within| match (within.key, &within.keys[..]) {
                            (Key::Bucket { bucket, .. }, [first]) => bucket.last_day(first.parse().ok()?),
                            _ => None,
                        });
                    cut.window.to = ends.fold(cut.window.to, NaiveDate::min);
                    layer.within.clear();
                    layer.keys.clear();
                }
            }
        }
        if drill.table.sort.is_empty() {
            drill.table.sort = match &gauge.rows {
                Some(list) if layer == 0 => list.sort.clone(),
                _ => drill.listed().dataset.sort.clone(),
            };
        }
        Ok(drill)
    }
}

/// A question about rows, checked.
struct Drill<'a> {
    /// The gauge's plan.
    whole: Plan<'a>,
    /// The same, of the spot alone.
    narrowed: Plan<'a>,
    /// Place of the value among the plan's; `None` for a layer by itself.
    value: Option<usize>,
    /// Place of the layer whose rows are listed.
    layer: usize,
    keys: &'a [String],
    leaves_out: bool,
    table: TableQuery,
    scope: &'a Scope,
    context: &'a Context,
}

impl<'a> Drill<'a> {
    fn value(&self) -> Option<&Measured> {
        self.value.and_then(|at| self.whole.measures.get(at))
    }

    fn listed(&self) -> &PlanLayer<'a> {
        &self.narrowed.layers[self.layer]
    }

    fn dataset(&self) -> Result<&'static Dataset, StoreError> {
        let slug = &self.listed().dataset.slug;
        Catalogue::shipped().dataset(slug).ok_or(StoreError::NotFound { what: "dataset" })
    }

    fn read<'b>(&'b self, asker: &'b Asker<'b>, at: DateTime<Utc>) -> Reading<'b> {
        let layer = self.listed();
        Reading {
            datasource: self.context.datasource,
            dataset: layer.dataset,
            query: &self.table,
            scope: self.scope,
            at,
            counted: Some((layer, asker)),
        }
    }

    /// Columns that are shown unless others are chosen: those of the list, or of the dataset and what the number is
    /// made from.
    fn shown(&self) -> Vec<String> {
        let layer = self.listed();
        if let Some(list) = self.whole.gauge.rows.as_ref().filter(|_| self.layer == 0) {
            return list.columns.clone();
        }
        let mut shown = layer.dataset.shown.clone();
        let keys = self.whole.layers[self.layer].keys.iter().map(Key::column);
        let date = layer.cut.map(|cut| cut.column);
        for column in keys.chain(date).chain(layer.column) {
            if !shown.contains(&column.name) {
                shown.push(column.name.clone());
            }
        }
        shown
    }

    fn formula(&self) -> String {
        let named = |id: &str| {
            let layer = self.whole.layers.iter().find(|layer| layer.layer.id == id);
            layer.map_or_else(|| id.replace('_', " "), |layer| layer.layer.label.clone())
        };
        self.value()
            .map_or_else(|| self.listed().layer.label.clone(), |measure| measure.formula.words(&named))
    }

    /// Whether there is a number at the spot: a list has none, and a level has none over several dates.
    fn has_value(&self) -> bool {
        let in_time =
            self.whole.dimensions.first().is_some_and(|it| it.bucket.is_some_and(Bucket::is_calendar));
        let is_level = in_time && self.whole.gauge.chart == ChartKind::Area;
        self.whole.gauge.rows.is_none() && !(is_level && self.keys.is_empty())
    }

    fn parts(&self, cells: &Cells) -> Vec<Part> {
        let mut places = self.value().map_or_else(Vec::new, |measure| measure.uses.clone());
        places.push(self.layer);
        places.sort_unstable();
        places.dedup();
        places
            .into_iter()
            .filter_map(|at| {
                let (layer, cell) = (self.whole.layers.get(at)?, cells.get(at)?);
                Some(Part {
                    id: layer.layer.id.clone(),
                    label: layer.layer.label.clone(),
                    measure: layer.layer.measure.words(Some(layer.dataset)),
                    counts: layer.layer.measure == Measure::Count,
                    value: cell.value,
                    unit: unit(layer),
                    rows: u64::try_from(cell.rows).unwrap_or_default(),
                    spread: None,
                })
            })
            .collect()
    }

    /// Whether what the groups are called is known by `found`, the labels of their rows.
    fn is_named(&self, found: &[Option<String>; 2]) -> bool {
        let numbered = |place: usize| self.whole.dimensions.get(place).is_none_or(Dimension::is_numbered);
        self.keys.iter().enumerate().all(|(place, key)| {
            let is_known = found.get(place).is_some_and(Option::is_some);
            key.is_empty() || numbered(place) || is_known || is_rest(&self.whole, place, self.keys)
        })
    }

    fn groups(&self, mut found: [Option<String>; 2]) -> Vec<(String, String)> {
        let keyed = self.keys.iter().zip(&self.whole.dimensions).zip(&self.whole.layers[self.layer].keys);
        keyed
            .enumerate()
            .map(|(place, ((key, dimension), by))| {
                let called = if is_rest(&self.whole, place, self.keys) {
                    OTHERS.to_owned()
                } else {
                    label(dimension, key, found.get_mut(place).and_then(Option::take), true)
                };
                let by =
                    dimension.bucket.map_or_else(|| by.column().label.clone(), |it| it.words().to_owned());
                (by, called)
            })
            .collect()
    }
}

/// Whether a layer of a gauge in that unit is a mean of hours or days.
fn is_mean_duration(layer: &PlanLayer<'_>, unit: Unit) -> bool {
    let is_duration = layer.column.is_some_and(|column| column.kind == ColumnKind::Hours)
        || matches!(unit, Unit::Hours | Unit::Days);
    is_duration && matches!(layer.layer.measure, Measure::Avg(_))
}

/// Median and 90th percentile of what a layer measures; `None` without rows.
async fn spread(
    connection: &mut PgConnection,
    layer: &PlanLayer<'_>,
    asker: &Asker<'_>,
) -> Result<Option<(f64, f64)>, StoreError> {
    let Some(column) = layer.column else { return Ok(None) };
    let mut sql = QueryBuilder::new("select percentile_cont(array[0.5, 0.9]) within group (order by d.");
    sql.push(quoted(&column.name));
    sql.push("::float8)");
    push_counted(&mut sql, layer, asker)?;
    let found: Option<Vec<f64>> = sql.build_query_scalar().fetch_one(connection).await?;
    Ok(found.and_then(|found| Some((*found.first()?, *found.get(1)?))))
}

/// What an answer calls the groups of these keys.
fn called(answer: &Answer, keys: &[String]) -> [Option<String>; 2] {
    let first = keys.first().and_then(|key| answer.groups.iter().find(|group| group.key == *key));
    let second = keys.get(1).and_then(|key| answer.series.iter().find(|series| series.id == *key));
    [first.map(|group| group.label.clone()), second.map(|series| series.label.clone())]
}

/// Places of the value and of the layer that a spot names.
fn found(plan: &Plan<'_>, spot: &Spot) -> Result<(Option<usize>, usize), StoreError> {
    let no_such = |name: &str| {
        let name: String = name.chars().take(60).collect();
        invalid(format!("“{}” has no number “{name}”.", plan.gauge.title))
    };
    let layer_named = |name: &str| plan.layers.iter().position(|layer| layer.layer.id == name);
    let measure_named = |name: &str| plan.measures.iter().position(|measure| measure.id == name);
    let value = spot.value.as_deref().map_or(Some(0), measure_named);
    let mut layer = match spot.value.as_deref() {
        Some(name) if value.is_none() => Some(layer_named(name).ok_or_else(|| no_such(name))?),
        _ => None,
    };
    if let Some(name) = spot.layer.as_deref() {
        layer = Some(layer_named(name).ok_or_else(|| no_such(name))?);
    }
    let first = || value.and_then(|at| plan.measures.get(at)?.uses.iter().min().copied());
    Ok((value, layer.or_else(first).unwrap_or_default()))
}

/// Whether the key at a place stands for what is beyond the top.
fn is_rest(plan: &Plan<'_>, place: usize, keys: &[String]) -> bool {
    let has_top = plan.dimensions.get(place).is_some_and(|dimension| dimension.top.is_some());
    has_top && keys.get(place).is_some_and(|key| key == OTHER)
}

fn no_such_group(key: &str) -> StoreError {
    let key: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
    invalid(format!("There is no group “{key}” in this answer."))
}

/// Refuses keys that no group can have.
fn check_keys(plan: &Plan<'_>, keys: &[String]) -> Result<(), StoreError> {
    if keys.len() > plan.dimensions.len() {
        return Err(invalid(format!("“{}” has fewer groups than are named.", plan.gauge.title)));
    }
    for (place, key) in keys.iter().enumerate() {
        let of_layers = plan.layers.iter().filter_map(|layer| layer.keys.get(place));
        let fits = key.is_empty()
            || is_rest(plan, place, keys)
            || of_layers.into_iter().all(|by| match by {
                Key::Column { id: Some(id), .. } if id.kind == ColumnKind::Id => key.parse::<i64>().is_ok(),
                Key::Column { .. } => key.chars().count() <= KEY_MAX && !key.contains('\0'),
                Key::Bands { bounds, .. } => key.parse().is_ok_and(|band: usize| band <= bounds.len()),
                Key::Bucket { bucket, .. } if bucket.is_calendar() => key.parse::<NaiveDate>().is_ok(),
                Key::Bucket { .. } => key.parse().is_ok_and(|number: u8| number < 24),
            });
        if !fits {
            return Err(no_such_group(key));
        }
    }
    Ok(())
}

/// What a layer's number is measured in.
fn unit(layer: &PlanLayer<'_>) -> Unit {
    match (&layer.layer.measure, layer.column.map(|column: &DatasetColumn| column.kind)) {
        (Measure::Count | Measure::Distinct(_), _) => Unit::Number,
        (_, Some(ColumnKind::Hours)) => Unit::Hours,
        (_, Some(ColumnKind::Money)) => Unit::Money,
        (_, Some(ColumnKind::Percent)) => Unit::Percent,
        _ => Unit::Number,
    }
}
