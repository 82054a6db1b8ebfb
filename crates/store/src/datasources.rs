//! Datasources: saving, reading, changing and removing them.

mod credentials;
mod findings;

pub use credentials::StoredCredentials;
pub(crate) use credentials::follows_zone;

use crate::{Store, StoreError, drafts::TestedDraft, rows::hold_alone};
use chrono::{DateTime, Utc};
use credentials::purpose;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use std::str::FromStr;
use taskgauge_model::{
    datasource::{
        Datasource, Draft, DraftField, FIELD_MAX, HourOfRequests, SHARE_PERCENT, SYNC_MINUTES, web_root,
    },
    ids::DatasourceId,
};
use url::Url;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "datasource" };

/// What can be changed about a datasource without a new test; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasourceChange {
    /// Its name.
    pub name: Option<String>,
    /// IANA name of the zone that days are counted in.
    pub time_zone: Option<String>,
    /// Web address for deep links; an empty one means the one beside the API address.
    pub web_url: Option<String>,
    /// Minutes between two syncs, within [`SYNC_MINUTES`].
    pub sync_minutes: Option<u16>,
    /// Share of what is left of the tenant's requests that a sync takes, within [`SHARE_PERCENT`].
    pub share_percent: Option<u8>,
}

#[derive(sqlx::FromRow)]
struct DatasourceRow {
    id: i64,
    name: String,
    user_name: Vec<u8>,
    zone_name: String,
    api_url: String,
    web_url: Option<String>,
    tenant: Option<i64>,
    time_zone: String,
    credentials_at: DateTime<Utc>,
    credentials_worked_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    paused: bool,
    sync_minutes: i32,
    share_percent: i32,
    hour_used: Option<i64>,
    hour_limit: Option<i64>,
    hour_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Saves the connection that was tested under `draft_id`, whole and unchanged; the draft is used up.
    ///
    /// `web_url` overrides the address for deep links that the test found.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] (`tested connection`) when the draft is unknown, used, expired or another session's;
    /// [`StoreError::Conflict`] when the name is taken and [`StoreError::Invalid`] when name, time zone or address
    /// cannot be used; the draft then stays.
    pub async fn save_datasource(
        &self,
        session: i64,
        draft_id: &str,
        name: &str,
        time_zone: &str,
        web_url: Option<&str>,
    ) -> Result<DatasourceId, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let actor = self.actor(&mut transaction, session).await?;
        let draft = self.take_draft_on(&mut transaction, session, draft_id).await?;
        let id = self.insert_datasource(&mut transaction, &actor, &draft, name, time_zone, web_url).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Saves a connection that this process has tested itself, as the command line does.
    ///
    /// # Errors
    /// As for [`Store::save_datasource`].
    pub async fn add_datasource(
        &self,
        actor: &str,
        draft: &TestedDraft,
        name: &str,
        time_zone: &str,
        web_url: Option<&str>,
    ) -> Result<DatasourceId, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id = self.insert_datasource(&mut transaction, actor, draft, name, time_zone, web_url).await?;
        transaction.commit().await?;
        Ok(id)
    }

    async fn insert_datasource(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        draft: &TestedDraft,
        name: &str,
        time_zone: &str,
        web_url: Option<&str>,
    ) -> Result<DatasourceId, StoreError> {
        let name = checked_name(name)?;
        self.check_time_zone(connection, time_zone).await?;
        let web_url = match web_url.map(str::trim).filter(|url| !url.is_empty()) {
            Some(url) => Some(checked_web_url(url)?),
            None => draft.report.web_url.as_deref(),
        };
        let id = sqlx::query_scalar(
            "insert into taskgauge.datasources
                (name, time_zone, api_url, zone_name, web_url, tenant, doctor, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            returning id",
        )
        .bind(name)
        .bind(time_zone)
        .bind(&draft.credentials.api_url)
        .bind(&draft.report.zone_name)
        .bind(web_url)
        .bind(draft.report.tenant)
        .bind(Json(&draft.report.doctor))
        .bind(self.clock.now())
        .fetch_one(&mut *connection)
        .await
        .map(DatasourceId)
        .map_err(|error| name_taken(error, name))?;
        self.put_credentials(connection, id, &draft.credentials).await?;
        self.audit_on(connection, actor, "datasource.add", name, json!({ "tenant": draft.report.tenant }))
            .await?;
        Ok(id)
    }

    /// All datasources, by name.
    pub async fn datasources(&self) -> Result<Vec<Datasource>, StoreError> {
        let rows = self.datasource_rows(None, None).await?;
        rows.into_iter().map(|row| self.read_datasource(row)).collect()
    }

    /// One datasource.
    pub async fn datasource(&self, id: DatasourceId) -> Result<Datasource, StoreError> {
        let row = self.datasource_rows(Some(id.0), None).await?.pop().ok_or(NOT_FOUND)?;
        self.read_datasource(row)
    }

    /// The datasource of that name, without regard to case.
    pub async fn datasource_named(&self, name: &str) -> Result<Datasource, StoreError> {
        let row = self.datasource_rows(None, Some(name.trim())).await?.pop().ok_or(NOT_FOUND)?;
        self.read_datasource(row)
    }

    async fn datasource_rows(
        &self,
        id: Option<i64>,
        name: Option<&str>,
    ) -> Result<Vec<DatasourceRow>, StoreError> {
        let rows = sqlx::query_as(
            "select
                d.id, d.name, c.user_name, d.zone_name, d.api_url, d.web_url, d.tenant, d.time_zone,
                c.stored_at as credentials_at, c.worked_at as credentials_worked_at, d.synced_at, d.paused,
                d.sync_minutes, d.share_percent, d.hour_used, d.hour_limit, d.hour_at
            from taskgauge.datasources d
            join taskgauge.credentials c on c.datasource_id = d.id
            where ($1::bigint is null or d.id = $1)
                and ($2::text is null or lower(d.name) = lower($2))
            order by lower(d.name)",
        )
        .bind(id)
        .bind(name)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }

    fn read_datasource(&self, row: DatasourceRow) -> Result<Datasource, StoreError> {
        let user_name = self.sealer.open_text(purpose::USER_NAME, &row.id.to_string(), &row.user_name)?;
        Ok(Datasource {
            id: DatasourceId(row.id),
            name: row.name,
            user_name: user_name.expose_secret().to_owned(),
            zone_name: row.zone_name,
            api_url: row.api_url,
            web_url: row.web_url,
            tenant: row.tenant,
            time_zone: row.time_zone,
            credentials_at: row.credentials_at,
            credentials_worked_at: row.credentials_worked_at,
            synced_at: row.synced_at,
            paused: row.paused,
            sync_minutes: u16::try_from(row.sync_minutes).unwrap_or(*SYNC_MINUTES.end()),
            share_percent: u8::try_from(row.share_percent).unwrap_or(*SHARE_PERCENT.end()),
            hour: match (row.hour_used, row.hour_limit, row.hour_at) {
                (Some(used), Some(limit), Some(at)) => {
                    Some(HourOfRequests { used: used.cast_unsigned(), limit: limit.cast_unsigned(), at })
                }
                _ => None,
            },
        })
    }

    /// Changes what can be changed without a new test.
    pub async fn change_datasource(
        &self,
        actor: &str,
        id: DatasourceId,
        change: &DatasourceChange,
    ) -> Result<(), StoreError> {
        let name = change.name.as_deref().map(checked_name).transpose()?;
        let web_url = match change.web_url.as_deref().map(str::trim) {
            Some(url) if !url.is_empty() => Some(checked_web_url(url)?),
            empty_or_none => empty_or_none,
        };
        if change.sync_minutes.is_some_and(|minutes| !SYNC_MINUTES.contains(&minutes)) {
            return Err(StoreError::Invalid(
                "Between two syncs lie 1 to 1,440 minutes, which is a day.".into(),
            ));
        }
        if change.share_percent.is_some_and(|share| !SHARE_PERCENT.contains(&share)) {
            return Err(StoreError::Invalid(
                "The share of requests is 1 to 100 percent of what is left.".into(),
            ));
        }
        let mut transaction = self.pool.begin().await?;
        if let Some(time_zone) = &change.time_zone {
            self.check_time_zone(&mut transaction, time_zone).await?;
        }
        let api_url: String =
            sqlx::query_scalar("select api_url from taskgauge.datasources where id = $1 for update")
                .bind(id.0)
                .fetch_optional(&mut *transaction)
                .await?
                .ok_or(NOT_FOUND)?;
        let own = web_root(&api_url);
        let web_url = if web_url == Some("") { own.as_deref() } else { web_url };
        let renamed: Option<String> = sqlx::query_scalar(
            "update taskgauge.datasources
            set name = coalesce($2, name),
                time_zone = coalesce($3, time_zone),
                web_url = coalesce($4, web_url),
                sync_minutes = coalesce($5, sync_minutes),
                share_percent = coalesce($6, share_percent)
            where id = $1
            returning name",
        )
        .bind(id.0)
        .bind(name)
        .bind(&change.time_zone)
        .bind(web_url)
        .bind(change.sync_minutes.map(i32::from))
        .bind(change.share_percent.map(i32::from))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| name_taken(error, name.unwrap_or_default()))?;
        let detail = json!({
            "name": name,
            "time_zone": change.time_zone,
            "web_url": web_url,
            "sync_minutes": change.sync_minutes,
            "share_percent": change.share_percent,
        });
        let renamed = renamed.ok_or(NOT_FOUND)?;
        self.audit_on(&mut transaction, actor, "datasource.change", &renamed, detail).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Pauses syncing, or resumes it.
    pub async fn set_paused(&self, actor: &str, id: DatasourceId, paused: bool) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let name: Option<String> = sqlx::query_scalar(
            "update taskgauge.datasources
            set paused = $2
            where id = $1
            returning name",
        )
        .bind(id.0)
        .bind(paused)
        .fetch_optional(&mut *transaction)
        .await?;
        let action = if paused { "datasource.pause" } else { "datasource.resume" };
        self.audit_on(&mut transaction, actor, action, &name.ok_or(NOT_FOUND)?, Value::Null).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes a datasource with its credentials and every row that was read from it.
    pub async fn remove_datasource(&self, actor: &str, id: DatasourceId) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold_runs(&mut transaction, id).await?;
        let name: String = sqlx::query_scalar(
            "select name
            from taskgauge.datasources
            where id = $1
            for update",
        )
        .bind(id.0)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(NOT_FOUND)?;
        self.forget_rows_on(&mut transaction, id).await?;
        sqlx::query("delete from taskgauge.datasources where id = $1")
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        self.audit_on(&mut transaction, actor, "datasource.remove", &name, Value::Null).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes every row that was read from a datasource, with its runs and cursors; the next sync starts anew. The
    /// datasource and its credentials stay. Answers with the number of rows removed.
    pub async fn forget_rows(&self, datasource: DatasourceId) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        hold_runs(&mut transaction, datasource).await?;
        let removed = self.forget_rows_on(&mut transaction, datasource).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn forget_rows_on(
        &self,
        connection: &mut PgConnection,
        datasource: DatasourceId,
    ) -> Result<u64, StoreError> {
        // A large tenant has millions of rows. Local: it ends with the transaction.
        sqlx::query("set local statement_timeout = 0").execute(&mut *connection).await?;
        let removed: i64 = sqlx::query_scalar("select taskgauge.forget_rows($1)")
            .bind(datasource.0)
            .fetch_one(&mut *connection)
            .await?;
        // Versions are raised rather than removed: one that began anew could match an answer cached from old rows.
        sqlx::query(
            "update taskgauge.entity_state
            set version = version + 1,
                read_at = null,
                rows = 0,
                loaded_at = null,
                watermark = null,
                swept_at = null,
                again_at = null,
                logs_until = null,
                has_absent = false,
                metadata_at = null,
                unqueryable = '{}'
            where datasource_id = $1",
        )
        .bind(datasource.0)
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "update taskgauge.datasources
            set synced_at = null
            where id = $1",
        )
        .bind(datasource.0)
        .execute(connection)
        .await?;
        Ok(u64::try_from(removed).unwrap_or_default())
    }

    /// The zone must be known here and to the database, whose own list may be older.
    async fn check_time_zone(&self, connection: &mut PgConnection, name: &str) -> Result<(), StoreError> {
        let known = chrono_tz::Tz::from_str(name).is_ok()
            && sqlx::query_scalar("select exists (select from pg_timezone_names where name = $1)")
                .bind(name)
                .fetch_one(connection)
                .await?;
        if known {
            Ok(())
        } else {
            Err(StoreError::Invalid("Choose a time zone from the list, for example Europe/Berlin.".into()))
        }
    }
}

