//! The queue of runs, events between processes, and the worker.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::Tenant;
use rstest::rstest;
use secrecy::ExposeSecret;
use std::time::Duration;
use taskgauge_model::entity::{DEPARTMENTS, TICKETS};
use taskgauge_model::run::{Event, RunKind, RunState};
use taskgauge_store::StoreError;
use taskgauge_store::datasources::DatasourceChange;
use taskgauge_store::rows::{CalloutCommit, Cell, PageCommit, Row};
use taskgauge_store::testing::database;
use taskgauge_store::webhooks::Arrived;
use taskgauge_sync::{Worker, WorkerOptions};
use tokio_util::sync::CancellationToken;

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_datasource_has_one_active_run() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    let first = store.queue_run(id, RunKind::Incremental, None).await.unwrap();
    let again = store.queue_run(id, RunKind::Full, None).await.unwrap();
    assert_eq!((again.id, again.kind, again.state), (first.id, RunKind::Full, RunState::Queued));

    let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
    assert_eq!((lease.run, lease.datasource, lease.fence), (first.id, id, 1));
    assert_eq!(store.claim_run("two", LEASE).await.unwrap(), None);
    assert_eq!(store.queue_run(id, RunKind::Incremental, None).await.unwrap().state, RunState::Running);

    store.finish_run(&lease, RunState::Failed, Some("Because."), false).await.unwrap();
    let ended = store.latest_run(id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.problem.as_deref()), (RunState::Failed, Some("Because.")));
    assert!(matches!(store.finish_run(&lease, RunState::Done, None, false).await, Err(StoreError::Lost)));
    assert_ne!(store.queue_run(id, RunKind::Incremental, None).await.unwrap().id, first.id);
    let missing = store.queue_run(taskgauge_model::ids::DatasourceId(99), RunKind::Full, None).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_lease_that_ends_is_taken_over_and_fenced() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    store.queue_run(id, RunKind::Full, None).await.unwrap();
    let former = store.claim_run("one", LEASE).await.unwrap().unwrap();
    database.clock.set(database.clock.now() + LEASE / 2);
    store.renew(&former, LEASE).await.unwrap();
    database.clock.set(database.clock.now() + LEASE / 2);
    assert_eq!(store.claim_run("two", LEASE).await.unwrap(), None, "it was renewed");
    database.clock.set(database.clock.now() + LEASE / 2);
    // Over, although nobody has taken it yet.
    assert!(matches!(store.commit_page(&former, &page(1)).await, Err(StoreError::Lost)));
    let lease = store.claim_run("two", LEASE).await.unwrap().unwrap();
    assert_eq!((lease.run, lease.fence), (former.run, 2));
    assert!(matches!(store.renew(&former, LEASE).await, Err(StoreError::Lost)));
    assert!(matches!(store.commit_page(&former, &page(1)).await, Err(StoreError::Lost)));
    assert_eq!(store.commit_page(&lease, &page(1)).await.unwrap().inserted, 1);
    store.release(&lease).await.unwrap();
    assert!(matches!(store.commit_page(&lease, &page(1)).await, Err(StoreError::Lost)));
    assert_eq!(store.claim_run("three", LEASE).await.unwrap().unwrap().fence, 3);
}

/// Whoever removes a datasource holds its run alone, for minutes perhaps: a worker that looks for runs passes it over and
/// leaves the removal alone.
#[tokio::test]
async fn who_holds_a_run_alone_is_left_to_it() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    store.queue_run(id, RunKind::Full, None).await.unwrap();
    let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
    let pool = sqlx::PgPool::connect(database.url.expose_secret()).await.unwrap();
    let mut removal = pool.begin().await.unwrap();
    // As the store locks runs: `runs` in ASCII, and the run's number.
    sqlx::query("select pg_advisory_xact_lock(x'72756e73'::int, $1::int)")
        .bind(i32::try_from(lease.run.0).unwrap())
        .execute(&mut *removal)
        .await
        .unwrap();
    database.clock.set(database.clock.now() + LEASE * 3);
    assert_eq!(store.claim_run("two", LEASE).await.unwrap(), None);
    sqlx::query("select 1").execute(&mut *removal).await.expect("it lives");
    removal.commit().await.unwrap();
    assert_eq!(store.claim_run("two", LEASE).await.unwrap().unwrap().fence, 2);
}

