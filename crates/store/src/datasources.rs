//! Datasources and their credentials.

use crate::{Store, StoreError, drafts::TestedDraft, rows::hold_alone};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use std::str::FromStr;
use taskgauge_model::{
    datasource::{
        Datasource, Doctor, Draft, DraftField, FIELD_MAX, HourOfRequests, SHARE_PERCENT, SYNC_MINUTES,
        TestReport, web_root,
    },
    ids::DatasourceId,
};
use url::Url;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "datasource" };

/// What a datasource signs in to Autotask with. `Debug` shows the address and nothing else.
#[derive(Debug, Clone)]
pub struct StoredCredentials {
    /// The API user's name (key).
    pub user_name: SecretString,
    /// The API user's secret.
    pub secret: SecretString,
    /// The API tracking identifier.
    pub integration_code: SecretString,
    /// API root of the tenant's zone.
    pub api_url: String,
}

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

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    user_name: Vec<u8>,
    secret: Vec<u8>,
    integration_code: Vec<u8>,
    api_url: String,
}

/// What each column of `taskgauge.credentials` is sealed for.
mod purpose {
    pub const USER_NAME: &str = "user name";
    pub const SECRET: &str = "secret";
    pub const INTEGRATION_CODE: &str = "integration code";
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

    /// Replaces a datasource's credentials by those that were tested under `draft_id`; the draft is used up.
    ///
    /// They must reach the same tenant. With `allow_other_tenant` they may reach another; then every row of the old
    /// one is removed, because rows of two tenants would mix under the same ids.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] as for [`Store::save_datasource`]; [`StoreError::Conflict`] when another tenant
    /// answered and that was not allowed; the draft then stays, so that a person can be asked.
    pub async fn replace_credentials(
        &self,
        session: i64,
        datasource: DatasourceId,
        draft_id: &str,
        allow_other_tenant: bool,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let actor = self.actor(&mut transaction, session).await?;
        let draft = self.take_draft_on(&mut transaction, session, draft_id).await?;
        self.replace_on(&mut transaction, &actor, datasource, &draft, allow_other_tenant).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// As [`Store::replace_credentials`], with a connection that this process has tested itself.
    pub async fn replace_credentials_with(
        &self,
        actor: &str,
        datasource: DatasourceId,
        draft: &TestedDraft,
        allow_other_tenant: bool,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        self.replace_on(&mut transaction, actor, datasource, draft, allow_other_tenant).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn replace_on(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        datasource: DatasourceId,
        draft: &TestedDraft,
        allow_other_tenant: bool,
    ) -> Result<(), StoreError> {
        hold_runs(connection, datasource).await?;
        let (name, tenant, api_url, web_url): (String, Option<i64>, String, Option<String>) = sqlx::query_as(
            "select name, tenant, api_url, web_url
            from taskgauge.datasources
            where id = $1
            for update",
        )
        .bind(datasource.0)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(NOT_FOUND)?;
        let same = is_same_tenant(tenant, &draft.report);
        if !same {
            if !allow_other_tenant {
                let known = tenant.is_some() && draft.report.tenant.is_some();
                let reach = if known { "reach" } else { "may reach" };
                return Err(StoreError::Conflict {
                    what: format!(
                        "These credentials {reach} another Autotask tenant than “{name}”. Use credentials of the same \
                         tenant, add a new datasource, or confirm that everything read so far is to be removed."
                    ),
                });
            }
            self.forget_rows_on(connection, datasource).await?;
        }
        // An address that an admin chose stays; Autotask's own moves with the zone.
        let follows = follows_zone(web_url.as_deref(), &api_url);
        sqlx::query(
            "update taskgauge.datasources
            set api_url = $2,
                zone_name = $3,
                tenant = coalesce($4, case when $5 then tenant end),
                web_url = $6,
                doctor = $7
            where id = $1",
        )
        .bind(datasource.0)
        .bind(&draft.credentials.api_url)
        .bind(&draft.report.zone_name)
        .bind(draft.report.tenant)
        .bind(same)
        .bind(if same && !follows { &web_url } else { &draft.report.web_url })
        .bind(Json(&draft.report.doctor))
        .execute(&mut *connection)
        .await?;
        self.put_credentials(connection, datasource, &draft.credentials).await?;
        let detail = json!({ "other_tenant": !same, "tenant": draft.report.tenant });
        self.audit_on(connection, actor, "datasource.replace_credentials", &name, detail).await
    }

    /// Credentials are stored only when they have just passed a test, so they count as having worked.
    async fn put_credentials(
        &self,
        connection: &mut PgConnection,
        datasource: DatasourceId,
        credentials: &StoredCredentials,
    ) -> Result<(), StoreError> {
        let owner = datasource.to_string();
        let seal =
            |purpose, text: &SecretString| self.sealer.seal(purpose, &owner, text.expose_secret().as_bytes());
        sqlx::query(
            "insert into taskgauge.credentials
                (datasource_id, key_id, user_name, secret, integration_code, stored_at, worked_at)
            values ($1, $2, $3, $4, $5, $6, $6)
            on conflict (datasource_id) do update
            set key_id = excluded.key_id,
                user_name = excluded.user_name,
                secret = excluded.secret,
                integration_code = excluded.integration_code,
                stored_at = excluded.stored_at,
                worked_at = excluded.worked_at",
        )
        .bind(datasource.0)
        .bind(self.sealer.key_id())
        .bind(seal(purpose::USER_NAME, &credentials.user_name)?)
        .bind(seal(purpose::SECRET, &credentials.secret)?)
        .bind(seal(purpose::INTEGRATION_CODE, &credentials.integration_code)?)
        .bind(self.clock.now())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What a datasource signs in with.
    pub async fn credentials(&self, datasource: DatasourceId) -> Result<StoredCredentials, StoreError> {
        let row: CredentialsRow = sqlx::query_as(
            "select c.user_name, c.secret, c.integration_code, d.api_url
            from taskgauge.credentials c
            join taskgauge.datasources d on d.id = c.datasource_id
            where c.datasource_id = $1",
        )
        .bind(datasource.0)
        .fetch_optional(&self.pool)
        .await?
        .ok_or(NOT_FOUND)?;
        let owner = datasource.to_string();
        Ok(StoredCredentials {
            user_name: self.sealer.open_text(purpose::USER_NAME, &owner, &row.user_name)?,
            secret: self.sealer.open_text(purpose::SECRET, &owner, &row.secret)?,
            integration_code: self.sealer.open_text(
                purpose::INTEGRATION_CODE,
                &owner,
                &row.integration_code,
            )?,
            api_url: row.api_url,
        })
    }

    /// Notes that Autotask accepted the credentials just now.
    pub async fn credentials_worked(&self, datasource: DatasourceId) -> Result<(), StoreError> {
        sqlx::query(
            "update taskgauge.credentials
            set worked_at = $2
            where datasource_id = $1",
        )
        .bind(datasource.0)
        .bind(self.clock.now())
        .execute(&self.pool)
        .await?;
        Ok(())
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

    /// Notes what Autotask says of the tenant's requests, and answers which share of what is left a sync may take, in
    /// percent.
    pub async fn note_hour(&self, id: DatasourceId, used: u64, limit: u64) -> Result<u8, StoreError> {
        let share: i32 = sqlx::query_scalar(
            "update taskgauge.datasources
            set hour_used = $2, hour_limit = $3, hour_at = $4
            where id = $1
            returning share_percent",
        )
        .bind(id.0)
        .bind(used.cast_signed())
        .bind(limit.cast_signed())
        .bind(self.clock.now())
        .fetch_optional(&self.pool)
        .await?
        .ok_or(NOT_FOUND)?;
        Ok(u8::try_from(share).unwrap_or(*SHARE_PERCENT.end()))
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

    /// What the permission doctor found when it last looked.
    pub async fn doctor(&self, datasource: DatasourceId) -> Result<Doctor, StoreError> {
        let doctor: Option<Value> = sqlx::query_scalar(
            "select doctor
            from taskgauge.datasources
            where id = $1",
        )
        .bind(datasource.0)
        .fetch_optional(&self.pool)
        .await?
        .ok_or(NOT_FOUND)?;
        // Findings in the words of another version are worth nothing; the doctor looks again every day.
        Ok(doctor.and_then(|doctor| serde_json::from_value(doctor).ok()).unwrap_or_default())
    }

    /// Keeps what the permission doctor found.
    pub async fn set_doctor(&self, datasource: DatasourceId, doctor: &Doctor) -> Result<(), StoreError> {
        let kept = sqlx::query(
            "update taskgauge.datasources
            set doctor = $2
            where id = $1",
        )
        .bind(datasource.0)
        .bind(Json(doctor))
        .execute(&self.pool)
        .await?;
        if kept.rows_affected() == 0 { Err(NOT_FOUND) } else { Ok(()) }
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

/// Whether a web address is Autotask's own beside this API address, and moves with it, rather than chosen by an admin.
pub(crate) fn follows_zone(web_url: Option<&str>, api_url: &str) -> bool {
    let own = web_root(api_url);
    web_url
        .zip(own.as_deref())
        .is_some_and(|(url, own)| url.trim_end_matches('/') == own.trim_end_matches('/'))
}

/// The tenant's number tells. Where Autotask did not give it, now or then, nobody knows: thousands share a zone.
fn is_same_tenant(tenant: Option<i64>, report: &TestReport) -> bool {
    tenant.is_some() && tenant == report.tenant
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
