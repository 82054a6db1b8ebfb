//! People, their passwords and their sessions.

use crate::{Store, StoreError};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::Engine as _;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use std::sync::LazyLock;
use taskgauge_model::ids::UserId;

/// How long a session lives without being used.
const SESSION_TTL: TimeDelta = TimeDelta::days(30);
/// A session in use is prolonged at most this often, so that not every request writes.
const SESSION_STEP: TimeDelta = TimeDelta::days(1);
/// Shortest password, in characters. Length is what counts; no rule asks for digits or signs.
pub const PASSWORD_MIN: usize = 12;
/// Longest password, in bytes: hashing takes time that grows with it.
const PASSWORD_MAX: usize = 1024;
/// Longest e-mail address (RFC 5321, 4.5.3.1.3: 256 with its brackets).
const EMAIL_MAX: usize = 254;
/// Longest name of a person, in characters.
const NAME_MAX: usize = 100;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything: datasources, people, settings.
    Admin,
    /// Look at dashboards and data.
    Member,
}

impl Role {
    /// The word stored in Postgres.
    const fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Member => "member",
        }
    }
}

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id; drafts are bound to it.
    pub id: i64,
    /// Who signed in.
    pub user: User,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: an e-mail address, or `command line`.
    pub actor: String,
    /// What, e.g. `datasource.add`.
    pub action: String,
    /// To what, by the name it had then.
    pub subject: String,
    /// More; never a secret.
    pub detail: Value,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: i64,
    email: String,
    name: String,
    role: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let role = if row.role == Role::Admin.word() { Role::Admin } else { Role::Member };
        User { id: UserId(row.id), email: row.email, name: row.name, role }
    }
}

impl Store {
    /// Whether nobody can administer this installation yet.
    pub async fn needs_first_admin(&self) -> Result<bool, StoreError> {
        let needed = sqlx::query_scalar(
            "select not exists (
                select from taskgauge.users
                where role = 'admin'
                    and disabled_at is null
            )",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(needed)
    }

    /// Makes a token with which one person can become an admin within `ttl`.
    pub async fn create_welcome(&self, ttl: TimeDelta) -> Result<SecretString, StoreError> {
        let (token, hash) = new_token();
        let now = self.clock.now();
        sqlx::query(
            "insert into taskgauge.welcome_tokens (token_hash, created_at, expires_at)
            values ($1, $2, $3)",
        )
        .bind(hash)
        .bind(now)
        .bind(now + ttl)
        .execute(&self.pool)
        .await?;
        Ok(token)
    }

