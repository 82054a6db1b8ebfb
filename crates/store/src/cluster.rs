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

pub use account::is_root;
pub use error::ClusterError;

use crate::{StoreError, sealing::hex};
use account::Account;
use binaries::Binaries;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::JoinHandle};

/// Name of the database and of its superuser.
const NAME: &str = "taskgauge";
/// The number in the socket's name. There is no TCP port.
const PORT: u16 = 5432;
/// Longest path of a socket that every system takes: `sun_path` has 104 bytes on some, 108 on Linux.
const SOCKET_PATH_MAX: usize = 100;
/// How long the server of an owner that was killed may take to end by itself.
const ENDING: Duration = Duration::from_secs(20);
/// How long Postgres may be silent after its start.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// How long it may recover from a crash.
const RECOVERY_MAX: Duration = Duration::from_mins(10);
/// How often it is looked whether Postgres still runs.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pause after a start that did not succeed.
const START_AGAIN: Duration = Duration::from_secs(5);
/// Size at which the log is put aside at the next start.
const LOG_MAX: u64 = 10 * 1024 * 1024;

/// Runs Postgres (`$2` …) until standard input ends, then shuts it down fast and removes the folder `$1`, if given.
///
/// The shell stays between so that Postgres has no child it does not know.
const WATCHDOG: &str = r#"
remove=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
postgres=$!
{ while read -r line; do :; done; kill -INT "$postgres"; } <&3 3<&- 2>/dev/null &
watch=$!
exec 3<&-
trap 'kill -INT "$postgres" 2>/dev/null' HUP INT TERM
wait "$postgres"
code=$?
while kill -0 "$postgres" 2>/dev/null; do
    wait "$postgres"
    code=$?
done
kill "$watch" 2>/dev/null
[ -z "$remove" ] || rm -rf "$remove"
exit "$code"
"#;

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
    pub connections: u16,
}

impl Tuning {
    const INSTALLATION: Tuning = Tuning { durable: true, remove: false, connections: 60 };
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

    /// Starts Postgres again whenever it ends by itself, for as long as the answer lives: after a crash, after somebody
    /// ended it, and once a full disk has room again.
    pub fn kept_running(self, options: ClusterOptions) -> KeptRunning {
        let (stop, stopped) = oneshot::channel();
        KeptRunning { stop, keeper: tokio::spawn(self.keep(options, stopped)) }
    }

    async fn keep(mut self, options: ClusterOptions, mut stopped: oneshot::Receiver<()>) {
        let mut pause = LOOK_AGAIN;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = LOOK_AGAIN;
            let runs = self.owned.as_mut().is_some_and(|owned| matches!(owned.watchdog.try_wait(), Ok(None)));
            if runs {
                continue;
            }
            // The lock has to be free for the next start.
            self.owned = None;
            match Self::start(&options).await {
                Ok(again) => {
                    tracing::warn!("Postgres had ended and runs again");
                    self = again;
                }
                Err(error) => {
                    tracing::error!(%error, "Postgres has ended and cannot be started");
                    pause = START_AGAIN;
                }
            }
        }
        self.stop().await;
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

/// A cluster that is started again when it ends by itself. Dropping it shuts it down in the background.
#[derive(Debug)]
pub struct KeptRunning {
    stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl KeptRunning {
    /// Shuts Postgres down and answers when it has ended.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "what keeps Postgres running has broken");
        }
    }
}

/// The folders of a cluster, checked and ready.
struct Layout {
    data_dir: PathBuf,
    /// `<data folder>/postgres`, Postgres' account's.
    folder: PathBuf,
    data: PathBuf,
    socket_dir: PathBuf,
    binaries: Binaries,
    account: Option<Account>,
    lock: File,
}

impl Layout {
    fn prepare(options: &ClusterOptions, tuning: Tuning) -> Result<Layout, ClusterError> {
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

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
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

    fn launch(self, tuning: Tuning) -> Result<(Cluster, Log), ClusterError> {
        let log = Log::open(self.folder.join("postgres.log"), self.data_dir.clone())?;
        let program = self.binaries.folder.join("postgres");
        let mut command = self.command("sh");
        command
            .args(["-c", WATCHDOG, "taskgauge-postgres"])
            .arg(if tuning.remove { self.data_dir.as_os_str() } else { "".as_ref() })
            .arg(&program)
            .arg("-D")
            .arg(&self.data);
        for setting in settings(&self.socket_dir, tuning) {
            command.arg("-c").arg(setting);
        }
        command
            .stdin(Stdio::piped())
            .stdout(log.file.try_clone().map_err(at(&log.path))?)
            .stderr(log.file.try_clone().map_err(at(&log.path))?)
            // Ctrl-C in a terminal is for us; we then shut Postgres down when nobody needs it any more.
            .process_group(0);
        let mut watchdog =
            command.spawn().map_err(|source| ClusterError::Program { program: "sh".into(), source })?;
        let Some(lifeline) = watchdog.stdin.take() else {
            return Err(ClusterError::Silent { log: log.path });
        };
        let owned = Some(Owned { watchdog, lifeline, lock: self.lock });
        Ok((Cluster { socket_dir: self.socket_dir, owned }, log))
    }
}

/// What Postgres wrote down about itself in `postmaster.pid`
/// (<https://www.postgresql.org/docs/current/storage-file-layout.html>).
struct Postmaster {
    pid: u32,
    socket_dir: PathBuf,
}

impl Postmaster {
    fn of(data: &Path) -> Option<Postmaster> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // Data folder, start time and port come first; before the socket is open its line is empty.
        let socket_dir = lines.nth(3).unwrap_or_default().into();
        Some(Postmaster { pid, socket_dir })
    }

