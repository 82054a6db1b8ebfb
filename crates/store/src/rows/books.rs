//! What a commit writes besides rows: the entity's version and number of rows, where the walk stands, what the step
//! counted, and the news for those who watch. All in one statement: a page takes few milliseconds, and every question to
//! Postgres a part of one.

use super::{PageCommit, Written};
use crate::runs::Lease;
use crate::{StoreError, notify};
use sqlx::{AssertSqlSafe, PgConnection};
use std::sync::LazyLock;
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::Event;

/// Raises an entity's version and moves its row count: `$1` datasource, `$2` entity, `$3` versions, `$4` rows more, `$5`
/// whether rows were missed. Versions begin at the time in microseconds: those of a copy that was removed and read again
/// must not match answers kept from the old one.
const RAISE: &str =
    "insert into taskgauge.entity_state as s (datasource_id, entity, version, rows, has_absent)
    values ($1, $2, (extract(epoch from clock_timestamp()) * 1000000)::bigint, greatest($4, 0), $5)
    on conflict (datasource_id, entity) do update
    set version = s.version + $3,
        rows = greatest(s.rows + $4, 0),
        has_absent = s.has_absent or excluded.has_absent";

static KEEP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with raised as (
            {RAISE}
            returning version
        ), readable as (
            delete from taskgauge.quarantine
            where datasource_id = $1 and entity = $2 and id = any($19) and not (id = any($7))
        ), moved as (
            update taskgauge.cursors
            set after_id = coalesce($9, after_id), done = $10
            where datasource_id = $1 and entity = $2 and slice = $8
        ), counted as (
            update taskgauge.steps
            set state = case when state = 'queued' then 'running' else state end,
                slice = coalesce($8, slice),
                read = read + cardinality($6),
                written = written + $12,
                unchanged = unchanged + $13,
                deleted = deleted + $14,
                quarantined = quarantined + cardinality($7),
                requests = requests + $15,
                seconds = seconds + $16
            where datasource_id = $1 and run_id = $11 and entity = $2
        )
        select count(pg_notify($17, event))
        from unnest($18::text[]) as event"
    )
});

/// What else there is to say of a page that was written.
pub(super) struct Page<'a> {
    pub(super) commit: &'a PageCommit<'a>,
    pub(super) written: &'a Written,
    /// Ids of all rows of the page, those too that were only seen.
    pub(super) present: &'a [i64],
    /// Those of them that are set aside.
    pub(super) set_aside: &'a [i64],
    /// Rows more, or fewer.
    pub(super) grown: i64,
    /// Entities whose rows changed.
    pub(super) changed: Vec<String>,
}

/// Writes down what came of a page.
pub(super) async fn keep(
    connection: &mut PgConnection,
    lease: &Lease,
    page: Page<'_>,
) -> Result<(), StoreError> {
    let Page { commit, written, present, set_aside, grown, changed } = page;
    let datasource = lease.datasource;
    let raise = changed.iter().any(|entity| entity == commit.entity.name);
    let mut events = Vec::new();
    if !changed.is_empty() {
        events.push(notify::payload(&Event::Changed { datasource, entities: changed })?);
    }
    events.push(notify::payload(&Event::Progress { datasource, run: lease.run })?);
    sqlx::query(AssertSqlSafe(KEEP.as_str()))
        .bind(datasource.0)
        .bind(commit.entity.name)
        .bind(i64::from(raise))
        .bind(grown)
        .bind(written.missed > 0)
        .bind(present)
        .bind(set_aside)
        .bind(commit.slice)
        .bind(commit.last)
        .bind(commit.complete)
        .bind(lease.run.0)
        .bind((written.inserted + written.updated).cast_signed())
        .bind(written.unchanged.cast_signed())
        .bind(written.deleted.cast_signed())
        .bind(commit.requests.cast_signed())
        .bind(commit.seconds)
        .bind(notify::CHANNEL)
        .bind(events)
        .bind(commit.rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Raises an entity's version, if `raise`, moves its row count, and notes whether rows were missed.
pub(super) async fn raise_state(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    entity: &Entity,
    raise: bool,
    grown: i64,
    missed: bool,
) -> Result<(), StoreError> {
    sqlx::query(RAISE)
        .bind(datasource.0)
        .bind(entity.name)
        .bind(i64::from(raise))
        .bind(grown)
        .bind(missed)
        .execute(connection)
        .await?;
    Ok(())
}
