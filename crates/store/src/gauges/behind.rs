//! The rows behind a number.

use super::{
    invalid,
    plan::{Bucket, Key, Plan, PlanLayer},
};
use crate::{Store, StoreError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, DatasetColumn},
    gauge::{Condition, Filters, Gauge, Op, Scalar},
    ids::DatasourceId,
    range::{Window, month_start, months_ahead},
};

/// Which rows of which dataset a number was counted from.
#[derive(Debug, Clone, PartialEq)]
pub struct Behind {
    /// Slug of the dataset.
    pub dataset: String,
    /// Conditions for [`TableQuery::conditions`](taskgauge_model::dataset::TableQuery::conditions).
    pub conditions: Vec<Condition>,
}

impl Store {
    /// The rows behind a layer of a gauge (its first one, if none is named), within the groups of these keys: one per
    /// dimension, as [`AnswerGroup::key`](taskgauge_model::gauge::AnswerGroup::key) has them; fewer mean all.
    ///
    /// As many rows as the layer counted: rows without a value in a measured column are left out.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] as for [`Store::answer`], and for groups that are no rows of their own: *Other*, hours
    /// and days of the week.
    pub async fn behind(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        filters: &Filters,
        at: DateTime<Utc>,
        layer: Option<&str>,
        keys: &[&str],
    ) -> Result<Behind, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let plan = Plan::new(Catalogue::shipped(), &context, gauge, filters, at)?;
        let found = match layer {
            Some(name) => plan.layers.iter().find(|layer| layer.layer.id == name),
            None => plan.layers.first(),
        };
        let layer =
            found.ok_or_else(|| invalid(format!("The gauge “{}” has no such layer.", gauge.title)))?;
        let mut conditions = layer.conditions.clone();
        if let Some(measured) = layer.column {
            conditions.push(on(measured, Op::Filled, Scalar::Nothing));
        }
        if let Some(cut) = layer.cut {
            conditions.extend(within(cut.column, cut.window, context.zone));
        }
        for (key, value) in layer.keys.iter().zip(keys) {
            conditions.extend(of_group(layer, key, value, context.zone)?);
        }
        Ok(Behind { dataset: layer.dataset.slug.clone(), conditions })
    }
}

/// Conditions that leave one group.
fn of_group(
    layer: &PlanLayer<'_>,
    key: &Key<'_>,
    value: &str,
    zone: Tz,
) -> Result<Vec<Condition>, StoreError> {
    let no_rows = || invalid(format!("Rows of “{}” cannot be listed for this group.", layer.layer.label));
    let text = || Scalar::Text(value.to_owned());
    Ok(match key {
        Key::Column { label, id, .. } => {
            let column = id.unwrap_or(label);
            match (value, column.kind) {
                ("", _) => vec![on(column, Op::Empty, Scalar::Nothing)],
                ("other", _) => return Err(no_rows()),
                ("Yes" | "No", ColumnKind::Flag) => vec![on(column, Op::Is, Scalar::Flag(value == "Yes"))],
                _ => vec![on(column, Op::Is, text())],
            }
        }
        Key::Bands { column, .. } if value.is_empty() => vec![on(column, Op::Empty, Scalar::Nothing)],
        Key::Bands { column, bounds } => {
            let at: usize = value.parse().map_err(|_| no_rows())?;
            let from = at.checked_sub(1).and_then(|at| bounds.get(at));
            let from = from.map(|bound| on(column, Op::AtLeast, Scalar::Number(*bound)));
            let until = bounds.get(at).map(|bound| on(column, Op::Under, Scalar::Number(*bound)));
            from.into_iter().chain(until).collect()
        }
        Key::Bucket { date, .. } if value.is_empty() => vec![on(date, Op::Empty, Scalar::Nothing)],
        Key::Bucket { date, bucket } => {
            let from: NaiveDate = value.parse().map_err(|_| no_rows())?;
            let next = match bucket {
                Bucket::Day => from.checked_add_days(Days::new(1)),
                Bucket::Week => from.checked_add_days(Days::new(7)),
                Bucket::Month => Some(months_ahead(month_start(from), 1)),
                Bucket::Hour | Bucket::Weekday => None,
            };
            let to = next.and_then(|next| next.checked_sub_days(Days::new(1))).ok_or_else(no_rows)?;
            within(date, Window { from, to }, zone)
        }
    })
}

/// Conditions that leave the dates of a window.
fn within(column: &DatasetColumn, window: Window, zone: Tz) -> Vec<Condition> {
    if column.kind == ColumnKind::Date {
        let date = |date: NaiveDate| Scalar::Text(date.to_string());
        return vec![on(column, Op::AtLeast, date(window.from)), on(column, Op::AtMost, date(window.to))];
    }
    let (from, until) = window.instants(&zone);
    let instant = |at: DateTime<Utc>| Scalar::Text(at.to_rfc3339());
    vec![on(column, Op::AtLeast, instant(from)), on(column, Op::Under, instant(until))]
}

fn on(column: &DatasetColumn, op: Op, value: Scalar) -> Condition {
    Condition { column: column.name.clone(), op, value }
}