/// A page that was asked for before a callout's record was read does not bring the older row back.
#[tokio::test]
async fn a_page_in_flight_undoes_no_callout() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    store.queue_run(id, RunKind::Full, None).await.unwrap();
    let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
    let title = TICKETS.columns.iter().position(|column| column.field == "title").unwrap();
    let row = |id: i64, text: &str| {
        let mut row = Row { id, ..Row::default() };
        row.cells.resize(title + 1, Cell::Null);
        row.cells[title] = Cell::Text(text.to_owned());
        row
    };
    let page = |asked_at, rows| PageCommit { rows, asked_at: Some(asked_at), ..PageCommit::of(&TICKETS) };
    let first = page(database.clock.now(), vec![row(1, "old"), row(2, "old"), row(3, "old")]);
    store.commit_page(&lease, &first).await.unwrap();

    let asked_at = database.clock.now();
    database.clock.set(asked_at + chrono::TimeDelta::seconds(1));
    store.begin_webhook(id, "TicketWebhooks", "http://127.0.0.1:1").await.unwrap();
    for (sequence, is_deletion) in [(1, false), (2, true)] {
        let arrived = Arrived {
            collection: "TicketWebhooks",
            guid: "g",
            sequence,
            record: sequence,
            leads_to: None,
            is_deletion,
        };
        store.take_callout(id, arrived).await.unwrap();
    }
    let callouts = store.claim_callouts(id, 10, LEASE).await.unwrap();
    assert!(store.claim_callouts(id, 10, LEASE).await.unwrap().is_empty(), "they are somebody's");
    let commit = CalloutCommit {
        entity: &TICKETS,
        callouts: &callouts,
        rows: vec![row(1, "new")],
        unreadable: Vec::new(),
        gone: vec![2],
        deleted: vec![2],
    };
    let written = store.commit_callouts(id, &commit).await.unwrap();
    assert_eq!((written.updated, written.deleted), (1, 1));

    store
        .commit_page(&lease, &page(asked_at, vec![row(1, "old"), row(2, "old"), row(3, "newer")]))
        .await
        .unwrap();
    let pool = sqlx::PgPool::connect(database.url.expose_secret()).await.unwrap();
    let stored: Vec<(i64, String, bool)> =
        sqlx::query_as("select id, title, deleted_at is not null from autotask.tickets order by id")
            .fetch_all(&pool)
            .await
            .unwrap();
    let expected = [(1, "new", false), (2, "old", true), (3, "newer", false)];
    assert_eq!(stored, expected.map(|(id, title, gone)| (id, title.to_owned(), gone)));
    // One that is asked for later does.
    let later = page(database.clock.now() + chrono::TimeDelta::seconds(1), vec![row(1, "newest")]);
    assert_eq!(store.commit_page(&lease, &later).await.unwrap().updated, 1);
}

#[tokio::test]
async fn leases_end_by_the_databases_own_clock() {
    use taskgauge_model::clock::Clock;
    let database = database().await;
    let id = database.datasource("A").await;
    let sealer = taskgauge_store::testing::sealer();
    let store = taskgauge_store::Store::connect(&database.url, sealer, Clock::system()).await.unwrap();
    assert_eq!(store.queue_due().await.unwrap(), 1);
    let over = store.claim_run("one", Duration::ZERO).await.unwrap().unwrap();
    assert!(matches!(store.commit_page(&over, &page(1)).await, Err(StoreError::Lost)));
    let lease = store.claim_run("two", LEASE).await.unwrap().unwrap();
    assert_eq!((lease.run, lease.datasource, lease.fence), (over.run, id, 2));
    store.renew(&lease, LEASE).await.unwrap();
    assert_eq!(store.claim_run("three", LEASE).await.unwrap(), None);
    assert_eq!(store.commit_page(&lease, &page(1)).await.unwrap().inserted, 1);
    store.finish_run(&lease, RunState::Done, None, false).await.unwrap();
    assert_eq!(store.queue_due().await.unwrap(), 0);
}

