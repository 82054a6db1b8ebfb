//! What a run writes about itself: steps, where walks stand, what was read completely.

use super::Lease;
use crate::datasources::follows_zone;
use crate::rows::{any_absent, hold};
use crate::{Store, StoreError, notify};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::{Event, RunState};

/// Where a walk stands.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Cursor {
    /// Name of the walk.
    pub slice: String,
    /// Autotask's time when it began.
    pub began_at: DateTime<Utc>,
    /// Last id that is committed.
    pub after_id: Option<i64>,
    /// Whether it is complete.
    pub done: bool,
}

/// What the copy of an entity holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct EntityState {
    /// The entity's name.
    pub entity: String,
    /// Rises with every change of its rows or labels.
    pub version: i64,
    /// When Autotask last answered completely.
    pub read_at: Option<DateTime<Utc>>,
    /// Rows that are not marked as deleted.
    pub rows: i64,
    /// End of the first load.
    pub loaded_at: Option<DateTime<Utc>>,
    /// Autotask's time from which changes are asked for.
    pub watermark: Option<DateTime<Utc>>,
    /// When the whole collection was last read or its ids compared.
    pub swept_at: Option<DateTime<Utc>>,
    /// When the rows that are read again in any case were read last.
    pub again_at: Option<DateTime<Utc>>,
    /// Whether rows await the second look.
    pub has_absent: bool,
    /// When picklists and field lists were read.
    pub metadata_at: Option<DateTime<Utc>>,
    /// Fields that cannot be filtered on.
    pub unqueryable: Vec<String>,
    /// How often parts of it were compared id by id: whose turn it is.
    pub turn: i32,
}

/// What was read completely. Times are Autotask's, from before the first request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completed {
    /// The first load, or everything again.
    pub load: bool,
    /// Changes up to this time.
    pub watermark: Option<DateTime<Utc>>,
    /// The whole collection at this time.
    pub swept_at: Option<DateTime<Utc>>,
    /// The rows that are read again in any case, at this time.
    pub again_at: Option<DateTime<Utc>>,
    /// Lines of deletion logs that were written here before this time of this machine.
    pub logs_until: Option<DateTime<Utc>>,
    /// The second look at rows missed earlier.
    pub second_look: bool,
    /// A part that was compared id by id: the next one has its turn.
    pub compared: bool,
}

