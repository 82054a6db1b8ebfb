//! A database that breaks in the middle of a sync. Afterwards every row is compared, field by field.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use taskgauge_model::clock::Clock;
use taskgauge_model::run::RunState;
use taskgauge_simulator::Config;
use taskgauge_store::Store;
use taskgauge_store::cluster::{Cluster, ClusterOptions, KeptRunning};
use taskgauge_store::testing::{TestDatabase, sealer};
use tempfile::TempDir;

/// A tenant on a Postgres of its own that writes as an installation's does, and is started again as that is.
struct House {
    tenant: Tenant,
    /// What starts Postgres again; none when a test took it.
    kept: Option<KeptRunning>,
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
        House { tenant, kept: Some(cluster.kept_running(options)) }
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
