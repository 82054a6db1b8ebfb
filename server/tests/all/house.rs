//! An installation of its own for every test, and the processes that run on it.

use reqwest::{
    Client, Method, RequestBuilder, Response,
    cookie::{CookieStore, Jar},
    header,
    redirect::Policy,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, Once,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};
use taskgauge_simulator::{Config, SimCredentials, Simulator};
use taskgauge_store::testing;
use tempfile::TempDir;

/// How long a process may take to start or end on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
/// Who signs in.
pub const EMAIL: &str = "ada@example.com";
/// With what.
pub const PASSWORD: &str = "a sentence nobody guesses";

/// An installation: where its data is and how it is configured.
pub struct House {
    /// Holds the data folder, for as long as the test lasts.
    folder: Option<TempDir>,
    environment: BTreeMap<&'static str, String>,
    /// Size of the disk that the data folder is, in MB; `None` is the machine's.
    disk: Option<u32>,
}

/// Runs a program (`$3` …) that sees a disk of `$2` MB in the folder `$1`, which nobody else does.
const ON_A_DISK: &str =
    r#"mkdir -p "$1" && mount -t tmpfs -o "size=$2m,mode=755" tmpfs "$1" && shift 2 && exec "$@""#;

/// How this user mounts a file system that one process alone sees: as root just so, else as the same user in a name
/// space of its own, where the system allows that.
fn mounting() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--mount"], &["--map-current-user", "--keep-caps", "--mount"]];
    WAYS.into_iter().find(|way| {
        let tried =
            Command::new("unshare").args(*way).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

impl House {
    /// On a fresh database of the tests' server.
    pub async fn on_database() -> House {
        let database = testing::database().await;
        let url = database.url.expose_secret().to_owned();
        // The store's connections belong to this test; the process makes its own.
        database.store.close().await;
        let environment = [
            ("DATABASE_URL", url),
            ("TASKGAUGE_SECRET_KEY", testing::KEY.to_owned()),
            // With database and key given, no data folder is needed: this one cannot be made.
            ("TASKGAUGE_DATA_DIR", "/dev/null/none".to_owned()),
        ];
        House { folder: None, environment: environment.into(), disk: None }
    }

    /// With a data folder of its own, and a private Postgres in it.
    pub fn with_private_postgres() -> House {
        let folder = tempfile::Builder::new()
            .prefix("taskgauge-house-")
            // As root, Postgres runs as somebody else, who has to pass.
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in("/tmp")
            .expect("a folder");
        let data = folder.path().join("data").display().to_string();
        House { folder: Some(folder), environment: [("TASKGAUGE_DATA_DIR", data)].into(), disk: None }
    }

    /// The data folder of a house with a private Postgres.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.as_ref().expect("a data folder").path().join("data")
    }

    /// Whether this user may have a disk made for a test.
    pub fn can_have_a_disk() -> bool {
        mounting().is_some()
    }

    /// Puts the data folder on a disk of so many MB. What is on it goes with the process that saw it.
    pub fn on_disk_of(&mut self, megabytes: u32) {
        self.disk = Some(megabytes);
    }

    /// The address of the database of a house that stands on one.
    pub fn database_url(&self) -> String {
        self.environment["DATABASE_URL"].clone()
    }

    /// Sets a variable for everything that is started from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.insert(name, value.into());
    }

    /// Leaves a variable out from now on.
    pub fn unset(&mut self, name: &'static str) {
        self.environment.remove(name);
    }

    /// Lets Autotask be a simulated tenant.
    pub fn reaches(&mut self, simulator: &Simulator) {
        self.set("TASKGAUGE_AUTOTASK_URL", simulator.url());
    }

    /// The binary with this installation's configuration and no other.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_taskgauge");
        let mut command = Command::new(if self.disk.is_some() { "unshare" } else { binary });
        if let Some(megabytes) = self.disk {
            command.args(mounting().expect("a way to mount a disk"));
            command.args(["sh", "-c", ON_A_DISK, "sh"]).arg(self.data_dir());
            command.args([&megabytes.to_string(), binary]);
        }
        for (name, _) in std::env::vars() {
            if name == "DATABASE_URL" || name.starts_with("TASKGAUGE_") && name != "TASKGAUGE_POSTGRES_BIN" {
                command.env_remove(name);
            }
        }
        command.envs(&self.environment).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the binary"))
    }

    /// Runs a command to its end, with this on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        // A command that ends without reading closes the pipe.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        Said::of(child.wait_with_output().expect("its output"))
    }

    /// Runs a command that can make files and write nothing into them, as on a full disk.
    pub fn run_without_room(&self, arguments: &[&str]) -> Said {
        let wanted = self.command(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]);
        command.arg(wanted.get_program()).args(wanted.get_args());
        for (name, value) in wanted.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Said::of(command.stdin(Stdio::null()).output().expect("the binary"))
    }

    /// Adds the simulated tenant under this name, as a script would.
    pub fn add(&self, name: &str, given: &SimCredentials) -> Said {
        self.run_with_input(&with_credentials("add", name, given), &given.secret)
    }

    /// Starts the server and waits until it listens.
    pub fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        command.env("TASKGAUGE_ADDR", "127.0.0.1:0");
        let mut process = Process::start(command);
        let url = process.line_with("Listening on ").trim_start_matches("Listening on ").to_owned();
        Server { disk: self.disk.map(|_| process.sees(&self.data_dir())), process, url }
    }

    /// As [`House::serve`], behind a proxy that people reach at `public`.
    pub fn serve_behind(&self, public: &str) -> Server {
        let mut command = self.command(&["serve"]);
        // It says the public address only, so the port has to be known before.
        let port = free_port();
        command.env("TASKGAUGE_ADDR", format!("127.0.0.1:{port}")).env("TASKGAUGE_PUBLIC_URL", public);
        let mut process = Process::start(command);
        assert_eq!(process.line_with("Listening on "), format!("Listening on {public}"));
        Server { process, url: format!("http://127.0.0.1:{port}"), disk: None }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The arguments of `datasource test` and `add`, without the secret.
pub fn with_credentials<'a>(action: &'a str, name: &'a str, given: &'a SimCredentials) -> Vec<&'a str> {
    vec![
        "datasource",
        action,
        "--name",
        name,
        "--username",
        &given.user_name,
        "--integration-code",
        &given.integration_code,
        "--time-zone",
        "America/New_York",
    ]
}

