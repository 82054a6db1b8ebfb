//! What can go wrong in the store, in words for people.

use sqlx::migrate::MigrateError;

/// SQLSTATE of a statement that was stopped, as when its time is up.
const QUERY_CANCELED: &str = "57014";

/// Why the store could not do what was asked.
///
/// What it displays is a sentence for people and holds nothing of the database's own messages, which may repeat
/// values; those are in [`std::error::Error::source`], for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing answers, or the server is going down or coming up.
    #[error("The database cannot be reached. It may be starting or stopped; try again in a moment.")]
    Unreachable(#[source] sqlx::Error),
    /// The statement's time was up, or no connection became free.
    #[error("The database took too long to answer. Try again, or ask for less.")]
    TimedOut(#[source] sqlx::Error),
    /// It does not exist, no longer exists, or belongs to someone else.
    #[error("This {what} does not exist or is no longer valid.")]
    NotFound {
        /// What was looked for, e.g. `datasource`.
        what: &'static str,
    },
    /// It cannot be done beside what is there already.
    #[error("{what}")]
    Conflict {
        /// A sentence that says beside what, and what to do.
        what: String,
    },
    /// Stored secrets were sealed with another key.
    #[error(
        "The secret key is not the one that this database's credentials were sealed with. Start Taskgauge with the \
         key it had before: the key file of its data folder, or the key in its configuration."
    )]
    WrongKey,
    /// The database has no space left.
    #[error("The disk of the database is full. Make space on it; nothing that was saved is lost.")]
    DiskFull(#[source] sqlx::Error),
    /// A file could not be written.
    #[error("The file could not be written. The disk of the server may be full.")]
    File(#[source] std::io::Error),
    /// A newer Taskgauge migrated this database.
    #[error(
        "This database was made by a newer version of Taskgauge. Start that version, or restore a backup."
    )]
    NewerSchema,
    /// What was given is wrong; the sentence says what.
    #[error("{0}")]
    Invalid(String),
    /// The caller's lease is over and another worker may have taken its place.
    #[error("Another worker has taken over this run.")]
    Lost,
    /// The database was restarted after a crash, or another server took its place, while the caller had a run. What was
    /// committed last may be gone: the run has to begin at what is stored.
    #[error("The database was restarted. The sync goes on from what it holds.")]
    Restarted,
    /// Anything else the database said.
    #[error("The database could not do this. The log has the details.")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed later, with nothing changed by a person.
    pub const fn is_transient(&self) -> bool {
        matches!(self, StoreError::Unreachable(_) | StoreError::TimedOut(_))
    }

    /// Whether a statement took longer than it may. One that found no connection, or that was stopped for another's sake,
    /// may be answered at once the next time.
    pub(crate) fn is_overlong(&self) -> bool {
        let StoreError::TimedOut(sqlx::Error::Database(error)) = self else { return false };
        error.code().as_deref() == Some(QUERY_CANCELED)
    }

    /// The same for somebody else who waited for the same work. Of the database's own error its words are left.
    pub(crate) fn told_again(&self) -> StoreError {
        let words = |error: &sqlx::Error| sqlx::Error::Protocol(error.to_string());
        match self {
            StoreError::Unreachable(error) => StoreError::Unreachable(words(error)),
            StoreError::TimedOut(error) => StoreError::TimedOut(words(error)),
            StoreError::NotFound { what } => StoreError::NotFound { what },
            StoreError::Conflict { what } => StoreError::Conflict { what: what.clone() },
            StoreError::WrongKey => StoreError::WrongKey,
            StoreError::DiskFull(error) => StoreError::DiskFull(words(error)),
            StoreError::NewerSchema => StoreError::NewerSchema,
            StoreError::Invalid(what) => StoreError::Invalid(what.clone()),
            StoreError::File(error) => StoreError::File(std::io::Error::new(error.kind(), error.to_string())),
            StoreError::Lost => StoreError::Lost,
            StoreError::Restarted => StoreError::Restarted,
            StoreError::Database(error) => StoreError::Database(words(error)),
        }
    }

    /// Turns the violation of the unique index `name` into a conflict, with `what` as its sentence.
    pub(crate) fn conflict_on(error: sqlx::Error, name: &str, what: impl FnOnce() -> String) -> StoreError {
        let violated = error
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation() && error.constraint() == Some(name));
        if violated { StoreError::Conflict { what: what() } } else { error.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    /// Sorts by SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Unreachable(error),
            sqlx::Error::PoolTimedOut => StoreError::TimedOut(error),
            sqlx::Error::Database(from_server) => {
                match from_server.code().as_deref().unwrap_or_default() {
                    "53100" => StoreError::DiskFull(error),
                    // Query cancelled (by statement_timeout), lock not available, idle in transaction, two that waited for
                    // each other.
                    "57014" | "55P03" | "25P03" | "40P01" => StoreError::TimedOut(error),
                    // Shutdown, crash, starting up, too many connections, connection exceptions, and
                    // refused logins or unknown databases, which an operator has to mend.
                    "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "28000" | "28P01" | "3D000" => {
                        StoreError::Unreachable(error)
                    }
                    code if code.starts_with("08") => StoreError::Unreachable(error),
                    _ => StoreError::Database(error),
                }
            }
            _ => StoreError::Database(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => StoreError::NewerSchema,
            MigrateError::VersionMismatch(version) => StoreError::Invalid(format!(
                "Migration {version} of this database differs from the one in this version of Taskgauge. Start the \
                 version that made the database, or restore a backup."
            )),
            other => StoreError::Database(sqlx::Error::Migrate(Box::new(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn errors_of_the_server_are_sorted() {
        let database = testing::database().await;
        let raised = async |code: &str| {
            let mut connection = database.store.pool.acquire().await.unwrap();
            sqlx::query("select set_config('test.code', $1, false)")
                .bind(code)
                .execute(&mut *connection)
                .await
                .unwrap();
            let error = sqlx::raw_sql(
                "do $$ begin
                    raise exception 'internals' using errcode = current_setting('test.code');
                end $$",
            )
            .execute(&mut *connection)
            .await
            .unwrap_err();
            StoreError::from(error)
        };
        assert!(matches!(raised("53100").await, StoreError::DiskFull(_)));
        assert!(matches!(raised("57014").await, StoreError::TimedOut(_)));
        assert!(matches!(raised("55P03").await, StoreError::TimedOut(_)));
        assert!(matches!(raised("40P01").await, StoreError::TimedOut(_)));
        for code in ["57P01", "57P03", "08006", "53300"] {
            assert!(matches!(raised(code).await, StoreError::Unreachable(_)), "{code}");
        }
        let other = raised("22012").await;
        assert!(matches!(other, StoreError::Database(_)));
        assert!(!other.to_string().contains("internals"));
        assert!(std::error::Error::source(&other).unwrap().to_string().contains("internals"));
    }

    #[tokio::test]
    async fn a_statement_that_takes_too_long_is_stopped() {
        let database = testing::database().await;
        let mut transaction = database.store.pool.begin().await.unwrap();
        let limit: String =
            sqlx::query_scalar("show statement_timeout").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(limit, "30s");
        sqlx::query("set local statement_timeout = 20").execute(&mut *transaction).await.unwrap();
        let error = sqlx::query("select pg_sleep(60)").execute(&mut *transaction).await.unwrap_err();
        let error = StoreError::from(error);
        assert!(matches!(error, StoreError::TimedOut(_)) && error.is_overlong());
        assert!(!StoreError::from(sqlx::Error::PoolTimedOut).is_overlong());
    }
}
