//! `cargo xtask run`: Taskgauge with a private Postgres and, unless told otherwise, a simulated Autotask.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use crate::shell::{self, Context, Failure, Outcome};
use crate::{build, platform};

/// What `cargo xtask run` takes.
#[derive(Args)]
pub struct Options {
    /// Start without the simulated tenant, to connect a real one
    #[arg(long)]
    live: bool,
    /// The port of the page on 127.0.0.1
    #[arg(long, default_value_t = 7300)]
    port: u16,
    /// The port of the simulated Autotask; a tenant that was connected once stays at its address
    #[arg(long, default_value_t = 7390)]
    simulator_port: u16,
    /// Where the database and the key are kept [default: .taskgauge in the workspace]
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// What the simulator accepts by default. It protects nothing but invented tickets.
const SIMULATED_USER: &str = "api@northwind-msp.example";
const SIMULATED_SECRET: &str = "S1mulated-$ecret&";
const SIMULATED_INTEGRATION_CODE: &str = "NWMSPSIMULATEDTRACKINGID027";
const SIMULATED_NAME: &str = "Northwind (simulated)";
const SIMULATED_TIME_ZONE: &str = "America/New_York";

/// The first start makes a database cluster, which a slow disk draws out.
const START_LIMIT: Duration = Duration::from_mins(2);
const SYNC_LIMIT: Duration = Duration::from_mins(10);
/// Longer than the server takes to finish requests and stop its Postgres.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(200);
const POLL: Duration = Duration::from_secs(1);

/// What the main thread waits for.
enum Event {
    /// A line of the server's standard output.
    Line(String),
    /// Ctrl-C, or a request to end.
    Stop,
}

/// Builds and starts Taskgauge, and stays until Ctrl-C.
pub fn run(options: &Options) -> Outcome {
    build::all()?;
    let postgres = platform::postgres()?;
    let data = options.data_dir.as_ref().map_or_else(
        || platform::open_folder(&shell::root().join(".taskgauge"), "dev"),
        |folder| shell::root().join(folder),
    );
    let logs = data.join("log");
    fs::create_dir_all(&logs).context(format!("make {}", logs.display()))?;
    free(options.port, "--port")?;

    let (sender, events) = channel();
    let stop = sender.clone();
    ctrlc::set_handler(move || {
        let _ = stop.send(Event::Stop);
    })
    .map_err(|error| Failure::new(format!("could not listen for Ctrl-C: {error}.")))?;

    let mut simulator = None;
    let mut environment = vec![
        ("TASKGAUGE_ADDR", format!("127.0.0.1:{}", options.port)),
        ("TASKGAUGE_DATA_DIR", data.display().to_string()),
        ("TASKGAUGE_POSTGRES_BIN", postgres.display().to_string()),
    ];
    if !options.live {
        free(options.simulator_port, "--simulator-port")?;
        let service = shell::step("starting the simulated Autotask", || {
            let mut command = taskgauge(&[]);
            command
                .args(["simulator", "--size", "small", "--live", "--port"])
                .arg(options.simulator_port.to_string());
            let mut service =
                Service::start("the simulated Autotask", command, &logs.join("simulator.log"), None)?;
            service.answers(options.simulator_port)?;
            Ok(service)
        })?;
        simulator = Some(service);
        environment.push(("TASKGAUGE_AUTOTASK_URL", format!("http://127.0.0.1:{}", options.simulator_port)));
    }

    let mut link = None;
    let mut server = shell::step("starting Taskgauge", || {
        let mut command = taskgauge(&environment);
        command.arg("serve");
        let mut server = Service::start("Taskgauge", command, &logs.join("serve.log"), Some(sender))?;
        listening(&mut server, &events, &mut link)?;
        Ok(server)
    })?;
    if simulator.is_some() {
        connect(&environment, &events, &mut link)?;
    }

    drain(&events, &mut link)?;
    let sign_in = link.map_or_else(
        || "sign in with the account you made".to_owned(),
        |link| format!("sign in for the first time with {link}"),
    );
    shell::say(&format!("\nReady: http://127.0.0.1:{} - {sign_in} (Ctrl-C stops)", options.port));

    loop {
        match events.recv_timeout(TICK) {
            Ok(Event::Stop) => break,
            Ok(Event::Line(_)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
        }
        server.is_alive()?;
        if let Some(simulator) = &mut simulator {
            simulator.is_alive()?;
        }
    }
    shell::say("Stopping.");
    Ok(())
}

/// The built binary, kept away from any database that the environment may name.
fn taskgauge(environment: &[(&str, String)]) -> Command {
    let mut command = shell::program(build::binary());
    command.env_remove("DATABASE_URL").envs(environment.iter().map(|(key, value)| (key, value)));
    command
}

/// Fails with the way out if somebody else listens on a port.
fn free(port: u16, flag: &str) -> Outcome {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| {
        Failure::new(format!(
            "port {port} cannot be used ({error}); stop what listens there or choose another with {flag}."
        ))
    })
}

/// Waits until the server says that it listens.
fn listening(server: &mut Service, events: &Receiver<Event>, link: &mut Option<String>) -> Outcome {
    let started = Instant::now();
    while started.elapsed() < START_LIMIT {
        match events.recv_timeout(TICK) {
            Ok(Event::Stop) => return Err(Failure::new("interrupted.")),
            Ok(Event::Line(said)) => {
                note_link(&said, link);
                if said.contains("Listening on ") {
                    return Ok(());
                }
            }
            Err(_) => server.is_alive()?,
        }
    }
    Err(server.failure(&format!("did not listen within {} s", START_LIMIT.as_secs())))
}

/// Takes in what the server said meanwhile.
fn drain(events: &Receiver<Event>, link: &mut Option<String>) -> Outcome {
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Stop => return Err(Failure::new("interrupted.")),
            Event::Line(said) => note_link(&said, link),
        }
    }
    Ok(())
}

