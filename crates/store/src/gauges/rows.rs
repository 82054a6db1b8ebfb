//! The rows of a gauge that is a list.

use super::{
    Context,
    plan::{Plan, column},
    statement::{Asker, push_rows_of, push_source, quoted},
};
use crate::{
    Scope, StoreError,
    datasets::order::{ordered, push_order},
};
use chrono::DateTime;
use serde_json::Value;
use sqlx::{PgConnection, QueryBuilder};
use taskgauge_model::{
    dataset::{ColumnKind, TABLE_ROWS_MAX, TablePage, TableRow, directed},
    gauge::RowList,
};

/// Reads the rows of the plan's first layer; times have the offset of the datasource's zone.
pub(super) async fn read(
    connection: &mut PgConnection,
    context: &Context,
    plan: &Plan<'_>,
    list: &RowList,
    asker: &Asker<'_>,
) -> Result<TablePage, StoreError> {
    let Some(layer) = plan.layers.first() else {
        return Ok(TablePage { total: 0, rows: Vec::new(), columns: list.columns.clone() });
    };
    let dataset = layer.dataset;
    // Whoever sees some companies only has no use for addresses in Autotask, and internal columns are not theirs.
    let everything = *asker.scope == Scope::All;
    let mut shown = Vec::new();
    for name in &list.columns {
        let column = column(dataset, name)?;
        if everything || !column.internal {
            shown.push(column.name.clone());
        }
    }
    let link = dataset.link.as_ref().filter(|_| everything);
    let read = |name: Option<&str>| -> Result<String, StoreError> {
        let Some(name) = name else { return Ok("null".to_owned()) };
        Ok(format!("d.{}", quoted(&column(dataset, name)?.name)))
    };
    let mut sql = QueryBuilder::new("select jsonb_build_array(");
    for (place, name) in shown.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        sql.push(format_args!("{comma}d.{}", quoted(name)));
    }
    let (id, entity) =
        (read(link.map(|link| link.id.as_str()))?, read(link.and_then(|link| link.entity.as_deref()))?);
    sql.push(format_args!("), ({id})::int8, ({entity})::text, (select count(*)"));
    push_rows_of(&mut sql, layer, asker)?;
    sql.push(")");
    let mut order = Vec::new();
    for sort in list.sorts() {
        order.extend(ordered(dataset, column(dataset, directed(sort).0)?, sort)?);
    }
    let id = dataset.column("id");
    order.extend(id.map(|id| (id, false)));
    let limit = format!("\nlimit {}", list.limit.min(TABLE_ROWS_MAX));
    // Where a row is one of the leading entity, its id is nobody else's.
    if id.is_some() && dataset.rows_of.is_empty() {
        // First which rows, then what they say: the columns shown look into other tables.
        push_source(&mut sql, asker.datasource, dataset, asker.scope)?;
        sql.push("\nand d.\"id\" = any(array(select d.\"id\"");
        push_rows_of(&mut sql, layer, asker)?;
        push_order(&mut sql, &order);
        sql.push(format_args!("{limit}))"));
    } else {
        push_rows_of(&mut sql, layer, asker)?;
    }
    push_order(&mut sql, &order);
    sql.push(limit);
    let found: Vec<(Value, Option<i64>, Option<String>, i64)> =
        sql.build_query_as().fetch_all(connection).await?;
    let total = found.first().map_or(0, |(.., total)| u64::try_from(*total).unwrap_or(0));
    let is_time: Vec<bool> = shown
        .iter()
        .map(|name| dataset.column(name).is_some_and(|column| column.kind == ColumnKind::Time))
        .collect();
    // A list is read beside a clock on the wall.
    let local = |(value, is_time): (Value, &bool)| match &value {
        Value::String(text) if *is_time => DateTime::parse_from_rfc3339(text)
            .map_or(value, |at| Value::String(at.with_timezone(&context.zone).to_rfc3339())),
        _ => value,
    };
    let rows = found
        .into_iter()
        .map(|(values, id, entity, _)| {
            let opened = link.and_then(|link| link.record(entity.as_deref())).zip(id);
            TableRow {
                values: match values {
                    Value::Array(values) => values.into_iter().zip(&is_time).map(local).collect(),
                    other => vec![other],
                },
                link: opened
                    .zip(context.web_url.as_deref())
                    .and_then(|((record, id), web_url)| context.settings.links.url(record, web_url, id)),
            }
        })
        .collect();
    Ok(TablePage { total, rows, columns: shown })
}
