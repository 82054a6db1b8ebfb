//! Running programs, timing steps, saying what happens.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

/// What went wrong and what to do about it, in one sentence.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure that is told in `sentence`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The outcome of a step.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Gives an input or output error the context a person needs.
pub trait Context<T> {
    /// `what` says what could not be done, as in "write target/site".
    fn context(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure(format!("could not {what}: {error}.")))
    }
}

/// Prints one line for the person who waits. Progress goes to standard error, like cargo's own.
pub fn say(line: &str) {
    // A closed terminal is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Announces a step, does it, and says how long it took.
pub fn step<T>(name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    say(&format!("==> {name}"));
    let started = Instant::now();
    let result = work()?;
    say(&format!("    {name}: {:.1} s", started.elapsed().as_secs_f64()));
    Ok(result)
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A program to be run in the root of the workspace.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Cargo, without the variables that `cargo run` sets for this program: build scripts that watch them would
/// otherwise run again each time that cargo is started in the other way.
pub fn cargo() -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (key, _) in std::env::vars_os() {
        let Some(name) = key.to_str() else { continue };
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Shows a command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a command; its output goes where ours goes. Fails unless it succeeds.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().context(format!("start `{}`", shown(command)))?;
    succeed(command, status)
}

fn succeed(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() {
        return Ok(());
    }
    Err(Failure(format!("`{}` failed ({status}); its own lines above say why.", shown(command))))
}

/// Runs a command and answers with what it wrote on standard output. Its messages are shown.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output().context(format!("start `{}`", shown(command)))?;
    succeed(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first line a program answers to `--version` or the like, or `None` if it cannot be run.
pub fn first_line(name: impl AsRef<OsStr>, argument: &str) -> Option<String> {
    let output = program(name).arg(argument).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Runs a command, passes its standard output on line by line, and shows each line to `watch`. Answers with whether
/// the command succeeded.
pub fn watched(command: &mut Command, mut watch: impl FnMut(&str)) -> Outcome<bool> {
    let what = shown(command);
    let mut child = command.stdout(Stdio::piped()).spawn().context(format!("start `{what}`"))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context(format!("read what `{what}` says"))?;
            let line = String::from_utf8_lossy(&line);
            let _ = writeln!(std::io::stdout(), "{line}");
            watch(&line);
        }
    }
    Ok(child.wait().context(format!("wait for `{what}`"))?.success())
}

/// The full path of a program on the search path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether `file` can be run.
pub fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
