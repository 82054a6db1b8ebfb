//! Rows that are gone: missed by a page that should have held them, or named by a deletion log.

use super::{Covers, books::raise_state};
use crate::runs::Lease;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::HashSet;
use taskgauge_model::entity::{Entity, Refresh, column_name};
use taskgauge_model::ids::DatasourceId;

impl Store {
    /// Ids of rows that await the second look: missed before this run and not deleted.
    pub async fn absent_ids(&self, lease: &Lease, entity: &Entity) -> Result<Vec<i64>, StoreError> {
        let sql = format!(
            "select t.id from autotask.{} t \
             join taskgauge.runs r on r.datasource_id = $1 and r.id = $2 \
             where t.datasource_id = $1 and t.absent_since < r.started_at and t.deleted_at is null \
             order by t.id",
            entity.table
        );
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(lease.datasource.0)
            .bind(lease.run.0)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Ids of rows that this copy changed at or after `since`. Of an entity with change stamps only rows that Autotask
    /// stamped at or after `stamped_since`, so that the first load of its history does not count as change.
    pub async fn changed_ids(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        since: DateTime<Utc>,
        stamped_since: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let stamps = match entity.refresh {
            Refresh::Stamped { stamps, .. } => stamps,
            Refresh::Sweep { .. } | Refresh::Children { .. } => &[],
        };
        let stamped: Vec<String> =
            stamps.iter().map(|stamp| format!("t.\"{}\" >= $3", column_name(stamp))).collect();
        let stamped = if stamped.is_empty() { "$3 is not null".to_owned() } else { stamped.join(" or ") };
        let sql = format!(
            "select t.id from autotask.{} t
            where t.datasource_id = $1 and t.changed_at >= $2 and ({stamped}) and t.deleted_at is null
            order by t.id",
            entity.table
        );
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(datasource.0)
            .bind(since)
            .bind(stamped_since)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Ids that lines of a deletion log hold in a field: lines that were not followed up for this entity yet, stamped
    /// by Autotask at or after `since`, if given.
    pub async fn logged_ids(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        log: &Entity,
        field: &str,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<i64>, StoreError> {
        let column = column_name(field);
        let stamped = match log.refresh {
            Refresh::Stamped { stamps: [stamp, ..], .. } => {
                format!("l.\"{}\" >= coalesce($3, '-infinity')", column_name(stamp))
            }
            _ => "$3::timestamptz is null".to_owned(),
        };
        let sql = format!(
            "select distinct l.\"{column}\"
            from autotask.{} l
            left join taskgauge.entity_state s on s.datasource_id = $1 and s.entity = $2
            where l.datasource_id = $1
                and l.changed_at >= coalesce(s.logs_until, '-infinity')
                and {stamped}
                and l.\"{column}\" is not null
            order by 1",
            log.table
        );
        Ok(sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(datasource.0)
            .bind(entity.name)
            .bind(since)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Those of the ids that are not stored. Rows set aside count as stored.
    pub async fn unknown_ids(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        ids: &[i64],
    ) -> Result<Vec<i64>, StoreError> {
        let sql = format!(
            "select s.id
            from unnest($2::bigint[]) as s(id)
            where not exists (select from autotask.{} t where t.datasource_id = $1 and t.id = s.id)
            order by s.id",
            entity.table
        );
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(datasource.0).bind(ids).fetch_all(&self.pool).await?)
    }
}

/// Whether rows of the entity await the second look.
pub(crate) async fn any_absent(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
) -> Result<bool, StoreError> {
    let sql = format!(
        "select exists (
            select from autotask.{}
            where datasource_id = $1 and absent_since is not null and deleted_at is null
        )",
        entity.table
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(datasource.0).fetch_one(connection).await?)
}

/// Takes note of ids that an id sweep saw: answers how many came back from deletion.
pub(super) async fn look(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    seen: &[i64],
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let table = entity.table;
    let sql = format!(
        "with old as (
            select id, deleted_at from autotask.{table}
            where datasource_id = $1 and id = any($2) and (absent_since is not null or deleted_at is not null)
        ), found as (
            update autotask.{table} t
            set absent_since = null, deleted_at = null, changed_at = $3
            from old
            where t.datasource_id = $1 and t.id = old.id
            returning old.deleted_at
        )
        select count(*) from found where deleted_at is not null"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(datasource.0)
        .bind(seen)
        .bind(now)
        .fetch_one(connection)
        .await?)
}

/// Marks stored rows that a page should have held: absent at the first look, deleted when an earlier run had missed
/// them already. Answers how many of each.
pub(super) async fn mark_absent(
    connection: &mut PgConnection,
    lease: &Lease,
    entity: &Entity,
    covers: &Covers,
    (after, upper): (Option<i64>, Option<i64>),
    present: &[i64],
    now: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    if *covers == Covers::Nothing {
        return Ok((0, 0));
    }
    // Walks begin at id 0, so a page proves nothing about rows below it.
    let within = |id: &i64| *id > after.unwrap_or(-1) && upper.is_none_or(|upper| *id <= upper);
    let stored = stored_in(connection, lease.datasource, entity, covers, (after, upper)).await?;
    let present_here: HashSet<i64> = present.iter().copied().collect();
    let missed: Vec<i64> = stored.into_iter().filter(|id| within(id) && !present_here.contains(id)).collect();
    if matches!(covers, Covers::Everything | Covers::UpTo(_)) {
        // What was set aside and is gone awaits nothing any more.
        sqlx::query(
            "delete from taskgauge.quarantine
            where datasource_id = $1
                and entity = $2
                and id > $3
                and id <= coalesce($4, 9223372036854775807)
                and not (id = any($5))",
        )
        .bind(lease.datasource.0)
        .bind(entity.name)
        .bind(after.unwrap_or(-1))
        .bind(upper)
        .bind(present)
        .execute(&mut *connection)
        .await?;
    }
    if missed.is_empty() {
        return Ok((0, 0));
    }
    let table = entity.table;
    let sql = format!(
        "with missed as (
            update autotask.{table} t
            set absent_since = coalesce(t.absent_since, $5),
                deleted_at = case when t.absent_since < r.started_at then $5 end,
                changed_at = case when t.absent_since < r.started_at then $5 else t.changed_at end
            from taskgauge.runs r
            where r.datasource_id = $1
                and r.id = $2
                and t.datasource_id = $1
                and t.id = any($3)
                and t.deleted_at is null
                and (t.absent_since is null or t.absent_since < r.started_at)
                and not exists (
                    select from taskgauge.quarantine q
                    where q.datasource_id = $1 and q.entity = $4 and q.id = t.id
                )
            returning t.deleted_at
        )
        select count(*) filter (where deleted_at is null), count(*) filter (where deleted_at is not null)
        from missed"
    );
    let (missed, deleted): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(&missed)
        .bind(entity.name)
        .bind(now)
        .fetch_one(connection)
        .await?;
    Ok((missed.cast_unsigned(), deleted.cast_unsigned()))
}

/// Ids of stored rows that a page could be the whole truth about. Asked for by the one condition that an index serves; the
/// others are for the caller, since Postgres, which plans for any parameters, would pick the wrong one.
async fn stored_in(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    covers: &Covers,
    (after, upper): (Option<i64>, Option<i64>),
) -> Result<Vec<i64>, StoreError> {
    let select = |condition: &str| {
        let from = format!("select t.id from autotask.{} t where t.datasource_id = $1", entity.table);
        AssertSqlSafe(format!("{from} and {condition} and t.deleted_at is null"))
    };
    let query = match covers {
        Covers::Nothing => return Ok(Vec::new()),
        Covers::Everything | Covers::UpTo(_) => sqlx::query_scalar(select("t.id > $2 and t.id <= $3"))
            .bind(datasource.0)
            .bind(after.unwrap_or(-1))
            .bind(upper.unwrap_or(i64::MAX)),
        Covers::Ids(ids) => sqlx::query_scalar(select("t.id = any($2)")).bind(datasource.0).bind(ids),
        Covers::Children { field, parents } => {
            sqlx::query_scalar(select(&format!("t.\"{}\" = any($2)", column_name(field))))
                .bind(datasource.0)
                .bind(parents)
        }
    };
    Ok(query.fetch_all(connection).await?)
}

/// Marks the rows of `entity` that new lines of Autotask's deletion log name. Answers whether there were any.
///
/// Only a log that names the row itself can do this: `DeletedTicketLogs` names tickets, while the activity logs name
/// the ticket or task that the deleted time entry belonged to.
pub(super) async fn apply_log(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    log: &Entity,
    entity: &Entity,
    lines: &[i64],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let singular = entity.name.strip_suffix('s').unwrap_or(entity.name);
    let Some(column) = log.columns.iter().find(|column| column.reference == Some(singular)) else {
        return Ok(false);
    };
    let sql = format!(
        "update autotask.{} t
        set deleted_at = $3, changed_at = $3
        from autotask.{} l
        where l.datasource_id = $1
            and l.id = any($2)
            and t.datasource_id = $1
            and t.id = l.{}
            and t.deleted_at is null",
        entity.table,
        log.table,
        column_name(column.field)
    );
    let deleted = sqlx::query(AssertSqlSafe(sql))
        .bind(datasource.0)
        .bind(lines)
        .bind(now)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if deleted > 0 {
        raise_state(connection, datasource, entity, true, -deleted.cast_signed(), false).await?;
    }
    Ok(deleted > 0)
}