    /// Whether [`Store::redeem_welcome`] would take this token now.
    pub async fn welcome_is_valid(&self, token: &SecretString) -> Result<bool, StoreError> {
        let valid = sqlx::query_scalar(
            "select exists (
                select from taskgauge.welcome_tokens
                where token_hash = $1
                    and expires_at > $2
            )",
        )
        .bind(hash_of(token))
        .bind(self.clock.now())
        .fetch_one(&self.pool)
        .await?;
        Ok(valid)
    }

    /// Makes an admin of whoever holds the token. All other welcome tokens end with it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a token that was used, has expired or never was, [`StoreError::Invalid`] for an
    /// address, name or password that cannot be used (the token stays valid), [`StoreError::Conflict`] for an address
    /// in use.
    pub async fn redeem_welcome(
        &self,
        token: &SecretString,
        email: &str,
        name: &str,
        password: &SecretString,
    ) -> Result<UserId, StoreError> {
        let person = Person::checked(email, name, password)?;
        // Before the work of hashing, which a stranger could otherwise ask for.
        if !self.welcome_is_valid(token).await? {
            return Err(StoreError::NotFound { what: "welcome link" });
        }
        let password_hash = hash_password(password.clone()).await?;
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await?;
        let redeemed = sqlx::query(
            "delete from taskgauge.welcome_tokens
            where token_hash = $1
                and expires_at > $2",
        )
        .bind(hash_of(token))
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        if redeemed.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "welcome link" });
        }
        sqlx::query("delete from taskgauge.welcome_tokens").execute(&mut *transaction).await?;
        let id = self.insert_user(&mut transaction, &person, &password_hash, Role::Admin).await?;
        self.audit_on(&mut transaction, person.email, "user.welcome", person.email, Value::Null).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] and [`StoreError::Conflict`] as for [`Store::redeem_welcome`].
    pub async fn add_user(
        &self,
        actor: &str,
        email: &str,
        name: &str,
        password: &SecretString,
        role: Role,
    ) -> Result<UserId, StoreError> {
        let person = Person::checked(email, name, password)?;
        let password_hash = hash_password(password.clone()).await?;
        let mut transaction = self.pool.begin().await?;
        let id = self.insert_user(&mut transaction, &person, &password_hash, role).await?;
        self.audit_on(&mut transaction, actor, "user.add", person.email, Value::Null).await?;
        transaction.commit().await?;
        Ok(id)
    }

    async fn insert_user(
        &self,
        connection: &mut PgConnection,
        person: &Person<'_>,
        password_hash: &str,
        role: Role,
    ) -> Result<UserId, StoreError> {
        sqlx::query_scalar(
            "insert into taskgauge.users (email, name, password_hash, role, created_at)
            values ($1, $2, $3, $4, $5)
            returning id",
        )
        .bind(person.email)
        .bind(person.name)
        .bind(password_hash)
        .bind(role.word())
        .bind(self.clock.now())
        .fetch_one(connection)
        .await
        .map(UserId)
        .map_err(|error| {
            StoreError::conflict_on(error, "users_email", || {
                "There is already a person with this e-mail address. Sign in, or use another address.".into()
            })
        })
    }

    /// The person with this address and password. A wrong password and an unknown address cannot be told apart, by
    /// the answer or by the time it takes.
    pub async fn verify_password(
        &self,
        email: &str,
        password: &SecretString,
    ) -> Result<Option<User>, StoreError> {
        let found: Option<(i64, String, String, String, String)> = sqlx::query_as(
            "select id, email, name, role, password_hash
            from taskgauge.users
            where lower(email) = lower($1)
                and disabled_at is null",
        )
        .bind(email.trim())
        .fetch_optional(&self.pool)
        .await?;
        let (user, hash) = match found {
            Some((id, email, name, role, hash)) => {
                (Some(User::from(UserRow { id, email, name, role })), hash)
            }
            None => (None, String::new()),
        };
        let password = password.clone();
        let matches = tokio::task::spawn_blocking(move || {
            // Nobody's hash, so that an unknown address takes as long.
            let hash = if hash.is_empty() { NOBODY.as_str() } else { &hash };
            password.expose_secret().len() <= PASSWORD_MAX
                && PasswordHash::new(hash).is_ok_and(|hash| {
                    Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
                })
        })
        .await
        .unwrap_or(false);
        Ok(user.filter(|_| matches))
    }

    /// Signs a person in; the token goes into their cookie and nowhere else.
    pub async fn create_session(&self, user: UserId) -> Result<SecretString, StoreError> {
        let (token, hash) = new_token();
        let now = self.clock.now();
        sqlx::query("delete from taskgauge.sessions where expires_at <= $1")
            .bind(now)
            .execute(&self.pool)
            .await?;
        let made = sqlx::query(
            "insert into taskgauge.sessions (token_hash, user_id, created_at, expires_at)
            select $1, id, $3, $4
            from taskgauge.users
            where id = $2
                and disabled_at is null",
        )
        .bind(hash)
        .bind(user.0)
        .bind(now)
        .bind(now + SESSION_TTL)
        .execute(&self.pool)
        .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "person" });
        }
        Ok(token)
    }

    /// Who holds this token, if it is valid. Use prolongs it.
    pub async fn session(&self, token: &SecretString) -> Result<Option<Session>, StoreError> {
        type Row = (i64, DateTime<Utc>, i64, String, String, String);
        let now = self.clock.now();
        let found: Option<Row> = sqlx::query_as(
            "select s.id, s.expires_at, u.id, u.email, u.name, u.role
            from taskgauge.sessions s
            join taskgauge.users u on u.id = s.user_id
            where s.token_hash = $1
                and s.expires_at > $2
                and u.disabled_at is null",
        )
        .bind(hash_of(token))
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        let Some((id, expires_at, user, email, name, role)) = found else { return Ok(None) };
        if expires_at < now + SESSION_TTL - SESSION_STEP {
            sqlx::query(
                "update taskgauge.sessions
                set expires_at = $2
                where id = $1",
            )
            .bind(id)
            .bind(now + SESSION_TTL)
            .execute(&self.pool)
            .await?;
        }
        Ok(Some(Session { id, user: UserRow { id: user, email, name, role }.into() }))
    }

    /// Signs out. What was tested and not saved goes with the session.
    pub async fn end_session(&self, token: &SecretString) -> Result<(), StoreError> {
        sqlx::query("delete from taskgauge.sessions where token_hash = $1")
            .bind(hash_of(token))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes down who did what. `detail` must hold no secret.
    pub async fn audit(
        &self,
        actor: &str,
        action: &str,
        subject: &str,
        detail: Value,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.audit_on(&mut connection, actor, action, subject, detail).await
    }

    pub(crate) async fn audit_on(
        &self,
        connection: &mut PgConnection,
        actor: &str,
        action: &str,
        subject: &str,
        detail: Value,
    ) -> Result<(), StoreError> {
        let detail = if detail.is_null() { Value::Object(serde_json::Map::new()) } else { detail };
        sqlx::query(
            "insert into taskgauge.audit (at, actor, action, subject, detail)
            values ($1, $2, $3, $4, $5)",
        )
        .bind(self.clock.now())
        .bind(actor)
        .bind(action)
        .bind(subject)
        .bind(detail)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// The latest entries of the audit log, newest first.
    pub async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<(DateTime<Utc>, String, String, String, Value)> = sqlx::query_as(
            "select at, actor, action, subject, detail
            from taskgauge.audit
            order by id desc
            limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        let entry = |(at, actor, action, subject, detail)| AuditEntry { at, actor, action, subject, detail };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// The address of the person behind a session, for the audit log.
    pub(crate) async fn actor(
        &self,
        connection: &mut PgConnection,
        session: i64,
    ) -> Result<String, StoreError> {
        sqlx::query_scalar(
            "select u.email
            from taskgauge.sessions s
            join taskgauge.users u on u.id = s.user_id
            where s.id = $1
                and s.expires_at > $2",
        )
        .bind(session)
        .bind(self.clock.now())
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NotFound { what: "session" })
    }
}

/// A person's data that passed the rules.
struct Person<'a> {
    email: &'a str,
    name: &'a str,
}

