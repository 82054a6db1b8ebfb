//! The numbers that an answer shows, and the rows behind each of them, added up. The tests of `taskgauge-sync` share it.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, TABLE_ROWS_MAX, TableQuery},
    formula::Formula,
    gauge::{Answer, ChartKind, Filters, Gauge, Measure, Status},
    ids::DatasourceId,
};
use taskgauge_store::{
    Scope, Store, StoreError,
    gauges::{Behind, Question, Spot},
};

/// Who opens numbers, and under which filters.
#[derive(Clone, Copy)]
pub struct Opener<'a> {
    pub store: &'a Store,
    pub datasource: DatasourceId,
    pub at: DateTime<Utc>,
    pub filters: &'a Filters,
    pub scope: &'a Scope,
}

impl Opener<'_> {
    pub async fn behind(&self, gauge: &Gauge, spot: Spot, table: TableQuery) -> Result<Behind, StoreError> {
        let question = Question { filters: self.filters.clone(), spot, table };
        self.store.rows_behind(self.datasource, gauge, &question, self.scope, self.at).await
    }

    /// Values of one column of all rows behind a spot, page by page, and what was said beside them.
    async fn column(&self, gauge: &Gauge, spot: &Spot, column: &str) -> (Vec<Json>, Behind) {
        let what = self.said(spot);
        let mut values = Vec::new();
        loop {
            let table = TableQuery {
                columns: vec![column.to_owned()],
                offset: u64::try_from(values.len()).expect("few"),
                limit: TABLE_ROWS_MAX,
                ..TableQuery::default()
            };
            let behind = self.behind(gauge, spot.clone(), table).await;
            let behind = behind.unwrap_or_else(|error| panic!("{}: {what}: {error:?}", gauge.id));
            values.extend(behind.page.rows.iter().map(|row| row.values[0].clone()));
            if behind.page.rows.is_empty() || values.len() as u64 == behind.page.total {
                assert_eq!(values.len() as u64, behind.page.total, "{}: {what}", gauge.id);
                return (values, behind);
            }
        }
    }

    /// Adds up the rows of every part of a spot; what comes of them is `wanted`, where that is known. How many rows
    /// those are.
    pub async fn adds_up(&self, gauge: &Gauge, spot: &Spot, wanted: Wanted) -> u64 {
        let mut numbers = BTreeMap::new();
        let mut ids: Vec<Option<String>> = vec![None];
        let mut said = None;
        let mut rows = 0;
        while let Some(layer) = ids.pop() {
            let spot = Spot { layer, ..spot.clone() };
            let what = self.said(&spot);
            let listed = if let Some(id) = &spot.layer {
                gauge.layers.iter().find(|layer| layer.id == *id)
            } else {
                let names = names(gauge, spot.value.as_deref());
                gauge.layers.iter().find(|layer| names.contains(&layer.id))
            };
            let layer = listed.unwrap_or_else(|| panic!("{}: {what}: no layer", gauge.id));
            let dataset = Catalogue::shipped().dataset(&layer.dataset).expect("a dataset");
            let column = layer.measure.column().unwrap_or(&dataset.columns[0].name);
            let (values, behind) = self.column(gauge, &spot, column).await;
            let part = &behind.parts[behind.listed];
            assert_eq!(part.id, layer.id, "{}: {what}", gauge.id);
            assert_eq!(part.rows, behind.page.total, "{}: {what}", gauge.id);
            rows += part.rows;
            let number = measured(&layer.measure, &values);
            close(&gauge.id, &what, part.value, number);
            // A mean of durations is told with what is beside it.
            let is_duration = dataset.column(column).is_some_and(|column| column.kind == ColumnKind::Hours)
                || gauge.id == "sales_cycle";
            let is_mean = is_duration && matches!(layer.measure, Measure::Avg(_));
            for (share, said) in [(0.5, part.spread.map(|it| it.0)), (0.9, part.spread.map(|it| it.1))] {
                let numbers = values.iter().filter_map(Json::as_f64).collect();
                close(&gauge.id, &what, said, percentile(numbers, share).filter(|_| is_mean));
            }
            numbers.insert(layer.id.clone(), number);
            if spot.layer.is_none() {
                ids.extend(behind.parts.iter().filter(|it| it.id != layer.id).map(|it| Some(it.id.clone())));
                said = Some(behind);
            }
        }
        let said = said.expect("asked");
        let what = self.said(spot);
        let value = gauge.values.iter().find(|value| spot.value.as_ref().is_none_or(|id| value.id == *id));
        let formula = value.map(|value| Formula::parse(&value.formula).expect("a formula"));
        if let Some(formula) = formula
            && !formula.names().contains("months")
            && value.is_none_or(|value| !value.of_total)
            && said.value.is_some()
        {
            let number = formula.value(&|name| numbers.get(name).copied().flatten());
            close(&gauge.id, &what, said.value, number);
        }
        if let Wanted::Number(wanted) = wanted {
            close(&gauge.id, &what, said.value, wanted);
        }
        rows
    }

    /// All that it takes to open a spot again.
    fn said(&self, spot: &Spot) -> String {
        format!("{spot:?} by {:?} for {:?} at {}", self.filters, self.scope, self.at)
    }
}

