//! Writing what Autotask sent: one page, one transaction.
//!
//! Statements are generated from the entity's declaration; identifiers come from declarations only, values are bound.

mod absence;
mod books;
mod callouts;
mod copy;
mod metadata;
mod upsert;
mod windows;

pub(crate) use absence::any_absent;
pub use callouts::CalloutCommit;
use callouts::called_since;
pub(crate) use callouts::doubt;
pub use metadata::{Metadata, PicklistValue, UserDefinedField};
pub use windows::{ALL_RECORDS, Compared, Comparison, Window};

use crate::runs::Lease;
use crate::{Store, StoreError};
use absence::{apply_log, look, mark_absent};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use copy::copy_in;
use serde_json::{Map, Value};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, Postgres};
use std::borrow::Cow;
use std::collections::HashSet;
use taskgauge_model::entity::{Deletes, Entity, column_name};
use taskgauge_model::ids::DatasourceId;
use upsert::{Upserted, upsert};

/// A value of a column, ready for Postgres.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Cell {
    /// None.
    #[default]
    Null,
    /// For `bigint`.
    Whole(i64),
    /// For `numeric`: plain decimal notation, such as `-12.50`.
    Number(String),
    /// For `text`; without NUL.
    Text(String),
    /// For `boolean`.
    Flag(bool),
    /// For `timestamptz`.
    Instant(DateTime<Utc>),
    /// For `date`.
    Day(NaiveDate),
}

impl Cell {
    /// The value as Postgres reads it out of JSON: decimals and times are texts.
    fn to_json(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Whole(whole) => (*whole).into(),
            Cell::Number(text) | Cell::Text(text) => text.as_str().into(),
            Cell::Flag(flag) => (*flag).into(),
            Cell::Instant(at) => at.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
            Cell::Day(day) => day.format("%Y-%m-%d").to_string().into(),
        }
    }
}

/// A row as it is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Autotask's id.
    pub id: i64,
    /// One value for each of the entity's columns, in their order; those that are missing at the end are null.
    pub cells: Vec<Cell>,
    /// Fields that no column holds; never null.
    pub extra: Map<String, Value>,
    /// User-defined fields, name → text.
    pub udf: Map<String, Value>,
}

impl Row {
    /// Column name → value, without those that are null.
    pub fn columns(&self, entity: &Entity) -> Map<String, Value> {
        let filled = entity.columns.iter().zip(&self.cells).filter(|(_, cell)| **cell != Cell::Null);
        filled.map(|(column, cell)| (column_name(column.field), cell.to_json())).collect()
    }

    /// Everything there is, as an object.
    fn to_json(&self, entity: &Entity) -> Value {
        let filled = |map: &Map<String, Value>| (!map.is_empty()).then(|| Value::Object(map.clone()));
        let mut record = self.columns(entity);
        record.insert("id".to_owned(), self.id.into());
        record.insert("extra".to_owned(), filled(&self.extra).unwrap_or_default());
        record.insert("udf".to_owned(), filled(&self.udf).unwrap_or_default());
        Value::Object(record)
    }
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable {
    /// Its id.
    pub id: i64,
    /// Why, as a sentence.
    pub reason: String,
    /// The row as it came.
    pub row: Value,
}

/// Which part of a collection a page is the whole truth about: stored rows in it that the page lacks are gone.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Covers {
    /// The page proves nothing about absence.
    #[default]
    Nothing,
    /// Every row in the page's range of ids.
    Everything,
    /// The same, of a walk that ends with this id.
    UpTo(i64),
    /// These ids.
    Ids(Vec<i64>),
    /// Rows whose column (an Autotask field name of the entity) holds one of these ids.
    Children {
        /// The field.
        field: &'static str,
        /// The parents' ids.
        parents: Vec<i64>,
    },
}

