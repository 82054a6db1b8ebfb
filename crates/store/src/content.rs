//! Gauges and dashboards: what ships, together with what people made and changed.
//!
//! What ships is in the program and improves with it. Where somebody changed it, the change is stored together with
//! what it was made from, so that a newer default and the change can be merged ([`merge::three_way`]). Every read
//! therefore gives what holds now, and nothing has to be migrated.

mod piece;

pub use piece::Piece;

use crate::{Store, StoreError, notify};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use taskgauge_model::{bundle::Bundle, dashboard::Dashboard, gauge::Gauge, merge, run::Event};

/// Longest name in addresses, in characters.
const ID_MAX: usize = 60;
/// Longest part of it that is made of a title.
const STEM_MAX: usize = 50;
/// Names that are addresses of other pages.
const RESERVED: [&str; 2] = ["new", "preview"];
/// Most pieces of one kind that people made.
const MADE_MAX: usize = 5_000;

/// Where a gauge or dashboard comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It ships with Taskgauge and is as it ships.
    Shipped,
    /// It ships, and somebody changed it.
    Changed,
    /// People made it.
    Made,
}

/// A gauge or dashboard as it holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The definition.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
    /// Rises with each change; 0 where nothing was ever changed.
    pub version: i64,
    /// When it was changed last, and by whom.
    pub changed: Option<(DateTime<Utc>, String)>,
    /// Whether somebody removed it. It can be had back.
    pub is_removed: bool,
    /// How many gauges and dashboards the last change was of: more than one where they came in a file.
    pub pieces: u32,
}

/// All gauges and dashboards: what ships in its order, then what people made.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// Rises with each change of any of them.
    pub version: i64,
    /// Gauges.
    pub gauges: Vec<Entry<Gauge>>,
    /// Dashboards.
    pub dashboards: Vec<Entry<Dashboard>>,
}

impl Content {
    /// The gauge of that id, removed ones too.
    pub fn gauge(&self, id: &str) -> Option<&Entry<Gauge>> {
        self.gauges.iter().find(|entry| entry.value.id == id)
    }

    /// The dashboard of that id, removed ones too.
    pub fn dashboard(&self, id: &str) -> Option<&Entry<Dashboard>> {
        self.dashboards.iter().find(|entry| entry.value.id == id)
    }

    /// A name in addresses for something new: `wanted`, or that with a number behind it where it is taken, means a page
    /// of its own, or says nothing.
    pub fn free_id<T: Piece>(&self, wanted: &str, between: char) -> String {
        let stem: String = wanted.chars().take(STEM_MAX).collect();
        let is_free = |id: &str| {
            let taken = T::shipped().iter().any(|shipped| shipped.id() == id)
                || T::of(self).iter().any(|entry| entry.value.id() == id && !entry.is_removed);
            !taken && !RESERVED.contains(&id)
        };
        let numbered =
            |number: u32| format!("{}{between}{number}", if stem.is_empty() { T::NOUN } else { &stem });
        std::iter::once(stem.clone())
            .filter(|stem| !stem.is_empty())
            .chain((2..=u32::MAX).map(numbered))
            .find(|id| is_free(id))
            .unwrap_or_default()
    }

    /// Dashboards that show a gauge.
    pub fn boards_with<'a>(&'a self, gauge: &'a str) -> impl Iterator<Item = &'a Dashboard> {
        let shows = move |board: &&Dashboard| {
            board.tiles.iter().any(|tile| tile.gauge == gauge || tile.or.as_deref() == Some(gauge))
        };
        self.dashboards.iter().filter(|entry| !entry.is_removed).map(|entry| &entry.value).filter(shows)
    }
}

/// What a piece may be written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Nothing: it is new.
    Nothing,
    /// The version it was made from.
    Version(i64),
    /// Whatever is there.
    Anything,
}

