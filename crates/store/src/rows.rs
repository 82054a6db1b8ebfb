//! Writing what Autotask sent: one page, one transaction.
//!
//! Statements are generated from the entity's declaration; identifiers come from declarations only, values are bound.

use crate::runs::Lease;
use crate::{Store, StoreError, notify};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::fmt::Write as _;
use taskgauge_model::entity::{Deletes, Entity, Refresh, column_name};
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::Event;

/// A row as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Row {
    /// Autotask's id.
    pub id: i64,
    /// Column name → value in the form Postgres reads: instants and dates as ISO texts, decimals as texts.
    pub columns: Map<String, Value>,
    /// Fields that no column holds; never null.
    pub extra: Map<String, Value>,
    /// User-defined fields, name → text.
    pub udf: Map<String, Value>,
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
    /// The walk's cursor; `None` for a walk that is repeated rather than resumed.
    pub slice: Option<&'a str>,
    /// Rows to store. Their ids are distinct.
    pub rows: Vec<Row>,
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
            unreadable: Vec::new(),
            seen: Vec::new(),
            covers: Covers::Nothing,
            after: None,
            last: None,
            complete: true,
            requests: 0,
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
    /// Ids of [`PageCommit::seen`] that are not stored: they were missed before and must be read.
    pub unknown: Vec<i64>,
    /// Whether the run should stop now: a person cancelled it or paused the datasource.
    pub stop: bool,
}

/// What an upsert did.
#[derive(Debug, Default)]
struct Upserted {
    inserted: u64,
    revived: u64,
    changed: Vec<i64>,
}

/// A label of a picklist value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PicklistValue {
    /// Autotask's field name.
    pub field: String,
    /// The number that rows hold.
    pub value: i64,
    /// What people read.
    pub label: String,
    /// Place in the list.
    pub sort_order: i32,
    /// Whether it may still be chosen.
    pub is_active: bool,
    /// Whether Autotask made it.
    pub is_system: bool,
    /// For a dependent list: the value of the parent field it belongs to.
    pub parent_value: Option<i64>,
}

/// The definition of a user-defined field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserDefinedField {
    /// Its name, as rows carry it.
    pub name: String,
    /// What people read.
    pub label: Option<String>,
    /// Autotask's type name.
    pub r#type: String,
    /// Whether it may be filtered on.
    pub is_queryable: bool,
    /// Its list of values, if it has one.
    pub picklist: Option<Value>,
}

/// What Autotask says about an entity's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// Labels.
    pub picklists: Vec<PicklistValue>,
    /// User-defined fields.
    pub user_defined_fields: Vec<UserDefinedField>,
    /// Fields that cannot be filtered on.
    pub unqueryable: Vec<String>,
}