impl Store {
    /// Lists entities that the run will read. Those listed already keep what they did. Answers whether
    /// any were listed before, which tells a run that is resumed.
    pub async fn plan_steps(&self, lease: &Lease, entities: &[&Entity]) -> Result<bool, StoreError> {
        let all = Entity::all();
        let place = |entity: &Entity| all.iter().position(|other| other.name == entity.name);
        let names: Vec<&str> = entities.iter().map(|entity| entity.name).collect();
        let places: Vec<i32> = entities
            .iter()
            .map(|entity| place(entity).and_then(|place| i32::try_from(place).ok()).unwrap_or(i32::MAX))
            .collect();
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        let resumed: bool = sqlx::query_scalar(
            "select exists (select from taskgauge.steps where datasource_id = $1 and run_id = $2)",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query(
            "insert into taskgauge.steps (datasource_id, run_id, entity, place)
            select $1, $2, e.name, e.place
            from unnest($3::text[], $4::integer[]) as e(name, place)
            on conflict do nothing",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(&names)
        .bind(&places)
        .execute(&mut *transaction)
        .await?;
        let event = Event::Progress { datasource: lease.datasource, run: lease.run };
        notify::send(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(resumed)
    }

    /// Tells how many rows an entity's step will read, and counts the requests that asked.
    pub async fn expect_rows(
        &self,
        lease: &Lease,
        entity: &Entity,
        expected: Option<u64>,
        requests: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        sqlx::query(
            "update taskgauge.steps
            set expected = coalesce($4, expected), requests = requests + $5
            where datasource_id = $1 and run_id = $2 and entity = $3",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(entity.name)
        .bind(expected.map(u64::cast_signed))
        .bind(requests.cast_signed())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Counts requests of a run that belong to no entity.
    pub async fn count_requests(&self, lease: &Lease, requests: u64) -> Result<(), StoreError> {
        sqlx::query(
            "update taskgauge.runs
            set requests = requests + $4
            where datasource_id = $1 and id = $2 and fence = $3 and state = 'running'",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(lease.fence)
        .bind(requests.cast_signed())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Ends an entity's step, with the requests that no page counted. A remark may go with a complete one.
    pub async fn end_step(
        &self,
        lease: &Lease,
        entity: &Entity,
        state: RunState,
        problem: Option<&str>,
        requests: u64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        sqlx::query(
            "update taskgauge.steps
            set state = $4, problem = coalesce($5, problem), requests = requests + $6
            where datasource_id = $1 and run_id = $2 and entity = $3",
        )
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(entity.name)
        .bind(state.word())
        .bind(problem)
        .bind(requests.cast_signed())
        .execute(&mut *transaction)
        .await?;
        let event = Event::Progress { datasource: lease.datasource, run: lease.run };
        notify::send(&mut transaction, &event).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Begins these walks of an entity, where they have not begun, and answers where they stand. They share the time
    /// of the first, so that their conditions fit together. With `afresh`, former ones are forgotten first.
    pub async fn begin_walks(
        &self,
        lease: &Lease,
        entity: &Entity,
        slices: &[&str],
        began_at: DateTime<Utc>,
        afresh: bool,
    ) -> Result<Vec<Cursor>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        if afresh {
            forget_walks(&mut transaction, lease, entity, None).await?;
        }
        sqlx::query(
            "insert into taskgauge.cursors (datasource_id, entity, slice, began_at)
            select $1, $2, s.slice, coalesce(
                (
                    select min(c.began_at)
                    from taskgauge.cursors c
                    where c.datasource_id = $1 and c.entity = $2 and c.slice = any($3)
                ),
                $4
            )
            from unnest($3::text[]) as s(slice)
            on conflict do nothing",
        )
        .bind(lease.datasource.0)
        .bind(entity.name)
        .bind(slices)
        .bind(began_at)
        .execute(&mut *transaction)
        .await?;
        let cursors = sqlx::query_as(
            "select slice, began_at, after_id, done
            from taskgauge.cursors
            where datasource_id = $1 and entity = $2 and slice = any($3)",
        )
        .bind(lease.datasource.0)
        .bind(entity.name)
        .bind(slices)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(cursors)
    }

    /// Notes that walks of an entity were read completely, and forgets them.
    pub async fn complete(
        &self,
        lease: &Lease,
        entity: &Entity,
        slices: &[&str],
        what: Completed,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        let absent = what.second_look && any_absent(&mut transaction, lease.datasource, entity).await?;
        sqlx::query(
            "insert into taskgauge.entity_state as s
                (datasource_id, entity, version, read_at, loaded_at, watermark, swept_at, again_at, logs_until)
            values (
                $1, $2, (extract(epoch from clock_timestamp()) * 1000000)::bigint, $3,
                case when $4 then $3 end, $5, $6, $9, $10
            )
            on conflict (datasource_id, entity) do update
            set read_at = excluded.read_at,
                loaded_at = coalesce(excluded.loaded_at, s.loaded_at),
                watermark = coalesce(excluded.watermark, s.watermark),
                swept_at = coalesce(excluded.swept_at, s.swept_at),
                again_at = coalesce(excluded.again_at, s.again_at),
                logs_until = coalesce(excluded.logs_until, s.logs_until),
                has_absent = case when $7 then $8 else s.has_absent end,
                turn = case when $11 then (s.turn + 1) % 1000000 else s.turn end",
        )
        .bind(lease.datasource.0)
        .bind(entity.name)
        .bind(self.clock.now())
        .bind(what.load)
        .bind(what.watermark)
        .bind(what.swept_at)
        .bind(what.second_look)
        .bind(absent)
        .bind(what.again_at)
        .bind(what.logs_until)
        .bind(what.compared)
        .execute(&mut *transaction)
        .await?;
        // A load may have been cut into other parts when it began.
        let walks = (!what.load).then_some(slices);
        forget_walks(&mut transaction, lease, entity, walks).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What the copy holds, one per entity that was ever touched.
    pub async fn entity_states(&self, datasource: DatasourceId) -> Result<Vec<EntityState>, StoreError> {
        Ok(sqlx::query_as(
            "select entity, version, read_at, rows, loaded_at, watermark, swept_at, again_at, has_absent, metadata_at,
                unqueryable, turn
            from taskgauge.entity_state
            where datasource_id = $1
            order by entity",
        )
        .bind(datasource.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Notes that the tenant moved to another zone, in which Autotask's web address is `web_url`. An address that an
    /// admin chose stays.
    pub async fn record_zone(
        &self,
        lease: &Lease,
        zone_name: &str,
        api_url: &str,
        web_url: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        let former: Option<(String, Option<String>)> = sqlx::query_as(
            "select api_url, web_url from taskgauge.datasources where id = $1 for no key update",
        )
        .bind(lease.datasource.0)
        .fetch_optional(&mut *transaction)
        .await?;
        let moved =
            web_url.filter(|_| former.is_some_and(|(api_url, url)| follows_zone(url.as_deref(), &api_url)));
        sqlx::query(
            "update taskgauge.datasources
            set zone_name = $2, api_url = $3, web_url = coalesce($4, web_url)
            where id = $1",
        )
        .bind(lease.datasource.0)
        .bind(zone_name)
        .bind(api_url)
        .bind(moved)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Forgets where walks of an entity stand: these, or all.
async fn forget_walks(
    connection: &mut PgConnection,
    lease: &Lease,
    entity: &Entity,
    walks: Option<&[&str]>,
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from taskgauge.cursors
        where datasource_id = $1 and entity = $2 and ($3::text[] is null or slice = any($3))",
    )
    .bind(lease.datasource.0)
    .bind(entity.name)
    .bind(walks)
    .execute(connection)
    .await?;
    Ok(())
}
