//! The folders of a cluster: locked, made, checked, and set up by `initdb`.

use super::{
    ClusterError, ClusterOptions, NAME, PORT, Tuning,
    account::{self, Account},
    binaries::Binaries,
    error::at,
    log::is_disk_full,
    postmaster::Postmaster,
};
use crate::sealing::hex;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Longest path of a socket that every system takes: `sun_path` has 104 bytes on some, 108 on Linux.
const SOCKET_PATH_MAX: usize = 100;
/// How long the server of an owner that was killed may take to end by itself.
const ENDING: Duration = Duration::from_secs(20);

/// The folders of a cluster, checked and ready.
pub(super) struct Layout {
    pub(super) data_dir: PathBuf,
    /// `<data folder>/postgres`, Postgres' account's.
    pub(super) folder: PathBuf,
    pub(super) data: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) binaries: Binaries,
    account: Option<Account>,
    pub(super) lock: File,
}

impl Layout {
    pub(super) fn prepare(options: &ClusterOptions, tuning: Tuning) -> Result<Layout, ClusterError> {
        let account = account::unprivileged()?;
        // Others have to pass through it when Postgres runs under another name than we do.
        let mode = if account.is_some() { 0o711 } else { 0o700 };
        make_folder(&options.data_dir, mode)?;
        let data_dir = fs::canonicalize(&options.data_dir).map_err(at(&options.data_dir))?;
        let lock = take_lock(&data_dir)?;
        let folder = data_dir.join("postgres");
        let data = folder.join("data");
        let made_by =
            fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let binaries = Binaries::find(options.bin_dir.as_deref(), made_by)?;
        make_folder(&folder, 0o700)?;
        own(&folder, account.as_ref())?;
        if tuning.remove {
            own(&data_dir, account.as_ref())?;
        }
        if let Some(account) = &account {
            account::check_way(&folder, account)?;
        }
        let socket_dir = socket_dir(&folder, account.as_ref())?;
        let layout = Layout { data_dir, folder, data, socket_dir, binaries, account, lock };
        layout.wait_for_predecessor()?;
        if made_by.is_none() {
            layout.set_up(tuning)?;
        }
        Ok(layout)
    }

    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        account::command(program, self.account.as_ref(), &self.folder)
    }

    /// The owner of the lock is gone, but its Postgres may still be on its way down.
    fn wait_for_predecessor(&self) -> Result<(), ClusterError> {
        let began = Instant::now();
        let mut asked = false;
        while let Some(postmaster) = Postmaster::of(&self.data) {
            if !postmaster.is_alive(&self.data) {
                // Postgres itself takes any process under that number for its predecessor, which after a restart of
                // the machine or of a container may be anything.
                let path = self.data.join("postmaster.pid");
                fs::remove_file(&path).map_err(at(&path))?;
                break;
            }
            if began.elapsed() > ENDING && !asked {
                asked = true;
                let pid = postmaster.pid.to_string();
                let _ = self.command("sh").args(["-c", "kill -INT \"$1\"", "sh", &pid]).status();
            }
            if began.elapsed() > ENDING * 3 {
                return Err(ClusterError::InUse {
                    data_dir: self.data_dir.clone(),
                    owner: Some(postmaster.pid),
                });
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    /// Makes the cluster's files beside their place and moves them there, so that a set-up that was cut short is not
    /// taken for a cluster.
    fn set_up(&self, tuning: Tuning) -> Result<(), ClusterError> {
        let new = self.folder.join("data.new");
        let mut said = String::new();
        for locale in locales(self.binaries.version) {
            match fs::remove_dir_all(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&new)(error)),
                _ => {}
            }
            let program = self.binaries.folder.join("initdb");
            let mut command = self.command(&program);
            command
                .arg("-D")
                .arg(&new)
                .args(["-U", NAME, "--encoding=UTF8", "--data-checksums", "--no-instructions"])
                // Whoever can open the socket is let in; its folder is closed to everyone else. `peer` would keep out
                // root, who starts Postgres under another name and still owns it.
                .args(["--auth-local=trust", "--auth-host=reject"])
                .args(locale);
            if !tuning.durable {
                command.arg("--no-sync");
            }
            let output = command.output().map_err(|source| ClusterError::Program { program, source })?;
            if output.status.success() {
                return fs::rename(&new, &self.data).map_err(at(&self.data));
            }
            said = String::from_utf8_lossy(&output.stderr).trim().into();
            if is_disk_full(&said) {
                return Err(ClusterError::DiskFull { folder: self.data_dir.clone() });
            }
            if !said.contains("locale") {
                break;
            }
        }
        Err(ClusterError::SetUp { said })
    }
}

