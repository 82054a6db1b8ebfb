//! Configuration: flags and environment variables of the same name, read once.
#![expect(clippy::doc_markdown, reason = "these texts are read on a terminal, as help")]

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use std::{net::SocketAddr, path::PathBuf};
use taskgauge_autotask::{Connector, Options};
use taskgauge_model::clock::Clock;
use taskgauge_store::{
    Store, StoreError,
    cluster::{Cluster, ClusterOptions, KeptRunning, is_root},
    sealing::Sealer,
};
use url::{Host, Url};

/// Where data is kept and how Autotask is reached; shared by all commands.
#[derive(Debug, Clone, Args)]
pub struct Installation {
    /// Folder for everything Taskgauge keeps: the private Postgres and the secret key.
    ///
    /// Default: /var/lib/taskgauge as root, else ~/.local/share/taskgauge.
    #[arg(long, env = "TASKGAUGE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// A Postgres (15 or newer) to use instead of the private one, as postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,

    /// Folder of the programs initdb and postgres, where they are not found by themselves.
    #[arg(long, env = "TASKGAUGE_POSTGRES_BIN", value_name = "FOLDER")]
    postgres_bin: Option<PathBuf>,

    /// Key that seals stored credentials: 32 bytes as hex or base64. Default: a file in the data folder.
    #[arg(long, env = "TASKGAUGE_SECRET_KEY", hide_env_values = true, value_name = "KEY")]
    secret_key: Option<SecretString>,

    /// Base address for finding a tenant's zone, instead of Autotask's own; it alone may be http and loopback.
    ///
    /// For a simulated tenant.
    #[arg(long, env = "TASKGAUGE_AUTOTASK_URL", value_name = "URL")]
    autotask_url: Option<Url>,
}

/// An installation that is open.
pub struct Opened {
    /// The database, migrated.
    pub store: Store,
    /// The private Postgres, where this process started it.
    pub cluster: Option<Cluster>,
}

