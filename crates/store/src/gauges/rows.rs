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
use sqlx::{PgConnection, QueryBuilder};
use taskgauge_model::{
    dataset::{TABLE_ROWS_MAX, TablePage, TableRow, directed},
    gauge::RowList,
};

/// Reads the rows of the plan's first layer.
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
    let link = match &dataset.link {
        Some(link) if everything => Some((link.record, quoted(&column(dataset, &link.id)?.name))),
        _ => None,
    };
    let mut sql = QueryBuilder::new("select jsonb_build_array(");
    for (place, name) in shown.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        sql.push(format_args!("{comma}d.{}", quoted(name)));
    }
    let id = link.as_ref().map_or_else(|| "null".to_owned(), |(_, id)| format!("d.{id}"));
    sql.push(format_args!("), ({id})::int8, (select count(*)"));
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
    let found: Vec<(serde_json::Value, Option<i64>, i64)> =
        sql.build_query_as().fetch_all(connection).await?;
    let total = found.first().map_or(0, |(_, _, total)| u64::try_from(*total).unwrap_or(0));
    let rows = found
        .into_iter()
        .map(|(values, id, _)| TableRow {
            values: match values {
                serde_json::Value::Array(values) => values,
                other => vec![other],
            },
            link: link
                .as_ref()
                .zip(id)
                .zip(context.web_url.as_deref())
                .map(|(((record, _), id), web_url)| record.url(web_url, id)),
        })
        .collect();
    Ok(TablePage { total, rows, columns: shown })
}
