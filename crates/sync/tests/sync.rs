//! Whole syncs of the simulated tenant into real Postgres, compared with the tenant's truth.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use taskgauge_model::datasource::Finding;
use taskgauge_model::entity::{
    BILLING_ITEMS, COMPANIES, DEPARTMENTS, Entity, INVOICES, RESOURCES, SERVICE_LEVEL_AGREEMENT_RESULTS,
    TICKETS, TIME_ENTRIES,
};
use taskgauge_model::run::{RunKind, RunState};
use taskgauge_simulator::{Fault, Row};
use taskgauge_store::StoreError;
use taskgauge_store::rows::{Cell, PageCommit};
use taskgauge_sync::engine;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_load_is_complete() {
    let tenant = Tenant::start().await;
    let run = tenant.sync_well().await;
    tenant.assert_complete().await;

    assert_eq!(run.steps.len(), Entity::all().len());
    for step in &run.steps {
        assert_eq!(step.expected, Some(step.read), "{}", step.entity);
        assert_eq!((step.written, step.quarantined, step.deleted), (step.read, 0, 0), "{}", step.entity);
    }
    let states = tenant.database.store.entity_states(tenant.datasource).await.unwrap();
    for state in &states {
        let there = tenant.simulator.with_world(|world| world.len(&state.entity));
        assert_eq!(usize::try_from(state.rows).unwrap(), there, "{}", state.entity);
        assert!(state.read_at.is_some() && state.loaded_at.is_some(), "{}", state.entity);
    }
    assert_eq!(states.len(), Entity::all().len());

    // The provider itself is company 0.
    assert!(tenant.stored(&COMPANIES).await.contains_key(&0));
    // Labels by number.
    let label: String = tenant
        .value(
            "select label from autotask.picklist_values
            where datasource_id = $1 and entity = 'Tickets' and field = 'status' and value = 5",
        )
        .await;
    assert_eq!(label, "Complete");
    // And by word, where the list is one of words.
    let label: String = tenant
        .value(
            "select label from autotask.picklist_values
            where datasource_id = $1 and entity = 'Opportunities' and field = 'revenueSpreadUnit' and code = 'm'",
        )
        .await;
    assert_eq!(label, "Months");
    let parents: i64 = tenant
        .value(
            "select count(*) from autotask.picklist_values
            where datasource_id = $1 and entity = 'Tickets' and field = 'subIssueType' and parent_value is not null",
        )
        .await;
    assert!(parents > 0);
    let defined: i64 =
        tenant.value("select count(*) from autotask.user_defined_fields where datasource_id = $1").await;
    assert!(defined > 0);

    let log = tenant.simulator.log();
    // Pages, metadata, and one question for the limit.
    let pages: u64 = run.steps.iter().map(|step| step.read / 500 + 1).sum();
    let slices: u64 = Entity::all().iter().map(|entity| entity.slices.len() as u64 - 1).sum();
    assert!(log.requests <= pages + slices + 60, "{} requests", log.requests);
    for entity in Entity::all() {
        assert!(log.max_concurrency(entity.name) <= 2, "{}", entity.name);
    }
    let datasource = tenant.database.store.datasource(tenant.datasource).await.unwrap();
    assert!(datasource.synced_at.is_some() && datasource.credentials_worked_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_and_little_is_asked_for() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.advance(5);
    tenant.simulator.clear_log();
    let idle = tenant.sync_well().await;
    assert_eq!(idle.kind, RunKind::Incremental);
    let asked: u64 = tenant.simulator.log().entities.values().map(|entity| entity.requests).sum();
    assert!(asked <= 40, "{asked} requests");

    // A working day: everything that Autotask stamps arrives with the next run, the rest with its sweeps.
    tenant.advance(6 * 60);
    tenant.sync_well().await;
    for entity in [&TICKETS, &TIME_ENTRIES, &COMPANIES, &SERVICE_LEVEL_AGREEMENT_RESULTS] {
        tenant.assert_same(entity).await;
    }
    tenant.advance(25 * 60);
    tenant.sync_well().await;
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_are_found_by_log_and_by_two_sweeps() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let ticket = *tenant.stored(&TICKETS).await.keys().next().unwrap();
    let time_entry = tenant
        .stored(&TIME_ENTRIES)
        .await
        .into_iter()
        .rfind(|(_, row)| row["ticket_id"].is_i64() && row["ticket_id"] != json!(ticket))
        .unwrap()
        .0;
    let on_task = tenant.stored(&TIME_ENTRIES).await.into_iter().rfind(|(_, row)| row["task_id"].is_i64());
    let on_task = on_task.unwrap().0;
    let department = *tenant.stored(&DEPARTMENTS).await.keys().next_back().unwrap();
    tenant.advance(1);
    assert!(tenant.simulator.edit(|world| world.delete("TimeEntries", on_task)));
    assert!(tenant.simulator.edit(|world| world.delete("Tickets", ticket)));
    assert!(tenant.simulator.edit(|world| world.delete("TimeEntries", time_entry)));
    assert!(tenant.simulator.edit(|world| world.delete("Departments", department)));

    tenant.advance(5);
    tenant.sync_well().await;
    assert!(!tenant.stored(&TICKETS).await.contains_key(&ticket), "the log names the ticket");
    assert!(tenant.stored(&DEPARTMENTS).await.contains_key(&department), "no sweep is due");
    tenant.advance(5);
    tenant.sync_well().await;
    assert!(!tenant.stored(&TIME_ENTRIES).await.contains_key(&time_entry), "the log names its ticket");
    assert!(!tenant.stored(&TIME_ENTRIES).await.contains_key(&on_task), "the log names its task");

    tenant.advance(24 * 60);
    tenant.sync_well().await;
    assert!(tenant.stored(&DEPARTMENTS).await.contains_key(&department), "one absence is no deletion");
    let absent: i64 = tenant
        .value(
            "select count(*) from autotask.departments where datasource_id = $1 and absent_since is not null",
        )
        .await;
    assert_eq!(absent, 1);

    tenant.advance(5);
    tenant.sync_well().await;
    assert!(!tenant.stored(&DEPARTMENTS).await.contains_key(&department), "the second look");

    // Back again: with the next sweep it is there as before.
    tenant
        .simulator
        .edit(|world| world.upsert("Departments", row(json!({"id": department, "name": "Back"}))))
        .unwrap();
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    assert_eq!(tenant.stored(&DEPARTMENTS).await[&department]["name"], json!("Back"));
    let rows: i64 = tenant
        .value("select rows from taskgauge.entity_state where datasource_id = $1 and entity = 'Departments'")
        .await;
    assert_eq!(usize::try_from(rows).unwrap(), tenant.stored(&DEPARTMENTS).await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_go_silent_are_kept() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let before = tenant.stored(&RESOURCES).await;
    tenant.simulator.switches().set(|switches| switches.silently_empty.insert("Resources".into()));
    for _ in 0..3 {
        tenant.advance(61);
        let run = tenant.sync().await;
        assert_eq!(run.state, RunState::Done);
        let step = run.steps.iter().find(|step| step.entity == "Resources").unwrap();
        assert!(step.problem.as_deref().unwrap().contains("nothing was marked as deleted"), "{step:?}");
    }
    assert_eq!(tenant.stored(&RESOURCES).await.len(), before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forbidden_fails_alone() {
    let tenant = Tenant::start().await;
    tenant.simulator.switches().set(|switches| {
        switches.forbidden.insert("Invoices".into());
        switches.silently_empty.insert("Surveys".into());
    });
    let run = tenant.sync().await;
    assert_eq!((run.state, run.problem), (RunState::Done, None));
    let failed: Vec<_> = run.steps.iter().filter(|step| step.state == RunState::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].entity, "Invoices");
    assert!(failed[0].problem.as_deref().unwrap().contains("may not read"), "{failed:?}");
    tenant.assert_same(&TICKETS).await;
    let finding = async || {
        let doctor = tenant.database.store.doctor(tenant.datasource).await.unwrap();
        doctor.probes.into_iter().find(|probe| probe.entity == "Invoices").unwrap().finding
    };
    assert_eq!(finding().await, Finding::Forbidden, "the right was there when the tenant was connected");

    // Given back, it is loaded with the next run.
    tenant.simulator.switches().reset();
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_same(&INVOICES).await;
    assert!(matches!(finding().await, Finding::Readable { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_is_not_forgotten_by_its_neighbours() {
    // Parts of one entity are read beside each other; one or more of them meet an answer out of order.
    let mut failures = 0;
    for requests in 2..=5 {
        let tenant = Tenant::start().await;
        tenant.simulator.switches().set(|switches| {
            switches.unordered = Some(Fault::next(requests).on("TimeEntries"));
        });
        let run = tenant.sync().await;
        let step = run.steps.iter().find(|step| step.entity == "TimeEntries").unwrap();
        if run.state == RunState::Done {
            tenant.assert_same(&TIME_ENTRIES).await;
        } else {
            failures += 1;
            assert_eq!((run.state, step.state), (RunState::Failed, RunState::Failed), "{step:?}");
            tenant.simulator.switches().reset();
            tenant.advance(1);
            tenant.sync_well().await;
            tenant.assert_same(&TIME_ENTRIES).await;
        }
    }
    assert!(failures > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_invoices_arrive_without_a_stamp() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    // Dates travel as midnight, long before the last sync. The clock stands at ten in the morning.
    let (id, invoice) = tenant.stored(&INVOICES).await.into_iter().next_back().unwrap();
    let today = tenant
        .simulator
        .with_world(taskgauge_simulator::World::today)
        .format("%Y-%m-%dT00:00:00.000Z")
        .to_string();
    let other = tenant.stored(&INVOICES).await.into_iter().rfind(|(other, _)| *other != id).unwrap().0;
    assert_ne!(invoice["paid_date"], json!(&today[..10]));
    tenant.advance(1);
    for edited in [json!({"id": id, "paidDate": today}), json!({"id": other, "comments": "Edited."})] {
        tenant.simulator.edit(|world| world.upsert("Invoices", row(edited))).unwrap();
    }
    tenant.advance(5);
    tenant.sync_well().await;
    assert_eq!(tenant.stored(&INVOICES).await[&id]["paid_date"], json!(&today[..10]));
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    tenant.assert_same(&INVOICES).await;
    tenant.assert_same(&BILLING_ITEMS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_although_a_smaller_run_is_under_way() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.advance(5);
    let store = tenant.database.store.clone();
    store.queue_run(tenant.datasource, RunKind::Incremental, None).await.unwrap();
    let lease = store.claim_run("server", Duration::from_mins(1)).await.unwrap().unwrap();
    let (connector, datasource) = (tenant.connector.clone(), tenant.datasource);
    let full = tokio::spawn({
        let store = store.clone();
        async move { taskgauge_sync::run_once(&store, &connector, datasource, RunKind::Full).await }
    });
    engine::run(&store, &tenant.connector, lease).await;
    let full = full.await.unwrap().unwrap();
    assert_eq!((full.kind, full.state), (RunKind::Full, RunState::Done));
    assert!(full.id != lease.run);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_list_that_fails_does_not_take_the_others_along() {
    let tenant = Tenant::start().await;
    tenant.simulator.switches().set(|switches| switches.unordered = Some(Fault::always().on("Companies")));
    let run = tenant.sync().await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.problem.unwrap().starts_with("Companies: "));
    tenant.assert_same(&TICKETS).await;
    tenant.simulator.switches().reset();
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_same(&COMPANIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_rows_are_set_aside_and_come_back() {
    let tenant = Tenant::start().await;
    let id =
        tenant.simulator.with_world(|world| world.rows("Tickets").next().unwrap()["id"].as_i64().unwrap());
    tenant.sync_well().await;
    // What the simulated service would not send, another row of the same page stands for.
    let store = &tenant.database.store;
    let run = store.queue_run(tenant.datasource, RunKind::Incremental, None).await.unwrap();
    let lease = store.claim_this_run(run.id, "test", Duration::from_mins(1)).await.unwrap().unwrap();
    store.plan_steps(&lease, &[&TICKETS]).await.unwrap();
    let normaliser = taskgauge_sync::normalise::Normaliser::new(&TICKETS);
    let hostile = json!({"id": id, "title": "\u{0}x", "companyID": {"$ne": 1}, "createDate": "yesterday"});
    let refused = normaliser.row(row(hostile.clone())).unwrap_err();
    let mut impossible = normaliser.row(row(json!({"id": id + 1, "title": "fine"}))).unwrap();
    let hours = TICKETS.columns.iter().position(|column| column.field == "estimatedHours").unwrap();
    impossible.cells[hours] = Cell::Number("9".repeat(200_000));
    let good =
        normaliser.row(row(json!({"id": 900_001, "title": "'; drop table autotask.tickets; --"}))).unwrap();
    let page =
        PageCommit { rows: vec![impossible, good], unreadable: vec![refused], ..PageCommit::of(&TICKETS) };
    let written = store.commit_page(&lease, &page).await.unwrap();
    assert_eq!((written.inserted, written.quarantined), (1, 2));
    let aside = store.quarantine(tenant.datasource, 10).await.unwrap();
    assert_eq!(aside.len(), 2);
    assert!(aside.iter().any(|(_, _, row)| row.id == id && row.reason.contains("createDate")));
    store.finish_run(&lease, RunState::Done, None, false).await.unwrap();
    let stored = tenant.stored(&TICKETS).await;
    assert_eq!(stored[&900_001]["title"], json!("'; drop table autotask.tickets; --"));
    assert!(stored.contains_key(&id), "the row as it was last read stays");

    // Once it can be read, it leaves the quarantine.
    tenant.advance(1);
    tenant
        .simulator
        .edit(|world| world.upsert("Tickets", row(json!({"id": id, "title": "readable"}))))
        .unwrap();
    tenant.advance(5);
    tenant.sync_well().await;
    let aside: BTreeSet<i64> = store
        .quarantine(tenant.datasource, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|(_, _, row)| row.id)
        .collect();
    assert!(!aside.contains(&id));
    assert_eq!(tenant.stored(&TICKETS).await[&id]["title"], json!("readable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_goes_on_where_it_was() {
    let tenant = Tenant::start().await;
    let store = &tenant.database.store;
    let lease_length = Duration::from_secs(30);
    store.queue_run(tenant.datasource, RunKind::Full, None).await.unwrap();
    let mut former: Option<taskgauge_store::runs::Lease> = None;
    let mut deaths = 0;
    while !store.latest_run(tenant.datasource).await.unwrap().unwrap().state.is_over() {
        // Nobody gets it as long as Postgres has not noticed that the former transaction is gone.
        let Some(lease) = store.claim_run("mortal", lease_length).await.unwrap() else {
            tokio::task::yield_now().await;
            continue;
        };
        if let Some(former) = former {
            assert!(lease.fence > former.fence);
            let late = store.commit_page(&former, &PageCommit::of(&TICKETS)).await;
            assert!(matches!(late, Err(StoreError::Lost)), "{late:?}");
        }
        let work = engine::run(store, &tenant.connector, lease);
        if deaths < 12 {
            // Each worker dies somewhere in the middle, the first ones before they get far.
            let _ = tokio::time::timeout(Duration::from_millis(40 + 20 * deaths), work).await;
            deaths += 1;
        } else {
            work.await;
        }
        former = Some(lease);
        tenant.database.clock.set(tenant.database.clock.now() + chrono::TimeDelta::seconds(31));
    }
    let run = store.latest_run(tenant.datasource).await.unwrap().unwrap();
    assert_eq!((run.state, run.problem), (RunState::Done, None));
    tenant.assert_complete().await;
    for step in &run.steps {
        // At most the page at hand is read again.
        assert_eq!(step.written, step.expected.unwrap(), "{}", step.entity);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_breaks_is_waited_for() {
    let tenant = Tenant::start().await;
    let store = &tenant.database.store;
    store.queue_run(tenant.datasource, RunKind::Full, None).await.unwrap();
    let lease = store.claim_run("patient", Duration::from_mins(10)).await.unwrap().unwrap();
    let pool = tenant.pool.clone();
    let breaking = tokio::spawn(async move {
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = sqlx::query(
                "select pg_terminate_backend(pid)
                from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()",
            )
            .execute(&pool)
            .await;
        }
    });
    engine::run(store, &tenant.connector, lease).await;
    breaking.await.unwrap();
    let run = store.latest_run(tenant.datasource).await.unwrap().unwrap();
    assert_eq!((run.state, run.problem), (RunState::Done, None));
    tenant.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_cancelled_and_the_next_goes_on() {
    let tenant = Tenant::start().await;
    let store = &tenant.database.store;
    let run = store.queue_run(tenant.datasource, RunKind::Full, None).await.unwrap();
    let lease = store.claim_run("test", Duration::from_secs(30)).await.unwrap().unwrap();
    assert!(store.request_cancel(run.id).await.unwrap());
    engine::run(store, &tenant.connector, lease).await;
    assert_eq!(store.run(run.id).await.unwrap().state, RunState::Cancelled);
    tenant.sync_well().await;
    tenant.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_again_changes_nothing() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.database.clock.set(tenant.database.clock.now() + chrono::TimeDelta::minutes(1));
    let again = tenant.sync_full().await;
    assert_eq!(again.state, RunState::Done, "{:?}", again.problem);
    for step in &again.steps {
        assert_eq!((step.written, step.deleted, step.unchanged), (0, 0, step.read), "{}", step.entity);
    }
    tenant.assert_complete().await;
}

#[tokio::test]
async fn a_datasource_is_removed_while_its_rows_are_being_read() {
    for rows in [1, 2_000, 6_000] {
        let tenant = Tenant::start().await;
        let store = tenant.database.store.clone();
        let (connector, datasource) = (tenant.connector.clone(), tenant.datasource);
        let syncing = tokio::spawn(async move {
            taskgauge_sync::run_once(&store, &connector, datasource, RunKind::Incremental).await
        });
        let store = &tenant.database.store;
        loop {
            let run = store.latest_run(datasource).await.unwrap();
            let read: u64 = run.iter().flat_map(|run| &run.steps).map(|step| step.read).sum();
            if read >= rows {
                break;
            }
            tokio::task::yield_now().await;
        }
        store.remove_datasource("test", datasource).await.unwrap();
        assert!(syncing.await.unwrap().is_err(), "the run went with its datasource");
        let left: i64 = sqlx::query_scalar("select count(*) from autotask.tickets")
            .fetch_one(&tenant.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    }
}
