//! What Autotask itself can be asked to count: the rows of a layer, said in fields of the entity that leads its dataset.
//!
//! Datasets and their columns declare what they are in Autotask ([`Dataset::there`], `field` and `when` of a column). A
//! layer that rests on anything else cannot be asked for, and the sentence says on what.

use super::{
    Context,
    plan::{Plan, PlanLayer, column},
    relative,
};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{ColumnKind, Dataset, DatasetColumn},
    entity::{Entity, Kind},
    field_filter::FieldFilter,
    gauge::{Condition, Filters, Gauge, Op, Scalar},
    ids::DatasourceId,
};

/// Rows that Autotask can be asked to count.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnQuestion {
    /// Whose rows: name of an entity.
    pub entity: &'static str,
    /// Which of them: comparisons with values, without labels and without `now`.
    pub filter: FieldFilter,
}

impl Store {
    /// For each layer of a gauge, what to ask Autotask for to have its own count of the layer's rows at the instant `at`, or
    /// why it cannot be asked, as a sentence.
    ///
    /// # Errors
    /// As [`Store::explain`].
    pub async fn own_questions(
        &self,
        datasource: DatasourceId,
        gauge: &Gauge,
        filters: &Filters,
        scope: &Scope,
        at: DateTime<Utc>,
    ) -> Result<Vec<Result<OwnQuestion, String>>, StoreError> {
        let context = self.gauge_context(datasource).await?;
        let plan = Plan::new(Catalogue::shipped(), &context, gauge, filters, at)?;
        if plan.withheld_from(scope)?.is_some() {
            return Err(StoreError::NotFound { what: "gauge" });
        }
        let mut questions = Vec::with_capacity(plan.layers.len());
        for layer in &plan.layers {
            questions.push(match in_fields(layer, &context, scope) {
                Ok((entity, filter)) => {
                    let filter = self.in_values(&context, entity, filter, at).await?;
                    Ok(OwnQuestion { entity: entity.name, filter })
                }
                Err(why) => Err(why),
            });
        }
        Ok(questions)
    }

    /// The filter with values in the place of labels and of `now`.
    fn in_values<'a>(
        &'a self,
        context: &'a Context,
        entity: &'static Entity,
        filter: FieldFilter,
        at: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<FieldFilter, StoreError>> {
        async move {
            Ok(match filter {
                FieldFilter::Any { any } => {
                    let mut each = Vec::with_capacity(any.len());
                    for filter in any {
                        each.push(self.in_values(context, entity, filter, at).await?);
                    }
                    FieldFilter::Any { any: each }
                }
                FieldFilter::Every { every } => {
                    let mut each = Vec::with_capacity(every.len());
                    for filter in every {
                        each.push(self.in_values(context, entity, filter, at).await?);
                    }
                    FieldFilter::Every { every: each }
                }
                FieldFilter::Like { field, like } => {
                    let values = self.values_like(context.datasource, entity, &field, &like).await?;
                    FieldFilter::compared(&field, Op::In, values)
                }
                FieldFilter::Unlike { field, unlike } => {
                    let values = self.values_like(context.datasource, entity, &field, &unlike).await?;
                    FieldFilter::compared(&field, Op::NotIn, values)
                }
                FieldFilter::Compared(mut condition) => {
                    if let Scalar::Text(text) = &condition.value {
                        let kind = kind_of(entity, &condition.column);
                        let moment = match kind {
                            Kind::DateTime => relative::instant(text, at).map(|instant| instant.to_rfc3339()),
                            Kind::Date => relative::date(text, at, context.zone).map(|date| date.to_string()),
                            _ => None,
                        };
                        condition.value = Scalar::Text(moment.unwrap_or_else(|| text.clone()));
                    }
                    FieldFilter::Compared(condition)
                }
            })
        }
        .boxed()
    }