/// The name without spaces around it, if it can be used; the rule and its words are the form's.
fn checked_name(name: &str) -> Result<&str, StoreError> {
    let draft = Draft { name: name.to_owned(), ..Draft::default() };
    match draft.problems().into_iter().find(|problem| problem.field == DraftField::Name) {
        Some(problem) => Err(StoreError::Invalid(problem.message)),
        None => Ok(name.trim()),
    }
}

/// Which hosts are Autotask's is for the caller to know; here it is kept from being another kind of link.
fn checked_web_url(text: &str) -> Result<&str, StoreError> {
    let fine = text.len() <= FIELD_MAX
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        });
    if fine {
        Ok(text)
    } else {
        Err(StoreError::Invalid("The web address is not one. It looks like https://ww5.autotask.net.".into()))
    }
}

fn name_taken(error: sqlx::Error, name: &str) -> StoreError {
    StoreError::conflict_on(error, "datasources_name", || taken(name))
}

/// What is said of a name that another datasource has.
pub fn taken(name: &str) -> String {
    format!("There is already a datasource named “{name}”. Choose another name.")
}

/// Waits for the pages that a worker is committing and lets it begin no other one until the transaction ends.
///
/// Taken before any other lock: a worker, too, locks its run first and rows afterwards. In another order the two would
/// wait for each other.
async fn hold_runs(connection: &mut PgConnection, datasource: DatasourceId) -> Result<(), StoreError> {
    let active: Vec<i64> = sqlx::query_scalar(
        "select id from taskgauge.runs where datasource_id = $1 and state in ('queued', 'running')",
    )
    .bind(datasource.0)
    .fetch_all(&mut *connection)
    .await?;
    hold_alone(connection, &active).await?;
    sqlx::query("select id from taskgauge.runs where datasource_id = $1 order by id for update")
        .bind(datasource.0)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_links_to_the_web() {
        assert!(checked_web_url("https://ww5.autotask.net").is_ok());
        for wrong in ["javascript:alert(1)", "ww5", "https://a:b@ww5.autotask.net", "file:///etc/passwd"] {
            assert!(checked_web_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_trimmed_and_checked() {
        assert_eq!(checked_name("  Contoso ").unwrap(), "Contoso");
        assert!(checked_name(" ").is_err());
        assert!(checked_name(&"x".repeat(81)).is_err());
    }
}
