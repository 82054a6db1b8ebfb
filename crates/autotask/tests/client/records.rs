//! Single rows, nested collections, counts and metadata.

use axum::http::Method;
use rstest::rstest;
use serde_json::json;
use taskgauge_autotask::{Error, Filter, Thresholds};

use crate::stand_in::{Answer, StandIn};

#[rstest]
#[case(404, "")]
#[case(404, r#"{"errors":["not found"]}"#)]
#[case(200, r#"{"item":null}"#)]
#[case(200, "")]
#[case(204, "")]
#[tokio::test]
async fn a_missing_record_is_none_however_it_is_told(#[case] status: u16, #[case] body: &'static str) {
    let server = StandIn::start(move |_, _| Answer::new(status, body)).await;
    assert_eq!(server.client().get("Tickets", 7).await, Ok(None));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].path, "Tickets/7");
}

#[rstest]
#[case(json!({ "item": { "id": 7, "new": [1] } }))]
#[case(json!({ "Item": { "id": 7, "new": [1] } }))]
#[case(json!({ "items": [{ "id": 7, "new": [1] }] }))]
#[tokio::test]
async fn a_record_keeps_all_of_its_members(#[case] answer: serde_json::Value) {
    let server = StandIn::start(move |_, _| Answer::json(answer.clone())).await;
    let row = server.client().get("Tickets", 7).await.unwrap().unwrap();
    assert_eq!(serde_json::Value::Object(row), json!({ "id": 7, "new": [1] }));
}

#[tokio::test]
async fn nested_collections_are_read_to_the_end_with_get() {
    let server = StandIn::start(|number, _| match number {
        0 => Answer::page(&[1, 2], Some("/ATServicesRest/V1.0/Tickets/5/Notes?page=2")),
        _ => Answer::page(&[3], None),
    })
    .await;
    let client = server.client();
    assert_eq!(client.children("Tickets", 5, "Notes").await.unwrap().len(), 3);
    let seen = server.seen();
    assert!(seen.iter().all(|request| request.method == Method::GET && request.path == "Tickets/5/Notes"));
    assert_eq!(seen[1].query, "page=2");
    assert_eq!(client.requests_for("Tickets"), 2);
}

#[tokio::test]
async fn nested_pages_in_a_circle_end() {
    let server =
        StandIn::start(|_, _| Answer::page(&[1], Some("/ATServicesRest/V1.0/Tickets/5/Notes"))).await;
    let outcome = server.client().children("Tickets", 5, "Notes").await;
    assert!(matches!(outcome, Err(Error::Decode { .. })));
}

#[tokio::test]
async fn a_nested_link_to_elsewhere_gets_nothing() {
    let other = StandIn::start(|_, _| Answer::page(&[2], None)).await;
    let link = other.at("Tickets/5/Notes?page=2");
    let server = StandIn::start(move |_, _| Answer::page(&[1], Some(&link))).await;
    let outcome = server.client().children("Tickets", 5, "Notes").await;
    assert_eq!(outcome, Err(Error::Origin { host: "127.0.0.1".to_owned() }));
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn counts_are_posted() {
    let server = StandIn::start(|_, _| Answer::json(json!({ "queryCount": 42 }))).await;
    assert_eq!(server.client().count("Tickets", &Filter::All).await, Ok(42));
    let seen = &server.seen()[0];
    assert_eq!((&seen.method, seen.path.as_str()), (&Method::POST, "Tickets/query/count"));
    assert_eq!(seen.body, json!({ "filter": [{ "op": "exist", "field": "id" }] }));
}

#[tokio::test]
async fn metadata_is_read() {
    let server = StandIn::start(|_, request| match request.path.as_str() {
        "Version" => Answer::json(json!({ "majorVersion": "1", "minorVersion": "6", "build": "x", "customerType": "y" })),
        "ThresholdInformation" => Answer::json(json!({
            "externalRequestThreshold": 10000, "requestThresholdTimeframe": 60, "currentTimeframeRequestCount": 124,
        })),
        "Modules" => Answer::json(json!({ "modules": [{ "key": 3, "value": true }] })),
        "Tickets/entityInformation" => Answer::json(json!({ "info": { "name": "Ticket", "canQuery": true } })),
        "Tickets/entityInformation/fields" => {
            Answer::json(json!({ "fields": [{ "name": "id", "dataType": "long", "isQueryable": true }] }))
        }
        "Tickets/entityInformation/userDefinedFields" => {
            Answer::json(json!({ "fields": [{ "name": "Site", "label": "The site", "type": "String" }] }))
        }
        other => panic!("unexpected {other}"),
    })
    .await;
    let client = server.client();
    assert_eq!(client.version().await.unwrap().minor, "6");
    let thresholds = Thresholds { limit: 10_000, timeframe_minutes: 60, used: 124 };
    assert_eq!(client.thresholds().await, Ok(thresholds));
    assert_eq!(client.modules().await.unwrap()[0].key, "3");
    assert!(client.info("Tickets").await.unwrap().can_query);
    assert_eq!(client.fields("Tickets").await.unwrap()[0].data_type, "long");
    assert_eq!(client.user_defined_fields("Tickets").await.unwrap()[0].data_type, "string");
    assert_eq!(client.requests_for("Tickets"), 3);
    assert_eq!(client.requests_for("ThresholdInformation"), 1);
    assert_eq!(client.requests(), 6);
}

#[tokio::test]
async fn an_entity_without_user_defined_fields_has_none() {
    let server = StandIn::start(|_, _| Answer::new(404, "")).await;
    let client = server.client();
    assert_eq!(client.user_defined_fields("Roles").await, Ok(vec![]));
    assert_eq!(client.fields("Roles").await, Err(Error::NotFound), "only there");
}