/// One page of one entity.
#[derive(Debug, Clone)]
pub struct PageCommit<'a> {
    /// Whose rows.
    pub entity: &'static Entity,
    /// What the walk is called; its cursor moves, where it has one.
    pub slice: Option<&'a str>,
    /// Rows to store. Their ids are distinct.
    pub rows: Vec<Row>,
    /// Whether none of the rows is likely to be stored yet, as on a first load: they are copied in then, which is much
    /// faster, and only compared with what is there when that shows to be wrong.
    pub fresh: bool,
    /// Rows to set aside. They count as present.
    pub unreadable: Vec<Unreadable>,
    /// Ids that were seen and need no writing: an id sweep.
    pub seen: Vec<i64>,
    /// What the page proves about absence.
    pub covers: Covers,
    /// Id before the page; `None` on the first.
    pub after: Option<i64>,
    /// Last id of the page.
    pub last: Option<i64>,
    /// Whether the walk ends with this page.
    pub complete: bool,
    /// Requests that this page took, attempts included.
    pub requests: u64,
    /// When it was asked for, by this machine's clock: rows that a callout had read later stay as they are.
    pub asked_at: Option<DateTime<Utc>>,
    /// Seconds that reading it took.
    pub seconds: f64,
}

impl PageCommit<'_> {
    /// A page without rows, to fill in.
    pub fn of(entity: &'static Entity) -> Self {
        Self {
            entity,
            slice: None,
            rows: Vec::new(),
            fresh: false,
            unreadable: Vec::new(),
            seen: Vec::new(),
            covers: Covers::Nothing,
            after: None,
            last: None,
            complete: true,
            requests: 0,
            asked_at: None,
            seconds: 0.0,
        }
    }
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// New rows.
    pub inserted: u64,
    /// Rows that differed.
    pub updated: u64,
    /// Rows that were the same.
    pub unchanged: u64,
    /// Rows marked as deleted.
    pub deleted: u64,
    /// Rows missed for the first time.
    pub missed: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Whether the run should stop now: a person cancelled it or paused the datasource.
    pub stop: bool,
}

impl Store {
    /// Stores a page in one transaction: rows, rows set aside, absences, cursor, counters, version, event.
    ///
    /// [`StoreError::Lost`] when the lease is no longer valid; nothing is written then. A row that Postgres refuses
    /// is set aside like one that could not be read.
    pub async fn commit_page(&self, lease: &Lease, page: &PageCommit<'_>) -> Result<Written, StoreError> {
        let now = self.clock.now();
        let entity = page.entity;
        let datasource = lease.datasource;
        let mut held = Held { connection: Some(self.pool.acquire().await?), returns: !page.fresh };
        let Some(connection) = &mut held.connection else { return Err(StoreError::Lost) };
        let mut transaction = connection.begin().await?;
        let mut written =
            Written { stop: hold(&mut transaction, lease, self.pinned_now()).await?, ..Written::default() };

        let newer = match page.asked_at {
            Some(asked_at) if !page.fresh => {
                called_since(&mut transaction, datasource, entity, asked_at).await?
            }
            _ => HashSet::new(),
        };
        let rows = if newer.is_empty() {
            Cow::Borrowed(page.rows.as_slice())
        } else {
            page.rows.iter().filter(|row| !newer.contains(&row.id)).cloned().collect()
        };
        let mut unreadable = page.unreadable.clone();
        let copied = page.fresh && copy_in(&mut transaction, datasource, entity, &rows, now).await?;
        let (upserted, refused) = if copied {
            let changed = rows.iter().map(|row| row.id).collect();
            (Upserted { inserted: rows.len() as u64, revived: 0, changed }, Vec::new())
        } else {
            upsert(&mut transaction, datasource, entity, &rows, now).await?
        };
        unreadable.extend(refused);
        let readable = page.rows.len() as u64 - unreadable_rows(&page.rows, &unreadable);
        written.inserted = upserted.inserted;
        written.updated = upserted.changed.len() as u64 - upserted.inserted;
        written.unchanged = readable - upserted.changed.len() as u64;
        written.quarantined = unreadable.len() as u64;

        let present: Vec<i64> = page
            .rows
            .iter()
            .map(|row| row.id)
            .chain(unreadable.iter().map(|row| row.id))
            .chain(page.seen.iter().copied())
            .collect();
        set_aside(&mut transaction, datasource, entity, &unreadable, now).await?;
        let mut returned = 0;
        if !page.seen.is_empty() {
            let seen: Vec<i64> = page.seen.iter().copied().filter(|id| !newer.contains(id)).collect();
            returned = look(&mut transaction, datasource, entity, &seen, now).await?;
        }
        let upper = match page.covers {
            Covers::UpTo(end) if page.complete => Some(end),
            _ if page.complete => None,
            _ => page.last,
        };
        let absences =
            mark_absent(&mut transaction, lease, entity, &page.covers, (page.after, upper), &present, now)
                .await?;
        (written.missed, written.deleted) = absences;

        let grown = upserted.inserted.cast_signed() + upserted.revived.cast_signed() + returned
            - written.deleted.cast_signed();
        let mut changed = Vec::new();
        if !upserted.changed.is_empty() || returned > 0 || written.deleted > 0 {
            changed.push(entity.name.to_owned());
        }
        if !upserted.changed.is_empty() {
            for other in Entity::all() {
                if matches!(other.deletes, Deletes::Log(logs) if logs.contains(&entity.name))
                    && apply_log(&mut transaction, datasource, entity, other, &upserted.changed, now).await?
                {
                    changed.push(other.name.to_owned());
                }
            }
        }
        let set_aside: Vec<i64> = unreadable.iter().map(|row| row.id).collect();
        let page = books::Page {
            commit: page,
            written: &written,
            present: &present,
            set_aside: &set_aside,
            grown,
            changed,
        };
        books::keep(&mut transaction, lease, page).await?;
        transaction.commit().await?;
        held.returns = true;
        Ok(written)
    }

