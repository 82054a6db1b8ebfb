//! Pages, walks, links to next pages, and the limit of simultaneous requests.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Method;
use futures::{StreamExt, TryStreamExt, future};
use rstest::rstest;
use serde_json::{Value, json};
use taskgauge_autotask::{Error, Filter, Page, Query, value};
use tokio::sync::Barrier;

use crate::stand_in::{Answer, CODE, SECRET, Seen, StandIn, USER_NAME};

const IDS: [i64; 5] = [0, 3, 4, 9, 12];

/// Answers an id walk over [`IDS`] as the API does: the position is the first part of an explicit `and`, or alone.
fn table(request: &Seen) -> Answer {
    let filter = &request.body["filter"][0];
    let position = if filter["op"] == "and" { &filter["items"][0] } else { filter };
    let bound = position["value"].as_i64().unwrap();
    let size = usize::try_from(request.body["MaxRecords"].as_u64().unwrap()).unwrap();
    let matches = |id: &i64| match position["op"].as_str().unwrap() {
        "gte" => *id >= bound,
        "gt" => *id > bound,
        other => panic!("unexpected position {other}"),
    };
    let ids: Vec<i64> = IDS.into_iter().filter(matches).take(size).collect();
    Answer::page(&ids, None)
}

fn ids(pages: &[Page]) -> Vec<i64> {
    pages.iter().flat_map(|page| &page.rows).map(|row| value::integer(&row["id"]).unwrap().unwrap()).collect()
}

#[tokio::test]
async fn a_walk_starts_at_id_zero_and_ends_at_a_short_page() {
    let server = StandIn::start(|_, request| table(&request)).await;
    let client = server.client();
    let query = Query::new(Filter::noteq("status", 5)).include_fields(["title"]).page_size(2);
    let pages: Vec<Page> = client.walk("Tickets", query, None).try_collect().await.unwrap();

    assert_eq!(ids(&pages), IDS);
    assert_eq!(pages.iter().map(|page| page.complete).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(pages[1].last_id, Some(9));
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.method == Method::POST && request.path == "Tickets/query"));
    assert_eq!(
        seen[0].body,
        json!({
            "MaxRecords": 2,
            "IncludeFields": ["id", "title"],
            "filter": [{ "op": "and", "items": [
                { "op": "gte", "field": "id", "value": 0 },
                { "op": "noteq", "field": "status", "value": 5 },
            ] }],
        })
    );
    assert_eq!(seen[0].headers["username"], USER_NAME);
    assert_eq!(seen[0].headers["secret"], SECRET);
    assert_eq!(seen[0].headers["apiintegrationcode"], CODE);
    assert!(!seen[0].headers.contains_key("impersonationresourceid"));
    assert_eq!(
        (client.requests(), client.requests_for("tickets"), client.requests_for("Companies")),
        (3, 3, 0)
    );
    assert!(client.last_server_date().is_some());
}

#[tokio::test]
async fn a_walk_goes_on_where_another_stopped() {
    let server = StandIn::start(|_, request| table(&request)).await;
    let query = Query::default().page_size(2);
    let pages: Vec<Page> = server.client().walk("Tickets", query, Some(4)).try_collect().await.unwrap();
    assert_eq!(ids(&pages), [9, 12]);
    assert!(pages.last().unwrap().complete);
    assert_eq!(pages.len(), 2, "a full last page is followed by an empty one");
}

#[tokio::test]
async fn a_server_that_caps_pages_does_not_end_the_walk() {
    let server = StandIn::start(|number, request| {
        let start = request.body["filter"][0]["value"].as_i64().unwrap();
        match number {
            0 => Answer::page(&[1, 2], Some("link")),
            1 => Answer::page(&[start + 1], None),
            _ => panic!("the walk goes past its end"),
        }
    })
    .await;
    let pages: Vec<Page> =
        server.client().walk("Tickets", Query::default(), None).try_collect().await.unwrap();
    assert_eq!(ids(&pages), [1, 2, 3]);
}

#[rstest]
#[case(&[2, 1], Error::OutOfOrder { entity: "Tickets".to_owned(), previous: 2, found: 1 })]
#[case(&[5, 6], Error::OutOfOrder { entity: "Tickets".to_owned(), previous: 6, found: 5 })]
#[case(&[7, 8, 9], Error::PageTooLarge { entity: "Tickets".to_owned(), asked: 2, got: 3 })]
#[tokio::test]
async fn a_lie_ends_the_walk(#[case] second: &'static [i64], #[case] expected: Error) {
    let server = StandIn::start(move |number, _| {
        if number == 0 && second[0] != 2 { Answer::page(&[5, 6], None) } else { Answer::page(second, None) }
    })
    .await;
    let walk = server.client().walk("Tickets", Query::default().page_size(2), None);
    let outcomes: Vec<Result<Page, Error>> = walk.collect().await;
    assert_eq!(outcomes.last().unwrap().as_ref().unwrap_err(), &expected);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
}

