//! What a datasource signs in with: sealed when stored, opened when used, replaced after a test.

use super::{NOT_FOUND, hold_runs};
use crate::{Store, StoreError, drafts::TestedDraft};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use taskgauge_model::{
    datasource::{TestReport, web_root},
    ids::DatasourceId,
};

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

#[derive(sqlx::FromRow)]
struct CredentialsRow {
    user_name: Vec<u8>,
    secret: Vec<u8>,
    integration_code: Vec<u8>,
    api_url: String,
}

/// What each column of `taskgauge.credentials` is sealed for.
pub(super) mod purpose {
    pub const USER_NAME: &str = "user name";
    pub const SECRET: &str = "secret";
    pub const INTEGRATION_CODE: &str = "integration code";
}

impl Store {
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
    pub(super) async fn put_credentials(
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