impl Store {
    /// Stores a page in one transaction: rows, rows set aside, absences, cursor, counters, version, event.
    ///
    /// [`StoreError::Lost`] when the lease is no longer valid; nothing is written then. A row that Postgres refuses
    /// is set aside like one that could not be read.
    pub async fn commit_page(&self, lease: &Lease, page: PageCommit<'_>) -> Result<Written, StoreError> {
        let now = self.clock.now();
        let entity = page.entity;
        let datasource = lease.datasource;
        let mut transaction = self.pool.begin().await?;
        let mut written =
            Written { stop: hold(&mut transaction, lease, self.pinned_now()).await?, ..Written::default() };

        let mut unreadable = page.unreadable;
        let (upserted, refused) = upsert(&mut transaction, datasource, entity, &page.rows, now).await?;
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
        set_aside(&mut transaction, datasource, entity, &present, &unreadable, now).await?;
        let mut returned = 0;
        if !page.seen.is_empty() {
            (returned, written.unknown) = look(&mut transaction, datasource, entity, &page.seen, now).await?;
        }
        let upper = if page.complete { None } else { page.last };
        let absences =
            mark_absent(&mut transaction, lease, entity, &page.covers, (page.after, upper), &present, now)
                .await?;
        (written.missed, written.deleted) = absences;

        let grown = upserted.inserted.cast_signed() + upserted.revived.cast_signed() + returned
            - written.deleted.cast_signed();
        let raise = !upserted.changed.is_empty() || returned > 0 || written.deleted > 0;
        raise_state(&mut transaction, datasource, entity, raise, grown, written.missed > 0).await?;
        let mut entities = Vec::new();
        if raise {
            entities.push(entity.name.to_owned());
        }
        if !upserted.changed.is_empty() {
            for other in Entity::all() {
                if other.deletes == Deletes::Log(entity.name)
                    && apply_log(&mut transaction, datasource, entity, other, &upserted.changed, now).await?
                {
                    entities.push(other.name.to_owned());
                }
            }
        }

        if let Some(slice) = page.slice {
            sqlx::query(
                "update taskgauge.cursors
                set after_id = coalesce($4, after_id), done = $5
                where datasource_id = $1 and entity = $2 and slice = $3",
            )
            .bind(datasource.0)
            .bind(entity.name)
            .bind(slice)
            .bind(page.last)
            .bind(page.complete)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query(
            "update taskgauge.steps
            set state = 'running',
                slice = coalesce($4, slice),
                read = read + $5,
                written = written + $6,
                unchanged = unchanged + $7,
                deleted = deleted + $8,
                quarantined = quarantined + $9,
                requests = requests + $10,
                seconds = seconds + $11
            where datasource_id = $1 and run_id = $2 and entity = $3",
        )
        .bind(datasource.0)
        .bind(lease.run.0)
        .bind(entity.name)
        .bind(page.slice)
        .bind(count(present.len()))
        .bind(count(upserted.changed.len()))
        .bind(written.unchanged.cast_signed())
        .bind(written.deleted.cast_signed())
        .bind(written.quarantined.cast_signed())
        .bind(page.requests.cast_signed())
        .bind(page.seconds)
        .execute(&mut *transaction)
        .await?;
        if !entities.is_empty() {
            notify::send(&mut transaction, &Event::Changed { datasource, entities }).await?;
        }
        notify::send(&mut transaction, &Event::Progress { datasource, run: lease.run }).await?;
        transaction.commit().await?;
        Ok(written)
    }

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
            Refresh::Stamped { stamps } => stamps,
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

    /// Stores what Autotask says about an entity's fields. Picklist values that are listed no more stay, inactive:
    /// old rows still hold them.
    pub async fn save_metadata(
        &self,
        lease: &Lease,
        entity: &Entity,
        metadata: &Metadata,
        requests: u64,
        seconds: f64,
    ) -> Result<(), StoreError> {
        let datasource = lease.datasource;
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        let mut changed = sqlx::query(
            "insert into autotask.picklist_values as p
                (datasource_id, entity, field, value, label, sort_order, is_active, is_system, parent_value)
            select distinct on (r.field, r.value)
                $1, $2, r.field, r.value, r.label, r.sort_order, r.is_active, r.is_system, r.parent_value
            from jsonb_to_recordset($3) as r(field text, value bigint, label text, sort_order integer,
                is_active boolean, is_system boolean, parent_value bigint)
            order by r.field, r.value, r.is_active desc
            on conflict (datasource_id, entity, field, value) do update
            set label = excluded.label,
                sort_order = excluded.sort_order,
                is_active = excluded.is_active,
                is_system = excluded.is_system,
                parent_value = excluded.parent_value
            where (p.label, p.sort_order, p.is_active, p.is_system, p.parent_value)
                is distinct from
                (excluded.label, excluded.sort_order, excluded.is_active, excluded.is_system, excluded.parent_value)",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.picklists))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        changed += sqlx::query(
            "update autotask.picklist_values p
            set is_active = false
            where p.datasource_id = $1
                and p.entity = $2
                and p.is_active
                and not exists (
                    select from jsonb_to_recordset($3) as r(field text, value bigint)
                    where r.field = p.field and r.value = p.value
                )",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.picklists))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        changed += sqlx::query(
            "insert into autotask.user_defined_fields as u
                (datasource_id, entity, name, label, type, is_queryable, picklist)
            select distinct on (r.name) $1, $2, r.name, r.label, r.type, r.is_queryable, nullif(r.picklist, 'null')
            from jsonb_to_recordset($3) as r(name text, label text, type text, is_queryable boolean, picklist jsonb)
            order by r.name
            on conflict (datasource_id, entity, name) do update
            set label = excluded.label,
                type = excluded.type,
                is_queryable = excluded.is_queryable,
                picklist = excluded.picklist
            where (u.label, u.type, u.is_queryable, u.picklist)
                is distinct from
                (excluded.label, excluded.type, excluded.is_queryable, excluded.picklist)",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.user_defined_fields))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        raise_state(&mut transaction, datasource, entity, changed > 0, 0, false).await?;
        sqlx::query(
            "update taskgauge.entity_state
            set metadata_at = $3, unqueryable = $4
            where datasource_id = $1 and entity = $2",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(self.clock.now())
        .bind(&metadata.unqueryable)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "update taskgauge.steps
            set requests = requests + $4, seconds = seconds + $5
            where datasource_id = $1 and run_id = $2 and entity = $3",
        )
        .bind(datasource.0)
        .bind(lease.run.0)
        .bind(entity.name)
        .bind(requests.cast_signed())
        .bind(seconds)
        .execute(&mut *transaction)
        .await?;
        if changed > 0 {
            let entities = vec![entity.name.to_owned()];
            notify::send(&mut transaction, &Event::Changed { datasource, entities }).await?;
        }
        transaction.commit().await?;
        Ok(())
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
}

/// Checks the fence and keeps other workers from taking the run until the transaction ends. Answers whether the run
/// should stop.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    lease: &Lease,
    now: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "select r.cancel_requested or d.paused
        from taskgauge.runs r
        join taskgauge.datasources d on d.id = r.datasource_id
        where r.datasource_id = $1
            and r.id = $2
            and r.fence = $3
            and r.state = 'running'
            and r.lease_until > coalesce($4, clock_timestamp())
        for share of r",
    )
    .bind(lease.datasource.0)
    .bind(lease.run.0)
    .bind(lease.fence)
    .bind(now)
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::Lost)
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
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

/// How many of the rows were set aside.
fn unreadable_rows(rows: &[Row], unreadable: &[Unreadable]) -> u64 {
    rows.iter().filter(|row| unreadable.iter().any(|other| other.id == row.id)).count() as u64
}

/// Inserts new rows and updates changed ones. When Postgres refuses a value, rows go one by one and the refused ones
/// are returned.
async fn upsert(
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
    match try_upsert(connection, &sql, datasource, rows, now).await {
        Ok(upserted) => return Ok((upserted, Vec::new())),
        Err(error) if is_data_exception(&error) => {}
        Err(error) => return Err(error.into()),
    }
    let mut all = Upserted::default();
    let mut refused = Vec::new();
    for row in rows {
        match try_upsert(connection, &sql, datasource, std::slice::from_ref(row), now).await {
            Ok(one) => {
                all.inserted += one.inserted;
                all.revived += one.revived;
                all.changed.extend(one.changed);
            }
            Err(error) if is_data_exception(&error) => refused.push(Unreadable {
                id: row.id,
                reason: "Postgres cannot store a value of this row.".to_owned(),
                row: serde_json::to_value(row).unwrap_or_default(),
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
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<Upserted, sqlx::Error> {
    let records: Vec<Value> = rows.iter().map(record).collect();
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
fn is_data_exception(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code.starts_with("22"))
}

/// A row as the statement's recordset reads it.
fn record(row: &Row) -> Value {
    let filled = |map: &Map<String, Value>| (!map.is_empty()).then(|| Value::Object(map.clone()));
    let mut record = row.columns.clone();
    record.insert("id".to_owned(), row.id.into());
    record.insert("extra".to_owned(), filled(&row.extra).unwrap_or_default());
    record.insert("udf".to_owned(), filled(&row.udf).unwrap_or_default());
    Value::Object(record)
}

/// `$1` datasource, `$2` rows, `$3` now → ids changed, number inserted, number that came back from deletion.
fn upsert_statement(entity: &Entity) -> String {
    let mut names: Vec<String> = entity.columns.iter().map(|column| column_name(column.field)).collect();
    let mut types: Vec<&str> = entity.columns.iter().map(|column| column.kind.sql()).collect();
    names.extend(["extra".to_owned(), "udf".to_owned()]);
    types.extend(["jsonb", "jsonb"]);
    let list = |prefix: &str| {
        names.iter().map(|name| format!("{prefix}\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
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

/// Sets rows aside, and forgets earlier ones that can be read now.
async fn set_aside(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    present: &[i64],
    unreadable: &[Unreadable],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from taskgauge.quarantine
        where datasource_id = $1 and entity = $2 and id = any($3) and not (id = any($4))",
    )
    .bind(datasource.0)
    .bind(entity.name)
    .bind(present)
    .bind(unreadable.iter().map(|row| row.id).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
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

/// Takes note of ids that an id sweep saw: how many came back from deletion, and which are not stored. Rows set aside
/// count as stored.
async fn look(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    seen: &[i64],
    now: DateTime<Utc>,
) -> Result<(i64, Vec<i64>), StoreError> {
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
        select
            (select count(*) from found where deleted_at is not null),
            (
                select coalesce(array_agg(s.id order by s.id), '{{}}')
                from unnest($2) as s(id)
                where not exists (select from autotask.{table} t where t.datasource_id = $1 and t.id = s.id)
                    and not exists (
                        select from taskgauge.quarantine q
                        where q.datasource_id = $1 and q.entity = $4 and q.id = s.id
                    )
            )"
    );
    Ok(sqlx::query_as(AssertSqlSafe(sql))
        .bind(datasource.0)
        .bind(seen)
        .bind(now)
        .bind(entity.name)
        .fetch_one(connection)
        .await?)
}

/// Marks stored rows that a page should have held: absent at the first look, deleted when an earlier run had missed
/// them already. Answers how many of each.
async fn mark_absent(
    connection: &mut PgConnection,
    lease: &Lease,
    entity: &Entity,
    covers: &Covers,
    (after, upper): (Option<i64>, Option<i64>),
    present: &[i64],
    now: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    let (condition, among): (String, &[i64]) = match covers {
        Covers::Nothing => return Ok((0, 0)),
        Covers::Everything => ("$8::bigint[] is not null".to_owned(), &[]),
        Covers::Ids(ids) => ("t.id = any($8)".to_owned(), ids),
        Covers::Children { field, parents } => (format!("t.\"{}\" = any($8)", column_name(field)), parents),
    };
    let table = entity.table;
    // Walks begin at id 0, so a page proves nothing about rows below it.
    let sql = format!(
        "with missed as (
            update autotask.{table} t
            set absent_since = coalesce(t.absent_since, $7),
                deleted_at = case when t.absent_since < r.started_at then $7 end,
                changed_at = case when t.absent_since < r.started_at then $7 else t.changed_at end
            from taskgauge.runs r
            where r.datasource_id = $1
                and r.id = $2
                and t.datasource_id = $1
                and t.id > $3
                and t.id <= coalesce($4, 9223372036854775807)
                and t.deleted_at is null
                and not (t.id = any($5))
                and (t.absent_since is null or t.absent_since < r.started_at)
                and not exists (
                    select from taskgauge.quarantine q
                    where q.datasource_id = $1 and q.entity = $6 and q.id = t.id
                )
                and {condition}
            returning t.deleted_at
        )
        select count(*) filter (where deleted_at is null), count(*) filter (where deleted_at is not null)
        from missed"
    );
    let (missed, deleted): (i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .bind(lease.datasource.0)
        .bind(lease.run.0)
        .bind(after.unwrap_or(-1))
        .bind(upper)
        .bind(present)
        .bind(entity.name)
        .bind(now)
        .bind(among)
        .fetch_one(connection)
        .await?;
    Ok((missed.cast_unsigned(), deleted.cast_unsigned()))
}

/// Marks the rows of `entity` that new lines of Autotask's deletion log name. Answers whether there were any.
///
/// Only a log that names the row itself can do this: `DeletedTicketLogs` names tickets, while the activity logs name
/// the ticket or task that the deleted time entry belonged to.
async fn apply_log(
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

/// Raises an entity's version and moves its row count. Versions begin at the time in microseconds: those of a copy that
/// was removed and read again must not match answers kept from the old one.
async fn raise_state(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    raise: bool,
    grown: i64,
    missed: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into taskgauge.entity_state as s (datasource_id, entity, version, rows, has_absent)
        values ($1, $2, (extract(epoch from clock_timestamp()) * 1000000)::bigint, greatest($4, 0), $5)
        on conflict (datasource_id, entity) do update
        set version = s.version + $3,
            rows = greatest(s.rows + $4, 0),
            has_absent = s.has_absent or excluded.has_absent",
    )
    .bind(datasource.0)
    .bind(entity.name)
    .bind(i64::from(raise))
    .bind(grown)
    .bind(missed)
    .execute(connection)
    .await?;
    Ok(())
}
