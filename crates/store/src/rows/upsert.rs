//! Inserting and updating rows, by a statement made from the entity's declaration.

use super::{Row, Unreadable};
use crate::StoreError;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::fmt::Write as _;
use taskgauge_model::entity::{Entity, column_name};
use taskgauge_model::ids::DatasourceId;

/// What an upsert did.
#[derive(Debug, Default)]
pub(super) struct Upserted {
    pub(super) inserted: u64,
    pub(super) revived: u64,
    pub(super) changed: Vec<i64>,
}

/// Inserts new rows and updates changed ones. When Postgres refuses a value, rows go one by one and the refused ones
/// are returned.
pub(super) async fn upsert(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<(Upserted, Vec<Unreadable>), StoreError> {
    if rows.is_empty() {
        return Ok((Upserted::default(), Vec::new()));
    }
    let sql = upsert_statement(entity);
    match try_upsert(connection, &sql, datasource, entity, rows, now).await {
        Ok(upserted) => return Ok((upserted, Vec::new())),
        Err(error) if is_data_exception(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let mut all = Upserted::default();
    let mut refused = Vec::new();
    for row in rows {
        match try_upsert(connection, &sql, datasource, entity, std::slice::from_ref(row), now).await {
            Ok(one) => {
                all.inserted += one.inserted;
                all.revived += one.revived;
                all.changed.extend(one.changed);
            }
            Err(error) if is_data_exception(&error) => refused.push(Unreadable {
                id: row.id,
                reason: "Postgres cannot store a value of this row.".to_owned(),
                row: row.to_json(entity),
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok((all, refused))
}

async fn try_upsert(
    connection: &mut PgConnection,
    sql: &str,
    datasource: DatasourceId,
    entity: &Entity,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<Upserted, sqlx::Error> {
    let records: Vec<Value> = rows.iter().map(|row| row.to_json(entity)).collect();
    let mut savepoint = connection.begin().await?;
    let (changed, inserted, revived): (Vec<i64>, i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(datasource.0)
        .bind(Json(records))
        .bind(now)
        .fetch_one(&mut *savepoint)
        .await?;
    savepoint.commit().await?;
    Ok(Upserted { inserted: inserted.cast_unsigned(), revived: revived.cast_unsigned(), changed })
}

/// Whether Postgres refused a value (SQLSTATE class 22), as opposed to being unable to work.
pub(super) fn is_data_exception(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code.starts_with("22"))
}

/// `$1` datasource, `$2` rows, `$3` now → ids changed, number inserted, number that came back from deletion.
fn upsert_statement(entity: &Entity) -> String {
    let mut names: Vec<String> = entity.columns.iter().map(|column| column_name(column.field)).collect();
    let mut types: Vec<&str> = entity.columns.iter().map(|column| column.kind.sql()).collect();
    names.extend(["extra".to_owned(), "udf".to_owned()]);
    types.extend(["jsonb", "jsonb"]);
    let list =
        |prefix: &str| names.iter().map(|name| format!("{prefix}\"{name}\"")).collect::<Vec<_>>().join(", ");
    let table = entity.table;
    let mut shape = String::from("id bigint");
    let mut assignments = String::new();
    for (name, kind) in names.iter().zip(&types) {
        // Writing to a string cannot fail.
        let _ = write!(shape, ", \"{name}\" {kind}");
        let _ = write!(assignments, "\"{name}\" = excluded.\"{name}\", ");
    }
    let (columns, of_page) = (list(""), list("page."));
    let (stored, arrived) = (list("t."), list("excluded."));
    format!(
        "with page as (
            select * from jsonb_to_recordset($2) as r({shape})
        ), gone as (
            select t.id from autotask.{table} t
            where t.datasource_id = $1 and t.id in (select page.id from page) and t.deleted_at is not null
        ), written as (
            insert into autotask.{table} as t (datasource_id, id, {columns}, changed_at)
            select $1, page.id, {of_page}, $3 from page
            on conflict (datasource_id, id) do update
            set {assignments}changed_at = excluded.changed_at, absent_since = null, deleted_at = null
            where ({stored}) is distinct from ({arrived})
                or t.deleted_at is not null
                or t.absent_since is not null
            returning t.id, (t.xmax = 0) as inserted
        )
        select coalesce(array_agg(id), '{{}}'), count(*) filter (where inserted), (select count(*) from gone)
        from written"
    )
}
