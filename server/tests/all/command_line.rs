//! What holds for every command: help, exit codes, what goes where.

use crate::house::{House, Process, free_port};
use serde_json::{Value, json};
use std::net::TcpListener;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["datasource"],
    &["datasource", "test"],
    &["datasource", "add"],
    &["datasource", "list"],
    &["datasource", "remove"],
    &["sync"],
    &["dataset"],
    &["gauge"],
    &["simulator"],
    &["migrate"],
];

#[tokio::test]
async fn every_command_explains_itself() {
    let house = House::with_private_postgres();
    for command in COMMANDS {
        let help = house.run(&[command, &["--help"][..]].concat()).well();
        assert!(help.out.contains("Usage: taskgauge"), "{help:?}");
        assert_eq!(help.err, "");
    }
    assert!(!house.data_dir().exists(), "help makes nothing");
}

#[tokio::test]
async fn every_command_with_a_result_prints_it_as_json() {
    let house = House::with_private_postgres();
    // The server has no result, and the others are names for commands.
    for command in COMMANDS.iter().filter(|command| ![&[][..], &["serve"], &["datasource"]].contains(command))
    {
        let help = house.run(&[command, &["--help"][..]].concat()).well();
        assert!(help.out.lines().any(|line| line.trim().starts_with("--json")), "{command:?}: {help:?}");
    }
}

#[tokio::test]
async fn help_names_every_variable_and_no_secret_value() {
    let mut house = House::with_private_postgres();
    house.set("DATABASE_URL", "postgres://somebody:MARKER@127.0.0.1/x");
    house.set("TASKGAUGE_SECRET_KEY", "MARKER");
    house.set("TASKGAUGE_AUTOTASK_SECRET", "MARKER");
    let help = house.run(&["serve", "--help"]).well().out;
    for name in [
        "TASKGAUGE_ADDR",
        "TASKGAUGE_AUTOTASK_URL",
        "TASKGAUGE_DATA_DIR",
        "TASKGAUGE_LOG",
        "TASKGAUGE_LOG_JSON",
        "TASKGAUGE_POSTGRES_BIN",
        "TASKGAUGE_PUBLIC_URL",
        "TASKGAUGE_SECRET_KEY",
        "DATABASE_URL",
    ] {
        assert!(help.contains(name), "{name} is missing");
    }
    let add = house.run(&["datasource", "add", "--help"]).well().out;
    assert!(add.contains("TASKGAUGE_AUTOTASK_SECRET"), "{add}");
    assert!(!help.contains("MARKER") && !add.contains("MARKER"), "{help}{add}");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_on_standard_error() {
    let house = House::with_private_postgres();
    for arguments in [
        &["frobnicate"][..],
        &["serve", "--addr", "here"],
        &["sync"],
        &["dataset", "tickets_all", "--datasource", "x", "--csv", "--json"],
        &["dataset", "tickets_all", "--datasource", "x", "--csv", "--count"],
        &["gauge", "open_tickets", "--datasource", "x", "--at", "yesterday"],
        &["simulator", "--size", "gigantic"],
        &["datasource", "add", "--name", "x", "--secret", "on the command line"],
    ] {
        let said = house.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
        assert!(said.err.contains("error: "), "{said:?}");
    }
    assert!(!house.data_dir().exists(), "nothing was begun");
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let house = House::on_database().await;
    house
        .run(&["dataset", "no_such", "--datasource", "Northwind"])
        .badly("There is no dataset “no_such”. Known: tickets_14d, ");
    house.run(&["gauge", "no_such", "--datasource", "Northwind"]).badly("There is no gauge “no_such”.");
    house
        .run(&["gauge", "open_tickets", "--datasource", "Northwind", "--filter", "colour=red"])
        .badly("There is no filter “colour”. Known: range, ");
    house
        .run(&["gauge", "open_tickets", "--datasource", "Northwind", "--filter", "queue"])
        .badly("“queue” is not of the form field=value.");
    for arguments in [
        &["dataset", "tickets_all", "--datasource", "Nobody", "--count"][..],
        &["gauge", "open_tickets", "--datasource", "Nobody", "--json"],
        &["sync", "--datasource", "Nobody", "--json"],
        &["datasource", "remove", "--name", "Nobody"],
    ] {
        house.run(arguments).badly("There is no datasource named “Nobody”.");
    }
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let house = House::on_database().await;
    let words = house.run(&["datasource", "list"]).well();
    assert_eq!(words.out, "");
    assert!(words.err.contains("No datasource yet."), "{words:?}");
    assert_eq!(house.run(&["datasource", "list", "--json"]).well().json(), json!([]));
}

#[tokio::test]
async fn a_migration_may_be_repeated() {
    let house = House::on_database().await;
    for _ in 0..2 {
        let said = house.run(&["migrate"]).well();
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", "The schema is up to date.\n"));
    }
    let said = house.run(&["migrate", "--json"]).well();
    assert_eq!(said.json(), json!({ "migrated": true }));
    assert_eq!(said.err, "The schema is up to date.\n");
}

#[tokio::test]
async fn the_simulator_says_how_to_reach_it() {
    let house = House::with_private_postgres();
    let mut process = Process::start(house.command(&[
        "simulator",
        "--port",
        "0",
        "--json",
        "--now",
        "2026-03-18T15:30:00Z",
    ]));
    let told: Value = serde_json::from_str(&process.line_with("{")).unwrap();
    for name in ["integration_code", "secret", "url", "user_name"] {
        assert!(told[name].is_string(), "{told}");
    }
    let address = url::Url::parse(told["url"].as_str().unwrap()).unwrap();
    assert_eq!((address.scheme(), address.host_str()), ("http", Some("127.0.0.1")));
    assert!(process.end().success());
    assert_eq!(process.out().lines().count(), 1, "{}", process.out());
}

#[tokio::test]
async fn a_simulator_without_its_port_says_so() {
    let house = House::with_private_postgres();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    house.run(&["simulator", "--port", &port]).badly(&format!("Port {port} is taken by another program."));
}

#[tokio::test]
async fn the_way_to_autotask_is_https_or_this_machine() {
    let mut house = House::on_database().await;
    for address in
        ["http://autotask.example.com/", "http://192.0.2.1/", "ftp://127.0.0.1/", "http://a@127.0.0.1/"]
    {
        house.set("TASKGAUGE_AUTOTASK_URL", address);
        house.set("TASKGAUGE_AUTOTASK_SECRET", "secret");
        let given = ["--name", "x", "--username", "a@b.c", "--integration-code", "CODE"];
        house.run(&[&["datasource", "test"][..], &given].concat()).badly("TASKGAUGE_AUTOTASK_URL");
    }
}

#[tokio::test]
async fn nobody_at_autotasks_address_is_a_sentence() {
    let mut house = House::on_database().await;
    house.set("TASKGAUGE_AUTOTASK_URL", format!("http://127.0.0.1:{}/", free_port()));
    house.set("TASKGAUGE_AUTOTASK_SECRET", "secret");
    let given = ["--name", "x", "--username", "a@b.c", "--integration-code", "CODE"];
    house
        .run(&[&["datasource", "test"][..], &given].concat())
        .badly("The connection to Autotask was refused. Check that this server may reach autotask.net");
}
