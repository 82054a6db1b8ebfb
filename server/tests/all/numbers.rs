//! A whole sync through the command line, and its numbers beside the tenant's own.

use crate::house::{House, tenant};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use taskgauge_model::{catalogue::Catalogue, entity::Entity};
use taskgauge_simulator::SimCredentials;
use tokio::sync::OnceCell;

/// The value of `Tickets.status` that means *Complete* in every Autotask.
const COMPLETE: i64 = 5;

/// What the answer of a gauge holds as JSON.
const KEYS: [&str; 10] =
    ["at", "figures", "gauge", "groups", "previous", "rows", "status", "target", "unit", "value"];

/// An installation with the simulated tenant in it, and the truth it was read from.
struct Synced {
    house: House,
    sync: Value,
    tickets: Vec<Map<String, Value>>,
    at: DateTime<Utc>,
}

impl Synced {
    fn open(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.tickets.iter().filter(|ticket| ticket["status"] != COMPLETE)
    }

    fn gauge(&self, arguments: &[&str]) -> Value {
        let at = self.at.to_rfc3339();
        let given = ["gauge", "--datasource", "Northwind", "--json", "--at", &at];
        self.house.run(&[&given, arguments].concat()).well().json()
    }
}

/// One sync for all tests of this file, which only read.
async fn synced() -> &'static Synced {
    static SYNCED: OnceCell<Synced> = OnceCell::const_new();
    SYNCED
        .get_or_init(|| async {
            let (mut house, simulator) = (House::on_database().await, tenant().await);
            house.reaches(&simulator);
            house.add("Northwind", &SimCredentials::default()).well();
            let said = house.run(&["sync", "--datasource", "Northwind", "--full", "--json"]).well();
            assert!(said.err.contains("kinds of records"), "progress is told: {}", said.err);
            let sync = said.json();
            assert_eq!(
                house.run(&["datasource", "list", "--json"]).well().json()[0]["sync"]["state"],
                "done"
            );

            let again = house.run(&["sync", "--datasource", "Northwind"]).well();
            assert!(again.out.starts_with("done: "), "{again:?}");
            let (tickets, at) = simulator.with_world(|world| (world.rows("Tickets").collect(), world.now()));
            Synced { house, sync, tickets, at }
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_tells_what_it_did_entity_by_entity() {
    let synced = synced().await;
    assert_eq!(
        keys(&synced.sync),
        [
            "comparisons",
            "entities",
            "hour",
            "kind",
            "problem",
            "quarantined",
            "requests",
            "run",
            "seconds",
            "state",
            "synced_at"
        ]
    );
    assert_eq!((&synced.sync["state"], &synced.sync["problem"]), (&json!("done"), &Value::Null));
    assert!(synced.sync["seconds"].as_f64().unwrap() > 0.0);
    let entities = synced.sync["entities"].as_array().unwrap();
    let names: BTreeSet<&str> = entities.iter().map(|entity| entity["entity"].as_str().unwrap()).collect();
    assert_eq!(names, Entity::all().iter().map(|entity| entity.name).collect());
    for entity in entities {
        assert_eq!(
            keys(entity),
            [
                "deleted",
                "entity",
                "expected",
                "problem",
                "quarantined",
                "read",
                "requests",
                "seconds",
                "state",
                "unchanged",
                "written"
            ]
        );
        assert_eq!(entity["quarantined"], 0, "{entity}");
    }
    let tickets = entities.iter().find(|entity| entity["entity"] == "Tickets").unwrap();
    assert_eq!(tickets["written"].as_u64(), Some(synced.tickets.len() as u64), "{tickets}");
    let sum: u64 = entities.iter().map(|entity| entity["requests"].as_u64().unwrap()).sum();
    assert!(synced.sync["requests"].as_u64().unwrap() >= sum);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tickets_are_all_there() {
    let synced = synced().await;
    let house = &synced.house;
    let dataset = ["dataset", "tickets_all", "--datasource", "Northwind"];
    let rows = synced.tickets.len();
    assert_eq!(house.run(&[&dataset[..], &["--count"]].concat()).well().out, format!("{rows}\n"));
    let count = house.run(&[&dataset[..], &["--count", "--json"]].concat()).well().json();
    assert_eq!(count, json!({ "dataset": "tickets_all", "rows": rows }));

    let truth: BTreeSet<&str> =
        synced.tickets.iter().map(|ticket| ticket["ticketNumber"].as_str().unwrap()).collect();
    let all = house.run(&[&dataset[..], &["--json"]].concat()).well().json();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), rows);
    let numbers: BTreeSet<&str> = all.iter().map(|row| row["ticket_number"].as_str().unwrap()).collect();
    assert_eq!(numbers, truth);
    let csv = house.run(&[&dataset[..], &["--csv"]].concat()).well().out;
    assert_eq!(records(&csv), rows + 1, "a header and a record per row");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dataset_can_be_counted_and_printed() {
    let synced = synced().await;
    for dataset in &Catalogue::shipped().datasets {
        let given = ["dataset", &dataset.slug, "--datasource", "Northwind"];
        let count = synced.house.run(&[&given[..], &["--count", "--json"]].concat()).well().json();
        let csv = synced.house.run(&[&given[..], &["--csv"]].concat()).well().out;
        assert_eq!(count["rows"].as_u64(), Some(records(&csv) as u64 - 1), "{}", dataset.slug);
        let columns = csv.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').count();
        assert_eq!(columns, dataset.columns.len(), "{}", dataset.slug);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_tickets_are_those_that_are_not_complete() {
    let synced = synced().await;
    let answer = synced.gauge(&["open_tickets"]);
    assert_eq!(keys(&answer), KEYS);
    let open = synced.open().count();
    assert!(open > 0);
    assert_eq!(answer["gauge"], "open_tickets");
    assert_eq!(answer["status"], "ok");
    assert_eq!(answer["value"].as_f64(), Some(open as f64));
    assert_eq!(answer["rows"].as_u64(), Some(open as u64));
    assert_eq!(answer["unit"], "number");
    assert_eq!(answer["groups"], json!([]));
    assert_eq!(answer["at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), synced.at);

    let words = synced.house.run(&["gauge", "open_tickets", "--datasource", "Northwind"]).well().out;
    assert!(words.starts_with("Open tickets: "), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_an_answer() {
    let synced = synced().await;
    let mut by_queue: BTreeMap<i64, usize> = BTreeMap::new();
    for ticket in synced.open() {
        if let Some(queue) = ticket["queueID"].as_i64() {
            *by_queue.entry(queue).or_default() += 1;
        }
    }
    assert!(by_queue.len() > 1, "the tenant has several queues");
    let filters: Vec<(String, usize)> =
        by_queue.into_iter().map(|(queue, open)| (format!("queue={queue}"), open)).collect();
    for (filter, open) in &filters {
        let answer = synced.gauge(&["open_tickets", "--filter", filter]);
        assert_eq!(answer["value"].as_f64(), Some(*open as f64), "{filter}");
    }
    let (first, second) = (&filters[0], &filters[1]);
    let both = synced.gauge(&["open_tickets", "--filter", &first.0, "--filter", &second.0]);
    assert_eq!(both["value"].as_f64(), Some((first.1 + second.1) as f64));

    // By its label as well; what is not offered is no zero.
    let by_label = synced.gauge(&["open_tickets", "--filter", "priority=high"]);
    assert!(by_label["value"].as_f64() < Some(synced.open().count() as f64));
    for slip in ["queue=xyz", "client=Nobody Ltd", "queue=99", "queue="] {
        let (field, value) = slip.split_once('=').unwrap();
        let given = ["gauge", "open_tickets", "--datasource", "Northwind", "--json", "--filter", slip];
        synced.house.run(&given).badly(&format!("The filter “{field}” offers no “{value}”. It offers "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_said() {
    let (mut house, simulator) = (House::on_database().await, tenant().await);
    house.reaches(&simulator);
    house.add("Northwind", &SimCredentials::default()).well();
    simulator.switches().set(|switches| switches.forbidden.extend(["Surveys".to_owned()]));
    let said = house.run(&["sync", "--datasource", "Northwind", "--json"]).well();
    assert!(said.err.contains("Surveys could not be read: "), "{}", said.err);
    assert!(said.err.contains("security level the right"), "it says where to change that: {}", said.err);
    let numbers = house.run(&["gauge", "csat", "--datasource", "Northwind", "--json"]);
    assert!(numbers.code != Some(0) || numbers.json()["status"] != "ok", "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_not_made_up() {
    let synced = synced().await;
    let asked = ["gauge", "open_tickets", "--datasource", "Northwind", "--json"];
    let now = synced.house.run(&[&asked[..], &["--at", &synced.at.to_rfc3339()]].concat()).well();
    assert!(!now.err.contains("as they are today"), "{now:?}");
    let past = synced.house.run(&[&asked[..], &["--at", "2020-01-01"]].concat()).well();
    assert!(past.err.contains("Records are shown as they are today"), "{past:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sync_log_is_a_dataset() {
    let synced = synced().await;
    let rows =
        synced.house.run(&["dataset", "sync_log", "--datasource", "Northwind", "--json"]).well().json();
    let rows = rows.as_array().unwrap();
    let full: Vec<_> = rows.iter().filter(|row| row["kind"] == "full").collect();
    assert_eq!(full.len(), Entity::all().len());
    for row in full {
        let told = synced.sync["entities"].as_array().unwrap();
        let told = told.iter().find(|step| step["entity"] == row["entity"]).unwrap();
        assert_eq!((&row["rows_read"], &row["requests"]), (&told["read"], &told["requests"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_carry_keys_labels_and_measures() {
    let synced = synced().await;
    let answer = synced.gauge(&["open_by_status"]);
    let mut truth: BTreeMap<String, f64> = BTreeMap::new();
    for ticket in synced.open() {
        *truth.entry(ticket["status"].to_string()).or_default() += 1.0;
    }
    let groups = answer["groups"].as_array().unwrap();
    let mut told = BTreeMap::new();
    for group in groups {
        assert_eq!(keys(group), ["key", "label", "values"]);
        assert!(!group["label"].as_str().unwrap().is_empty());
        let values = group["values"].as_object().unwrap();
        assert_eq!(values.len(), 1, "{group}");
        told.insert(
            group["key"].as_str().unwrap().to_owned(),
            values.values().next().unwrap().as_f64().unwrap(),
        );
    }
    assert_eq!(told, truth);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gauge_answers_within_its_contract() {
    let synced = synced().await;
    for gauge in &Catalogue::shipped().gauges {
        let answer = synced.gauge(&[&gauge.id]);
        assert_eq!(keys(&answer), KEYS, "{}", gauge.id);
        assert!(["ok", "no_data"].contains(&answer["status"].as_str().unwrap()), "{answer}");
        assert!(answer["value"].is_null() || answer["value"].is_number(), "{answer}");
    }
}

/// The names of an object's members, sorted.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Records of a CSV file: line ends outside quotes.
fn records(csv: &str) -> usize {
    let mut quoted = false;
    csv.bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            *byte == b'\n' && !quoted
        })
        .count()
}
