//! A first load in the middle of which something goes wrong, in every way that the simulated tenant knows: nothing may be
//! lost or doubled, Autotask's limits hold, and whoever looks is told in words.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use rstest::rstest;
use std::collections::HashMap;
use std::time::Duration;
use taskgauge_model::entity::Entity;
use taskgauge_model::run::{Run, RunState};
use taskgauge_simulator::{Fault, Slow, Switches};

/// Requests after which it goes wrong: the first rows are there, the large collections are not.
const MIDDLE: u64 = 70;
/// Syncs that a tenant which is well again may take.
const PATIENCE: usize = 3;

/// Lets something go wrong once a sync is in its middle.
async fn go_wrong(tenant: &Tenant, wrong: fn(&mut Switches)) {
    while tenant.simulator.log().requests < MIDDLE {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tenant.simulator.switches().set(wrong);
}

fn assert_limits(tenant: &Tenant) {
    let log = tenant.simulator.log();
    for (entity, traffic) in &log.entities {
        assert!(traffic.max_concurrency <= 3, "{} requests at once to {entity}", traffic.max_concurrency);
    }
}

/// Sentences for an admin: they begin and end as such, and hold nothing of a program.
fn assert_words(run: &Run) {
    let problems = run.problem.iter().chain(run.steps.iter().filter_map(|step| step.problem.as_ref()));
    for problem in problems {
        assert!(problem.ends_with(['.', ')']) && problem.len() > 25, "{problem}");
        for word in ["Error", "panicked", "Some(", "unwrap", "0x"] {
            assert!(!problem.contains(word), "{problem}");
        }
    }
}

#[rstest]
#[case::maintenance_pages(|s: &mut Switches| s.html_503 = Some(Fault::next(60)), Some("unavailable"))]
#[case::maintenance_of_one_entity(|s: &mut Switches| s.html_503 = Some(Fault::always().on("TimeEntries")), Some("unavailable"))]
#[case::resets(|s: &mut Switches| s.reset_connection = Some(Fault::next(60)), Some("broke before an answer"))]
#[case::truncated_bodies(|s: &mut Switches| s.truncate_body = Some(Fault::next(60)), Some("broke before an answer"))]
#[case::empty_bodies(|s: &mut Switches| s.empty_body = Some(Fault::next(60)), Some("ended early"))]
#[case::a_single_reset(|s: &mut Switches| s.reset_connection = Some(Fault::next(1)), None)]
#[case::a_hang(|s: &mut Switches| s.hang = Some(Fault::next(2)), None)]
#[case::a_slow_first_byte(|s: &mut Switches| s.slow_first_byte = Some(Slow { delay_ms: 300, fault: Fault::next(20) }), None)]
#[case::pages_out_of_order(|s: &mut Switches| s.unordered = Some(Fault::always()), Some("out of order"))]
#[case::filters_that_are_ignored(|s: &mut Switches| s.ignore_filter = Some(Fault::always()), Some("out of order"))]
#[case::one_thread_only(|s: &mut Switches| s.thread_limit = Some(1), None)]
#[case::one_thread_only_told_by_500(|s: &mut Switches| { s.thread_limit = Some(1); s.thread_limit_status = 500; }, None)]
#[case::the_hour_is_used_up(|s: &mut Switches| s.hourly_used_by_others = 10_000, Some("are used up"))]
#[case::the_hour_is_used_up_told_by_500(|s: &mut Switches| { s.hourly_used_by_others = 10_000; s.hourly_status = 500; }, Some("are used up"))]
#[case::credentials_revoked(|s: &mut Switches| s.credentials_revoked = true, Some("refuses the credentials"))]
#[case::the_user_is_locked(|s: &mut Switches| s.locked = true, Some("refuses the credentials"))]
#[case::the_tenant_moves(|s: &mut Switches| s.zone_moved = true, None)]
#[case::a_right_withdrawn(|s: &mut Switches| { s.forbidden.insert("TimeEntries".to_owned()); }, None)]
#[case::an_entity_falls_silent(|s: &mut Switches| { s.silently_empty.insert("TimeEntries".to_owned()); }, None)]
#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_survives(#[case] wrong: fn(&mut Switches), #[case] told: Option<&str>) {
    let tenant = Tenant::start().await;
    let (first, ()) = tokio::join!(tenant.sync(), go_wrong(&tenant, wrong));
    let mut runs = vec![first];
    assert_limits(&tenant);
    assert_words(&runs[0]);
    match told {
        None => assert_eq!((runs[0].state, runs[0].problem.as_deref()), (RunState::Done, None)),
        Some(told) => {
            assert!(runs[0].problem.as_ref().is_some_and(|problem| problem.contains(told)), "{runs:?}");
        }
    }

    // What does not pass by itself, a person mends.
    tenant.simulator.switches().reset();
    for _ in 0..PATIENCE {
        tenant.advance(5);
        let run = tenant.sync().await;
        assert_words(&run);
        let done = run.state == RunState::Done && run.steps.iter().all(|step| step.state == RunState::Done);
        runs.push(run);
        if done {
            break;
        }
    }
    // An entity that seemed empty was read with nothing in it, which the comparison of the next night shows.
    tenant.advance(25 * 60);
    runs.push(tenant.sync().await);
    let last = runs.last().unwrap();
    assert_eq!((last.state, last.problem.as_deref()), (RunState::Done, None));
    tenant.assert_complete().await;
    assert_limits(&tenant);

    let mut written: HashMap<&str, u64> = HashMap::new();
    for step in runs.iter().flat_map(|run| &run.steps) {
        *written.entry(step.entity.as_str()).or_default() += step.written;
    }
    for entity in Entity::all() {
        let there = tenant.simulator.with_world(|world| world.len(entity.name)) as u64;
        // Rows that live on meanwhile are written more than once.
        let most = there + there / 10 + 50;
        let written = written.get(entity.name).copied().unwrap_or_default();
        assert!((there..=most).contains(&written), "{}: {written} written of {there}", entity.name);
    }
}
