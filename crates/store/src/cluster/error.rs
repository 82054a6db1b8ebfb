//! Why there is no private Postgres, in words for an operator.

use crate::StoreError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why there is no private Postgres.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing was found.
    #[error(
        "Postgres is not installed. Install version 15 or newer (Debian and Ubuntu: apt install postgresql), or set \
         DATABASE_URL to a database server."
    )]
    NoBinaries,
    /// The folder chosen by the operator has none.
    #[error("There are no initdb and postgres in {}.", folder.display())]
    NotThere {
        /// The folder.
        folder: PathBuf,
    },
    /// Only old ones were found.
    #[error("Postgres {newest} is installed; Taskgauge needs version 15 or newer.")]
    TooOld {
        /// The newest that was found.
        newest: u32,
    },
    /// The data is of a version that is not installed.
    #[error(
        "The data folder was made by Postgres {made_by}, and version {newest} is installed. Install version {made_by} \
         beside it; to move to another version, make a backup with the old one and restore it with the new one."
    )]
    OtherVersion {
        /// Version that made the data.
        made_by: u32,
        /// The newest that was found.
        newest: u32,
    },
    /// Another process owns the data folder.
    #[error("Another Taskgauge{} already runs with the data folder {}. Stop it, or choose another data folder.",
        owner.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(), data_dir.display())]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// Its process id, if it left one.
        owner: Option<u32>,
    },
    /// As root, with nobody to run as.
    #[error(
        "Postgres does not run as root, and this machine has neither a user postgres nor nobody. Start Taskgauge as \
         another user."
    )]
    NoAccount,
    /// A folder on the way keeps Postgres' account out.
    #[error(
        "Postgres runs as the user {account} and cannot enter {0}. Choose another data folder, or run: chmod o+x {0}",
        folder.display()
    )]
    Closed {
        /// The outermost such folder.
        folder: PathBuf,
        /// The account.
        account: String,
    },
    /// Somebody else made the socket's folder.
    #[error("The folder {} belongs to somebody else, so the database cannot put its socket there. Remove it.",
        folder.display())]
    SocketFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// No space left.
    #[error("The disk that holds {} is full. Make space on it; nothing that was saved is lost.", folder.display())]
    DiskFull {
        /// The data folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be used.
    #[error("{} cannot be used: {source}.", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program cannot be run.
    #[error("{} cannot be run: {source}.", program.display())]
    Program {
        /// Which.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("The database could not be set up: {said}")]
    SetUp {
        /// What it said.
        said: String,
    },
    /// Postgres ended instead of starting.
    #[error("Postgres ended while it started: {said} Its log is {}.", log.display())]
    Ended {
        /// The last thing it said.
        said: String,
        /// The log.
        log: PathBuf,
    },
    /// Postgres runs and does not answer.
    #[error("Postgres was started and does not answer. Its log is {}.", log.display())]
    Silent {
        /// The log.
        log: PathBuf,
    },
    /// It answers, and the database cannot be made.
    #[error(transparent)]
    Database(#[from] StoreError),
}

/// Says which file an error is about.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ClusterError::DiskFull { folder: path.clone() }
        }
        _ => ClusterError::File { path: path.clone(), source },
    }
}
