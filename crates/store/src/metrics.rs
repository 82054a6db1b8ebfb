//! How syncing goes, for operators.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// How syncing of a datasource goes.
#[derive(Debug, Clone, Default, PartialEq, sqlx::FromRow)]
pub struct DatasourceMetrics {
    /// The datasource's id.
    pub id: i64,
    /// The datasource's name.
    pub name: String,
    /// End of the last complete sync.
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the schedule is paused.
    pub paused: bool,
    /// Whether the latest run that ended failed.
    pub last_failed: bool,
    /// Whether a run is under way.
    pub running: bool,
    /// How long the latest run that ended took.
    pub last_seconds: Option<f64>,
    /// Its requests.
    pub last_requests: Option<i64>,
    /// Requests of the tenant in an hour, as Autotask last said.
    pub hour_used: Option<i64>,
    /// Requests that it may make in an hour.
    pub hour_limit: Option<i64>,
    /// Share of what is left of them that Taskgauge takes, in percent.
    pub share_percent: i32,
    /// Rows that are set aside.
    pub quarantined: i64,
    /// Windows whose count was still apart from Autotask's own when they were last compared and mended.
    pub differences: i64,
    /// Webhooks that are active; none where they are off.
    pub webhooks: Option<i64>,
    /// Callouts whose record is not read yet.
    pub callouts_waiting: Option<i64>,
    /// Its entities.
    #[sqlx(skip)]
    pub entities: Vec<EntityMetrics>,
}

/// How the copy of an entity is.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityMetrics {
    /// Its name.
    pub entity: String,
    /// Rows stored.
    pub rows: i64,
    /// When Autotask last answered completely.
    pub read_at: Option<DateTime<Utc>>,
}

impl Store {
    /// How syncing of every datasource goes, by name.
    pub async fn metrics(&self) -> Result<Vec<DatasourceMetrics>, StoreError> {
        let mut found: Vec<DatasourceMetrics> = sqlx::query_as(
            "select
                d.id, d.name, d.synced_at, d.paused, d.hour_used, d.hour_limit, d.share_percent,
                coalesce(last.state = 'failed', false) as last_failed,
                exists (
                    select from taskgauge.runs r where r.datasource_id = d.id and r.state = 'running'
                ) as running,
                extract(epoch from last.ended_at - last.started_at)::float8 as last_seconds,
                last.requests as last_requests,
                (select count(*) from taskgauge.quarantine q where q.datasource_id = d.id) as quarantined,
                (
                    select count(*)
                    from (
                        select distinct on (c.entity, c.part) c.apart
                        from taskgauge.comparisons c
                        where c.datasource_id = d.id
                        order by c.entity, c.part, c.at desc
                    ) latest
                    where latest.apart > 0
                ) as differences,
                (
                    select count(*)
                    from taskgauge.webhooks w
                    where w.datasource_id = d.id and w.state = 'active' and d.webhook_address is not null
                    having d.webhook_address is not null
                ) as webhooks,
                (
                    select count(*)
                    from taskgauge.callouts c
                    where c.datasource_id = d.id and c.read_at is null
                    having d.webhook_address is not null
                ) as callouts_waiting
            from taskgauge.datasources d
            left join lateral (
                select r.*
                from taskgauge.runs r
                where r.datasource_id = d.id and r.ended_at is not null
                order by r.id desc
                limit 1
            ) last on true
            order by lower(d.name)",
        )
        .fetch_all(&self.pool)
        .await?;
        let states: Vec<(i64, String, i64, Option<DateTime<Utc>>)> = sqlx::query_as(
            "select datasource_id, entity, rows, read_at
            from taskgauge.entity_state
            order by datasource_id, entity",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut entities: HashMap<i64, Vec<EntityMetrics>> = HashMap::new();
        for (id, entity, rows, read_at) in states {
            entities.entry(id).or_default().push(EntityMetrics { entity, rows, read_at });
        }
        for datasource in &mut found {
            datasource.entities = entities.remove(&datasource.id).unwrap_or_default();
        }
        Ok(found)
    }
}