fn page(id: i64) -> PageCommit<'static> {
    PageCommit { rows: vec![Row { id, ..Row::default() }], ..PageCommit::of(&TICKETS) }
}

#[tokio::test]
async fn two_workers_never_take_the_same_run() {
    let database = database().await;
    for name in ["A", "B", "C"] {
        let id = database.datasource(name).await;
        database.store.queue_run(id, RunKind::Full, None).await.unwrap();
    }
    let claims = (0..6).map(|worker| {
        let store = database.store.clone();
        tokio::spawn(async move { store.claim_run(&format!("worker {worker}"), LEASE).await.unwrap() })
    });
    let mut runs = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        runs.extend(claim.await.unwrap().map(|lease| lease.run));
    }
    runs.sort();
    runs.dedup();
    // Somebody who looks while a row is locked may go away empty-handed, but nothing is taken twice.
    while let Some(lease) = database.store.claim_run("last", LEASE).await.unwrap() {
        assert!(!runs.contains(&lease.run));
        runs.push(lease.run);
    }
    assert_eq!(runs.len(), 3);
}

#[rstest]
#[case::queued(false)]
#[case::running(true)]
#[tokio::test]
async fn cancelling(#[case] running: bool) {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    let run = store.queue_run(id, RunKind::Full, None).await.unwrap();
    let lease = if running { store.claim_run("one", LEASE).await.unwrap() } else { None };
    assert!(store.request_cancel(run.id).await.unwrap());
    if let Some(lease) = lease {
        assert!(store.should_stop(&lease).await.unwrap());
        assert!(store.commit_page(&lease, &page(1)).await.unwrap().stop);
    } else {
        assert_eq!(store.run(run.id).await.unwrap().state, RunState::Cancelled);
        assert!(!store.request_cancel(run.id).await.unwrap());
    }
}

#[tokio::test]
async fn schedules_keep_their_distance() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    assert_eq!(store.queue_due().await.unwrap(), 1, "the first load");
    assert_eq!(store.queue_due().await.unwrap(), 0, "one is queued");
    let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
    store.finish_run(&lease, RunState::Done, None, false).await.unwrap();
    database.clock.set(database.clock.now() + Duration::from_secs(299));
    assert_eq!(store.queue_due().await.unwrap(), 0);
    database.clock.set(database.clock.now() + Duration::from_secs(1));
    store.set_paused("test", id, true).await.unwrap();
    assert_eq!(store.queue_due().await.unwrap(), 0, "paused");
    store.set_paused("test", id, false).await.unwrap();
    assert_eq!(store.queue_due().await.unwrap(), 1);
    store.set_paused("test", id, true).await.unwrap();
    assert_eq!(store.claim_run("one", LEASE).await.unwrap(), None, "a paused datasource waits");
    store.set_paused("test", id, false).await.unwrap();
    let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
    store.finish_run(&lease, RunState::Done, None, false).await.unwrap();

    // Each keeps its own.
    let slower = DatasourceChange { sync_minutes: Some(60), ..DatasourceChange::default() };
    store.change_datasource("test", id, &slower).await.unwrap();
    database.clock.set(database.clock.now() + Duration::from_secs(3_599));
    assert_eq!(store.queue_due().await.unwrap(), 0);
    database.clock.set(database.clock.now() + Duration::from_secs(1));
    assert_eq!(store.queue_due().await.unwrap(), 1);
}