    /// Whether a Postgres of this data folder runs under that number.
    fn is_alive(&self, data: &Path) -> bool {
        if Path::new("/proc/self").exists() {
            let arguments = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
            return arguments
                .split(|&byte| byte == 0)
                .any(|argument| argument == data.as_os_str().as_bytes());
        }
        Command::new("ps")
            .args(["-o", "command=", "-p", &self.pid.to_string()])
            .output()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*data.to_string_lossy()))
    }
}

/// What Postgres says, from where this start began.
struct Log {
    path: PathBuf,
    data_dir: PathBuf,
    file: File,
    from: u64,
}

impl Log {
    fn open(path: PathBuf, data_dir: PathBuf) -> Result<Log, ClusterError> {
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_MAX) {
            fs::rename(&path, path.with_extension("log.old")).map_err(at(&path))?;
        }
        let mut options = fs::OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path).map_err(at(&path))?;
        let from = file.metadata().map_err(at(&path))?.len();
        Ok(Log { path, data_dir, file, from })
    }

    /// Why Postgres ended.
    fn verdict(&self) -> ClusterError {
        let mut text = String::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.from))?;
            file.read_to_string(&mut text)
        });
        if read.is_ok() && is_disk_full(&text) {
            return ClusterError::DiskFull { folder: self.data_dir.clone() };
        }
        let fatal = |line: &&str| line.contains("FATAL:") || line.contains("PANIC:");
        let said =
            text.lines().rfind(fatal).or_else(|| text.lines().next_back()).unwrap_or("it said nothing.");
        ClusterError::Ended { said: said.to_owned(), log: self.path.clone() }
    }
}

fn is_disk_full(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
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

/// Settings on the command line, where they beat what a person may have written into `postgresql.conf`.
fn settings(socket_dir: &Path, tuning: Tuning) -> Vec<OsString> {
    let mut sockets = OsString::from("unix_socket_directories=");
    sockets.push(socket_dir);
    let mut settings = vec![sockets];
    let mut set = |setting: String| settings.push(setting.into());
    set("listen_addresses=".into());
    set(format!("port={PORT}"));
    set("unix_socket_permissions=0700".into());
    set(format!("max_connections={}", tuning.connections));
    set(format!("shared_buffers={}MB", if tuning.durable { shared_buffers() } else { 64 }));
    for setting in ["timezone=UTC", "log_timezone=UTC", "lc_messages=C", "logging_collector=off", "jit=off"] {
        set(setting.into());
    }
    set("log_destination=stderr".into());
    if !tuning.durable {
        for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] {
            set(setting.into());
        }
    }
    settings
}

/// In megabytes: modest, because the machine is shared with the application; the system's own cache does the rest.
fn shared_buffers() -> u32 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    });
    if total.is_some_and(|kilobytes| kilobytes >= 4 * 1024 * 1024) { 256 } else { 128 }
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

/// Says which file an error is about.
fn at(path: &Path) -> impl Fn(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ClusterError::DiskFull { folder: path.clone() }
        }
        _ => ClusterError::File { path: path.clone(), source },
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

    #[test]
    fn a_full_disk_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path().join("postgres.log"), folder.path().into()).unwrap();
        (&log.file).write_all(b"LOG:  starting\nFATAL:  could not create lock file\nLOG:  bye\n").unwrap();
        let ClusterError::Ended { said, .. } = log.verdict() else { panic!("{}", log.verdict()) };
        assert_eq!(said, "FATAL:  could not create lock file");
        (&log.file).write_all(b"PANIC:  could not write: No space left on device\n").unwrap();
        assert!(matches!(log.verdict(), ClusterError::DiskFull { .. }));
        let later = Log::open(log.path.clone(), folder.path().into()).unwrap();
        assert!(matches!(later.verdict(), ClusterError::Ended { .. }), "only what this start said counts");
    }
}
