//! Tested connections that wait to be saved.
//!
//! What was tested is what is stored: saving names the draft, and nothing that a browser sends afterwards can change
//! it. A draft belongs to one session, is used once and lives for a quarter of an hour.

use crate::{Store, StoreError, datasources::StoredCredentials};
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use taskgauge_model::datasource::TestReport;
use uuid::Uuid;

/// How long a draft can be saved.
pub const DRAFT_TTL: TimeDelta = TimeDelta::minutes(15);

const PURPOSE: &str = "draft";
const NOT_FOUND: StoreError = StoreError::NotFound { what: "tested connection" };

/// A connection that passed its test.
#[derive(Debug, Clone)]
pub struct TestedDraft {
    /// What it signs in with, and where.
    pub credentials: StoredCredentials,
    /// What the test proved.
    pub report: TestReport,
}

/// What is sealed.
#[derive(Serialize)]
struct Content<'a> {
    user_name: &'a str,
    secret: &'a str,
    integration_code: &'a str,
    api_url: &'a str,
    report: &'a TestReport,
}

/// What is opened: the same, with text of its own that is wiped after use.
#[derive(Deserialize)]
struct OwnedContent {
    user_name: secrecy::SecretString,
    secret: secrecy::SecretString,
    integration_code: secrecy::SecretString,
    api_url: String,
    report: TestReport,
}

impl Store {
    /// Keeps a tested connection for the session that tested it, and answers with the id by which it is saved.
    pub async fn keep_draft(&self, owner_session: i64, draft: &TestedDraft) -> Result<String, StoreError> {
        let id = Uuid::new_v4().to_string();
        let content = Content {
            user_name: draft.credentials.user_name.expose_secret(),
            secret: draft.credentials.secret.expose_secret(),
            integration_code: draft.credentials.integration_code.expose_secret(),
            api_url: &draft.credentials.api_url,
            report: &draft.report,
        };
        let content = serde_json::to_vec(&content)
            .map(|content| SecretBox::new(Box::new(content)))
            .map_err(|_| StoreError::Invalid("This test's report cannot be kept.".into()))?;
        let sealed = self.sealer.seal(PURPOSE, &owner(owner_session, &id), content.expose_secret())?;
        let now = self.clock.now();
        sqlx::query("delete from taskgauge.drafts where expires_at <= $1")
            .bind(now)
            .execute(&self.pool)
            .await?;
        let kept = sqlx::query(
            "insert into taskgauge.drafts (id, session_id, key_id, sealed, expires_at)
            select $1, id, $3, $4, $5
            from taskgauge.sessions
            where id = $2
                and expires_at > $6",
        )
        .bind(&id)
        .bind(owner_session)
        .bind(self.sealer.key_id())
        .bind(sealed)
        .bind(now + DRAFT_TTL)
        .bind(now)
        .execute(&self.pool)
        .await?;
        if kept.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "session" });
        }
        Ok(id)
    }

    /// Takes a draft out; it can be taken once, by its own session, within [`DRAFT_TTL`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a draft that is unknown, used, expired or another session's.
    pub async fn take_draft(&self, owner_session: i64, id: &str) -> Result<TestedDraft, StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.take_draft_on(&mut connection, owner_session, id).await
    }

    /// As [`Store::take_draft`], within a transaction: rolled back, the draft is there as before.
    pub(crate) async fn take_draft_on(
        &self,
        connection: &mut PgConnection,
        owner_session: i64,
        id: &str,
    ) -> Result<TestedDraft, StoreError> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "delete from taskgauge.drafts
            where id = $1
                and session_id = $2
                and expires_at > $3
            returning sealed",
        )
        .bind(id)
        .bind(owner_session)
        .bind(self.clock.now())
        .fetch_optional(connection)
        .await?;
        self.open_draft(owner_session, id, &sealed.ok_or(NOT_FOUND)?)
    }

    /// What the test of a draft proved, without its secrets. The draft stays.
    ///
    /// # Errors
    /// As for [`Store::take_draft`].
    pub async fn peek_draft(&self, owner_session: i64, id: &str) -> Result<TestReport, StoreError> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar(
            "select sealed
            from taskgauge.drafts
            where id = $1
                and session_id = $2
                and expires_at > $3",
        )
        .bind(id)
        .bind(owner_session)
        .bind(self.clock.now())
        .fetch_optional(&self.pool)
        .await?;
        Ok(self.open_draft(owner_session, id, &sealed.ok_or(NOT_FOUND)?)?.report)
    }

    fn open_draft(&self, session: i64, id: &str, sealed: &[u8]) -> Result<TestedDraft, StoreError> {
        let plain = self.sealer.open(PURPOSE, &owner(session, id), sealed)?;
        // Written by another version of Taskgauge within the quarter of an hour: as good as expired.
        let content: OwnedContent = serde_json::from_slice(plain.expose_secret()).map_err(|_| NOT_FOUND)?;
        Ok(TestedDraft {
            credentials: StoredCredentials {
                user_name: content.user_name,
                secret: content.secret,
                integration_code: content.integration_code,
                api_url: content.api_url,
            },
            report: content.report,
        })
    }
}

fn owner(session: i64, id: &str) -> String {
    format!("{session}/{id}")
}
