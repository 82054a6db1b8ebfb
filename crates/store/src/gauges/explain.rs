//! How a number came about: which rows were counted, and which were left out and why.

use super::{
    Context, cache,
    plan::{Plan, PlanLayer},
    statement::{Asker, push_condition, push_source, push_window, quoted},
};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use futures::FutureExt as _;
use sqlx::QueryBuilder;
use std::collections::HashMap;
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
    /// Tickets that the settings leave out, by their queue or their category; `None` where none of its datasets looks at
    /// that.
    pub out_of_scope: Option<u64>,
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
        let key = cache::key(&context, &plan, gauge, filters, scope, at)?;
        let explanation = self.explain_in(&context, &plan, scope, at).boxed();
        Ok(Explanation::clone(&*self.answers.explained(key, explanation).await?))
    }

    async fn explain_in(
        &self,
        context: &Context,
        plan: &Plan<'_>,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Explanation, StoreError> {
        let asker = context.asker(scope, at);
        let mut snapshot = self.snapshot(at).await?;
        let mut layers = Vec::new();
        for layer in &plan.layers {
            let (mut sql, reasons) = statement_of(layer, plan.window, &asker)?;
            let counts: HashMap<i64, i64> =
                sql.build_query_as().fetch_all(snapshot.next().await?).await?.into_iter().collect();
            let rows = |step: usize| {
                let step = i64::try_from(step).unwrap_or(i64::MAX);
                counts.get(&step).copied().unwrap_or_default().cast_unsigned()
            };
            let left_out = reasons.into_iter().enumerate().map(|(place, reason)| (reason, rows(place + 1)));
            layers.push(ExplainedLayer {
                dataset: layer.dataset.slug.clone(),
                rows: counts.values().sum::<i64>().cast_unsigned(),
                left_out: left_out.collect(),
                counted: rows(0),
            });
        }
        let out_of_scope = if plan.layers.iter().any(|layer| layer.dataset.of_tickets_in_scope) {
            let tickets: i64 = sqlx::query_scalar(
                "select count(*)
                from autotask.tickets t
                join dataset.workspace w
                    on w.datasource_id = t.datasource_id
                where t.datasource_id = $1
                    and t.deleted_at is null
                    and ($2::bigint[] is null or t.company_id = any ($2))
                    and (t.ticket_category = any (w.excluded_ticket_categories)
                        or (w.queues_in_scope is not null and (t.queue_id = any (w.queues_in_scope)) is not true))",
            )
            .bind(context.datasource.0)
            .bind(scope.companies())
            .fetch_one(snapshot.next().await?)
            .await?;
            Some(tickets.cast_unsigned())
        } else {
            None
        };
        snapshot.end().await?;
        let mut entities: Vec<String> =
            plan.layers.iter().flat_map(|layer| layer.dataset.entities.iter().cloned()).collect();
        entities.sort_unstable();
        entities.dedup();
        Ok(Explanation {
            zone: context.zone.name().to_owned(),
            window: plan.window,
            layers,
            entities,
            out_of_scope,
        })
    }
}

/// How many rows pass every condition (0), and how many fail which one first (from 1 on); and the reasons, in order.
fn statement_of(
    layer: &PlanLayer<'_>,
    shown: Option<Window>,
    asker: &Asker<'_>,
) -> Result<(QueryBuilder<sqlx::Postgres>, Vec<String>), StoreError> {
    let own = layer.conditions.len() - layer.filters.len();
    let mut reasons = Vec::new();
    let mut sql = QueryBuilder::new("select f.step, count(*)\nfrom (\nselect (case");
    for (place, condition) in layer.conditions.iter().enumerate() {
        sql.push("\nwhen (true");
        push_condition(&mut sql, layer.dataset, condition)?;
        // A filter is chosen by names and compares ids.
        let filter = place.checked_sub(own).and_then(|place| layer.filters.get(place));
        // As it was written: what it means at this moment stands in the statement.
        let written = layer.layer.conditions.get(place).unwrap_or(condition);
        reasons.push(filter.map_or_else(
            || format!("Not: {}", written.words(Some(layer.dataset))),
            |filter| format!("Not of what is chosen as {filter}"),
        ));
        sql.push(format_args!(") is not true then {}", reasons.len()));
    }
    if let Some(cut) = layer.cut {
        sql.push("\nwhen (true");
        push_window(&mut sql, asker, cut, cut.window);
        let said = |day: NaiveDate| day.format("%-d %B %Y");
        let window = match cut.window {
            window if shown == Some(window) => "the window".to_owned(),
            Window { from, to } if from == to => said(from).to_string(),
            Window { from, to } => format!("{} to {}", said(from), said(to)),
        };
        reasons.push(match cut.until {
            Some(until) => {
                format!("Not there at the end of {window}, from {} to {}", cut.column.label, until.label)
            }
            None if cut.workdays => {
                format!("{} is outside of {window}, on a Saturday or Sunday, or empty", cut.column.label)
            }
            None => format!("{} is outside of {window}, or empty", cut.column.label),
        });
        sql.push(format_args!(") is not true then {}", reasons.len()));
    }
    if let Some(measured) = layer.column {
        reasons.push(format!("{} has no value", measured.label));
        sql.push(format_args!("\nwhen d.{} is null then {}", quoted(&measured.name), reasons.len()));
    }
    // Without any condition there is nothing to choose by.
    sql.push("\nwhen false then 0 else 0 end)::int8 as step");
    push_source(&mut sql, asker.datasource, layer.dataset, asker.scope)?;
    sql.push("\n) f\ngroup by f.step");
    Ok((sql, reasons))
}