/// What this process read last.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Option<Arc<Content>>>);

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    id: String,
    base: Option<Value>,
    body: Value,
    version: i64,
    changed_at: DateTime<Utc>,
    changed_by: String,
    removed_at: Option<DateTime<Utc>>,
    pieces: i32,
}

impl Store {
    /// All gauges and dashboards as they hold now. They are read again when any of them changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn content(&self) -> Result<Arc<Content>, StoreError> {
        let version: i64 =
            sqlx::query_scalar("select version from taskgauge.content_version").fetch_one(&self.pool).await?;
        if let Some(kept) = self.shelf.of(version) {
            return Ok(kept);
        }
        let mut reading = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let version: i64 = sqlx::query_scalar("select version from taskgauge.content_version")
            .fetch_one(&mut *reading)
            .await?;
        let rows: Vec<Row> = sqlx::query_as(
            "select kind, id, base, body, version, changed_at, changed_by, removed_at, pieces
            from taskgauge.content
            order by lower(body ->> 'title'), id",
        )
        .fetch_all(&mut *reading)
        .await?;
        reading.commit().await?;
        let content = Arc::new(Content { version, gauges: entries(&rows), dashboards: entries(&rows) });
        *self.shelf.lock() = Some(content.clone());
        Ok(content)
    }

    /// The gauge of that id as it holds now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, or somebody removed it.
    pub async fn gauge(&self, id: &str) -> Result<Gauge, StoreError> {
        let content = self.content().await?;
        let found = content.gauge(id).filter(|entry| !entry.is_removed);
        found.map(|entry| entry.value.clone()).ok_or(StoreError::NotFound { what: Gauge::NOUN })
    }

    /// Saves a gauge or dashboard that was made or changed. `seen` is the [`Entry::version`] that it was made from, 0
    /// for a new one. Gives its version now.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what to change, [`StoreError::Conflict`] when somebody else changed it meanwhile or
    /// the name of a new one is taken.
    pub async fn save<T: Piece>(&self, actor: &str, piece: &T, seen: i64) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let version = next_version(&mut transaction).await?;
        self.write(&mut transaction, actor, piece, version, Over::Version(seen)).await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// Saves a gauge or dashboard that is new. Gives its version.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what to change, [`StoreError::Conflict`] when its name is taken, also by one that
    /// ships.
    pub async fn create<T: Piece>(&self, actor: &str, piece: &T) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let version = next_version(&mut transaction).await?;
        self.write(&mut transaction, actor, piece, version, Over::Nothing).await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// Saves all gauges and dashboards of a file, or none; those that are there are replaced. All have the version that
    /// it gives, so that all are undone together.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what to change, [`StoreError::Conflict`] where there are too many.
    pub async fn import(&self, actor: &str, bundle: &Bundle) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let version = next_version(&mut transaction).await?;
        for gauge in &bundle.gauges {
            self.write(&mut transaction, actor, gauge, version, Over::Anything).await?;
        }
        for dashboard in &bundle.dashboards {
            self.write(&mut transaction, actor, dashboard, version, Over::Anything).await?;
        }
        sqlx::query(
            "update taskgauge.content
            set pieces = (select count(*) from taskgauge.content where version = $1)
            where version = $1",
        )
        .bind(version)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// Writes a gauge or dashboard over what it may replace.
    async fn write<T: Piece>(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        piece: &T,
        version: i64,
        over: Over,
    ) -> Result<(), StoreError> {
        piece.check_written()?;
        let shipped = T::shipped().iter().find(|shipped| shipped.id() == piece.id());
        let stored: Option<(i64, Value, bool)> = sqlx::query_as(
            "select version, body, removed_at is not null
            from taskgauge.content
            where kind = $1
                and id = $2",
        )
        .bind(T::KIND)
        .bind(piece.id())
        .fetch_optional(&mut *connection)
        .await?;
        let is_free = shipped.is_none() && stored.as_ref().is_none_or(|(_, _, is_removed)| *is_removed);
        let now = stored.as_ref().map_or(0, |(version, _, _)| *version);
        let may = match over {
            Over::Anything => true,
            Over::Nothing => is_free,
            Over::Version(seen) => now == seen || (seen == 0 && is_free),
        };
        if !may {
            return Err(StoreError::Conflict {
                what: if over == Over::Nothing || (over == Over::Version(0) && shipped.is_none()) {
                    format!("There is a {} with the name “{}” already. Choose another.", T::NOUN, piece.id())
                } else {
                    format!(
                        "Somebody else changed this {} meanwhile. Open it again, then change it.",
                        T::NOUN
                    )
                },
            });
        }
        if shipped.is_none() && stored.is_none() {
            let made: i64 = sqlx::query_scalar(
                "select count(*)
                from taskgauge.content
                where kind = $1
                    and removed_at is null",
            )
            .bind(T::KIND)
            .fetch_one(&mut *connection)
            .await?;
            if usize::try_from(made).unwrap_or(usize::MAX) >= MADE_MAX {
                return Err(StoreError::Conflict {
                    what: format!("There are {MADE_MAX} already. Remove some first."),
                });
            }
        }
        sqlx::query(
            "insert into taskgauge.content (kind, id, base, body, before, version, changed_at, changed_by)
            values ($1, $2, $3, $4, null, $5, $6, $7)
            on conflict (kind, id) do update
            set base = excluded.base,
                before_base = content.base,
                before = content.body,
                before_removed = content.removed_at is not null,
                pieces = 1,
                body = excluded.body,
                version = excluded.version,
                changed_at = excluded.changed_at,
                changed_by = excluded.changed_by,
                removed_at = null",
        )
        .bind(T::KIND)
        .bind(piece.id())
        .bind(shipped.map(written).transpose()?)
        .bind(written(piece)?)
        .bind(version)
        .bind(self.clock.now())
        .bind(actor)
        .execute(&mut *connection)
        .await?;
        self.changed::<T>(connection, actor, "change", piece.title()).await?;
        Ok(())
    }

    /// Takes a change back, with everything that was written by it; what was new is removed again. Undoing what this gives
    /// does it again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where not all is as that change left it: what somebody did since is not taken back.
    pub async fn undo(&self, actor: &str, version: i64) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let undone = next_version(&mut transaction).await?;
        let written: Vec<(String, String, i32)> = sqlx::query_as(
            "select kind, id, pieces
            from taskgauge.content
            where version = $1",
        )
        .bind(version)
        .fetch_all(&mut *transaction)
        .await?;
        let pieces = written.first().map(|(_, _, pieces)| *pieces);
        if pieces.is_none_or(|pieces| usize::try_from(pieces) != Ok(written.len())) {
            return Err(StoreError::Conflict {
                what:
                    "It was changed again since, or some of what came with it was, so that it is not undone. Open it to see what it is now."
                        .into(),
            });
        }
        for (kind, id, _) in written {
            if kind == Gauge::KIND {
                self.undo_one::<Gauge>(&mut transaction, actor, &id, undone).await?;
            } else {
                self.undo_one::<Dashboard>(&mut transaction, actor, &id, undone).await?;
            }
        }
        transaction.commit().await?;
        Ok(undone)
    }

    async fn undo_one<T: Piece>(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        id: &str,
        version: i64,
    ) -> Result<(), StoreError> {
        let shipped = T::shipped().iter().find(|shipped| shipped.id() == id).map(written).transpose()?;
        let statement = "update taskgauge.content
            set body = coalesce(before, $6, body),
                base = case when before is null then coalesce($6, base) else before_base end,
                before = body,
                before_base = base,
                before_removed = removed_at is not null,
                removed_at = case when before_removed or (before is null and $6 is null) then $4 end,
                version = $3,
                changed_at = $4,
                changed_by = $5
            where kind = $1
                and id = $2
            returning body ->> 'title'";
        self.alter_on::<T>(connection, actor, id, version, "undo", statement, &[shipped]).await
    }

    /// Makes a changed gauge or dashboard what ships again. Gives its version now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where it does not ship or was not changed.
    pub async fn reset<T: Piece>(&self, actor: &str, id: &str) -> Result<i64, StoreError> {
        let Some(shipped) = T::shipped().iter().find(|shipped| shipped.id() == id) else {
            return Err(StoreError::NotFound { what: T::NOUN });
        };
        self.alter::<T>(
            actor,
            id,
            "reset",
            "update taskgauge.content
            set before = body,
                before_base = base,
                before_removed = removed_at is not null,
                pieces = 1,
                body = $6,
                base = $6,
                removed_at = null,
                version = $3,
                changed_at = $4,
                changed_by = $5
            where kind = $1
                and id = $2
            returning body ->> 'title'",
            &[Some(written(shipped)?)],
        )
        .await
    }

    /// Removes a gauge or dashboard. It can be had back ([`Store::restore`]). Gives its version now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Conflict`] for a gauge that ships.
    pub async fn remove<T: Piece>(&self, actor: &str, id: &str) -> Result<i64, StoreError> {
        let shipped = T::shipped().iter().find(|shipped| shipped.id() == id);
        if shipped.is_some() && !T::IS_HIDEABLE {
            return Err(StoreError::Conflict {
                what: format!("This {} ships with Taskgauge. Take it off the boards instead.", T::NOUN),
            });
        }
        self.alter::<T>(
            actor,
            id,
            "remove",
            "insert into taskgauge.content as content (kind, id, base, body, version, changed_at, changed_by, removed_at)
            select $1, $2, $6::jsonb, $6::jsonb, $3::bigint, $4::timestamptz, $5, $4::timestamptz
            where $6::jsonb is not null
            on conflict (kind, id) do update
            set before = content.body,
                before_base = content.base,
                before_removed = false,
                pieces = 1,
                removed_at = $4,
                version = $3,
                changed_at = $4,
                changed_by = $5
            returning content.body ->> 'title'",
            &[match shipped {
                Some(shipped) => Some(written(shipped)?),
                None => self.stored_body::<T>(id).await?,
            }],
        )
        .await
    }

    /// Brings a removed gauge or dashboard back. Gives its version now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where none was removed.
    pub async fn restore<T: Piece>(&self, actor: &str, id: &str) -> Result<i64, StoreError> {
        self.alter::<T>(
            actor,
            id,
            "restore",
            "update taskgauge.content
            set before = body,
                before_base = base,
                before_removed = true,
                pieces = 1,
                removed_at = null,
                version = $3,
                changed_at = $4,
                changed_by = $5
            where kind = $1
                and id = $2
                and removed_at is not null
            returning body ->> 'title'",
            &[],
        )
        .await
    }

    async fn stored_body<T: Piece>(&self, id: &str) -> Result<Option<Value>, StoreError> {
        let found = sqlx::query_scalar(
            "select body
            from taskgauge.content
            where kind = $1
                and id = $2
                and removed_at is null",
        )
        .bind(T::KIND)
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found)
    }

    /// Runs a statement about one piece by itself. Gives the version it has then.
    async fn alter<T: Piece>(
        &self,
        actor: &str,
        id: &str,
        action: &str,
        statement: &'static str,
        bodies: &[Option<Value>],
    ) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let version = next_version(&mut transaction).await?;
        self.alter_on::<T>(&mut transaction, actor, id, version, action, statement, bodies).await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// Runs a statement about one piece that returns its title: kind, id, version, time, actor, and perhaps a body.
    #[expect(clippy::too_many_arguments, reason = "what a statement binds, and where it runs")]
    async fn alter_on<T: Piece>(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        id: &str,
        version: i64,
        action: &str,
        statement: &'static str,
        bodies: &[Option<Value>],
    ) -> Result<(), StoreError> {
        let mut altering = sqlx::query_scalar(statement)
            .bind(T::KIND)
            .bind(id)
            .bind(version)
            .bind(self.clock.now())
            .bind(actor);
        for body in bodies {
            altering = altering.bind(body);
        }
        let title: Option<String> =
            altering.fetch_optional(&mut *connection).await?.ok_or(StoreError::NotFound { what: T::NOUN })?;
        self.changed::<T>(connection, actor, action, title.as_deref().unwrap_or(id)).await
    }

    async fn changed<T: Piece>(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        action: &str,
        title: &str,
    ) -> Result<(), StoreError> {
        self.audit_on(connection, actor, &format!("{}.{action}", T::KIND), title, json!({})).await?;
        notify::send(connection, &Event::Edited).await
    }
}

