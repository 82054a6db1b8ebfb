//! What changes in a tenant while it is read, and between two readings: rows, their shape, clocks, lists and their labels.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use chrono::TimeDelta;
use common::Tenant;
use rstest::rstest;
use serde_json::{Map, Value, json};
use std::time::Duration;
use taskgauge_model::entity::{CONTACTS, TICKETS, TIME_ENTRIES};
use taskgauge_model::run::RunState;
use taskgauge_simulator::{Relabel, Rewrite};

fn members(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn id_of(tenant: &Tenant, entity: &str, place: usize) -> i64 {
    tenant.simulator.with_world(|world| world.rows(entity).nth(place).unwrap()["id"].as_i64().unwrap())
}

fn edit(tenant: &Tenant, entity: &str, row: Value) {
    tenant.simulator.edit(|world| world.upsert(entity, members(row)).unwrap());
}

/// The label that people see of a ticket's priority.
async fn priority_label(tenant: &Tenant, value: i64) -> (String, bool) {
    let sql = "select label, is_active from autotask.picklist_values
        where datasource_id = $1 and entity = 'Tickets' and field = 'priority' and value = $2";
    sqlx::query_as(sql).bind(tenant.datasource.0).bind(value).fetch_one(&tenant.pool).await.unwrap()
}

/// The tenant lives on while its pages are walked: tickets close and leave the slice that is read, entries are written and
/// deleted, records move behind the place of the walk.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_change_while_they_are_read_arrive() {
    let tenant = Tenant::start().await;
    let living = async {
        let mut look = tokio::time::interval(Duration::from_millis(1));
        for step in 1..=12_u64 {
            while tenant.simulator.log().requests < step * 9 {
                look.tick().await;
            }
            tenant.simulator.advance(Duration::from_mins(20));
            // An open ticket closes, a closed one opens, in front of the walk and behind it.
            tenant.simulator.edit(|world| {
                let place = usize::try_from(step).unwrap() * 150;
                let ticket = world.rows("Tickets").nth(place).unwrap();
                let status = if ticket["status"] == 5 { 1 } else { 5 };
                world.upsert("Tickets", members(json!({ "id": ticket["id"], "status": status }))).unwrap();
            });
        }
    };
    let (run, ()) = tokio::join!(tenant.sync(), living);
    assert_eq!((run.state, run.problem.as_deref()), (RunState::Done, None));
    tenant.database.clock.set(tenant.database.clock.now() + TimeDelta::minutes(12 * 20));
    tenant.advance(5);
    tenant.sync_well().await;
    // Deletions that no log names are found by night, and by a second look.
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_complete().await;
}

/// Watermarks are Autotask's times: this machine may be hours wrong, in both directions.
#[rstest]
#[case::ahead(TimeDelta::hours(7))]
#[case::behind(TimeDelta::hours(-7))]
#[tokio::test(flavor = "multi_thread")]
async fn clocks_may_differ(#[case] wrong: TimeDelta) {
    let tenant = Tenant::start().await;
    tenant.database.clock.set(tenant.database.clock.now() + wrong);
    tenant.sync_well().await;
    for number in 0..3 {
        tenant.advance(5);
        edit(
            &tenant,
            "Tickets",
            json!({ "id": id_of(&tenant, "Tickets", 77), "title": format!("{number}") }),
        );
        let run = tenant.sync_well().await;
        tenant.assert_same(&TICKETS).await;
        tenant.assert_same(&TIME_ENTRIES).await;
        let read: u64 = run.steps.iter().filter(|step| step.entity == "Tickets").map(|step| step.read).sum();
        assert!(read < 200, "{read} tickets read for one change");
    }
}

/// Autotask shows a row a while after the time it is stamped with.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_late_arrive() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.advance(5);
    tenant.sync_well().await;
    let stamped = tenant.simulator.with_world(taskgauge_simulator::World::now) - TimeDelta::minutes(8);
    let ticket = id_of(&tenant, "Tickets", 300);
    tenant.simulator.edit(|world| {
        let row = members(json!({ "id": ticket, "title": "Stamped before the last sync" }));
        world.upsert_at("Tickets", row, stamped).unwrap()
    });
    tenant.advance(5);
    tenant.sync_well().await;
    assert_eq!(tenant.stored(&TICKETS).await[&ticket]["title"], "Stamped before the last sync");
}

