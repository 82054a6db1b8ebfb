//! A database that breaks in the middle of a sync: Postgres ends at once, as when it is killed, stays away, or finds its
//! disk full. Afterwards every row is compared, field by field.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use taskgauge_model::clock::Clock;
use taskgauge_model::run::{Run, RunKind, RunState};
use taskgauge_simulator::Config;
use taskgauge_store::Store;
use taskgauge_store::cluster::{Cluster, ClusterOptions, KeptRunning};
use taskgauge_store::testing::{TestDatabase, sealer};
use taskgauge_sync::engine::{self, Outcome};
use tempfile::TempDir;

/// Where [`on_a_disk_of_its_own`] finds its disk.
const DISK: &str = "TASKGAUGE_TEST_DISK";

/// A tenant on a Postgres of its own that writes as an installation's does, and is started again as that is.
struct House {
    tenant: Tenant,
    /// What starts Postgres again; none when a test took it.
    kept: Option<KeptRunning>,
    data_dir: PathBuf,
}

impl House {
    async fn start(data_dir: &Path) -> House {
        let bin_dir = env::var_os("TASKGAUGE_POSTGRES_BIN").map(PathBuf::from);
        let options = ClusterOptions { data_dir: data_dir.into(), bin_dir };
        let cluster = Cluster::start(&options).await.unwrap();
        let (url, clock) = (cluster.url(), Clock::fixed(Config::default().now));
        let store = Store::connect(&url, sealer(), clock.clone()).await.unwrap();
        store.migrate().await.unwrap();
        let tenant = Tenant::start_on(TestDatabase { store, url, clock }).await;
        House { tenant, kept: Some(cluster.kept_running(options)), data_dir: data_dir.into() }
    }

