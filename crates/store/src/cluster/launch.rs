//! How Postgres is started: under a shell that ends it with its owner, with settings on its command line.

use super::{Cluster, ClusterError, Owned, PORT, Tuning, error::at, layout::Layout, log::Log};
use std::{ffi::OsString, fs, os::unix::process::CommandExt as _, path::Path, process::Stdio};

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

/// Memory for pages of tables, in megabytes: at least and at most that of an installation, and that of a cluster which
/// has many beside it.
const SHARED_BUFFERS_LEAST: u64 = 128;
const SHARED_BUFFERS_MOST: u64 = 1024;
const SHARED_BUFFERS_OF_MANY: u64 = 64;

impl Layout {
    pub(super) fn launch(self, tuning: Tuning) -> Result<(Cluster, Log), ClusterError> {
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
    set(format!("shared_buffers={}MB", if tuning.roomy { shared_buffers() } else { SHARED_BUFFERS_OF_MANY }));
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

/// In megabytes: a sixteenth of the memory there is, which is shared with the application and with the system's own cache.
/// It is taken as the data grows into it.
fn shared_buffers() -> u64 {
    memory().map_or(SHARED_BUFFERS_LEAST, |bytes| {
        (bytes / 1024 / 1024 / 16).clamp(SHARED_BUFFERS_LEAST, SHARED_BUFFERS_MOST)
    })
}

/// Bytes of memory of this machine, or of the container where that may take less; `None` where the system does not say.
fn memory() -> Option<u64> {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
    });
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = |path: &&str| fs::read_to_string(path).ok()?.trim().parse().ok();
    limits.iter().filter_map(limit).chain(total).min()
}