/// Fields that a newer Autotask adds, sends in another type, or leaves out.
#[tokio::test(flavor = "multi_thread")]
async fn fields_may_appear_change_their_type_and_vanish() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let ids: Vec<i64> = (10..14).map(|place| id_of(&tenant, "Contacts", place)).collect();
    let names: Vec<Value> = {
        let stored = tenant.stored(&CONTACTS).await;
        ids.iter().map(|id| stored[id]["last_name"].clone()).collect()
    };
    let rewrite = |id: i64, set: Value, without: &[&str]| Rewrite {
        entity: "Contacts".to_owned(),
        id: Some(id),
        set: members(set),
        without: without.iter().map(|name| (*name).to_owned()).collect(),
    };
    tenant.simulator.switches().set(|switches| {
        switches.rewrites = vec![
            rewrite(ids[0], json!({ "mood": "cheerful", "moods": [1, 2], "isActive": true }), &[]),
            rewrite(ids[1], json!({ "lastName": ["not", "a", "name"] }), &[]),
            rewrite(ids[2], json!({ "userDefinedFields": [{ "name": "Brand new", "value": "42" }] }), &[]),
            rewrite(ids[3], json!({}), &["lastName"]),
        ];
    });
    tenant.advance(5);
    for id in &ids {
        edit(&tenant, "Contacts", json!({ "id": id, "title": "Changed" }));
    }
    let run = tenant.sync_well().await;
    let contacts = run.steps.iter().find(|step| step.entity == "Contacts").unwrap();
    assert_eq!((contacts.state, contacts.quarantined), (RunState::Done, 1));
    let stored = tenant.stored(&CONTACTS).await;
    assert_eq!(stored[&ids[0]]["extra"], json!({ "mood": "cheerful", "moods": [1, 2] }));
    assert_eq!((&stored[&ids[0]]["title"], &stored[&ids[0]]["is_active"]), (&json!("Changed"), &json!(1)));
    // Set aside as it came; what is stored stays as it was last read.
    let store = &tenant.database.store;
    let aside = store.quarantine(tenant.datasource, 10).await.unwrap();
    assert_eq!(aside.iter().map(|(_, _, row)| row.id).collect::<Vec<_>>(), [ids[1]]);
    assert!(aside[0].2.reason.contains("lastName"), "{}", aside[0].2.reason);
    assert_eq!(aside[0].2.row["lastName"], json!(["not", "a", "name"]));
    assert_eq!(stored[&ids[1]]["last_name"], names[1]);
    assert_ne!(stored[&ids[1]]["title"], "Changed");
    assert_eq!(stored[&ids[2]]["udf"], json!({ "Brand new": "42" }));
    assert!(stored[&ids[3]]["last_name"].is_null());

    // A night compares what is there: a row that is set aside is not missing.
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    assert!(tenant.stored(&CONTACTS).await.contains_key(&ids[1]));
    let differs = store.comparisons(tenant.datasource).await.unwrap();
    let contacts = differs.iter().find(|one| one.entity == "Contacts").unwrap();
    assert_eq!(contacts.there, contacts.here);

    // Back in shape, everything is as in Autotask.
    tenant.simulator.switches().reset();
    tenant.advance(5);
    for id in &ids {
        edit(&tenant, "Contacts", json!({ "id": id, "title": "Again" }));
    }
    tenant.sync_well().await;
    tenant.assert_same(&CONTACTS).await;
    assert!(store.quarantine(tenant.datasource, 10).await.unwrap().is_empty());
}

/// Labels are read again every day; values that were retired keep theirs, since old rows use them.
#[tokio::test(flavor = "multi_thread")]
async fn labels_may_be_renamed_retired_and_added() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let (before, active) = priority_label(&tenant, 1).await;
    assert!(active);
    let relabel = |value: &str, label: &str, active: bool| Relabel {
        entity: "Tickets".to_owned(),
        field: "priority".to_owned(),
        value: value.to_owned(),
        label: label.to_owned(),
        active,
    };
    let version = async || {
        let states = tenant.database.store.entity_states(tenant.datasource).await.unwrap();
        states.into_iter().find(|state| state.entity == "Tickets").unwrap().version
    };
    let old = version().await;
    tenant.simulator.switches().set(|switches| {
        switches.relabels = vec![
            relabel("1", "Drop everything", true),
            relabel("2", "No longer used", false),
            relabel("77", "New", true),
        ];
    });
    tenant.advance(60);
    tenant.sync_well().await;
    assert_eq!(priority_label(&tenant, 1).await.0, before, "within the day labels are not asked for");
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    assert_eq!(priority_label(&tenant, 1).await, ("Drop everything".to_owned(), true));
    assert_eq!(priority_label(&tenant, 2).await, ("No longer used".to_owned(), false));
    assert_eq!(priority_label(&tenant, 77).await, ("New".to_owned(), true));
    assert!(version().await > old, "answers that hold labels are reckoned anew");
}

/// A record that leaves the condition it was read by is not forgotten: each change brings it, whatever it is now.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_leaves_its_slice_goes_on_changing() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let open: i64 = tenant
        .value("select id from autotask.tickets where datasource_id = $1 and status <> 5 order by id limit 1")
        .await;
    for status in [5, 1, 5] {
        tenant.advance(5);
        edit(&tenant, "Tickets", json!({ "id": open, "status": status }));
        tenant.sync_well().await;
        assert_eq!(tenant.stored(&TICKETS).await[&open]["status"], status);
    }
    let reopened: i64 =
        tenant.value("select count(*) from taskgauge.ticket_reopenings where datasource_id = $1").await;
    assert!(reopened >= 1);
}