    /// The number of the Postgres that runs.
    fn postgres(&self) -> Option<String> {
        let text = fs::read_to_string(self.data_dir.join("postgres/data/postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }

    /// Sends Postgres a signal and answers when it has ended.
    async fn end_postgres(&self, signal: &str) {
        let ended = self.postgres().expect("it runs");
        let sent = Command::new("kill").args([&format!("-{signal}"), &ended]).status();
        assert!(sent.unwrap().success());
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while Path::new("/proc").join(&ended).exists() {
            look.tick().await;
        }
    }

    async fn stop(self) {
        self.kept.unwrap().stop().await;
    }

    async fn requests(&self, count: u64) {
        let mut look = tokio::time::interval(Duration::from_millis(1));
        while self.tenant.simulator.log().requests < count {
            look.tick().await;
        }
    }
}

fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("tg-outage-").tempdir_in("/tmp").unwrap();
    // A temporary folder is closed to others; the account that Postgres runs as has to pass.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

/// Postgres does not wait for the disk when a page is committed: what it had not written is gone when it comes back, and
/// the worker was not.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_killed_again_and_again_loses_nothing() {
    let folder = folder();
    let house = House::start(folder.path()).await;
    let kills = async {
        // In the first pages, in the large collections, near the end.
        for requests in [40, 75, 100, 125] {
            house.requests(requests).await;
            house.end_postgres("QUIT").await;
        }
    };
    let (run, ()) = tokio::join!(house.tenant.sync(), kills);
    assert_eq!((run.state, run.problem.as_deref()), (RunState::Done, None));
    house.tenant.assert_complete().await;
    for step in &run.steps {
        assert_eq!(Some(step.written), step.expected, "{}", step.entity);
    }
    house.stop().await;
}

/// What is said while the database stays away, and that the sync goes on when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_stays_away_is_waited_for_and_told() {
    let folder = folder();
    let mut house = House::start(folder.path()).await;
    let kept = house.kept.take().unwrap();
    let tenant = &house.tenant;
    let away = async {
        house.requests(75).await;
        // Nobody starts it again.
        kept.stop().await;
        let error = tenant.database.store.latest_run(tenant.datasource).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert_eq!(
            error.to_string(),
            "The database cannot be reached. It may be starting or stopped; try again in a moment."
        );
        // What is under way comes to its end; nothing more is asked for that could not be kept.
        let mut asked = tenant.simulator.log().requests;
        let mut look = tokio::time::interval(Duration::from_millis(500));
        loop {
            look.tick().await;
            let now = tenant.simulator.log().requests;
            if now == asked {
                break;
            }
            asked = now;
        }
        let bin_dir = env::var_os("TASKGAUGE_POSTGRES_BIN").map(PathBuf::from);
        Cluster::start(&ClusterOptions { data_dir: folder.path().into(), bin_dir }).await.unwrap()
    };
    let (run, cluster) = tokio::join!(tenant.sync(), away);
    assert_eq!((run.state, run.problem.as_deref()), (RunState::Done, None));
    tenant.assert_complete().await;
    cluster.stop().await;
}

/// Whether this user may mount a file system that one process alone sees, and how: as root just so, else as the same user
/// in a name space of its own, where the system allows that.
fn mounting() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--mount"], &["--map-current-user", "--keep-caps", "--mount"]];
    WAYS.into_iter().find(|way| {
        let tried =
            Command::new("unshare").args(*way).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

/// Mounts a disk at `$1` and runs the rest on it.
const ON_A_DISK: &str = r#"mount -t tmpfs -o size=220m,mode=711 tmpfs "$1" && shift && exec "$@""#;

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_sync_loses_nothing() {
    let Some(way) = mounting() else {
        assert!(env::var_os("CI").is_none(), "this user may not mount a file system");
        eprintln!("this user may not mount a file system; nothing was tested");
        return;
    };
    let folder = folder();
    let output = Command::new("unshare")
        .args(way)
        .args(["sh", "-c", ON_A_DISK, "sh"])
        .arg(folder.path())
        .arg(env::current_exe().unwrap())
        .args(["--exact", "on_a_disk_of_its_own", "--ignored", "--nocapture"])
        .env(DISK, folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// Fills a disk to the last byte; answers the file that did it.
fn fill(disk: &Path) -> PathBuf {
    let filler = disk.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    // In ever smaller pieces, so that no room is left.
    for size in [1 << 20, 1 << 12, 1] {
        let piece = vec![1; size];
        while file.write_all(&piece).is_ok() {}
    }
    filler
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "what another test runs where it has mounted a disk"]
async fn on_a_disk_of_its_own() {
    let disk = PathBuf::from(env::var_os(DISK).expect("run by another test"));
    let house = House::start(&disk).await;
    let (tenant, store) = (&house.tenant, &house.tenant.database.store);
    store.queue_run(tenant.datasource, RunKind::Full, None).await.unwrap();
    let lease = store.claim_run("full", Duration::from_secs(30)).await.unwrap().unwrap();
    let filling = async {
        house.requests(75).await;
        fill(&disk)
    };
    let (outcome, filler) = tokio::join!(engine::run(store, &tenant.connector, lease), filling);
    // Where there is room for the end of the run, it says why; else the run waits for its next worker.
    let run = patient(tenant).await;
    if let Outcome::Ended(state) = outcome {
        let told = "The disk of the database is full. Make space on it; nothing that was saved is lost.";
        assert_eq!((state, run.problem.as_deref()), (RunState::Failed, Some(told)));
    } else {
        assert!(!run.state.is_over(), "{run:?}");
    }
    assert!(run.steps.iter().any(|step| step.state != RunState::Done), "it was in its middle");
    assert!(run.steps.iter().any(|step| step.state == RunState::Done), "it was in its middle");

    fs::remove_file(filler).unwrap();
    // Longer than the lease, should there have been no room to end the run.
    let clock = &tenant.database.clock;
    clock.set(clock.now() + chrono::TimeDelta::minutes(5));
    tenant.sync_well().await;
    tenant.assert_complete().await;
    house.stop().await;
}

/// The run, once Postgres is there: one that finds no room for its log starts again and again.
async fn patient(tenant: &Tenant) -> Run {
    let mut look = tokio::time::interval(Duration::from_millis(100));
    loop {
        look.tick().await;
        match tenant.database.store.latest_run(tenant.datasource).await {
            Ok(run) => return run.unwrap(),
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    }
}
