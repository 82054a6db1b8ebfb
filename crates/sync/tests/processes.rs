//! Processes that sync and are killed at any point, that stall past their lease, and that run beside each other. Postgres
//! and Autotask go on meanwhile. In the end nothing may be lost or doubled.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Tenant, connector_at};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::env;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use taskgauge_model::clock::Clock;
use taskgauge_model::entity::Entity;
use taskgauge_model::ids::DatasourceId;
use taskgauge_model::run::{Run, RunKind, RunState};
use taskgauge_simulator::{Fault, LoggedRequest, Slow};
use taskgauge_store::{Store, testing::sealer};
use taskgauge_sync::run_once;
use tokio::time::Interval;

/// What [`a_process_that_syncs`] is told by the test that starts it.
const DATABASE: &str = "TASKGAUGE_TEST_DATABASE";
const AUTOTASK: &str = "TASKGAUGE_TEST_AUTOTASK";
const DATASOURCE: &str = "TASKGAUGE_TEST_DATASOURCE";
const NOW: &str = "TASKGAUGE_TEST_NOW";

/// Longer than a lease of a command is without being renewed.
const LEASE_IS_OVER: chrono::TimeDelta = chrono::TimeDelta::seconds(31);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "what other tests start, kill and stop, in a process of its own"]
async fn a_process_that_syncs() {
    let told = |name| env::var(name).expect("run by another test");
    let clock = Clock::fixed(told(NOW).parse().unwrap());
    let store = Store::connect(&told(DATABASE).into(), sealer(), clock).await.unwrap();
    let connector = connector_at(told(AUTOTASK).parse().unwrap());
    let datasource = DatasourceId(told(DATASOURCE).parse().unwrap());
    let run = run_once(&store, &connector, datasource, RunKind::Incremental).await.unwrap();
    assert_eq!((run.state, run.problem), (RunState::Done, None));
}

/// [`a_process_that_syncs`]. It ends with the test.
struct Process(Child);

