//! Comparing what is stored with Autotask: rows that were missed, lost or left in the wrong window.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use chrono::TimeDelta;
use common::Tenant;
use taskgauge_model::entity::{Entity, TICKETS, TIME_ENTRIES};
use taskgauge_model::run::{Run, RunKind};
use taskgauge_store::rows::Window;
use taskgauge_sync::plan;

#[tokio::test(flavor = "multi_thread")]
async fn missed_rows_are_found_by_comparing_ids() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.execute("delete from autotask.tickets where datasource_id = $1 and id % 50 = 0").await;
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    tenant.assert_same(&TICKETS).await;
}

/// Of a large collection only the surroundings of a difference are looked at.
#[tokio::test(flavor = "multi_thread")]
async fn counts_lead_to_the_rows_that_differ() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let ids: Vec<i64> = tenant.stored(&TIME_ENTRIES).await.into_keys().collect();
    assert!(ids.len() > 5_000, "several halves");
    // One that was missed near the beginning, and one that Autotask lost without a word, near the end.
    let missed = ids[100];
    let lost = ids[ids.len() - 100];
    sqlx::query("delete from autotask.time_entries where datasource_id = $1 and id = $2")
        .bind(tenant.datasource.0)
        .bind(missed)
        .execute(&tenant.pool)
        .await
        .unwrap();
    let gap = (lost..lost + 10_000).find(|id| !ids.contains(id)).unwrap();
    sqlx::query("insert into autotask.time_entries (datasource_id, id, changed_at) values ($1, $2, now())")
        .bind(tenant.datasource.0)
        .bind(gap)
        .execute(&tenant.pool)
        .await
        .unwrap();

    let step = |run: &Run| run.steps.iter().find(|step| step.entity == "TimeEntries").unwrap().clone();
    // In sum nothing differs. A third row does.
    sqlx::query("delete from autotask.time_entries where datasource_id = $1 and id = $2")
        .bind(tenant.datasource.0)
        .bind(ids[101])
        .execute(&tenant.pool)
        .await
        .unwrap();
    tenant.simulator.clear_log();
    tenant.advance(24 * 60);
    let run = tenant.sync_well().await;
    let remark = step(&run).problem.unwrap();
    assert!(remark.contains("what is gone is marked"), "{remark}");
    let stored = tenant.stored(&TIME_ENTRIES).await;
    assert!(stored.contains_key(&missed) && stored.contains_key(&ids[101]));
    assert!(stored.contains_key(&gap), "one absence is no deletion");
    let requests = tenant.simulator.log().count("TimeEntries");
    assert!(requests < 20, "{requests} requests");
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_same(&TIME_ENTRIES).await;
}

