//! The limits that clients with one integration code share: requests in flight, and the pace.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future, poll};
use serde_json::{Value, json};
use taskgauge_autotask::{Client, Connector, Credentials, Error, Filter, Options, Query, RetryPolicy};
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::stand_in::{Answer, CODE, SECRET, Seen, StandIn, USER_NAME, credentials};

const AN_HOUR: Option<Duration> = Some(Duration::from_hours(1));

/// The outcome of what must not wait for anything but the server; reached at once, or the test fails.
async fn at_once<T>(outcome: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), outcome).await.unwrap()
}

/// Whatever is asked of the stand-in, with no rows.
fn plain(request: &Seen) -> Answer {
    match request.path.as_str() {
        "Version" => Answer::json(json!({ "majorVersion": 1, "minorVersion": 6 })),
        path if path.ends_with("/query") => Answer::page(&[], None),
        _ => Answer::json(json!({ "fields": Vec::<Value>::new() })),
    }
}

/// Clients of one connector: two with the same code, made by clones of the connector, and one with another.
fn clients(connector: &Connector, server: &StandIn) -> (Client, Client, Client) {
    let client = |user_name, code| {
        let credentials = Credentials::new(user_name, SECRET, code);
        connector.clone().client(server.url.clone(), credentials).unwrap()
    };
    (client(USER_NAME, CODE), client("another-user@example.com", CODE), client(USER_NAME, "ANOTHER0CODE"))
}

fn ask(client: &Client, entity: &'static str) -> JoinHandle<Result<(), Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.page(entity, &Query::default(), None).await.map(|_| ()) })
}

/// Gives everything that could reach the server the time to do so: two attempts that fail and one that succeeds, with
/// the pauses in between, at an entity of its own under another code.
async fn meanwhile(other: &Client) {
    at_once(ask(other, "Meanwhile")).await.unwrap().unwrap();
}

/// The number of requests seen at an entity.
fn seen_at(server: &StandIn, entity: &str) -> usize {
    server.seen().iter().filter(|request| request.path.starts_with(entity)).count()
}

/// Answers the third request of [`meanwhile`] and fails the others.
fn meanwhile_answer(count: &AtomicUsize) -> Answer {
    if count.fetch_add(1, Ordering::SeqCst) % 3 == 2 { Answer::page(&[], None) } else { Answer::new(503, "") }
}

/// A server at which requests to `Tickets` stay in flight until `gate` has a permit for each.
async fn gated(gate: Arc<Semaphore>, most: Arc<AtomicUsize>) -> StandIn {
    let running = Arc::new(AtomicUsize::new(0));
    let meanwhiles = Arc::new(AtomicUsize::new(0));
    StandIn::start_async(move |_, request| {
        let (gate, most, running) = (gate.clone(), most.clone(), running.clone());
        let meanwhiles = meanwhiles.clone();
        async move {
            if request.path.starts_with("Meanwhile") {
                return meanwhile_answer(&meanwhiles);
            }
            if request.path.to_lowercase().starts_with("tickets") {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
            }
            plain(&request)
        }
    })
    .await
}