#[tokio::test]
async fn the_next_page_of_a_post_is_a_post_with_the_same_body() {
    let server = StandIn::start(|_, request| match (&request.method, request.path.as_str()) {
        (&Method::POST, "Tickets/query") => {
            Answer::page(&[1, 2], Some("/ATServicesRest/V1.0/Tickets/query/next?paging=%7b1%7d"))
        }
        (&Method::POST, "Tickets/query/next") => Answer::page(&[3], None),
        _ => Answer::new(
            405,
            json!({ "Message": "The requested resource does not support http method 'GET'." }).to_string(),
        ),
    })
    .await;
    let client = server.client();
    let query = Query::new(Filter::eq("status", 1)).page_size(2);
    let first = client.page("Tickets", &query, None).await.unwrap();
    let link = first.next_page_url.unwrap();
    let second = client.next_page_by_url("Tickets", &query, None, &link).await.unwrap();
    assert_eq!(second.last_id, Some(3));
    assert!(second.complete);
    let seen = server.seen();
    assert_eq!(seen[1].query, "paging=%7b1%7d", "the token is opaque");
    assert_eq!(seen[0].body, seen[1].body);
}

#[tokio::test]
async fn a_wrong_verb_is_an_error_and_not_the_end() {
    let server = StandIn::start(|number, _| match number {
        0 => Answer::page(&[1], Some("Notes/next")),
        _ => Answer::new(405, json!({ "Message": "no GET" }).to_string()),
    })
    .await;
    let outcome = server.client().children("Tickets", 5, "Notes").await;
    assert_eq!(outcome, Err(Error::MethodNotAllowed));
    assert_eq!(server.seen().len(), 2);
}

#[rstest]
#[case("/ATServicesRest/V1.0/Tickets/query/next?paging=x")]
#[case("/atservicesrest/v1.0/Tickets/query/next?paging=x")]
#[case("query/next?paging=x")]
#[case("Tickets/query/next?paging=x")]
#[case("tickets/query/next?paging=x")]
#[tokio::test]
async fn relative_links_are_followed(#[case] link: &str) {
    let server = StandIn::start(|_, _| Answer::page(&[3], None)).await;
    server.client().next_page_by_url("Tickets", &Query::default(), None, link).await.unwrap();
    let seen = &server.seen()[0];
    assert!(seen.path.to_lowercase().ends_with("tickets/query/next"), "{}", seen.path);
    assert!(!seen.path.to_lowercase().contains("tickets/tickets"));
    assert_eq!(seen.query, "paging=x");
}

#[tokio::test]
async fn links_to_elsewhere_get_nothing() {
    let server = StandIn::start(|_, _| Answer::page(&[1], None)).await;
    let other = StandIn::start(|_, _| Answer::page(&[1], None)).await;
    let port = other.url.port().unwrap();
    for link in [
        other.at("Tickets/query/next?paging=x"),
        format!("//127.0.0.1:{port}/ATServicesRest/V1.0/Tickets/query/next"),
        server.at("Tickets/query/next").replace("http://", "https://"),
        server.at("Tickets/query/next").replace("http://", "http://user@"),
        format!("{}another/application", server.url),
        "../../../another/application".to_owned(),
        "https://webservices5.autotask.net/ATServicesRest/V1.0/Tickets/query/next".to_owned(),
        "data:application/json,{}".to_owned(),
    ] {
        let outcome = server.client().next_page_by_url("Tickets", &Query::default(), None, &link).await;
        assert!(matches!(outcome, Err(Error::Origin { .. })), "{link}: {outcome:?}");
    }
    assert!(server.seen().is_empty());
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn invalid_queries_are_not_sent() {
    let server = StandIn::start(|_, _| Answer::page(&[], None)).await;
    let client = server.client();
    let long = Filter::is_in("companyID", 0..501);
    for outcome in [
        client.page("Tickets", &Query::new(long.clone()), None).await.map(|_| ()),
        client.page("Tickets", &Query::default().page_size(501), None).await.map(|_| ()),
        client.page("Tickets/../Companies", &Query::default(), None).await.map(|_| ()),
        client.count("Tickets", &long).await.map(|_| ()),
    ] {
        assert!(matches!(outcome, Err(Error::InvalidQuery(_))), "{outcome:?}");
    }
    assert!(server.seen().is_empty());
    client.page("Tickets", &Query::new(Filter::is_in("companyID", 0..500)), None).await.unwrap();
}

#[tokio::test]
async fn never_more_than_two_requests_run_per_entity() {
    // Each request of an entity waits for a partner, so the calls only finish if two do run at once.
    let running: Arc<[AtomicUsize; 2]> = Arc::default();
    let most: Arc<[AtomicUsize; 2]> = Arc::default();
    let partners = Arc::new([Barrier::new(2), Barrier::new(2)]);
    let server = StandIn::start_async({
        let (running, most) = (running.clone(), most.clone());
        move |_, request| {
            let (running, most, partners) = (running.clone(), most.clone(), partners.clone());
            async move {
                let entity = usize::from(request.path.starts_with("Companies"));
                let now = running[entity].fetch_add(1, Ordering::SeqCst) + 1;
                most[entity].fetch_max(now, Ordering::SeqCst);
                partners[entity].wait().await;
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                running[entity].fetch_sub(1, Ordering::SeqCst);
                if request.method == Method::POST {
                    Answer::page(&[], None)
                } else {
                    Answer::json(json!({ "fields": Vec::<Value>::new() }))
                }
            }
        }
    })
    .await;
    let client = server.client();
    let query = Query::default();
    let calls = (0..8).map(|number| {
        let client = client.clone();
        let query = &query;
        async move {
            // Every endpoint of an entity counts, whatever the case of its name.
            match number % 4 {
                0 => client.page("Tickets", query, None).await.map(|_| ()),
                1 => client.fields("tickets").await.map(|_| ()),
                _ => client.page("Companies", query, None).await.map(|_| ()),
            }
        }
    });
    for outcome in future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(most.each_ref().map(|most| most.load(Ordering::SeqCst)), [2, 2]);
}