/// Locales to try, best first.
///
/// Order is by bytes: an order of the system's library changes with its version, and indexes made under the old one
/// then miss rows. Classes of characters are Unicode's, so that `lower` knows an umlaut.
fn locales(version: u32) -> Vec<Vec<&'static str>> {
    let mut locales = Vec::new();
    if version >= 17 {
        locales.push(vec!["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]);
    }
    for class in ["--lc-ctype=C.UTF-8", "--lc-ctype=C.utf8", "--lc-ctype=en_US.UTF-8"] {
        locales.push(vec!["--locale=C", class]);
    }
    locales.push(vec!["--locale=C"]);
    locales
}

/// Holds the data folder for this process; the system lets go of it however the process ends.
fn take_lock(data_dir: &Path) -> Result<File, ClusterError> {
    let path = data_dir.join("taskgauge.lock");
    let mut options = fs::OpenOptions::new();
    let mut lock = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(at(&path))?;
    match lock.try_lock() {
        Ok(()) => {
            let written = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
            written.map_err(at(&path))?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let owner = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            Err(ClusterError::InUse { data_dir: data_dir.to_owned(), owner })
        }
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

/// The socket's folder: inside the cluster's, or, where that path is too long or has characters that a setting or an
/// address would need quoted, one under `/tmp` named after it.
fn socket_dir(folder: &Path, account: Option<&Account>) -> Result<PathBuf, ClusterError> {
    let inside = folder.join("socket");
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let length = inside.as_os_str().len() + format!("/.s.PGSQL.{PORT}").len();
    let chosen = if length < SOCKET_PATH_MAX && inside.as_os_str().as_bytes().iter().all(plain) {
        inside
    } else {
        let digest = Sha256::digest(folder.as_os_str().as_bytes());
        PathBuf::from(format!("/tmp/taskgauge-{}", hex(&digest[..8])))
    };
    let ours = fs::metadata(folder).map_err(at(folder))?.uid();
    match fs::DirBuilder::new().mode(0o700).create(&chosen) {
        Ok(()) => own(&chosen, account)?,
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(at(&chosen)(error)),
        Err(_) => {}
    }
    // Anyone can make folders in /tmp: this one must be a folder, ours, and closed.
    let metadata = fs::symlink_metadata(&chosen).map_err(at(&chosen))?;
    if metadata.is_dir() && metadata.uid() == ours && metadata.mode() & 0o777 == 0o700 {
        Ok(chosen)
    } else {
        Err(ClusterError::SocketFolder { folder: chosen })
    }
}

fn make_folder(path: &Path, mode: u32) -> Result<(), ClusterError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(at(path))
}

fn own(path: &Path, account: Option<&Account>) -> Result<(), ClusterError> {
    match account {
        Some(account) => {
            std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)).map_err(at(path))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_socket_is_inside_unless_its_path_is_long_or_odd() {
        let parent = tempfile::Builder::new().prefix("tg").tempdir_in("/tmp").unwrap();
        assert_eq!(socket_dir(parent.path(), None).unwrap(), parent.path().join("socket"));
        for name in ["x".repeat(80), "with space".into(), "a,b".into()] {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).unwrap();
            let socket = socket_dir(&folder, None).unwrap();
            assert!(socket.starts_with("/tmp") && !socket.starts_with(parent.path()));
            assert_eq!(socket, socket_dir(&folder, None).unwrap(), "the same at every start");
            fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
            assert!(matches!(socket_dir(&folder, None), Err(ClusterError::SocketFolder { .. })));
            fs::remove_dir(&socket).unwrap();
        }
    }
}
