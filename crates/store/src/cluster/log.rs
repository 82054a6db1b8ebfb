//! What Postgres says, and what it means when it ends.

use super::{ClusterError, error::at};
use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

/// Size at which the log is put aside at the next start.
const LOG_MAX: u64 = 10 * 1024 * 1024;

/// What Postgres says, from where this start began.
pub(super) struct Log {
    pub(super) path: PathBuf,
    data_dir: PathBuf,
    pub(super) file: File,
    from: u64,
}

impl Log {
    pub(super) fn open(path: PathBuf, data_dir: PathBuf) -> Result<Log, ClusterError> {
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_MAX) {
            fs::rename(&path, path.with_extension("log.old")).map_err(at(&path))?;
        }
        let mut options = fs::OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path).map_err(at(&path))?;
        let from = file.metadata().map_err(at(&path))?.len();
        Ok(Log { path, data_dir, file, from })
    }

    /// Why Postgres ended.
    pub(super) fn verdict(&self) -> ClusterError {
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

pub(super) fn is_disk_full(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

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