/// A simulated tenant whose history ends now, as a real one's does.
pub async fn tenant() -> Simulator {
    tenant_with(SimCredentials::default()).await
}

/// A simulated tenant that takes these credentials.
pub async fn tenant_with(credentials: SimCredentials) -> Simulator {
    let now = taskgauge_model::clock::Clock::system().now();
    let config = Config { now, credentials, ..Config::default() };
    Simulator::start(config, ([127, 0, 0, 1], 0).into()).await.expect("a port")
}

/// What a command did.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Its results.
    pub out: String,
    /// Its messages.
    pub err: String,
}

impl Said {
    fn of(output: std::process::Output) -> Said {
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// It succeeded.
    #[track_caller]
    pub fn well(self) -> Said {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// It failed with a sentence that holds these words, and printed no result.
    #[track_caller]
    pub fn badly(self, words: &str) -> Said {
        assert!(self.out.is_empty(), "{self:?}");
        self.badly_with_result(words)
    }

    /// It failed with a sentence that holds these words.
    #[track_caller]
    pub fn badly_with_result(self, words: &str) -> Said {
        assert!(matches!(self.code, Some(code) if code != 0), "{self:?}");
        assert!(self.err.contains(words), "“{words}” is missing: {self:?}");
        assert!(self.err.contains('.'), "this is no sentence: {self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }

    /// Its result as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A process that goes on, with everything it says. It ends with the test.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    out: Arc<Mutex<String>>,
    err: Arc<Mutex<String>>,
}

impl Process {
    /// Starts it.
    pub fn start(mut command: Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
        let (sender, lines) = channel();
        let (out, err): (Arc<Mutex<String>>, Arc<Mutex<String>>) = (Arc::default(), Arc::default());
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let kept = Arc::clone(&out);
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
                // Whoever waits has what it wants; the rest is still kept.
                let _ = sender.send(line);
            }
        });
        let mut stderr = child.stderr.take().expect("its messages");
        let kept = Arc::clone(&err);
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut part) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..length]));
            }
        });
        Process { child, lines, out, err }
    }

    /// Waits for a line of standard output with these words.
    #[track_caller]
    pub fn line_with(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
        }
        panic!("“{words}” was never said: {}{}", self.out(), self.err());
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All it printed so far.
    pub fn out(&self) -> String {
        self.out.lock().unwrap().clone()
    }

    /// All it told so far.
    pub fn err(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    /// A path as the process sees it.
    fn sees(&self, path: &std::path::Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.id(), path.display()))
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Asks it to end and waits until it has.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        signal("TERM", self.id());
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "it does not end: {}", self.err());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process of this test.
pub fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "{pid} cannot be reached");
}

