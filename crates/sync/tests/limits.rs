//! What Autotask allows: credentials, the tenant's requests and their pace, and the address of its zone.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use std::time::{Duration, Instant};
use taskgauge_autotask::{Connector, Options};
use taskgauge_model::entity::TICKETS;
use taskgauge_model::run::RunState;

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_stop_everything_and_nothing_follows() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.simulator.switches().set(|switches| switches.credentials_revoked = true);
    tenant.advance(5);
    tenant.simulator.clear_log();
    let run = tenant.sync().await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.problem.unwrap().contains("refuses the credentials"));
    let log = tenant.simulator.log();
    let refused = log.last.iter().filter(|request| request.status == 401).count();
    assert_eq!(refused, 1, "a refused user must not be locked by repetition");

    tenant.advance(30);
    let store = &tenant.database.store;
    assert_eq!(store.queue_due().await.unwrap(), 0);
    // Whoever asks gets a run, and with good credentials the schedule goes on.
    tenant.simulator.switches().reset();
    tenant.sync_well().await;
    tenant.advance(5);
    assert_eq!(store.queue_due().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_leaves_half_of_the_hour_and_goes_on_later() {
    let tenant = Tenant::start().await;
    let full_load = 150;
    tenant.simulator.switches().set(|switches| switches.hourly_limit = full_load);
    let run = tenant.sync().await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.problem.as_deref().unwrap().contains("goes on by itself"), "{run:?}");
    let asked = tenant.simulator.log().requests;
    assert!(asked < u64::from(full_load), "{asked} requests: some are left for the others");
    // As the hour passes, the next runs go on where this one stopped.
    let mut runs = 1;
    while tenant.database.store.datasource(tenant.datasource).await.unwrap().synced_at.is_none() {
        tenant.advance(61);
        tenant.simulator.clear_log();
        tenant.sync().await;
        runs += 1;
        assert!(runs < 6);
    }
    assert!(runs > 1);
    tenant.simulator.switches().reset();
    tenant.advance(5);
    tenant.sync_well().await;
    tenant.assert_same(&TICKETS).await;
}

/// Autotask slows everyone down from half of the hour on. Before that the run slows down itself, and only then.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_spread_before_autotask_slows_everyone() {
    const PACE: Duration = Duration::from_millis(40);
    let mut tenant = Tenant::start().await;
    tenant.connector =
        Connector::new(Options { longest_pace: PACE, ..Options::for_test_base(tenant.simulator.url()) })
            .unwrap();
    let took = async |used: u32| {
        tenant.simulator.switches().set(|switches| switches.hourly_used_by_others = used);
        tenant.simulator.clear_log();
        tenant.advance(5);
        let began = Instant::now();
        tenant.sync_well().await;
        (began.elapsed(), u32::try_from(tenant.simulator.log().requests).unwrap())
    };
    took(0).await;
    let (fast, requests) = took(4_000).await;
    let least = PACE * (requests - 1);
    assert!(fast < least, "{fast:?} for {requests} requests");
    let (slow, requests) = took(4_600).await;
    let least = PACE * (requests - 1);
    assert!(slow >= least, "{slow:?} for {requests} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_moves_is_followed() {
    let tenant = Tenant::start().await;
    tenant.sync_well().await;
    tenant.simulator.switches().set(|switches| switches.zone_moved = true);
    tenant.advance(60);
    tenant.sync_well().await;
    tenant.assert_same(&TICKETS).await;
    tenant.simulator.clear_log();
    tenant.advance(5);
    tenant.sync_well().await;
    let log = tenant.simulator.log();
    assert!(log.last.iter().all(|request| request.status != 401), "the new address is remembered");
}
