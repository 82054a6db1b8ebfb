//! How rows are ordered, in tables, in files and on tiles.

use crate::{StoreError, gauges::statement::quoted};
use sqlx::{Postgres, QueryBuilder};
use taskgauge_model::dataset::{ColumnKind, Dataset, DatasetColumn, directed};

/// A column to order by, and whether from its largest value down.
pub(crate) type Ordered<'a> = (&'a DatasetColumn, bool);

/// What it means to order by a column, said as `name` or `-name`: a label stands where Autotask's picklist puts it.
pub(crate) fn ordered<'a>(
    dataset: &'a Dataset,
    column: &'a DatasetColumn,
    sort: &str,
) -> Result<Vec<Ordered<'a>>, StoreError> {
    if column.kind == ColumnKind::Json {
        return Err(StoreError::Invalid(format!("“{}” has no order.", column.label)));
    }
    let (_, down) = directed(sort);
    let place = column.order.as_deref().and_then(|name| dataset.column(name));
    Ok(place.into_iter().chain([column]).map(|column| (column, down)).collect())
}

pub(crate) fn push_order(sql: &mut QueryBuilder<Postgres>, order: &[Ordered<'_>]) {
    for (place, (column, down)) in order.iter().enumerate() {
        let name = quoted(&column.name);
        let direction = if *down { "desc" } else { "asc" };
        sql.push(if place == 0 { "\norder by " } else { ", " });
        match column.kind {
            ColumnKind::Text => sql.push(format_args!("lower(d.{name}) {direction} nulls last")),
            _ => sql.push(format_args!("d.{name} {direction} nulls last")),
        };
    }
}
