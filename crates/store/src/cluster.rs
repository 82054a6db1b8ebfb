//! The private Postgres of an installation without a database server.
//!
//! It runs the machine's own `initdb` and `postgres` in a folder of the data folder, listens on a Unix socket that only
//! its account can reach, and ends with its owner: a shell between the two holds the reading end of a pipe and shuts
//! Postgres down when the writing end closes, which it also does when the owner is killed.
//!
//! ```text
//! <data folder>/taskgauge.lock        held by the process that owns the cluster
//! <data folder>/postgres/data         Postgres' own files
//! <data folder>/postgres/socket       the socket
//! <data folder>/postgres/postgres.log what Postgres says
//! ```

mod account;
mod binaries;
mod error;
mod keep;
mod launch;
mod layout;
mod log;
mod postmaster;

pub use account::is_root;
pub use error::ClusterError;
pub use keep::KeptRunning;

use crate::StoreError;
use layout::Layout;
use log::Log;
use postmaster::Postmaster;
use secrecy::SecretString;
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, ChildStdin},
    time::{Duration, Instant},
};

/// Name of the database and of its superuser.
const NAME: &str = "taskgauge";
/// The number in the socket's name. There is no TCP port.
const PORT: u16 = 5432;
/// How long Postgres may be silent after its start.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// How long it may recover from a crash.
const RECOVERY_MAX: Duration = Duration::from_mins(10);

/// Where a cluster lives and what runs it.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The data folder of the installation; made if it is not there.
    pub data_dir: PathBuf,
    /// The folder of `initdb` and `postgres`; `None` looks where packages put them.
    pub bin_dir: Option<PathBuf>,
}

/// What differs between an installation and a test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// Whether a commit survives a power cut.
    pub durable: bool,
    /// Whether the data folder goes when the cluster ends.
    pub remove: bool,
    /// Whether it holds as much in memory as this machine can spare, or little, as beside many others.
    pub roomy: bool,
    pub connections: u16,
}

impl Tuning {
    const INSTALLATION: Tuning = Tuning { durable: true, remove: false, roomy: true, connections: 60 };
}

/// A private Postgres that runs. Dropping it shuts it down in the background; [`Cluster::stop`] waits for it.
#[derive(Debug)]
pub struct Cluster {
    socket_dir: PathBuf,
    owned: Option<Owned>,
}

#[derive(Debug)]
struct Owned {
    watchdog: Child,
    /// Postgres runs while this is open.
    lifeline: ChildStdin,
    /// Released when the file is closed, after Postgres has ended.
    lock: File,
}

impl Cluster {
    /// Starts the cluster of a data folder, making it first if need be, and answers when it takes connections.
    pub async fn start(options: &ClusterOptions) -> Result<Cluster, ClusterError> {
        Self::start_with(options, Tuning::INSTALLATION).await
    }

    pub(crate) async fn start_with(
        options: &ClusterOptions,
        tuning: Tuning,
    ) -> Result<Cluster, ClusterError> {
        let options = options.clone();
        let started =
            tokio::task::spawn_blocking(move || Layout::prepare(&options, tuning)?.launch(tuning)).await;
        let (mut cluster, log) = match started {
            Ok(started) => started?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        cluster.wait_until_ready(&log).await?;
        cluster.make_database().await?;
        Ok(cluster)
    }

    /// The cluster that another process runs in this data folder, if there is one. Stopping or dropping it leaves it
    /// running.
    pub fn attach(data_dir: &Path) -> Option<Cluster> {
        let data = fs::canonicalize(data_dir).ok()?.join("postgres/data");
        let postmaster = Postmaster::of(&data)?;
        postmaster.is_alive(&data).then(|| Cluster { socket_dir: postmaster.socket_dir, owned: None })
    }

    /// The database's address, for [`crate::Store::connect`] and for Postgres' own programs.
    pub fn url(&self) -> SecretString {
        let socket_dir = self.socket_dir.display();
        format!("postgres://{NAME}@localhost:{PORT}/{NAME}?host={socket_dir}&sslmode=disable").into()
    }

    /// Shuts Postgres down: sessions are ended, what they committed is kept. Answers when it has ended.
    pub async fn stop(mut self) {
        if let Some(Owned { mut watchdog, lifeline, lock }) = self.owned.take() {
            drop(lifeline);
            let ended = tokio::task::spawn_blocking(move || watchdog.wait()).await;
            if !matches!(&ended, Ok(Ok(status)) if status.success()) {
                tracing::warn!(?ended, "Postgres did not end as it should");
            }
            drop(lock);
        }
    }

    fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(PORT)
            .username(NAME)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name("taskgauge start")
    }

    async fn wait_until_ready(&mut self, log: &Log) -> Result<(), ClusterError> {
        let options = self.connect_options("postgres");
        let began = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            let error = match PgConnection::connect_with(&options).await {
                Ok(connection) => {
                    let _ = connection.close().await;
                    return Ok(());
                }
                Err(error) => error,
            };
            if let Some(owned) = &mut self.owned
                && !matches!(owned.watchdog.try_wait(), Ok(None))
            {
                return Err(log.verdict());
            }
            let recovering =
                matches!(&error, sqlx::Error::Database(said) if said.code().as_deref() == Some("57P03"));
            if !recovering && !matches!(error, sqlx::Error::Io(_)) {
                return Err(StoreError::from(error).into());
            }
            if began.elapsed() > if recovering { RECOVERY_MAX } else { SILENCE_MAX } {
                return Err(ClusterError::Silent { log: log.path.clone() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    async fn make_database(&self) -> Result<(), ClusterError> {
        let make = async {
            let mut connection = PgConnection::connect_with(&self.connect_options("postgres")).await?;
            let exists: bool =
                sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                    .bind(NAME)
                    .fetch_one(&mut connection)
                    .await?;
            if !exists {
                sqlx::query("create database taskgauge").execute(&mut connection).await?;
            }
            connection.close().await
        };
        make.await.map_err(|error| StoreError::from(error).into())
    }
}