/// Keeps the one-time sign-in link, which is one word of its line.
fn note_link(said: &str, link: &mut Option<String>) {
    if let Some(word) = said.split_whitespace().find(|word| word.contains("/welcome?token=")) {
        *link = Some(word.to_owned());
    }
}

/// Connects the simulated tenant if nothing is connected yet, and waits until its first sync is done.
fn connect(environment: &[(&str, String)], events: &Receiver<Event>, link: &mut Option<String>) -> Outcome {
    if datasources(environment)?.is_empty() {
        shell::step("connecting the simulated tenant", || {
            let mut command = taskgauge(environment);
            command.args(["datasource", "add", "--name", SIMULATED_NAME, "--username", SIMULATED_USER]);
            command.args([
                "--integration-code",
                SIMULATED_INTEGRATION_CODE,
                "--time-zone",
                SIMULATED_TIME_ZONE,
            ]);
            command.env("TASKGAUGE_AUTOTASK_SECRET", SIMULATED_SECRET);
            shell::output(&mut command).map(drop)
        })?;
    }
    shell::step("syncing", || {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < SYNC_LIMIT {
            drain(events, link)?;
            let listed = datasources(environment)?;
            let state = listed.iter().find(|source| source["name"] == SIMULATED_NAME).map(SyncState::of);
            let Some(state) = state else { return Ok(()) };
            if state.text != last {
                shell::say(&format!("    {}", state.text));
                last.clone_from(&state.text);
            }
            if state.settled {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        Err(Failure::new(format!(
            "the first sync took more than {} s; the page says how far it is.",
            SYNC_LIMIT.as_secs()
        )))
    })
}

/// What `taskgauge datasource list --json` answers: an array of objects with at least `name`.
fn datasources(environment: &[(&str, String)]) -> Outcome<Vec<Value>> {
    let text = shell::output(taskgauge(environment).args(["datasource", "list", "--json"]))?;
    match serde_json::from_str(&text) {
        Ok(Value::Array(list)) => Ok(list),
        _ => Err(Failure::new("`taskgauge datasource list --json` did not answer with a JSON array.")),
    }
}

/// How far the sync of a datasource is: `sync` in its listing, which holds `state` (`queued`, `running`, or how the
/// last run ended), `rows`, `entities_done` and `entities_total`.
struct SyncState {
    settled: bool,
    text: String,
}

impl SyncState {
    fn of(source: &Value) -> Self {
        let sync = &source["sync"];
        let state = sync["state"].as_str().unwrap_or_default();
        let mut parts =
            vec![if state.is_empty() { "nothing to wait for".to_owned() } else { state.to_owned() }];
        if let (Some(done), Some(total)) = (sync["entities_done"].as_u64(), sync["entities_total"].as_u64()) {
            parts.push(format!("{done} of {total} entities"));
        }
        if let Some(rows) = sync["rows"].as_u64() {
            parts.push(format!("{rows} rows"));
        }
        Self { settled: !matches!(state, "queued" | "running"), text: parts.join(", ") }
    }
}

/// A program that runs beside us, in a process group of its own so that Ctrl-C reaches it through us alone. It is
/// asked to end when this is dropped.
struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a program that writes into `log`; `lines` gets each line of its standard output too.
    fn start(
        name: &'static str,
        mut command: Command,
        log: &Path,
        lines: Option<Sender<Event>>,
    ) -> Outcome<Self> {
        let what = format!("write {}", log.display());
        let mut file = File::create(log).context(&what)?;
        command.stdin(Stdio::null()).stderr(file.try_clone().context(&what)?).process_group(0);
        match &lines {
            Some(_) => command.stdout(Stdio::piped()),
            None => command.stdout(file.try_clone().context(&what)?),
        };
        let mut child = command.spawn().context(format!("start {name}"))?;
        if let (Some(lines), Some(stdout)) = (lines, child.stdout.take()) {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = writeln!(file, "{line}");
                    // Nobody listens any more once we are stopping; the log still wants its lines.
                    let _ = lines.send(Event::Line(line));
                }
            });
        }
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Waits until the program accepts connections on a port.
    fn answers(&mut self, port: u16) -> Outcome {
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(());
            }
            self.is_alive()?;
            thread::sleep(TICK);
        }
        Err(self.failure(&format!("did not listen on port {port} within {} s", START_LIMIT.as_secs())))
    }

    /// Fails if the program has ended.
    fn is_alive(&mut self) -> Outcome {
        match self.child.try_wait().context(format!("watch {}", self.name))? {
            None => Ok(()),
            Some(status) => Err(self.failure(&format!("ended by itself ({status})"))),
        }
    }

    /// A failure of this program, with the end of its log.
    fn failure(&self, what: &str) -> Failure {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(20)..] {
            shell::say(&format!("    | {line}"));
        }
        Failure::new(format!("{} {what}; the whole log is {}.", self.name, self.log.display()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let started = Instant::now();
        let asked =
            Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        while asked.is_ok() && started.elapsed() < STOP_LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(TICK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_link_is_one_word_of_its_line() {
        let mut link = None;
        note_link("Listening on http://127.0.0.1:7300", &mut link);
        assert_eq!(link, None);
        note_link("Open http://127.0.0.1:7300/welcome?token=abc to sign in", &mut link);
        assert_eq!(link.as_deref(), Some("http://127.0.0.1:7300/welcome?token=abc"));
    }

    #[test]
    fn a_sync_is_waited_for_only_while_it_is_under_way() {
        let of = |text: &str| SyncState::of(&serde_json::from_str::<Value>(text).unwrap());
        let running =
            of(r#"{"name":"x","sync":{"state":"running","rows":12,"entities_done":3,"entities_total":40}}"#);
        assert!(!running.settled);
        assert_eq!(running.text, "running, 3 of 40 entities, 12 rows");
        assert!(!of(r#"{"sync":{"state":"queued"}}"#).settled);
        assert!(of(r#"{"sync":{"state":"succeeded"}}"#).settled);
        assert!(of(r#"{"sync":{"state":"failed"}}"#).settled);
        assert!(of(r#"{"name":"x"}"#).settled);
    }

    #[test]
    fn a_taken_port_names_the_flag_that_helps() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let failure = free(taken.local_addr().unwrap().port(), "--port").unwrap_err();
        assert!(failure.to_string().contains("--port"), "{failure}");
    }
}
