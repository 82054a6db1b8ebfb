//! How a number came about: which rows were counted, and which were left out and why.

use super::{
    plan::{Plan, PlanLayer},
    statement::{Asker, push_condition, push_source, push_window, quoted},
};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use taskgauge_model::{
    catalogue::Catalogue,
    gauge::{Filters, Gauge},
    ids::DatasourceId,
    range::Window,
};

/// How a number came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The time zone that dates are counted in, e.g. `Europe/Berlin`.
    pub zone: String,
    /// The window it covers; `None` for *now*.
    pub window: Option<Window>,
    /// One per layer, in their order.
    pub layers: Vec<ExplainedLayer>,
    /// Entities of Autotask behind it.
    pub entities: Vec<String>,
}

/// The rows of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedLayer {
    /// Slug of the dataset that was asked, which may be a wider one than the gauge names.
    pub dataset: String,
    /// Rows of the dataset that may be seen.
    pub rows: u64,
    /// What left rows out, one after the other: why, and how many.
    pub left_out: Vec<(String, u64)>,
    /// Rows that are counted.
    pub counted: u64,
}

impl Store {
    /// How the answer to a gauge came about at the instant `at`.
    ///
    /// # Errors
    /// As [`Store::answer`]. A gauge that is withheld from `scope` is [`StoreError::NotFound`]: how it is reckoned would
    /// tell what it counts.
    pub async fn explain(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Explanation, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let plan = Plan::new(Catalogue::shipped(), &context, gauge, filters, at)?;
        if plan.withheld_from(scope)?.is_some() {
            return Err(StoreError::NotFound { what: "gauge" });
        }
        let asker = context.asker(scope, at);
        let mut reading = self.reading_at(at).await?;
        let mut layers = Vec::new();
        for layer in &plan.layers {
            let (mut sql, reasons) = statement_of(layer, &asker)?;
            let counts: Vec<i64> = sql.build_query_scalar().fetch_one(&mut *reading).await?;
            let counts: Vec<u64> = counts.into_iter().map(i64::cast_unsigned).collect();
            let rows = counts.first().copied().unwrap_or_default();
            let counted = counts.last().copied().unwrap_or_default();
            let steps = counts.windows(2).map(|pair| pair[0] - pair[1]);
            layers.push(ExplainedLayer {
                dataset: layer.dataset.slug.clone(),
                rows,
                left_out: reasons.into_iter().zip(steps).filter(|(_, rows)| *rows > 0).collect(),
                counted,
            });
        }
        reading.commit().await?;
        let mut entities: Vec<String> =
            plan.layers.iter().flat_map(|layer| layer.dataset.entities.iter().cloned()).collect();
        entities.sort_unstable();
        entities.dedup();
        Ok(Explanation { zone: context.zone.name().to_owned(), window: plan.window, layers, entities })
    }
}

/// One count after each condition, and the reasons, in the same order.
fn statement_of(
    layer: &PlanLayer<'_>,
    asker: &Asker<'_>,
) -> Result<(QueryBuilder<sqlx::Postgres>, Vec<String>), StoreError> {
    let mut reasons = Vec::new();
    let mut sql = QueryBuilder::new("select array[count(*)");
    let steps =
        layer.conditions.len() + usize::from(layer.cut.is_some()) + usize::from(layer.column.is_some());
    for last in 0..steps {
        sql.push(",\ncount(*) filter (where true");
        for (place, condition) in layer.conditions.iter().enumerate().take(last + 1) {
            push_condition(&mut sql, layer.dataset, condition)?;
            if place == last {
                reasons.push(format!("Not: {}", condition.words(Some(layer.dataset))));
            }
        }
        let left = (last + 1).saturating_sub(layer.conditions.len());
        if left > 0
            && let Some(cut) = layer.cut
        {
            push_window(&mut sql, asker, cut, cut.window);
            if left == 1 {
                reasons.push(match cut.until {
                    Some(until) => format!(
                        "Not there at the end of the window, from {} to {}",
                        cut.column.label, until.label
                    ),
                    None => format!("{} is outside of the window, or empty", cut.column.label),
                });
            }
        }
        if let Some(measured) = layer.column.filter(|_| left > usize::from(layer.cut.is_some())) {
            sql.push(format_args!("\nand d.{} is not null", quoted(&measured.name)));
            reasons.push(format!("{} has no value", measured.label));
        }
        sql.push(")");
    }
    sql.push("]");
    push_source(&mut sql, asker.datasource, layer.dataset, asker.scope)?;
    Ok((sql, reasons))
}
