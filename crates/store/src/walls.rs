//! Walls: rotations of boards that are kept for screens.

use crate::{Store, StoreError, notify};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use taskgauge_model::{ids::WallId, run::Event, wall::Wall};

/// Most walls there are, removed ones left out.
const WALLS_MAX: i64 = 500;
/// A removed wall can be had back for so long.
const REMOVED_KEPT: TimeDelta = TimeDelta::days(30);

/// What people call it.
const NOUN: &str = "wall";

/// A wall that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredWall {
    /// Its id.
    pub id: WallId,
    /// What it shows.
    pub wall: Wall,
    /// Rises with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last, and by whom.
    pub changed: (DateTime<Utc>, String),
    /// Whether somebody removed it. It can be had back.
    pub is_removed: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    body: Value,
    version: i64,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    changed_by: String,
    removed_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self) -> Result<StoredWall, StoreError> {
        Ok(StoredWall {
            id: WallId(self.id),
            wall: serde_json::from_value(self.body).map_err(|error| {
                tracing::error!(wall = self.id, %error, "a wall cannot be read");
                StoreError::Invalid("This wall was made by another version and cannot be read.".to_owned())
            })?,
            version: self.version,
            created_at: self.created_at,
            changed: (self.changed_at, self.changed_by),
            is_removed: self.removed_at.is_some(),
        })
    }
}

impl Store {
    /// All walls by name, removed ones too.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn walls(&self) -> Result<Vec<StoredWall>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, body, version, created_at, changed_at, changed_by, removed_at
            from taskgauge.walls
            order by lower(body ->> 'name'), id",
        )
        .fetch_all(&self.pool)
        .await?;
        // One that cannot be read does not hide the others.
        Ok(rows.into_iter().filter_map(|row| row.read().ok()).collect())
    }

    /// A wall.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, or somebody removed it.
    pub async fn wall(&self, id: WallId) -> Result<StoredWall, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "select id, body, version, created_at, changed_at, changed_by, removed_at
            from taskgauge.walls
            where id = $1
                and removed_at is null",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        row.ok_or(StoreError::NotFound { what: NOUN })?.read()
    }

    /// Makes a wall.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what to change, [`StoreError::Conflict`] when there are too many.
    pub async fn add_wall(&self, actor: &str, wall: &Wall) -> Result<WallId, StoreError> {
        let body = written(wall)?;
        let mut transaction = self.pool.begin().await?;
        let id: Option<i64> = sqlx::query_scalar(
            "insert into taskgauge.walls (body, created_at, changed_at, changed_by)
            select $1, $2, $2, $3
            where (
                select count(*)
                from taskgauge.walls
                where removed_at is null
            ) < $4
            returning id",
        )
        .bind(body)
        .bind(self.clock.now())
        .bind(actor)
        .bind(WALLS_MAX)
        .fetch_optional(&mut *transaction)
        .await?;
        let id = id.ok_or_else(too_many)?;
        self.wall_changed(&mut transaction, actor, "add", &wall.name).await?;
        transaction.commit().await?;
        Ok(WallId(id))
    }

    /// Changes a wall. `seen` is the [`StoredWall::version`] that was changed.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what to change, [`StoreError::NotFound`] where there is none,
    /// [`StoreError::Conflict`] when somebody else changed it meanwhile.
    pub async fn save_wall(&self, actor: &str, id: WallId, wall: &Wall, seen: i64) -> Result<(), StoreError> {
        let body = written(wall)?;
        let mut transaction = self.pool.begin().await?;
        let saved: Option<i64> = sqlx::query_scalar(
            "update taskgauge.walls
            set body = $2,
                version = version + 1,
                changed_at = $3,
                changed_by = $4
            where id = $1
                and version = $5
                and removed_at is null
            returning id",
        )
        .bind(id.0)
        .bind(body)
        .bind(self.clock.now())
        .bind(actor)
        .bind(seen)
        .fetch_optional(&mut *transaction)
        .await?;
        if saved.is_none() {
            // Gone, or changed by somebody else.
            self.wall(id).await?;
            return Err(StoreError::Conflict {
                what: "Somebody else changed this wall meanwhile. Open it again, then change it.".to_owned(),
            });
        }
        self.wall_changed(&mut transaction, actor, "change", &wall.name).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a wall. It can be had back ([`Store::restore_wall`]).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none.
    pub async fn remove_wall(&self, actor: &str, id: WallId) -> Result<(), StoreError> {
        self.put_wall_away(actor, id, true).await
    }

    /// Brings a removed wall back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where none was removed in the last 30 days, [`StoreError::Conflict`] when there are too
    /// many.
    pub async fn restore_wall(&self, actor: &str, id: WallId) -> Result<(), StoreError> {
        self.put_wall_away(actor, id, false).await
    }

    async fn put_wall_away(&self, actor: &str, id: WallId, away: bool) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("delete from taskgauge.walls where removed_at < $1")
            .bind(self.clock.now() - REMOVED_KEPT)
            .execute(&mut *transaction)
            .await?;
        if !away {
            let shown: i64 =
                sqlx::query_scalar("select count(*) from taskgauge.walls where removed_at is null")
                    .fetch_one(&mut *transaction)
                    .await?;
            if shown >= WALLS_MAX {
                return Err(too_many());
            }
        }
        let name: Option<String> = sqlx::query_scalar(
            "update taskgauge.walls
            set removed_at = case when $2 then $3::timestamptz end,
                version = version + 1,
                changed_at = $3,
                changed_by = $4
            where id = $1
                and (removed_at is null) = $2
            returning body ->> 'name'",
        )
        .bind(id.0)
        .bind(away)
        .bind(self.clock.now())
        .bind(actor)
        .fetch_optional(&mut *transaction)
        .await?;
        let name = name.ok_or(StoreError::NotFound { what: NOUN })?;
        self.wall_changed(&mut transaction, actor, if away { "remove" } else { "restore" }, &name).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn wall_changed(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        action: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        self.audit_on(connection, actor, &format!("wall.{action}"), name, json!({})).await?;
        notify::send(connection, &Event::Edited).await
    }
}

fn too_many() -> StoreError {
    StoreError::Conflict { what: format!("There are {WALLS_MAX} walls already. Remove some first.") }
}

fn written(wall: &Wall) -> Result<Value, StoreError> {
    wall.check().map_err(StoreError::Invalid)?;
    serde_json::to_value(wall)
        .map_err(|_| StoreError::Invalid("This wall holds something that cannot be stored.".to_owned()))
}