/// A server that listens.
pub struct Server {
    /// The process.
    pub process: Process,
    /// Its address, without a slash at the end.
    pub url: String,
    /// The disk it alone sees, as the test sees it.
    disk: Option<PathBuf>,
}

impl Server {
    /// Fills the disk to the last byte; answers the file that did it.
    pub fn fill_disk(&self) -> PathBuf {
        let filler = self.disk.as_ref().expect("a disk of its own").join("filler");
        let mut file = fs::File::create(&filler).expect("a file");
        // In ever smaller pieces, so that no room is left.
        for size in [1 << 20, 1 << 12, 1] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
        filler
    }

    /// Asks, again and again, until the server has its database.
    pub async fn has_database(&mut self, browser: &Browser) {
        let until = Instant::now() + PATIENCE;
        while browser.get("/readyz").await.status() != 200 {
            assert!(self.process.runs());
            assert!(Instant::now() < until, "its database does not come back: {}", self.process.err());
        }
    }

    /// The token of the one-time link.
    #[track_caller]
    pub fn welcome_token(&mut self) -> String {
        let line = self.process.line_with("/welcome?token=");
        line.split_once("token=").expect("a token").1.to_owned()
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        // Answers stay as they come: not followed, not decompressed.
        let cookies = Arc::new(Jar::default());
        let client =
            Client::builder().redirect(Policy::none()).no_gzip().cookie_provider(Arc::clone(&cookies));
        Browser { client: client.build().expect("a client"), cookies, url: self.url.clone() }
    }

    /// A browser in which the first admin has just signed in.
    pub async fn admin(&mut self) -> Browser {
        let token = self.welcome_token();
        let browser = self.browser();
        let form = [
            ("token", token.as_str()),
            ("name", "Ada"),
            ("email", EMAIL),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ];
        let response = browser.post("/welcome", &form).await;
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/"));
        browser
    }
}

/// What a person at a browser does, without its JavaScript.
pub struct Browser {
    client: Client,
    cookies: Arc<Jar>,
    url: String,
}

impl Browser {
    /// A request that a test completes.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Its cookies, as it sends them.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.cookies(&self.url.parse().expect("an address")).expect("a cookie");
        cookies.to_str().expect("text").to_owned()
    }

    /// Opens an address; redirects are not followed.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).header(header::ACCEPT, "text/html").send().await.expect("an answer")
    }

    /// The text at an address, which is there.
    pub async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.expect("text")
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.request(Method::POST, path).form(fields).send().await.expect("an answer")
    }

    /// Signs in with a password.
    pub async fn sign_in(&self, email: &str, password: &str) -> Response {
        self.post("/sign-in", &[("email", email), ("password", password), ("next", "")]).await
    }
}

/// Where a response leads.
#[track_caller]
pub fn location(response: &Response) -> &str {
    response.headers()[header::LOCATION].to_str().expect("text")
}

/// The value of a hidden input.
pub fn hidden<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let input = html.split("<input").find(|input| input.contains(&format!("name=\"{name}\"")))?;
    input.split_once("value=\"")?.1.split_once('"').map(|(value, _)| value)
}

/// An installation with a synced tenant.
pub async fn synced() -> (House, Server, Browser, Simulator) {
    let (mut house, simulator) = (House::on_database().await, tenant().await);
    house.reaches(&simulator);
    let given = SimCredentials::default();
    house.set("TASKGAUGE_AUTOTASK_SECRET", given.secret.clone());
    house.add("Northwind", &given).well();
    let mut server = house.serve();
    let browser = server.admin().await;
    sync(&house);
    (house, server, browser, simulator)
}

/// Syncs, or waits for the sync that is under way.
pub fn sync(house: &House) -> Value {
    house.run(&["sync", "--datasource", "Northwind", "--json"]).well().json()
}
