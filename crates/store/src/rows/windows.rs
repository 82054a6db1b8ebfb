//! Counting stored rows as Autotask counts its own: of a whole collection, of a window, of a range of ids.

use crate::{Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, FromRow, Postgres, QueryBuilder};
use taskgauge_model::entity::{Entity, Rule, column_name};
use taskgauge_model::ids::DatasourceId;

/// Comparisons are kept for so many days.
const KEPT_DAYS: i64 = 30;
/// What the window is called that is the whole collection.
pub const ALL_RECORDS: &str = "all records";

/// A part of a collection: a window at an instant, within a range of ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    /// The condition and the instant that it is relative to.
    pub rule: Option<(&'static Rule, DateTime<Utc>)>,
    /// Above this id; `None` begins with the first.
    pub after: Option<i64>,
    /// Up to this id; `None` ends with the last.
    pub last: Option<i64>,
}

/// Autotask's count of a window beside our own.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Comparison {
    /// Whose.
    pub entity: String,
    /// The window; [`ALL_RECORDS`] for the whole collection.
    pub part: String,
    /// When they were compared.
    pub at: DateTime<Utc>,
    /// Rows at Autotask.
    pub there: i64,
    /// Rows stored.
    pub here: i64,
    /// Rows that were read anew, or marked as missed or deleted, because of it.
    pub repaired: i64,
    /// Rows that the counts were apart by once that was done.
    pub apart: i64,
}

/// What comparing a window came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows at Autotask.
    pub there: u64,
    /// Rows stored.
    pub here: u64,
    /// Rows that were read anew, or marked as missed or deleted, because of it.
    pub repaired: u64,
    /// Rows that the counts were apart by once that was done.
    pub apart: u64,
}

impl Store {
    /// How many rows of a window Autotask should have: those that are stored and not missed. Of a window without a
    /// condition also those that were set aside and are not stored in an older form.
    pub async fn count_within(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        window: Window,
    ) -> Result<u64, StoreError> {
        let mut sql = QueryBuilder::<Postgres>::new("select (select count(*)");
        push_from(&mut sql, datasource, entity, window);
        sql.push(")");
        if window.rule.is_none() {
            sql.push(" + (select count(*) from taskgauge.quarantine q where q.datasource_id = ");
            sql.push_bind(datasource.0).push(" and q.entity = ").push_bind(entity.name);
            sql.push(" and q.id > ").push_bind(window.after.unwrap_or(-1));
            sql.push(" and q.id <= ").push_bind(window.last.unwrap_or(i64::MAX));
            sql.push(" and not exists (select").push(from(entity)).push_bind(datasource.0);
            sql.push(" and t.id = q.id))");
        }
        let count: i64 = sql.build_query_scalar().fetch_one(&self.pool).await?;
        Ok(count.cast_unsigned())
    }

    /// The id of the stored row of a window that has `before` others of it in front; `None` past the end, and where that
    /// would be the window's last id.
    pub async fn id_within(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        window: Window,
        before: u64,
    ) -> Result<Option<i64>, StoreError> {
        let mut sql = QueryBuilder::<Postgres>::new("select t.id");
        push_from(&mut sql, datasource, entity, window);
        sql.push(" order by t.id limit 1 offset ").push_bind(before.cast_signed());
        let found: Option<i64> = sql.build_query_scalar().fetch_optional(&self.pool).await?;
        Ok(found.filter(|found| Some(*found) != window.last))
    }

    /// The ids of the stored rows of a window.
    pub async fn ids_within(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        window: Window,
    ) -> Result<Vec<i64>, StoreError> {
        let mut sql = QueryBuilder::<Postgres>::new("select t.id");
        push_from(&mut sql, datasource, entity, window);
        sql.push(" order by t.id");
        Ok(sql.build_query_scalar().fetch_all(&self.pool).await?)
    }

