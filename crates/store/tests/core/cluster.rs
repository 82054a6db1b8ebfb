use secrecy::ExposeSecret;
use sqlx::{Connection as _, PgConnection};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use taskgauge_store::cluster::{Cluster, ClusterError, ClusterOptions};

/// Says to [`owner_of_a_cluster`], in another process, where to run one.
const OWNED: &str = "TASKGAUGE_TEST_OWNED";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("tg-cluster-").tempdir_in("/tmp").unwrap();
    // A temporary folder is closed to others; the account that Postgres runs as has to pass.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn options(data_dir: &Path) -> ClusterOptions {
    let bin_dir = std::env::var_os("TASKGAUGE_POSTGRES_BIN").map(PathBuf::from);
    ClusterOptions { data_dir: data_dir.into(), bin_dir }
}

async fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::connect(cluster.url().expose_secret()).await.unwrap()
}

/// Waits until nothing runs there, for less time than a start would give it before it helps along.
async fn ends_by_itself(data_dir: &Path) {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while Cluster::attach(data_dir).is_some() {
        assert!(began.elapsed() < Duration::from_secs(15), "Postgres outlived its owner");
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_restart_keeps_the_data() {
    let folder = folder();
    let data_dir = folder.path().join("new/data");
    assert!(Cluster::attach(&data_dir).is_none());
    let cluster = Cluster::start(&options(&data_dir)).await.unwrap();
    let mut connection = connect(&cluster).await;
    sqlx::raw_sql("create table kept (word text); insert into kept values ('still here')")
        .execute(&mut connection)
        .await
        .unwrap();
    let facts: (String, String, String, bool, bool) = sqlx::query_as(
        "select current_setting('listen_addresses'), current_setting('fsync'), current_setting('server_encoding'),
            'Z' < 'a', lower('Ä') = 'ä'",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(facts, (String::new(), "on".into(), "UTF8".into(), true, true));
    for private in ["postgres", "postgres/data", "postgres/socket"] {
        let mode = fs::metadata(data_dir.join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{private}");
    }
    cluster.stop().await;
    assert!(Cluster::attach(&data_dir).is_none());

    // What is left of a machine that lost power: a number that now belongs to another process (this one).
    let pid_file = data_dir.join("postgres/data/postmaster.pid");
    fs::write(&pid_file, format!("{}\n{}\n", std::process::id(), data_dir.display())).unwrap();
    let cluster = Cluster::start(&options(&data_dir)).await.unwrap();
    let word: String =
        sqlx::query_scalar("select word from kept").fetch_one(&mut connect(&cluster).await).await.unwrap();
    assert_eq!(word, "still here");

    let second = Cluster::start(&options(&data_dir)).await.unwrap_err();
    assert!(
        matches!(&second, ClusterError::InUse { owner: Some(owner), .. } if *owner == std::process::id())
    );
    assert!(second.to_string().contains("already runs with the data folder"), "{second}");

    // The command line beside a running server uses its database, and leaves it running.
    let attached = Cluster::attach(&data_dir).unwrap();
    assert_eq!(attached.url().expose_secret(), cluster.url().expose_secret());
    connect(&attached).await.ping().await.unwrap();
    attached.stop().await;
    connect(&cluster).await.ping().await.unwrap();

    // Dropping without waiting ends it as well.
    drop(cluster);
    ends_by_itself(&data_dir).await;
}

#[test]
#[ignore = "the owner that another test kills, in a process of its own"]
fn owner_of_a_cluster() {
    let data_dir = PathBuf::from(std::env::var_os(OWNED).expect("run by another test"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _cluster = runtime.block_on(Cluster::start(&options(&data_dir))).unwrap();
    println!("\nready");
    // Until it is killed, or whoever runs it is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[tokio::test]
async fn postgres_ends_when_its_owner_is_killed() {
    let folder = folder();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cluster::owner_of_a_cluster", "--ignored", "--nocapture"])
        .env(OWNED, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(owner.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "ready"));
    let attached = Cluster::attach(folder.path()).expect("it runs");
    let mut connection = connect(&attached).await;
    sqlx::raw_sql("create table kept (n int); insert into kept values (1)")
        .execute(&mut connection)
        .await
        .unwrap();
    // SIGKILL: the owner has no time to do anything.
    owner.kill().unwrap();
    owner.wait().unwrap();
    ends_by_itself(folder.path()).await;
    assert!(connection.ping().await.is_err());
    let cluster = Cluster::start(&options(folder.path())).await.unwrap();
    let kept: i64 = sqlx::query_scalar("select count(*) from kept")
        .fetch_one(&mut connect(&cluster).await)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    cluster.stop().await;
}

#[tokio::test]
async fn a_start_in_vain_says_why() {
    let folder = folder();
    let data_dir = folder.path().join("data");

    // Made by a version that nobody has installed.
    let data = data_dir.join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let error = Cluster::start(&options(&data_dir)).await.unwrap_err();
    assert!(matches!(error, ClusterError::OtherVersion { made_by: 9, .. }), "{error}");
    fs::remove_dir_all(&data).unwrap();

    // A set-up that was cut short is done again; a setting of the operator's that Postgres refuses is shown.
    fs::create_dir(data_dir.join("postgres/data.new")).unwrap();
    fs::write(data_dir.join("postgres/data.new/half"), "").unwrap();
    Cluster::start(&options(&data_dir)).await.unwrap().stop().await;
    let conf = data.join("postgresql.conf");
    let text = fs::read_to_string(&conf).unwrap();
    fs::write(&conf, format!("{text}\nwork_mem = 'plenty'\n")).unwrap();
    let error = Cluster::start(&options(&data_dir)).await.unwrap_err();
    assert!(matches!(&error, ClusterError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("postgresql.conf"), "{error}");

    let none = ClusterOptions { bin_dir: Some(folder.path().into()), data_dir: folder.path().join("other") };
    assert!(matches!(Cluster::start(&none).await, Err(ClusterError::NotThere { .. })));
}

#[tokio::test]
async fn a_folder_that_postgres_cannot_enter_is_named() {
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    match Cluster::start(&options(&closed.join("data"))).await {
        // As root, Postgres runs under another name.
        Err(error @ ClusterError::Closed { .. }) => {
            assert!(error.to_string().contains(&format!("chmod o+x {}", closed.display())), "{error}");
        }
        Ok(cluster) => cluster.stop().await,
        Err(other) => panic!("{other}"),
    }
}