impl Shelf {
    /// What was read last, if it is of this version.
    pub fn of(&self, version: i64) -> Option<Arc<Content>> {
        self.lock().as_ref().filter(|kept| kept.version == version).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Content>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Raises the version; whoever changes content waits here for the one before.
async fn next_version(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let version = sqlx::query_scalar(
        "update taskgauge.content_version
        set version = version + 1
        returning version",
    )
    .fetch_one(connection)
    .await?;
    Ok(version)
}

fn written<T: Piece>(piece: &T) -> Result<Value, StoreError> {
    serde_json::to_value(piece)
        .map_err(|_| StoreError::Invalid(format!("This {} holds a number that cannot be stored.", T::NOUN)))
}

fn entries<T: Piece>(rows: &[Row]) -> Vec<Entry<T>> {
    let stored: HashMap<&str, &Row> =
        rows.iter().filter(|row| row.kind == T::KIND).map(|row| (row.id.as_str(), row)).collect();
    let mut found: Vec<Entry<T>> =
        T::shipped().iter().map(|shipped| entry_of(shipped, stored.get(shipped.id()).copied())).collect();
    let ships = |id: &str| T::shipped().iter().any(|shipped| shipped.id() == id);
    found.extend(rows.iter().filter(|row| row.kind == T::KIND && !ships(&row.id)).filter_map(|row| {
        // What shipped once and was changed stays when it ships no more.
        match serde_json::from_value(row.body.clone()) {
            Ok(value) => Some(row.entry(value, Origin::Made)),
            Err(error) => {
                tracing::error!(kind = T::KIND, id = row.id, %error, "what was stored cannot be read");
                None
            }
        }
    }));
    found
}

/// What ships, with what was changed.
fn entry_of<T: Piece>(shipped: &T, row: Option<&Row>) -> Entry<T> {
    let untouched = |row: Option<&Row>| Entry {
        value: shipped.clone(),
        origin: Origin::Shipped,
        version: row.map_or(0, |row| row.version),
        changed: row.map(|row| (row.changed_at, row.changed_by.clone())),
        is_removed: row.is_some_and(|row| row.removed_at.is_some()),
        pieces: row.map_or(1, |row| row.pieces.unsigned_abs()),
    };
    let Some(row) = row else { return untouched(None) };
    let now = written(shipped).unwrap_or_default();
    let base = row.base.as_ref().unwrap_or(&now);
    let readable = |value: Value| {
        serde_json::from_value::<T>(value).ok().filter(|piece| piece.id() == row.id && piece.check().is_ok())
    };
    // A merge that makes no sense leaves what the person made; what cannot be read any more, the default.
    let merged = readable(merge::three_way(base, &now, &row.body)).or_else(|| readable(row.body.clone()));
    match merged {
        Some(value) if value != *shipped => row.entry(value, Origin::Changed),
        _ => untouched(Some(row)),
    }
}

impl Row {
    fn entry<T>(&self, value: T, origin: Origin) -> Entry<T> {
        Entry {
            value,
            origin,
            version: self.version,
            changed: Some((self.changed_at, self.changed_by.clone())),
            is_removed: self.removed_at.is_some(),
            pieces: self.pieces.unsigned_abs(),
        }
    }
}