impl Process {
    /// Starts it; its clock stands where the tenant's does.
    fn start(tenant: &Tenant) -> Process {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_process_that_syncs", "--ignored", "--nocapture"])
            .env(DATABASE, tenant.database.url.expose_secret())
            .env(AUTOTASK, tenant.simulator.url().as_str())
            .env(DATASOURCE, tenant.datasource.0.to_string())
            .env(NOW, tenant.database.clock.now().to_rfc3339())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Process(child)
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// Sends a signal that stops it or lets it go on.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// It came to its end, and to a good one.
    async fn ends_well(&mut self) {
        let mut look = looks();
        loop {
            look.tick().await;
            if let Some(status) = self.ended() {
                return assert!(status.success(), "{status}");
            }
        }
    }
}

impl Drop for Process {
    /// SIGKILL: it has no time to do anything.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Another look every millisecond.
fn looks() -> Interval {
    tokio::time::interval(Duration::from_millis(1))
}

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A walk over an entity, by what it asks for whatever its place, and the places.
type Walks = HashMap<String, HashSet<i64>>;

/// The pages among requests, by walk.
fn pages(requests: &[LoggedRequest]) -> Walks {
    let mut walks = Walks::new();
    for request in requests.iter().filter(|request| request.target.ends_with("/query")) {
        let Ok(mut body) = serde_json::from_str::<Value>(request.body.as_deref().unwrap_or_default()) else {
            continue;
        };
        let filter = &mut body["filter"][0];
        let place = if filter["op"] == "and" { &mut filter["items"][0] } else { filter };
        let id = place.take()["value"].as_i64().unwrap();
        walks.entry(format!("{} {body}", request.entity)).or_default().insert(id);
    }
    walks
}

/// What goes on between two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    /// Nothing but that the lease ends.
    Nothing,
    /// People work in Autotask.
    Work,
}

impl Meanwhile {
    fn passes(self, tenant: &Tenant, dice: &mut Dice) {
        match self {
            Meanwhile::Nothing => tenant.database.clock.set(tenant.database.clock.now() + LEASE_IS_OVER),
            Meanwhile::Work => {
                tenant.advance(1);
                for (entity, field) in EDITED {
                    for _ in 0..3 {
                        edit(tenant, entity, field, dice);
                    }
                }
                for entity in ["Tickets", "TimeEntries"] {
                    let id = any(tenant, entity, dice);
                    assert!(tenant.simulator.edit(|world| world.delete(entity, id)));
                }
            }
        }
    }
}

/// Entities with a stamp, and a text of theirs.
const EDITED: [(&str, &str); 4] = [
    ("Tickets", "title"),
    ("TimeEntries", "summaryNotes"),
    ("Companies", "companyName"),
    ("TicketNotes", "description"),
];

fn any(tenant: &Tenant, entity: &str, dice: &mut Dice) -> i64 {
    tenant.simulator.with_world(|world| {
        let there = dice.throw(world.len(entity) as u64);
        world.rows(entity).nth(usize::try_from(there).unwrap()).unwrap()["id"].as_i64().unwrap()
    })
}

fn edit(tenant: &Tenant, entity: &str, field: &str, dice: &mut Dice) {
    let id = any(tenant, entity, dice);
    let row = json!({"id": id, field: format!("Edited {}", dice.throw(1_000))});
    tenant.simulator.edit(|world| world.upsert(entity, row.as_object().unwrap().clone())).unwrap();
}

/// Kills of one run.
#[derive(Debug, Clone, Copy)]
struct Kills {
    /// So many at most.
    most: usize,
    /// Each after one of so many first requests of its process, and a part of a page later.
    within: u64,
}

/// How long an answer takes at least while processes are killed: several looks.
const SLOW_MS: u64 = 8;

/// Lets processes sync and kills them, until one comes to its end. Answers how many were killed.
async fn sync_with(tenant: &Tenant, kills: Kills, meanwhile: Meanwhile, dice: &mut Dice) -> usize {
    let mut asked = Walks::new();
    let mut killed = 0;
    loop {
        // Answers take their time as long as processes are killed: else some would be done before.
        let slow = (killed < kills.most).then(|| Slow { delay_ms: SLOW_MS, fault: Fault::always() });
        tenant.simulator.switches().set(|switches| switches.slow_first_byte = slow);
        tenant.simulator.clear_log();
        let mut process = Process::start(tenant);
        let (requests, part) = (1 + dice.throw(kills.within), Duration::from_micros(dice.throw(25_000)));
        let mut look = looks();
        let ended = loop {
            look.tick().await;
            if let Some(status) = process.ended() {
                break Some(status);
            }
            if killed < kills.most && tenant.simulator.log().requests >= requests {
                tokio::time::sleep(part).await;
                drop(process);
                break None;
            }
        };
        for (walk, places) in pages(&tenant.simulator.log().last) {
            let asked = asked.entry(walk.clone()).or_default();
            let again = asked.intersection(&places).count();
            assert!(again <= PAGES_AGAIN, "{again} after kill {killed}: {walk}");
            asked.extend(places);
        }
        if let Some(status) = ended {
            assert!(status.success(), "{status}");
            return killed;
        }
        killed += 1;
        meanwhile.passes(tenant, dice);
    }
}

/// Pages of a walk that are asked for again after a kill, at most: the one that was being stored, and the one behind it that
/// was asked for meanwhile. None that was stored is.
const PAGES_AGAIN: usize = 2;

async fn latest(tenant: &Tenant) -> Run {
    tenant.database.store.latest_run(tenant.datasource).await.unwrap().unwrap()
}

/// Each row was read and written once: no page was stored twice.
fn assert_nothing_doubled(run: &Run) {
    assert_eq!((run.state, run.problem.as_deref()), (RunState::Done, None));
    for step in &run.steps {
        assert_eq!((Some(step.read), Some(step.written)), (step.expected, step.expected), "{}", step.entity);
        assert_eq!((step.state, step.quarantined), (RunState::Done, 0), "{}", step.entity);
    }
}

/// Counters tell the truth about the rows.
async fn assert_counted(tenant: &Tenant) {
    for state in tenant.database.store.entity_states(tenant.datasource).await.unwrap() {
        let entity = Entity::named(&state.entity).unwrap();
        let stored = tenant.stored(entity).await.len();
        assert_eq!(usize::try_from(state.rows).unwrap(), stored, "{}", state.entity);
    }
}

#[rstest]
#[case::of_a_tenant_that_rests(1, Meanwhile::Nothing)]
#[case::of_a_tenant_that_lives(2, Meanwhile::Work)]
#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_point_lose_nothing_and_double_nothing(#[case] seed: u64, #[case] meanwhile: Meanwhile) {
    let tenant = Tenant::start().await;
    let mut dice = Dice(seed);
    let mut killed = sync_with(&tenant, Kills { most: 14, within: 60 }, meanwhile, &mut dice).await;
    if meanwhile == Meanwhile::Nothing {
        assert_nothing_doubled(&latest(&tenant).await);
        tenant.assert_complete().await;
    }
    // Changes, the comparison of the night with all sweeps, and second looks.
    for (minutes, kills) in [
        (5, Kills { most: 6, within: 16 }),
        (25 * 60, Kills { most: 8, within: 60 }),
        (5, Kills { most: 2, within: 16 }),
    ] {
        tenant.advance(minutes);
        killed += sync_with(&tenant, kills, Meanwhile::Work, &mut dice).await;
    }
    assert!(killed >= 20, "{killed} kills");
    // What changed since a sweep has passed it arrives with the next one.
    for minutes in [25 * 60, 5] {
        tenant.advance(minutes);
        tenant.sync_well().await;
    }
    tenant.assert_complete().await;
    assert_counted(&tenant).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stalls_past_its_lease_does_no_harm() {
    let tenant = Tenant::start().await;
    let slow = Slow { delay_ms: 40, fault: Fault::always() };
    tenant.simulator.switches().set(|switches| switches.slow_first_byte = Some(slow));
    let mut stalled = Process::start(&tenant);
    let mut look = looks();
    while tenant.simulator.log().requests < 60 {
        look.tick().await;
    }
    stall(&tenant, &stalled, false).await;
    tenant.database.clock.set(tenant.database.clock.now() + LEASE_IS_OVER);
    let mut other = Process::start(&tenant);
    while fence(&tenant).await < 2 {
        assert_eq!(other.ended(), None);
        look.tick().await;
    }
    let taken_over_at = tenant.simulator.log().requests;
    while tenant.simulator.log().requests < taken_over_at + 10 {
        assert_eq!(other.ended(), None, "both are at work");
        look.tick().await;
    }
    // It has pages in its hands, and by its own clock its lease is good.
    stalled.signal("CONT");
    other.ends_well().await;
    stalled.ends_well().await;
    assert_eq!(fence(&tenant).await, 2);
    assert_nothing_doubled(&latest(&tenant).await);
    tenant.assert_complete().await;
    assert_counted(&tenant).await;
}

/// Whoever waits for a page of a process that stalls waits for as long as that does, and so does all that is behind it in
/// the queue.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stalls_in_the_middle_of_a_page_holds_nobody_up() {
    let tenant = Tenant::start().await;
    let stalled = Process::start(&tenant);
    let mut look = looks();
    while tenant.simulator.log().requests < 60 {
        look.tick().await;
    }
    stall(&tenant, &stalled, true).await;
    // As long again is waited for a page that is under way.
    tenant.database.clock.set(tenant.database.clock.now() + LEASE_IS_OVER * 2);
    let store = &tenant.database.store;
    let other = tenant.database.datasource("Other").await;
    store.queue_run(other, RunKind::Full, None).await.unwrap();
    let began = Instant::now();
    let mut claimed = BTreeSet::new();
    while claimed.len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "only {claimed:?} within its time");
        let claim = store.claim_run("other", Duration::from_secs(30));
        match tokio::time::timeout(Duration::from_secs(5), claim).await {
            Ok(lease) => claimed.extend(lease.unwrap().map(|lease| lease.datasource)),
            Err(waited) => eprintln!("{waited}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_do_one_run() {
    let tenant = Tenant::start().await;
    let mut processes = [Process::start(&tenant), Process::start(&tenant)];
    for process in &mut processes {
        process.ends_well().await;
    }
    let runs = tenant.database.store.runs(tenant.datasource, 10).await.unwrap();
    assert_eq!((runs.len(), fence(&tenant).await), (1, 1));
    assert_nothing_doubled(&runs[0]);
    tenant.assert_complete().await;
    assert_counted(&tenant).await;
}

async fn fence(tenant: &Tenant) -> i64 {
    tenant.value("select max(fence) from taskgauge.runs where datasource_id = $1").await
}

/// Stops a process while it is storing a page, or while it is not.
async fn stall(tenant: &Tenant, process: &Process, committing: bool) {
    let mut look = looks();
    loop {
        process.signal("STOP");
        let stalls = if committing { holds_a_page(tenant).await } else { !is_committing(tenant).await };
        if stalls {
            return;
        }
        process.signal("CONT");
        look.tick().await;
    }
}

/// Whether a page is being stored and stays so.
async fn holds_a_page(tenant: &Tenant) -> bool {
    let mut look = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..3 {
        look.tick().await;
        let holds: bool = sqlx::query_scalar(
            "select exists (
                select
                from pg_locks
                where locktype = 'advisory'
                    and mode = 'ShareLock'
                    and granted
                    and database = (select oid from pg_database where datname = current_database())
            )",
        )
        .fetch_one(&tenant.pool)
        .await
        .unwrap();
        if !holds {
            return false;
        }
    }
    true
}

/// Whether a session is in a transaction, or about to be in one.
async fn is_committing(tenant: &Tenant) -> bool {
    let mut look = tokio::time::interval(Duration::from_millis(10));
    // Whatever was sent before has been received when nothing is going on for a while.
    for _ in 0..3 {
        look.tick().await;
        let busy: bool = sqlx::query_scalar(
            "select exists (
                select
                from pg_stat_activity
                where datname = current_database()
                    and pid <> pg_backend_pid()
                    and (xact_start is not null or state = 'active')
            )",
        )
        .fetch_one(&tenant.pool)
        .await
        .unwrap();
        if busy {
            return true;
        }
    }
    false
}