/// A change that was missed leaves the number of rows as it is, and not the number of those that are open.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_in_the_wrong_window_is_found_by_its_counts() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let open: i64 = tenant
        .value("select id from autotask.tickets where datasource_id = $1 and status <> 5 order by id limit 1")
        .await;
    let closed: i64 = tenant
        .value(
            "select id from autotask.tickets
            where datasource_id = $1 and status = 5 and last_activity_date < '2025-06-01'
            order by id limit 1",
        )
        .await;
    // Stored as if they were closed, and open.
    for (id, status) in [(open, 5), (closed, 1), (closed + 1, 1)] {
        sqlx::query("update autotask.tickets set status = $3 where datasource_id = $1 and id = $2")
            .bind(tenant.datasource.0)
            .bind(id)
            .bind(status)
            .execute(&tenant.pool)
            .await
            .unwrap();
    }
    sqlx::query(
        "update autotask.tickets set last_activity_date = '2025-01-01' where datasource_id = $1 and id = $2",
    )
    .bind(tenant.datasource.0)
    .bind(open)
    .execute(&tenant.pool)
    .await
    .unwrap();
    let store = &tenant.database.store;
    // Asked for, within the day of the load.
    store.queue_run(tenant.datasource, RunKind::Reconcile, None).await.unwrap();
    let run = tenant.sync_well().await;
    assert_eq!(run.kind, RunKind::Reconcile);
    tenant.assert_same(&TICKETS).await;
    let found = store.differences(tenant.datasource, 10).await.unwrap();
    let tickets: Vec<_> = found.iter().filter(|found| found.entity == "Tickets").collect();
    assert!(tickets.iter().all(|found| found.part != "all records"), "{tickets:?}");
    assert!(tickets.iter().map(|found| found.repaired).sum::<i64>() >= 2, "{tickets:?}");
    let step = run.steps.iter().find(|step| step.entity == "Tickets").unwrap();
    assert!(step.problem.as_ref().unwrap().contains("there"), "{step:?}");

    // The next one finds nothing.
    tenant.advance(5);
    store.queue_run(tenant.datasource, RunKind::Reconcile, None).await.unwrap();
    tenant.sync_well().await;
    let latest = store.comparisons(tenant.datasource).await.unwrap();
    assert!(latest.iter().all(|compared| compared.there == compared.here), "{latest:?}");
    assert!(latest.iter().any(|compared| compared.part == "open and 14 days"), "{latest:?}");
    assert_eq!(store.differences(tenant.datasource, 100).await.unwrap().len(), found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_that_cancel_out_are_found_within_a_week() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let ids: Vec<i64> = tenant.stored(&TIME_ENTRIES).await.into_keys().collect();
    let gap = (ids[3_000]..ids[4_000]).find(|id| !ids.contains(id)).unwrap();
    let moved = "update autotask.time_entries set id = $3 where datasource_id = $1 and id = $2";
    sqlx::query(moved)
        .bind(tenant.datasource.0)
        .bind(ids[100])
        .bind(gap)
        .execute(&tenant.pool)
        .await
        .unwrap();
    for _ in 0..7 {
        tenant.advance(24 * 60);
        tenant.sync_well().await;
    }
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_same(&TIME_ENTRIES).await;
}

/// A window says the same to Autotask and to Postgres, whenever it is counted.
#[tokio::test(flavor = "multi_thread")]
async fn windows_hold_the_same_rows_on_both_sides() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    let client = tenant
        .connector
        .client(tenant.simulator.url().join("ATServicesRest/").unwrap(), common::credentials())
        .unwrap();
    let now = tenant.simulator.with_world(taskgauge_simulator::World::now);
    let mut windows = 0;
    for entity in Entity::all() {
        for slice in plan::windows(entity, &[]) {
            for days in [-3, 0, 11, 100, 400] {
                let at = now - TimeDelta::days(days) - TimeDelta::milliseconds(days);
                let there = client.count(entity.name, &plan::filter(&slice.rule, at)).await.unwrap();
                let window = Window { rule: Some((&slice.rule, at)), ..Window::default() };
                let here =
                    tenant.database.store.count_within(tenant.datasource, entity, window).await.unwrap();
                assert_eq!(there, here, "{} {} at {at}", entity.name, slice.name);
                windows += 1;
            }
        }
    }
    assert!(windows > 40, "{windows}");
}

/// What is read whole is counted afterwards, and a log of deletions is compared, too: a line that was missed arrives.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_record_is_counted_by_night() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant
        .execute("delete from autotask.deleted_ticket_activity_logs where datasource_id = $1 and id % 7 = 0")
        .await;
    tenant.advance(24 * 60);
    tenant.sync_well().await;
    tenant.assert_same(Entity::named("DeletedTicketActivityLogs").unwrap()).await;
    let compared = tenant.database.store.comparisons(tenant.datasource).await.unwrap();
    for entity in Entity::all() {
        let there = tenant.simulator.with_world(|world| world.len(entity.name));
        let found = compared.iter().find(|one| one.entity == entity.name && one.part == "all records");
        let Some(found) = found else {
            assert_eq!(there, 0, "{} was not counted", entity.name);
            continue;
        };
        assert_eq!(found.apart, 0, "{found:?}");
    }
}
