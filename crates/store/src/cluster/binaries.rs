//! Finding the machine's own Postgres.

use super::ClusterError;
use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Oldest version that works.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub folder: PathBuf,
    /// Major version.
    pub version: u32,
}

impl Binaries {
    /// The newest usable ones, or, for a cluster that exists, those of the version that made it.
    ///
    /// With `chosen`, only that folder is looked at.
    pub fn find(chosen: Option<&Path>, made_by: Option<u32>) -> Result<Binaries, ClusterError> {
        let folders = chosen.map_or_else(candidates, |folder| vec![folder.to_owned()]);
        let mut found: Vec<Binaries> = folders.into_iter().filter_map(Self::inspect).collect();
        found.sort_by_key(|binaries| Reverse(binaries.version));
        let newest = found.first().map(|binaries| binaries.version);
        let Some(newest) = newest else {
            return Err(match chosen {
                Some(folder) => ClusterError::NotThere { folder: folder.to_owned() },
                None => ClusterError::NoBinaries,
            });
        };
        let wanted = |version| made_by.map_or(version >= OLDEST, |made_by| version == made_by);
        match found.into_iter().find(|binaries| wanted(binaries.version)) {
            Some(binaries) => Ok(binaries),
            None => Err(match made_by {
                Some(made_by) => ClusterError::OtherVersion { made_by, newest },
                None => ClusterError::TooOld { newest },
            }),
        }
    }

    fn inspect(folder: PathBuf) -> Option<Binaries> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let output =
            Command::new(folder.join("postgres")).arg("--version").stdin(Stdio::null()).output().ok()?;
        let version = major(&String::from_utf8_lossy(&output.stdout))?;
        Some(Binaries { folder, version })
    }
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `… 18beta1`.
fn major(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Where packages put them. Debian and Red Hat keep them off the path, so the path alone would not do.
fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut versioned = |parent: &str, prefix: &str, tail: &str| {
        for entry in fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok) {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
                folders.push(entry.path().join(tail));
            }
        }
    };
    versioned("/usr/lib/postgresql", "", "bin");
    versioned("/usr", "pgsql-", "bin");
    versioned("/opt/homebrew/opt", "postgresql@", "bin");
    versioned("/usr/local/opt", "postgresql@", "bin");
    versioned("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin");
    versioned("/usr/libexec", "postgresql", "");
    folders.push("/usr/local/pgsql/bin".into());
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn install(parent: &Path, version: &str) -> PathBuf {
        let folder = parent.join(version);
        fs::create_dir(&folder).unwrap();
        for program in ["initdb", "postgres"] {
            let path = folder.join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("psql: not found"), None);
    }

    #[test]
    fn a_chosen_folder_must_fit() {
        let parent = tempfile::tempdir().unwrap();
        let fourteen = install(parent.path(), "14.9");
        let sixteen = install(parent.path(), "16.2");
        let find = |folder: &Path, made_by| Binaries::find(Some(folder), made_by);
        assert_eq!(find(&sixteen, None).unwrap(), Binaries { folder: sixteen.clone(), version: 16 });
        assert!(matches!(find(&fourteen, None), Err(ClusterError::TooOld { newest: 14 })));
        assert!(matches!(
            find(&sixteen, Some(15)),
            Err(ClusterError::OtherVersion { made_by: 15, newest: 16 })
        ));
        assert!(matches!(find(parent.path(), None), Err(ClusterError::NotThere { .. })));
    }
}
