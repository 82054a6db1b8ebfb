//! The server in a process of its own, on the processors it is given.

use crate::tenant::Failure;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A server that runs. It ends with this value.
pub struct Server {
    child: Child,
    /// Base address.
    pub url: String,
}

impl Server {
    /// Starts `taskgauge serve` on this database and this tenant, on the processors of `cores` (as `taskset` reads them)
    /// alone, and waits until it listens.
    pub fn start(
        binary: &Path,
        database: &str,
        key: &str,
        autotask: &str,
        cores: &str,
    ) -> Result<Server, Failure> {
        let mut child = Command::new("taskset")
            .args(["-c", cores])
            .arg(binary)
            .arg("serve")
            .env("DATABASE_URL", database)
            .env("TASKGAUGE_SECRET_KEY", key)
            .env("TASKGAUGE_AUTOTASK_URL", autotask)
            .env("TASKGAUGE_ADDR", "127.0.0.1:0")
            .env("TASKGAUGE_DATA_DIR", "/dev/null/none")
            .env("TASKGAUGE_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        let mut server = Server { child, url: String::new() };
        let mut lines = BufReader::new(out).lines();
        for line in lines.by_ref() {
            if let Some(url) = line?.strip_prefix("Listening on ") {
                url.clone_into(&mut server.url);
                // Whatever else it prints is read, so that it never waits for us.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(server);
            }
        }
        Err("the server did not start".into())
    }

    /// Its process.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process, in MB.
pub fn resident(process: &str) -> f64 {
    status(process, "VmRSS:")
}

/// The most it ever was, in MB.
pub fn peak(process: &str) -> f64 {
    status(process, "VmHWM:")
}

fn status(process: &str, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}