#[tokio::test]
async fn absences_need_two_runs() {
    let database = database().await;
    let (store, id) = (&database.store, database.datasource("A").await);
    let row = |id| Row { id, ..Row::default() };
    for look in 0..4 {
        database.clock.set(database.clock.now() + Duration::from_mins(1));
        store.queue_run(id, RunKind::Full, None).await.unwrap();
        let lease = store.claim_run("one", LEASE).await.unwrap().unwrap();
        let ids: &[i64] = if look == 0 {
            &[0, 1, 2, 3]
        } else if look < 3 {
            &[0, 2]
        } else {
            &[0, 1, 2]
        };
        let page = PageCommit {
            rows: ids.iter().copied().map(row).collect(),
            covers: taskgauge_store::rows::Covers::Everything,
            // Id 3 is behind the page.
            last: Some(2),
            complete: false,
            ..PageCommit::of(&DEPARTMENTS)
        };
        let written = store.commit_page(&lease, &page).await.unwrap();
        let state = store.entity_states(id).await.unwrap().remove(0);
        match look {
            0 => assert_eq!((written.inserted, state.rows), (4, 4)),
            1 => assert_eq!((written.missed, written.deleted, state.rows), (1, 0, 4)),
            2 => assert_eq!((written.missed, written.deleted, state.rows), (0, 1, 3)),
            _ => assert_eq!((written.updated, written.unchanged, state.rows), (1, 2, 4)),
        }
        let again = store.commit_page(&lease, &page).await.unwrap();
        assert_eq!((again.missed, again.deleted), (0, 0), "one run looks once");
        store.finish_run(&lease, RunState::Done, None, false).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_listeners_even_after_a_broken_connection() {
    let database = database().await;
    let id = database.datasource("A").await;
    let events = database.store.events().await.unwrap();
    let mut received = events.subscribe();
    let run = database.store.queue_run(id, RunKind::Full, None).await.unwrap();
    assert_eq!(received.recv().await.unwrap(), Event::Progress { datasource: id, run: run.id });
    let lease = database.store.claim_run("one", LEASE).await.unwrap().unwrap();
    assert_eq!(received.recv().await.unwrap(), Event::Progress { datasource: id, run: run.id });
    database.store.commit_page(&lease, &page(1)).await.unwrap();
    assert_eq!(
        received.recv().await.unwrap(),
        Event::Changed { datasource: id, entities: vec!["Tickets".into()] }
    );
    assert!(matches!(received.recv().await.unwrap(), Event::Progress { .. }));
    // Unchanged rows are no change.
    database.store.commit_page(&lease, &page(1)).await.unwrap();
    assert!(matches!(received.recv().await.unwrap(), Event::Progress { .. }));

    let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(&database.url)).await.unwrap();
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'")
        .execute(&pool)
        .await
        .unwrap();
    let heard = async {
        loop {
            database.store.commit_page(&lease, &page(1)).await.unwrap();
            let wait = tokio::time::timeout(Duration::from_millis(100), received.recv());
            if let Ok(event) = wait.await {
                return event.unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_does_what_is_queued_and_stops_when_told() {
    let tenant = Tenant::start().await;
    let shutdown = CancellationToken::new();
    // Polling is so rare that only the call of the queue can wake it in time.
    let options = WorkerOptions { poll: Duration::from_hours(1), ..WorkerOptions::default() };
    let worker = Worker::with_options(tenant.database.store.clone(), tenant.connector.clone(), options);
    let events = tenant.database.store.events().await.unwrap();
    let mut received = events.subscribe();
    let task = tokio::spawn(worker.run(shutdown.clone()));
    let store = &tenant.database.store;
    let began = std::time::Instant::now();
    let mut tickets_after = None;
    loop {
        if let Event::Changed { entities, .. } = received.recv().await.unwrap()
            && entities.iter().any(|name| name == "Tickets")
        {
            tickets_after.get_or_insert(began.elapsed());
        }
        let run = store.latest_run(tenant.datasource).await.unwrap().unwrap();
        if run.state.is_over() {
            assert_eq!((run.state, run.problem), (RunState::Done, None));
            break;
        }
    }
    assert!(tickets_after.unwrap() < Duration::from_secs(5), "{tickets_after:?}");
    tenant.advance(1);
    let asked = store.queue_run(tenant.datasource, RunKind::Incremental, None).await.unwrap();
    while !store.run(asked.id).await.unwrap().state.is_over() {
        received.recv().await.unwrap();
    }
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    tenant.assert_complete().await;
}
