//! Starting, being unable to start, losing the database, and stopping.

use crate::house::{EMAIL, House, PASSWORD, PATIENCE, free_port, location, signal};
use secrecy::ExposeSecret as _;
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Instant};

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_nothing_is_begun() {
    let house = House::with_private_postgres();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    house.run(&["serve", "--addr", &address.to_string()]).badly(&format!(
        "Port {} of 127.0.0.1 is taken by another program. Stop it, or choose another address with --addr.",
        address.port()
    ));
    assert!(!house.data_dir().exists());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_a_sentence() {
    let mut house = House::on_database().await;
    house.set("DATABASE_URL", format!("postgres://somebody:MARKER@127.0.0.1:{}/x", free_port()));
    for command in [&["serve", "--addr", "127.0.0.1:0"][..], &["migrate"], &["datasource", "list"]] {
        let said = house.run(command).badly("The database cannot be reached.");
        assert!(!said.err.contains("MARKER"), "{said:?}");
    }
    house.set("DATABASE_URL", "MARKER, no address at all");
    let said = house.run(&["migrate"]).badly("The database address cannot be read.");
    assert!(!said.err.contains("MARKER"), "{said:?}");
}

#[tokio::test]
async fn another_secret_key_is_refused_and_nothing_is_lost() {
    let mut house = House::on_database().await;
    house.run(&["migrate"]).well();
    house.set("TASKGAUGE_SECRET_KEY", "02".repeat(32));
    for command in [&["serve", "--addr", "127.0.0.1:0"][..], &["migrate"], &["datasource", "list"]] {
        house
            .run(command)
            .badly("The secret key is not the one that this database's credentials were sealed with.");
    }
    house.set("TASKGAUGE_SECRET_KEY", "not a key");
    let said = house.run(&["migrate"]).badly("The secret key is not a key.");
    assert!(!said.err.contains("not a key\""), "{said:?}");
    house.set("TASKGAUGE_SECRET_KEY", taskgauge_store::testing::KEY);
    house.run(&["migrate"]).well();
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_a_sentence() {
    let mut house = House::with_private_postgres();
    house.set("TASKGAUGE_DATA_DIR", "/dev/null/data");
    house.run(&["migrate"]).badly("The data folder /dev/null/data cannot be made: ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_private_database_belongs_to_its_folder_and_survives_a_restart() {
    let house = House::with_private_postgres();
    let mut server = house.serve();
    let browser = server.admin().await;
    assert!(browser.text("/").await.contains(EMAIL));
    let key = fs::metadata(house.data_dir().join("secret.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    // A command beside the server uses the server's database.
    house.run(&["datasource", "list"]).well();
    assert!(server.process.end().success());
    assert!(!house.data_dir().join("postgres/data/postmaster.pid").exists(), "its Postgres has ended too");

    let mut server = house.serve();
    let browser = server.browser();
    let entered = browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!((entered.status().as_u16(), location(&entered)), (303, "/"));
    assert!(!server.process.out().contains("/welcome"), "there is an admin already");
    assert!(server.process.end().success());

    fs::set_permissions(house.data_dir().join("secret.key"), fs::Permissions::from_mode(0o644)).unwrap();
    house.run(&["migrate"]).badly("Other users of this machine can read the key file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_takes_nothing_with_it() {
    let house = House::with_private_postgres();
    let mut server = house.serve();
    let browser = server.admin().await;
    assert_eq!(browser.text("/readyz").await, "ok");

    let pid_file = house.data_dir().join("postgres/data/postmaster.pid");
    let pid = || fs::read_to_string(&pid_file).ok()?.lines().next()?.parse().ok();
    let killed = pid().unwrap();
    signal("KILL", killed);

    // Its sessions notice one after the other that they are alone. Whatever is asked meanwhile gets a sentence, unless
    // Postgres is back before anybody asked.
    let until = Instant::now() + PATIENCE;
    while pid().is_none_or(|now| now == killed) {
        assert!(Instant::now() < until, "Postgres is not started again: {}", server.process.err());
        let ready = browser.get("/readyz").await;
        match ready.status().as_u16() {
            503 => {
                let sentence = ready.text().await.unwrap();
                assert!(sentence.starts_with("The database "), "{sentence}");
            }
            status => assert_eq!(status, 200),
        }
    }
    let (page, table, refused) = tokio::join!(
        browser.get("/dashboards/service-ticket-kpis"),
        browser.get("/data/datasets"),
        browser.sign_in(EMAIL, PASSWORD),
    );
    for answer in [page, table, refused] {
        let path = answer.url().path().to_owned();
        match answer.status().as_u16() {
            503 => {
                let text = answer.text().await.unwrap();
                assert!(text.contains("The database "), "{path}: {text}");
            }
            status => assert!(status == 200 || status == 303, "{path}: {status}, Postgres is back already"),
        }
    }
    assert_eq!(browser.text("/healthz").await, "ok");
    assert!(browser.text("/sign-in").await.contains("Sign in"));

    // Postgres is started again, and whoever was signed in still is.
    server.has_database(&browser).await;
    assert!(browser.text("/").await.contains(EMAIL));
    assert!(server.process.end().success());

    // What was committed is there after the next start.
    let mut server = house.serve();
    let entered = server.browser().sign_in(EMAIL, PASSWORD).await;
    assert_eq!(location(&entered), "/");
    assert!(server.process.end().success());
}

/// Half a key would be taken for one that is broken, at every start to come.
#[tokio::test]
async fn a_key_that_finds_no_room_is_made_later() {
    let mut house = House::on_database().await;
    let data = tempfile::tempdir().unwrap();
    house.set("TASKGAUGE_DATA_DIR", data.path().display().to_string());
    house.unset("TASKGAUGE_SECRET_KEY");
    // One that was never sealed with another key.
    let fresh = taskgauge_store::testing::empty_database().await;
    house.set("DATABASE_URL", fresh.expose_secret());
    house.run_without_room(&["migrate"]).badly("secret.key cannot be read or made");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "nothing is left of it");
    house.run(&["migrate"]).well();
    let key = fs::read_to_string(data.path().join("secret.key")).unwrap();
    house.run(&["migrate"]).well();
    assert_eq!(fs::read_to_string(data.path().join("secret.key")).unwrap(), key);
}

/// A file system of so many MB for the data folder, which only the server sees.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_sentence_and_loses_nothing() {
    if !House::can_have_a_disk() {
        assert!(std::env::var_os("CI").is_none(), "this user may not mount a file system");
        eprintln!("this user may not mount a file system; nothing was tested");
        return;
    }
    // Too small for a cluster at all.
    let mut house = House::with_private_postgres();
    house.on_disk_of(24);
    house.run(&["migrate"]).badly("is full. Make space on it");

    // Room for a cluster, which somebody then fills up.
    let mut house = House::with_private_postgres();
    house.on_disk_of(160);
    let mut server = house.serve();
    let browser = server.admin().await;
    let filler = server.fill_disk();
    let mut refused = None;
    for n in 0..3_000 {
        let answer = browser.sign_in(EMAIL, PASSWORD).await;
        if answer.status() == 503 {
            refused = Some(answer.text().await.unwrap());
            break;
        }
        assert_eq!(answer.status(), 303, "try {n}");
    }
    let refused = refused.expect("a full disk is noticed");
    assert!(refused.starts_with("The d"), "{refused}");
    assert!(server.process.runs());

    fs::remove_file(&filler).unwrap();
    server.has_database(&browser).await;
    assert!(browser.text("/").await.contains(EMAIL), "still signed in");
    assert!(server.process.end().success());
}