    /// Rows set aside, newest first: the entity's name, when, and the row.
    pub async fn quarantine(
        &self,
        datasource: DatasourceId,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>, Unreadable)>, StoreError> {
        let rows: Vec<(String, DateTime<Utc>, i64, String, Value)> = sqlx::query_as(
            "select entity, at, id, reason, \"row\"
            from taskgauge.quarantine
            where datasource_id = $1
            order by at desc, entity, id
            limit $2",
        )
        .bind(datasource.0)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(entity, at, id, reason, row)| (entity, at, Unreadable { id, reason, row }))
            .collect())
    }

    /// How many rows of a datasource are set aside.
    pub async fn quarantined(&self, datasource: DatasourceId) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("select count(*) from taskgauge.quarantine where datasource_id = $1")
                .bind(datasource.0)
                .fetch_one(&self.pool)
                .await?;
        Ok(count.cast_unsigned())
    }
}

/// A connection that is closed instead of going back to the pool unless that is said: a `COPY` whose future was dropped
/// leaves it in the middle of its protocol.
struct Held {
    connection: Option<PoolConnection<Postgres>>,
    returns: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take_if(|_| !self.returns) {
            drop(connection.detach());
        }
    }
}

/// Checks the fence and keeps other workers from taking the run until the transaction ends. Answers whether the run
/// should stop.
///
/// The lock is an advisory one because it is fair: whoever wants the run for itself waits for the pages under way and
/// for no later ones, where a row lock would let one page after the other in before it.
///
/// Nobody waits for the disk: should the database crash, the last commits are lost in their order and with the cursors that
/// they moved, and are made again. The worker finds its [hold](crate::runs) gone then, and [`StoreError::Restarted`]
/// tells it to begin at what is stored.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    lease: &Lease,
    now: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    sqlx::query(
        "select pg_advisory_xact_lock_shared($1, ($2::bigint % 2147483647)::integer),
            set_config('synchronous_commit', 'off', true)",
    )
    .bind(RUN_LOCKS)
    .bind(lease.run.0)
    .execute(&mut *connection)
    .await?;
    // A statement of its own: it must see what was committed while the lock was waited for.
    let found: Option<(bool, bool)> = sqlx::query_as(
        "select
            r.cancel_requested or d.paused,
            exists (
                select from taskgauge.holds h
                where h.datasource_id = r.datasource_id and h.run_id = r.id and h.fence = r.fence
            )
        from taskgauge.runs r
        join taskgauge.datasources d on d.id = r.datasource_id
        where r.datasource_id = $1
            and r.id = $2
            and r.fence = $3
            and r.state = 'running'
            and r.lease_until > coalesce($4, clock_timestamp())",
    )
    .bind(lease.datasource.0)
    .bind(lease.run.0)
    .bind(lease.fence)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    match found {
        Some((stop, true)) => Ok(stop),
        Some((_, false)) => Err(StoreError::Restarted),
        None => Err(StoreError::Lost),
    }
}