impl Opened {
    /// Closes the installation: a private Postgres that this process started is stopped.
    pub async fn close(self) {
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

impl Installation {
    /// The private Postgres of this installation.
    fn cluster_options(&self) -> Result<ClusterOptions, String> {
        Ok(ClusterOptions { data_dir: self.data_dir()?, bin_dir: self.postgres_bin.clone() })
    }

    /// Starts the private Postgres again whenever it ends by itself.
    pub fn keep_running(&self, cluster: Option<Cluster>) -> Result<Option<KeptRunning>, String> {
        let options = self.cluster_options()?;
        Ok(cluster.map(|cluster| cluster.kept_running(options)))
    }

    /// The data folder.
    pub fn data_dir(&self) -> Result<PathBuf, String> {
        if let Some(folder) = &self.data_dir {
            return std::path::absolute(folder)
                .map_err(|error| format!("The data folder cannot be used: {error}."));
        }
        Ok(default_data_dir(std::env::home_dir(), is_root()))
    }

    /// Opens the database and brings its schema up to date.
    pub async fn open(&self, clock: Clock) -> Result<Opened, String> {
        let sealer = self.sealer()?;
        let (url, cluster) = self.database().await?;
        let opened = async {
            let store = Store::connect(&url, sealer, clock).await?;
            store.migrate().await?;
            Ok::<_, StoreError>(store)
        };
        match opened.await {
            Ok(store) => Ok(Opened { store, cluster }),
            Err(error) => {
                if let Some(cluster) = cluster {
                    cluster.stop().await;
                }
                Err(match error {
                    // Whoever runs this owns the log, too.
                    StoreError::Database(source) => {
                        format!(
                            "The database refused: {source}. The user in its address has to own the database."
                        )
                    }
                    error => error.to_string(),
                })
            }
        }
    }

    /// The address of the database, and the private Postgres where this process has to start it.
    async fn database(&self) -> Result<(SecretString, Option<Cluster>), String> {
        if let Some(url) = self.given_database() {
            return Ok((url.clone(), None));
        }
        let data_dir = self.data_dir()?;
        if let Some(running) = Cluster::attach(&data_dir) {
            return Ok((running.url(), None));
        }
        let cluster = Cluster::start(&self.cluster_options()?).await.map_err(|error| error.to_string())?;
        Ok((cluster.url(), Some(cluster)))
    }

    /// The address of the database that was given; a variable that is set to nothing gives none.
    fn given_database(&self) -> Option<&SecretString> {
        self.database_url.as_ref().filter(|url| !url.expose_secret().trim().is_empty())
    }

    fn sealer(&self) -> Result<Sealer, String> {
        if let Some(key) = &self.secret_key {
            return Sealer::from_key(key).map_err(|error| error.to_string());
        }
        if self.given_database().is_some() && self.data_dir.is_none() {
            // Several machines that share a database need the same key.
            tracing::info!("the secret key is kept in the default data folder");
        }
        let folder = self.data_dir()?;
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("The data folder {} cannot be made: {error}.", folder.display()))?;
        Sealer::from_file(&folder.join("secret.key")).map_err(|error| error.to_string())
    }

    /// The way to Autotask.
    pub fn connector(&self) -> Result<Connector, String> {
        let options = match &self.autotask_url {
            Some(url) if is_safe(url) => Options::for_test_base(url.clone()),
            Some(_) => {
                return Err(
                    "TASKGAUGE_AUTOTASK_URL must be an https address, or an http address of this machine \
                            such as http://127.0.0.1:7390/, without a user name or password."
                        .to_owned(),
                );
            }
            None => Options::default(),
        };
        Connector::new(options).map_err(|error| error.to_string())
    }
}

/// The data folder where none is given. Root's is the machine's, wherever root's home is.
fn default_data_dir(home: Option<PathBuf>, is_root: bool) -> PathBuf {
    match home {
        Some(home) if home.is_absolute() && !is_root => home.join(".local/share/taskgauge"),
        _ => PathBuf::from("/var/lib/taskgauge"),
    }
}

/// Whether credentials may travel to that address: over TLS, or without leaving this machine.
fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none();
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_here)
}

/// What only the server needs.
#[derive(Debug, Clone, Args)]
pub struct Serving {
    /// Address and port to listen on.
    #[arg(long = "addr", env = "TASKGAUGE_ADDR", default_value = "127.0.0.1:7300", value_name = "ADDRESS")]
    pub addr: SocketAddr,

    /// The address people use, e.g. https://gauges.example.com. With https, cookies are sent over TLS only.
    #[arg(long, env = "TASKGAUGE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<Url>,

    /// Token that lets a program read /metrics, as in Authorization: Bearer TOKEN. Without it whoever is signed in can.
    #[arg(long, env = "TASKGAUGE_METRICS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub metrics_token: Option<SecretString>,

    /// Write logs as JSON, one object a line.
    #[arg(long, env = "TASKGAUGE_LOG_JSON")]
    pub log_json: bool,

    /// What is logged, e.g. info or taskgauge_sync=debug.
    #[arg(long, env = "TASKGAUGE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_decides_where_data_is_kept_and_not_its_home() {
        let machines = PathBuf::from("/var/lib/taskgauge");
        for (home, is_root, folder) in [
            (Some("/root"), true, machines.clone()),
            (Some("/home/ada"), true, machines.clone()),
            (None, true, machines.clone()),
            (Some("/home/ada"), false, PathBuf::from("/home/ada/.local/share/taskgauge")),
            (Some("/root"), false, PathBuf::from("/root/.local/share/taskgauge")),
            (Some("here"), false, machines.clone()),
            (None, false, machines),
        ] {
            assert_eq!(default_data_dir(home.map(PathBuf::from), is_root), folder, "{home:?} {is_root}");
        }
    }
}
