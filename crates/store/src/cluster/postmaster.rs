//! Whether a Postgres already runs on some data, and where it listens.

use std::{
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What Postgres wrote down about itself in `postmaster.pid`
/// (<https://www.postgresql.org/docs/current/storage-file-layout.html>).
pub(super) struct Postmaster {
    pub(super) pid: u32,
    pub(super) socket_dir: PathBuf,
}

impl Postmaster {
    pub(super) fn of(data: &Path) -> Option<Postmaster> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // Data folder, start time and port come first; before the socket is open its line is empty.
        let socket_dir = lines.nth(3).unwrap_or_default().into();
        Some(Postmaster { pid, socket_dir })
    }

    /// Whether a Postgres of this data folder runs under that number.
    pub(super) fn is_alive(&self, data: &Path) -> bool {
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