/// What an answer says at a spot.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// This number, or that there is none.
    Number(Option<f64>),
    /// Nothing.
    Unsaid,
}

/// Layers that a value is made of: all where the gauge has no such value.
fn names(gauge: &Gauge, value: Option<&str>) -> BTreeSet<String> {
    let found = match value {
        Some(id) => gauge.values.iter().find(|value| value.id == id),
        None => gauge.values.first(),
    };
    match (found, value) {
        (Some(found), _) => Formula::parse(&found.formula)
            .expect("a formula")
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        (None, Some(layer)) => BTreeSet::from([layer.to_owned()]),
        (None, None) => BTreeSet::from([gauge.layers[0].id.clone()]),
    }
}

/// Every number of an answer, and the number where it is said.
pub fn spots(gauge: &Gauge, answer: &Answer) -> Vec<(Spot, Wanted)> {
    let spot = |value: Option<&str>, keys: &[&str]| Spot {
        value: value.map(str::to_owned),
        layer: None,
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let is_ok = answer.status == Status::Ok;
    let is_level = gauge.chart == ChartKind::Area;
    let is_said = is_ok && gauge.rows.is_none() && !is_level;
    let first = if is_said { Wanted::Number(answer.value) } else { Wanted::Unsaid };
    let mut spots = vec![(spot(None, &[]), first)];
    spots.extend(gauge.layers.iter().map(|layer| (spot(Some(&layer.id), &[]), Wanted::Unsaid)));
    spots.extend(answer.figures.iter().map(|it| (spot(Some(&it.id), &[]), Wanted::Number(Some(it.value)))));
    for group in &answer.groups {
        for series in &answer.series {
            let number = Wanted::Number(group.values.get(&series.id).copied());
            spots.push(if gauge.groups.len() > 1 {
                (spot(None, &[&group.key, &series.id]), number)
            } else {
                (spot(Some(&series.id), &[&group.key]), number)
            });
        }
        if gauge.groups.len() > 1 {
            spots.push((spot(None, &[&group.key]), Wanted::Unsaid));
        }
    }
    spots
}

fn measured(measure: &Measure, values: &[Json]) -> Option<f64> {
    let numbers: Vec<f64> = values.iter().filter_map(Json::as_f64).collect();
    match measure {
        Measure::Count => Some(values.len() as f64),
        Measure::Sum(_) => Some(numbers.iter().sum()),
        Measure::Avg(_) => mean(&numbers),
        Measure::Percentile(percent, _) => percentile(numbers, f64::from(*percent) / 100.0),
        Measure::Min(_) => numbers.into_iter().reduce(f64::min),
        Measure::Max(_) => numbers.into_iter().reduce(f64::max),
        Measure::Distinct(_) => {
            Some(values.iter().map(Json::to_string).collect::<BTreeSet<_>>().len() as f64)
        }
    }
}

pub fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// Linear between the two nearest, as `percentile_cont` has it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a short list")]
pub fn percentile(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let place = share * (numbers.len().checked_sub(1)? as f64);
    let (below, above) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

#[track_caller]
pub fn close(id: &str, what: &str, got: Option<f64>, wanted: Option<f64>) {
    let same = match (got, wanted) {
        (Some(got), Some(wanted)) => (got - wanted).abs() < 1e-3,
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{id}: {what} is {got:?} and should be {wanted:?}");
}
