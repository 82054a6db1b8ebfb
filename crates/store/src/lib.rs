//! Postgres: migrations, the private cluster, every query.
//!
//! [`Store`] is the only way to the database. Its methods take the datasource they are about, reads of rows take the
//! [`Scope`] of whoever looks, and time comes from the store's clock, so no caller can widen what a person may see.

pub mod cluster;
pub mod content;
pub mod datasets;
pub mod datasources;
pub mod drafts;
mod error;
pub mod gauges;
pub mod metrics;
mod migrate;
pub mod notify;
pub mod rows;
pub mod runs;
mod scope;
pub mod sealing;
mod settings;
mod snapshot;
pub mod standing;
mod statistics;
#[cfg(feature = "testing")]
pub mod testing;
pub mod users;
pub mod walls;
pub mod webhooks;

pub use error::StoreError;
pub use scope::Scope;

use crate::{migrate::check_key, sealing::Sealer};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use taskgauge_model::clock::Clock;

/// Most connections one process holds, those of gauges and files apart.
const CONNECTIONS_MAX: u32 = 10;
/// Connections for the statements of gauges, per statement of a board that runs beside others. Each plans each
/// statement once, so they are few.
const READERS: usize = 2;
/// Connections for files that people download: each is held until its last row is on the way.
const EXPORTS: u32 = 6;
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Oldest server that works, as `server_version_num` counts.
const SERVER_OLDEST: i32 = 150_000;

/// The database of an installation. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    /// For gauges and datasets: they may take long and keep nobody else from a connection.
    pub(crate) readers: PgPool,
    /// For files: whoever downloads slowly keeps nobody from a board.
    pub(crate) exports: PgPool,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Clock,
    pub(crate) answers: Arc<gauges::cache::Answers>,
    pub(crate) counts: Arc<gauges::KeptCounts>,
    pub(crate) shelf: Arc<content::Shelf>,
    /// Longest time a statement of a gauge may take.
    pub(crate) statement_timeout: Duration,
}

impl Store {
    /// Connects to the database at `url` (Postgres 15 or newer) and checks that `sealer` holds its key.
    ///
    /// Every statement may take 30 seconds; longer work sets its own limit.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an address that is none or a server that is too old, [`StoreError::Unreachable`]
    /// when nothing answers, [`StoreError::WrongKey`] when secrets in it were sealed with another key.
    pub async fn connect(url: &SecretString, sealer: Sealer, clock: Clock) -> Result<Store, StoreError> {
        // The parser's own message may repeat the address, and with it the password.
        let options = PgConnectOptions::from_str(url.expose_secret())
            .map_err(|_| {
                StoreError::Invalid(
                    "The database address cannot be read. It looks like \
                     postgres://user:password@host:5432/database."
                        .into(),
                )
            })?
            .application_name("taskgauge");
        // One connection by itself: it says at once what a pool would retry until its time is up.
        let mut first = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&options))
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(refused)?;
        check_server(&mut first).await?;
        check_key(&sealer, &mut first).await?;
        first.close().await?;
        let readers = READERS * Store::statements_at_once();
        let readers = pool_of(options.clone(), u32::try_from(readers).unwrap_or(CONNECTIONS_MAX));
        let exports = pool_of(options.clone(), EXPORTS);
        let pool = pool_of(options, CONNECTIONS_MAX);
        Ok(Store {
            pool,
            readers,
            exports,
            sealer,
            clock,
            answers: Arc::default(),
            counts: Arc::default(),
            shelf: Arc::default(),
            statement_timeout: snapshot::STATEMENT_TIMEOUT,
        })
    }

    /// The same store, whose gauges have another time for each statement than an installation's.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_statement_timeout(self, statement_timeout: Duration) -> Store {
        Store { statement_timeout, ..self }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Where this store's time comes from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Closes all connections, after the statements under way.
    pub async fn close(&self) {
        self.exports.close().await;
        self.readers.close().await;
        self.pool.close().await;
    }
}

/// A pool of that many connections at most, none of them open yet.
fn pool_of(options: PgConnectOptions, most: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                // Not sent as start-up options: connection poolers refuse those.
                // The datasets' views join many tables of which a question needs few: planning such a statement costs
                // more than running it, so it is planned once a connection, and never compiled.
                sqlx::query(
                    "select set_config('statement_timeout', '30s', false),
                            set_config('idle_in_transaction_session_timeout', '5min', false),
                            set_config('plan_cache_mode', 'force_generic_plan', false),
                            set_config('jit', 'off', false)",
                )
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(connection).await?;
    if version < SERVER_OLDEST {
        return Err(StoreError::Invalid(format!(
            "The database server is Postgres {}. Taskgauge needs version 15 or newer.",
            version / 10_000
        )));
    }
    Ok(())
}

/// What an operator has to mend in the address, in words that say so.
fn refused(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
    match &*code {
        "28P01" | "28000" => StoreError::Invalid(
            "The database server refuses the user or the password in the database address.".into(),
        ),
        "3D000" => StoreError::Invalid(
            "The database server has no database of the name in the database address. Create it first."
                .into(),
        ),
        _ => error.into(),
    }
}
