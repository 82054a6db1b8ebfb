//! Under whose name Postgres runs: it refuses to run as root.

use super::ClusterError;
use std::{
    ffi::OsStr,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// An account of the machine.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// The account that Postgres is to run as, or `None` to run it as whoever runs us, which is fine unless that is root.
pub(super) fn unprivileged() -> Result<Option<Account>, ClusterError> {
    if !is_root() {
        return Ok(None);
    }
    let account = |name: &str| {
        let (uid, gid) = (id(&["-u", name])?, id(&["-g", name])?);
        (uid != 0).then(|| Account { name: name.to_owned(), uid, gid })
    };
    account("postgres").or_else(|| account("nobody")).map(Some).ok_or(ClusterError::NoAccount)
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    id(&["-u"]) == Some(0)
}

/// A number that the program `id` (POSIX) prints.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stdin(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// A command that runs as `account` in `folder`, without the settings that Postgres takes from its environment.
pub(super) fn command(program: impl AsRef<OsStr>, account: Option<&Account>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C").env("TZ", "UTC");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    if let Some(account) = account {
        // The standard library also clears the supplementary groups when it does this as root.
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Whether the account can enter `folder`; if not, the outermost folder on the way that keeps it out.
pub(super) fn check_way(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    let enters = |folder: &Path| {
        command("sh", Some(account), Path::new("/"))
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if enters(folder) {
        return Ok(());
    }
    let mut way: Vec<&Path> = folder.ancestors().collect();
    way.reverse();
    let closed = way.into_iter().find(|ancestor| !enters(ancestor)).unwrap_or(folder);
    Err(ClusterError::Closed { folder: closed.to_owned(), account: account.name.clone() })
}