    /// Values of a picklist whose labels are like this.
    async fn values_like(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        field: &str,
        like: &str,
    ) -> Result<Scalar, StoreError> {
        let values: Vec<i64> = sqlx::query_scalar(
            "select value
            from autotask.picklist_values
            where datasource_id = $1
                and entity = $2
                and field = $3
                and label ~* $4
            order by value",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(field)
        .bind(like)
        .fetch_all(&self.pool)
        .await?;
        Ok(ids(&values))
    }
}

/// How values of a field are kept.
fn kind_of(entity: &Entity, field: &str) -> Kind {
    entity.columns.iter().find(|column| column.field == field).map_or(Kind::Integer, |column| column.kind)
}

fn ids(values: &[i64]) -> Scalar {
    Scalar::List(values.iter().map(|value| Scalar::Text(value.to_string())).collect())
}

/// The rows of a layer in fields of an entity.
fn in_fields(
    layer: &PlanLayer<'_>,
    context: &Context,
    scope: &Scope,
) -> Result<(&'static Entity, FieldFilter), String> {
    let dataset = layer.dataset;
    let entity = dataset.entities.first().and_then(|name| Entity::named(name));
    let Some((entity, rows)) = entity.zip(dataset.there.as_ref()) else {
        return Err(format!("“{}” is put together here: Autotask has no such list.", dataset.title));
    };
    let mut every = rows.clone();
    if dataset.of_tickets_in_scope {
        let settings = &context.settings;
        if !settings.excluded_ticket_categories.is_empty() {
            let categories = ids(&settings.excluded_ticket_categories);
            every.push(FieldFilter::compared("ticketCategory", Op::NotIn, categories));
        }
        if !settings.queues_in_scope.is_empty() {
            every.push(FieldFilter::compared("queueID", Op::In, ids(&settings.queues_in_scope)));
        }
    }
    if let Some(companies) = scope.companies() {
        let column = dataset.company.as_deref().and_then(|name| dataset.column(name));
        let field = column.and_then(|column| column.field.as_deref());
        let field = field.ok_or_else(|| format!("Autotask keeps no company with “{}”.", dataset.title))?;
        every.push(FieldFilter::compared(field, Op::In, ids(companies)));
    }
    for condition in &layer.conditions {
        every.push(of_condition(dataset, condition)?);
    }
    if let Some(cut) = layer.cut {
        if cut.until.is_some() {
            return Err("What stood at the end of a day is reckoned here: Autotask tells what is.".to_owned());
        }
        if cut.workdays {
            return Err("Autotask cannot leave out Saturdays and Sundays.".to_owned());
        }
        let field = field_of(cut.column)?;
        let (from, until) = if cut.column.kind == ColumnKind::Date {
            let after = cut.window.to.succ_opt().unwrap_or(NaiveDate::MAX);
            (cut.window.from.to_string(), after.to_string())
        } else {
            let (from, until) = cut.window.instants(&context.zone);
            (from.to_rfc3339(), until.to_rfc3339())
        };
        every.push(FieldFilter::compared(field, Op::AtLeast, Scalar::Text(from)));
        every.push(FieldFilter::compared(field, Op::Under, Scalar::Text(until)));
    }
    if let Some(column) = layer.column {
        every.push(FieldFilter::compared(field_of(column)?, Op::Filled, Scalar::Nothing));
    }
    Ok((entity, FieldFilter::Every { every }))
}

/// The field that a column shows.
fn field_of(column: &DatasetColumn) -> Result<&str, String> {
    column.field.as_deref().ok_or_else(|| reckoned(column))
}

fn reckoned(column: &DatasetColumn) -> String {
    format!("“{}” is reckoned here, so that Autotask cannot be asked for it.", column.label)
}

/// A condition on a column in fields.
fn of_condition(dataset: &Dataset, condition: &Condition) -> Result<FieldFilter, String> {
    let column = column(dataset, &condition.column).map_err(|error| error.to_string())?;
    if !column.when.is_empty() {
        let set = FieldFilter::Every { every: column.when.clone() };
        let is_set = match (condition.op, &condition.value) {
            (Op::Is, Scalar::Flag(flag)) => *flag,
            (Op::IsNot, Scalar::Flag(flag)) => !flag,
            _ => return Err(reckoned(column)),
        };
        return if is_set { Ok(set) } else { set.negated().ok_or_else(|| reckoned(column)) };
    }
    // A label has a value where its id has.
    let is_there = matches!(condition.op, Op::Empty | Op::Filled);
    let id = column.id.as_deref().filter(|_| is_there).and_then(|id| dataset.column(id));
    let field = field_of(id.unwrap_or(column))?;
    // Empty text is no value here, and may be one there.
    let is_safe = matches!(condition.op, Op::Is | Op::In | Op::Contains);
    if id.is_none() && column.kind == ColumnKind::Text && !is_safe {
        return Err(format!(
            "Autotask tells empty text from none, so that it cannot be asked for “{}”.",
            column.label
        ));
    }
    Ok(FieldFilter::compared(field, condition.op, condition.value.clone()))
}