/// As [`hold_alone`] for one run, but waits for a page that is being committed no longer than pages take. Answers whether it
/// could; if not, the transaction is of no use any more.
pub(crate) async fn try_hold_alone(connection: &mut PgConnection, run: i64) -> Result<bool, StoreError> {
    let patience = |time: &'static str| sqlx::query("select set_config('lock_timeout', $1, true)").bind(time);
    patience("500ms").execute(&mut *connection).await?;
    let held = sqlx::query("select pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::integer)")
        .bind(RUN_LOCKS)
        .bind(run)
        .execute(&mut *connection)
        .await;
    match held {
        Ok(_) => {
            patience("0").execute(connection).await?;
            Ok(true)
        }
        Err(error)
            if error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("55P03")) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends the connections that are in the middle of a page of this run: a worker that was stopped, or whose machine is out of
/// reach, never ends it by itself. Whoever holds the run alone, such as one who removes the datasource, is left to it.
pub(crate) async fn break_holds(connection: &mut PgConnection, run: i64) -> Result<(), StoreError> {
    sqlx::query(
        "select pg_terminate_backend(l.pid)
        from pg_locks l
        join pg_database d on d.oid = l.database and d.datname = current_database()
        where l.locktype = 'advisory'
            and l.classid = $1::integer::oid
            and l.objid = ($2::bigint % 2147483647)::integer::oid
            and l.objsubid = 2
            and l.mode = 'ShareLock'
            and l.granted
            and l.pid <> pg_backend_pid()",
    )
    .bind(RUN_LOCKS)
    .bind(run)
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits for the pages of these runs that are being committed, and lets none begin until the transaction ends. To be
/// taken before any lock on rows: a page locks rows, too.
pub(crate) async fn hold_alone(connection: &mut PgConnection, runs: &[i64]) -> Result<(), StoreError> {
    sqlx::query(
        "select pg_advisory_xact_lock($1, (r.id % 2147483647)::integer)
        from (select unnest($2::bigint[]) as id order by 1) r",
    )
    .bind(RUN_LOCKS)
    .bind(runs)
    .execute(connection)
    .await?;
    Ok(())
}

/// The first number of advisory locks on runs; the second is the run's.
const RUN_LOCKS: i32 = 0x7275_6e73;

/// How many of the rows were set aside.
fn unreadable_rows(rows: &[Row], unreadable: &[Unreadable]) -> u64 {
    rows.iter().filter(|row| unreadable.iter().any(|other| other.id == row.id)).count() as u64
}

/// Sets rows aside.
async fn set_aside(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    unreadable: &[Unreadable],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for row in unreadable {
        sqlx::query(
            "insert into taskgauge.quarantine (datasource_id, entity, id, reason, \"row\", at)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (datasource_id, entity, id) do update
            set reason = excluded.reason, \"row\" = excluded.\"row\", at = excluded.at",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(row.id)
        .bind(&row.reason)
        .bind(&row.row)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
