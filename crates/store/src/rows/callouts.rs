//! Writing what was read because of callouts: no run holds it, so nothing but the callouts themselves is the fence.

use super::books::raise_state;
use super::upsert::upsert;
use super::{Row, Unreadable, Written, set_aside, unreadable_rows};
use crate::webhooks::{Waiting, end_callouts};
use crate::{Store, StoreError, notify};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use std::collections::HashSet;
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::Event;
use taskgauge_model::webhook::Webhook;

/// What came of reading the records of callouts.
#[derive(Debug, Clone)]
pub struct CalloutCommit<'a> {
    /// Whose rows.
    pub entity: &'static Entity,
    /// The callouts that are done with this.
    pub callouts: &'a [Waiting],
    /// Rows to store, by id.
    pub rows: Vec<Row>,
    /// Rows to set aside.
    pub unreadable: Vec<Unreadable>,
    /// Ids that Autotask did not answer.
    pub gone: Vec<i64>,
    /// Those of them that a callout named as deleted. The others wait for the second look of a sync.
    pub deleted: Vec<i64>,
}

impl Store {
    /// Stores what was read because of callouts, in one transaction, and ends these. Where somebody else has ended all of
    /// them, or the datasource reads another tenant by now, nothing is written.
    pub async fn commit_callouts(
        &self,
        datasource: DatasourceId,
        commit: &CalloutCommit<'_>,
    ) -> Result<Written, StoreError> {
        let now = self.clock.now();
        let entity = commit.entity;
        let mut transaction = self.pool.begin().await?;
        if end_callouts(&mut transaction, datasource, commit.callouts, now).await? == 0 {
            return Ok(Written::default());
        }
        let (upserted, refused) = upsert(&mut transaction, datasource, entity, &commit.rows, now).await?;
        let unreadable: Vec<Unreadable> = commit.unreadable.iter().cloned().chain(refused).collect();
        set_aside(&mut transaction, datasource, entity, &unreadable, now).await?;
        let readable_now: Vec<i64> = commit
            .rows
            .iter()
            .map(|row| row.id)
            .filter(|id| unreadable.iter().all(|row| row.id != *id))
            .collect();
        sqlx::query(
            "delete from taskgauge.quarantine where datasource_id = $1 and entity = $2 and id = any($3)",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(&readable_now)
        .execute(&mut *transaction)
        .await?;
        let (missed, deleted) = mark_gone(&mut transaction, datasource, commit, now).await?;
        let readable = commit.rows.len() as u64 - unreadable_rows(&commit.rows, &unreadable);
        let written = Written {
            inserted: upserted.inserted,
            updated: upserted.changed.len() as u64 - upserted.inserted,
            unchanged: readable - upserted.changed.len() as u64,
            deleted,
            missed,
            quarantined: unreadable.len() as u64,
            stop: false,
        };
        let changed = !upserted.changed.is_empty() || deleted > 0;
        if changed || missed > 0 {
            let grown =
                upserted.inserted.cast_signed() + upserted.revived.cast_signed() - deleted.cast_signed();
            raise_state(&mut transaction, datasource, entity, changed, grown, missed > 0).await?;
        }
        if changed {
            let event = Event::Changed { datasource, entities: vec![entity.name.to_owned()] };
            notify::send(&mut transaction, &event).await?;
        }
        transaction.commit().await?;
        Ok(written)
    }
}

/// Ids of an entity's rows that were read because of callouts after `since`: what was asked for before may be older.
pub(super) async fn called_since(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    since: DateTime<Utc>,
) -> Result<HashSet<i64>, StoreError> {
    let webhooks = Webhook::ALL.iter().filter(|webhook| webhook.reads() == entity.name);
    let collections: Vec<&str> = webhooks.map(|webhook| webhook.collection).collect();
    if collections.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = sqlx::query_scalar(
        "select coalesce(leads_to, record_id)
        from taskgauge.callouts
        where datasource_id = $1 and collection = any($2) and read_at > $3",
    )
    .bind(datasource.0)
    .bind(&collections)
    .bind(since)
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().collect())
}

/// Marks rows as missed that are said to be deleted and were not looked for.
pub(crate) async fn doubt(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &'static Entity,
    ids: &[i64],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let commit = CalloutCommit {
        entity,
        callouts: &[],
        rows: Vec::new(),
        unreadable: Vec::new(),
        gone: ids.to_vec(),
        deleted: Vec::new(),
    };
    let (missed, _) = mark_gone(connection, datasource, &commit, now).await?;
    if missed > 0 {
        raise_state(connection, datasource, entity, false, 0, true).await?;
    }
    Ok(())
}

/// Marks rows that Autotask did not answer: deleted where it said so, else missed. Answers how many were missed and
/// deleted.
async fn mark_gone(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    commit: &CalloutCommit<'_>,
    now: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    if commit.gone.is_empty() {
        return Ok((0, 0));
    }
    let sql = format!(
        "with gone as (
            update autotask.{} t
            set absent_since = coalesce(t.absent_since, $5),
                deleted_at = case when t.id = any($4) then $5 end,
                changed_at = case when t.id = any($4) then $5 else t.changed_at end
            where t.datasource_id = $1
                and t.id = any($3)
                and t.deleted_at is null
                and (t.absent_since is null or t.id = any($4))
                and not exists (
                    select from taskgauge.quarantine q
                    where q.datasource_id = $1 and q.entity = $2 and q.id = t.id
                )
            returning t.deleted_at
        )
        select count(*) filter (where deleted_at is null), count(*) filter (where deleted_at is not null)
        from gone",
        commit.entity.table
    );
    let (missed, deleted): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(datasource.0)
        .bind(commit.entity.name)
        .bind(&commit.gone)
        .bind(&commit.deleted)
        .bind(now)
        .fetch_one(connection)
        .await?;
    Ok((missed.cast_unsigned(), deleted.cast_unsigned()))
}