async fn until(condition: impl Fn() -> bool) {
    at_once(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn clients_with_one_code_share_two_places_at_an_entity() {
    let (gate, most) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = gated(gate.clone(), most.clone()).await;
    let (one, two, other) = clients(&Connector::new(server.options()).unwrap(), &server);
    let calls: Vec<_> =
        (0..8).map(|number| ask([&one, &two][number % 2], ["Tickets", "tickets"][number / 4])).collect();
    until(|| most.load(Ordering::SeqCst) == 2).await;
    meanwhile(&other).await;
    at_once(two.page("Companies", &Query::default(), None)).await.unwrap();
    at_once(two.version()).await.unwrap();
    for _ in 0..calls.len() {
        gate.add_permits(1);
        meanwhile(&other).await;
    }
    for outcome in at_once(future::join_all(calls)).await {
        outcome.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn another_code_has_its_own_places() {
    let (gate, most) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = gated(gate.clone(), most.clone()).await;
    let (one, _, other) = clients(&Connector::new(server.options()).unwrap(), &server);
    let calls: Vec<_> = (0..4).map(|number| ask([&one, &other][number % 2], "Tickets")).collect();
    until(|| most.load(Ordering::SeqCst) == 4).await;
    gate.add_permits(4);
    for outcome in at_once(future::join_all(calls)).await {
        outcome.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_request_that_waits_to_be_repeated_lets_others_pass() {
    let server = StandIn::start(|number, request| match number {
        0 => Answer::new(503, "").header("retry-after", "3000"),
        _ => plain(&request),
    })
    .await;
    let retry = RetryPolicy { max_delay: Duration::from_hours(1), ..server.options().retry };
    let options = Options { concurrency_per_entity: 1, retry, ..server.options() };
    let (one, two, _) = clients(&Connector::new(options).unwrap(), &server);
    let patient = ask(&one, "Tickets");
    until(|| server.seen().len() == 1).await;
    at_once(ask(&two, "Tickets")).await.unwrap().unwrap();
    assert!(!patient.is_finished());
    patient.abort();
}

#[tokio::test]
async fn a_repetition_waits_for_a_place_again() {
    let meanwhiles = AtomicUsize::new(0);
    let gate = Arc::new(Semaphore::new(0));
    let second = gate.clone();
    let server = StandIn::start_async(move |number, request| {
        let answer = if request.path.starts_with("Meanwhile") {
            meanwhile_answer(&meanwhiles)
        } else if number == 0 {
            Answer::new(503, "")
        } else {
            plain(&request)
        };
        let wait = number == 1;
        let gate = second.clone();
        async move {
            if wait {
                gate.acquire().await.unwrap().forget();
            }
            answer
        }
    })
    .await;
    let options = Options { concurrency_per_entity: 1, ..server.options() };
    let (one, two, other) = clients(&Connector::new(options).unwrap(), &server);
    let first = ask(&one, "Tickets");
    let second = ask(&two, "Tickets");
    until(|| server.seen().len() == 2).await;
    meanwhile(&other).await;
    assert_eq!(seen_at(&server, "Tickets"), 2, "the repetition is sent beside the request in flight");
    gate.add_permits(1);
    at_once(first).await.unwrap().unwrap();
    at_once(second).await.unwrap().unwrap();
    assert_eq!((one.requests(), two.requests()), (2, 1));
}

#[tokio::test]
async fn a_pace_holds_for_all_clients_with_the_code_and_all_their_calls() {
    let meanwhiles = AtomicUsize::new(0);
    let server = StandIn::start(move |_, request| match request.path.as_str() {
        "Meanwhile/query" => meanwhile_answer(&meanwhiles),
        "zoneInformation" => Answer::errors(500, "Zone information could not be determined"),
        _ => plain(&request),
    })
    .await;
    let connector = Connector::new(server.options()).unwrap();
    let (one, two, other) = clients(&connector, &server);
    at_once(ask(&two, "Companies")).await.unwrap().unwrap();
    one.set_pace(AN_HOUR);
    // What an answer means does not matter here, only that the request waits.
    let calls = async {
        let row = Filter::eq("id", 1);
        let _ = tokio::join!(two.version(), two.modules(), two.thresholds(), two.count("Tickets", &row));
    };
    let mut calls = pin!(calls);
    assert!(poll!(&mut calls).is_pending());
    at_once(future::select(&mut calls, pin!(meanwhile(&other)))).await;
    assert_eq!(at_once(connector.discover(USER_NAME)).await, Err(Error::UnknownUser));
    assert_eq!(server.seen().len(), 1 + 3 + 1, "one before, three meanwhile, and the discovery");

    two.set_pace(None);
    at_once(calls).await;
    for entity in ["Version", "Modules", "ThresholdInformation", "Tickets"] {
        assert_eq!(seen_at(&server, entity), 1, "{entity}");
    }
}

#[tokio::test]
async fn a_repetition_keeps_to_the_pace() {
    let meanwhiles = AtomicUsize::new(0);
    let server = StandIn::start(move |number, request| match request.path.as_str() {
        "Meanwhile/query" => meanwhile_answer(&meanwhiles),
        _ if number == 0 => Answer::new(503, ""),
        _ => plain(&request),
    })
    .await;
    let (one, _, other) = clients(&Connector::new(server.options()).unwrap(), &server);
    one.set_pace(AN_HOUR);
    let call = ask(&one, "Tickets");
    until(|| one.last_server_date().is_some()).await;
    meanwhile(&other).await;
    assert_eq!(seen_at(&server, "Tickets"), 1);
    one.set_pace(None);
    at_once(call).await.unwrap().unwrap();
    assert_eq!(seen_at(&server, "Tickets"), 2);
}

#[tokio::test]
async fn waiting_for_the_pace_is_not_counted_towards_the_time_out() {
    let server = StandIn::start_async(|_, request| {
        if request.path.starts_with("Silent") {
            future::pending().left_future()
        } else {
            future::ready(plain(&request)).right_future()
        }
    })
    .await;
    // One attempt, so that a time-out shows.
    let retry = RetryPolicy { max_attempts: 1, ..server.options().retry };
    let options = Options { request_timeout: Duration::from_millis(100), retry, ..server.options() };
    let (one, two, other) = clients(&Connector::new(options).unwrap(), &server);
    at_once(one.version()).await.unwrap();
    one.set_pace(AN_HOUR);
    let call = ask(&two, "Tickets");
    // Twice as long as the time-out.
    for _ in 0..2 {
        assert_eq!(at_once(ask(&other, "Silent")).await.unwrap(), Err(Error::Timeout));
    }
    one.set_pace(None);
    at_once(call).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pace_is_gone_with_the_last_client() {
    let server = StandIn::start(|_, request| plain(&request)).await;
    let connector = Connector::new(server.options()).unwrap();
    let client = || connector.client(server.url.clone(), credentials()).unwrap();
    let slow = client();
    slow.set_pace(AN_HOUR);
    at_once(slow.version()).await.unwrap();
    drop(slow);
    at_once(client().version()).await.unwrap();
}