impl<'a> Person<'a> {
    fn checked(email: &'a str, name: &'a str, password: &SecretString) -> Result<Self, StoreError> {
        let (email, name, password) = (email.trim(), name.trim(), password.expose_secret());
        let strange = |text: &str| text.chars().any(|c| c.is_whitespace() || c.is_control());
        let problem = match email.split_once('@') {
            _ if email.len() > EMAIL_MAX || strange(email) => {
                Some("This is not an e-mail address.".to_owned())
            }
            Some((local, host)) if !local.is_empty() && !host.is_empty() && !host.contains('@') => None,
            _ => Some("This is not an e-mail address.".to_owned()),
        };
        let problem = problem.or_else(|| {
            if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
                Some(format!("Enter a name of at most {NAME_MAX} characters."))
            } else if password.chars().count() < PASSWORD_MIN {
                Some(format!("Use a password of at least {PASSWORD_MIN} characters. A sentence is fine."))
            } else if password.len() > PASSWORD_MAX {
                Some(format!("Use a password of at most {PASSWORD_MAX} characters."))
            } else if password.eq_ignore_ascii_case(email) {
                Some("Use a password that is not your e-mail address.".to_owned())
            } else {
                None
            }
        });
        problem.map_or(Ok(Person { email, name }), |problem| Err(StoreError::Invalid(problem)))
    }
}

/// A hash that no password matches which a person could choose: of random bytes, made anew in every process.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let bytes: [u8; 32] = rand::random();
    Argon2::default().hash_password(&bytes).map(|hash| hash.to_string()).unwrap_or_default()
});

/// argon2id with the parameters that OWASP recommends, which are the crate's defaults (19 MiB, 2 passes, 1 lane).
async fn hash_password(password: SecretString) -> Result<String, StoreError> {
    // A tenth of a second of work has no place among the tasks that answer requests.
    tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
    })
    .await
    .ok()
    .and_then(Result::ok)
    .ok_or_else(|| StoreError::Invalid("This password cannot be used. Try another one.".into()))
}

/// 256 random bits as text, and what is stored of them.
fn new_token() -> (SecretString, Vec<u8>) {
    let bytes: [u8; 32] = rand::random();
    let token = SecretString::from(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash_of(&token);
    (token, hash)
}

fn hash_of(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ada@example.com", "Ada", "correct horse battery", true)]
    #[case(" ada@example.com ", " Ada ", "correct horse battery", true)]
    #[case("ada", "Ada", "correct horse battery", false)]
    #[case("@example.com", "Ada", "correct horse battery", false)]
    #[case("ada@", "Ada", "correct horse battery", false)]
    #[case("a@b@c", "Ada", "correct horse battery", false)]
    #[case("a da@example.com", "Ada", "correct horse battery", false)]
    #[case("ada@example.com", " ", "correct horse battery", false)]
    #[case("ada@example.com", "Ada\nLovelace", "correct horse battery", false)]
    #[case("ada@example.com", "Ada", "too short", false)]
    #[case("ada@example.com", "Ada", "ADA@example.com", false)]
    fn people_are_checked(
        #[case] email: &str,
        #[case] name: &str,
        #[case] password: &str,
        #[case] fine: bool,
    ) {
        assert_eq!(Person::checked(email, name, &password.into()).is_ok(), fine);
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (new_token(), new_token());
        assert_eq!(one.0.expose_secret().len(), 43);
        assert_ne!(one.0.expose_secret(), two.0.expose_secret());
        assert_eq!(one.1, hash_of(&one.0));
    }
}