    /// How many rows of an entity are set aside.
    pub async fn set_aside_count(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
    ) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from taskgauge.quarantine where datasource_id = $1 and entity = $2",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .fetch_one(&self.pool)
        .await?;
        Ok(count.cast_unsigned())
    }

    /// The highest id that is stored of an entity, rows that were deleted included.
    pub async fn highest_id(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
    ) -> Result<Option<i64>, StoreError> {
        let sql = format!("select max(id) from autotask.{} where datasource_id = $1", entity.table);
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(datasource.0).fetch_one(&self.pool).await?)
    }

    /// Keeps what a comparison came to. Old ones are forgotten, and earlier ones of the window that found nothing.
    pub async fn note_comparison(
        &self,
        datasource: DatasourceId,
        entity: &Entity,
        part: &str,
        compared: Compared,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "delete from taskgauge.comparisons
            where datasource_id = $1
                and entity = $2
                and (at < $4 or (part = $3 and there = here and repaired = 0 and apart = 0))",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(part)
        .bind(now - TimeDelta::days(KEPT_DAYS))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "insert into taskgauge.comparisons (datasource_id, entity, part, at, there, here, repaired, apart)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (datasource_id, entity, part, at) do update
            set there = excluded.there,
                here = excluded.here,
                repaired = excluded.repaired,
                apart = excluded.apart",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(part)
        .bind(now)
        .bind(compared.there.cast_signed())
        .bind(compared.here.cast_signed())
        .bind(compared.repaired.cast_signed())
        .bind(compared.apart.cast_signed())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The latest comparison of every window, by entity.
    pub async fn comparisons(&self, datasource: DatasourceId) -> Result<Vec<Comparison>, StoreError> {
        Ok(sqlx::query_as(
            "select distinct on (entity, part) entity, part, at, there, here, repaired, apart
            from taskgauge.comparisons
            where datasource_id = $1
            order by entity, part, at desc",
        )
        .bind(datasource.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Comparisons of the last days whose counts differed or that repaired something, newest first.
    pub async fn differences(
        &self,
        datasource: DatasourceId,
        limit: u32,
    ) -> Result<Vec<Comparison>, StoreError> {
        Ok(sqlx::query_as(
            "select entity, part, at, there, here, repaired, apart
            from taskgauge.comparisons
            where datasource_id = $1 and (there <> here or repaired > 0 or apart > 0)
            order by at desc, entity, part
            limit $2",
        )
        .bind(datasource.0)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Rows that Autotask should have; the datasource is to be bound next.
fn from(entity: &Entity) -> String {
    // The table's name comes from the declaration.
    format!(
        " from autotask.{} t where t.deleted_at is null and t.absent_since is null and t.datasource_id = ",
        entity.table
    )
}

fn push_from(sql: &mut QueryBuilder<Postgres>, datasource: DatasourceId, entity: &Entity, window: Window) {
    sql.push(from(entity)).push_bind(datasource.0);
    // Walks begin at id 0.
    sql.push(" and t.id > ").push_bind(window.after.unwrap_or(-1));
    if let Some(last) = window.last {
        sql.push(" and t.id <= ").push_bind(last);
    }
    if let Some((rule, now)) = window.rule {
        sql.push(" and ");
        push_rule(sql, rule, now);
    }
}

/// A rule as a condition on `t`, which says the same as its filter says to Autotask.
fn push_rule(sql: &mut QueryBuilder<Postgres>, rule: &Rule, now: DateTime<Utc>) {
    let column = |field: &str| format!("t.\"{}\"", column_name(field));
    let at = |days: u16| now - TimeDelta::days(days.into());
    match rule {
        Rule::All => {
            sql.push("true");
        }
        Rule::Eq(field, number) => {
            sql.push(column(field)).push(" = ").push_bind(*number);
        }
        Rule::NotEq(field, number) => {
            sql.push(column(field)).push(" is distinct from ").push_bind(*number);
        }
        Rule::Since(field, days) => {
            sql.push(column(field)).push(" >= ").push_bind(at(*days));
        }
        Rule::Before(field, days) => {
            let column = column(field);
            sql.push(format!("({column} is null or {column} < ")).push_bind(at(*days)).push(")");
        }
        Rule::Any(rules) => push_all(sql, rules, now, (" or ", "false")),
        Rule::Every(rules) => push_all(sql, rules, now, (" and ", "true")),
    }
}

fn push_all(
    sql: &mut QueryBuilder<Postgres>,
    rules: &[Rule],
    now: DateTime<Utc>,
    (between, of_none): (&str, &str),
) {
    sql.push("(");
    for (place, rule) in rules.iter().enumerate() {
        if place > 0 {
            sql.push(between);
        }
        push_rule(sql, rule, now);
    }
    if rules.is_empty() {
        sql.push(of_none);
    }
    sql.push(")");
}
