//! What goes wrong when told to: missing rights, limits and faults of the service on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod common;

use std::time::Duration;

use common::Api;
use reqwest::StatusCode;
use serde_json::json;
use taskgauge_simulator::{DateSuffix, Fault, MissingId, Slow};

#[tokio::test]
async fn a_missing_id_is_answered_three_ways() {
    let api = Api::start().await;
    assert_eq!(api.get("Tickets/1").await.0, 404);
    api.simulator.switches().set(|switches| switches.missing_id = MissingId::ItemNull);
    assert_eq!(api.get("Tickets/1").await, (StatusCode::OK, json!({"item": null})));
    api.simulator.switches().set(|switches| switches.missing_id = MissingId::Empty);
    assert_eq!(api.get("Tickets/1").await, (StatusCode::OK, json!("")));
}

#[tokio::test]
async fn rights_can_be_missing_loudly_and_silently() {
    let api = Api::start().await;
    let all = json!([{"op": "exist", "field": "id"}]);
    api.simulator.switches().set(|switches| {
        switches.forbidden.insert("Invoices".into());
        switches.silently_empty.insert("billingitems".into());
        switches.hide_non_billable_time = true;
        switches.hide_costs = true;
        switches.date_suffix = DateSuffix::Z;
    });
    assert!(api.refused("Invoices", json!({"filter": all})).await.contains("adequate permissions"));
    assert_eq!(api.count("BillingItems", all.clone()).await, 0);
    let billable = api.rows("TimeEntries").iter().filter(|row| row["isNonBillable"] == json!(false)).count();
    assert_eq!(api.count("TimeEntries", all.clone()).await, i64::try_from(billable).unwrap());
    let (_, body) = api.query("Resources", all.clone()).await;
    assert!(body["items"].as_array().unwrap().iter().all(|row| row["internalCost"].is_null()));
    let (_, body) = api.query("Tickets", all).await;
    assert!(body["items"][0]["createDate"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn the_thread_limit_counts_open_requests_of_an_entity() {
    let api = Api::start().await;
    api.simulator.switches().set(|switches| {
        switches.slow_first_byte = Some(Slow { delay_ms: 300, fault: Fault::always().on("Tickets") });
        switches.retry_after = Some(7);
    });
    let one = || api.get("Tickets/entityInformation");
    let (first, second, third, fourth, other) =
        futures::join!(one(), one(), one(), one(), api.get("Companies/entityInformation"));
    let statuses = [first.0, second.0, third.0, fourth.0];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 1);
    assert_eq!(other.0, 200, "another entity has threads of its own");
    let refused = [first, second, third, fourth].into_iter().find(|answer| answer.0 == 429).unwrap();
    assert!(
        refused.1["errors"][0]
            .as_str()
            .unwrap()
            .contains("The Autotask API thread threshold of 3 threads has been exceeded")
    );
    let log = api.simulator.log();
    assert_eq!((log.count("Tickets"), log.max_concurrency("Tickets")), (4, 4));
    assert_eq!(log.entities["Tickets"].refused, 1);
    api.simulator.switches().reset();
    assert_eq!(api.get("Tickets/entityInformation").await.0, 200, "threads are freed");
}

#[tokio::test]
async fn the_hourly_limit_stops_everyone() {
    let api = Api::start().await;
    api.simulator.switches().set(|switches| switches.hourly_used_by_others = 9_998);
    let (_, usage) = api.get("ThresholdInformation").await;
    assert_eq!(
        usage,
        json!({"externalRequestThreshold": 10_000, "requestThresholdTimeframe": 60, "currentTimeframeRequestCount": 9_999})
    );
    assert_eq!(api.get("Version").await.0, 200);
    let (status, body) = api.get("Version").await;
    assert_eq!(status, 429);
    assert!(body["errors"][0].is_string());
    api.simulator.switches().set(|switches| switches.hourly_status = 500);
    assert_eq!(api.get("Version").await.0, 500);
    api.simulator.clear_log();
    api.simulator.switches().reset();
    assert_eq!(api.get("Version").await.0, 200);
}

#[tokio::test]
async fn faults_strike_where_and_as_often_as_told() {
    let api = Api::start().await;
    let path = "Companies/query";
    let body = json!({"filter": [{"op": "exist", "field": "id"}]});
    api.simulator.switches().set(|switches| switches.html_503 = Some(Fault::next(1).on("Companies")));
    assert_eq!(api.get("Version").await.0, 200);
    let (status, page) = api.post(path, &body).await;
    assert_eq!(status, 503);
    assert!(page.as_str().unwrap().starts_with("<html>"));
    assert_eq!(api.post(path, &body).await.0, 200);

    api.simulator.switches().set(|switches| switches.empty_body = Some(Fault::next(1)));
    assert_eq!(api.post(path, &body).await, (StatusCode::OK, json!("")));

    for reset in [false, true] {
        api.simulator.switches().set(|switches| {
            let fault = Some(Fault::next(1));
            *(if reset { &mut switches.reset_connection } else { &mut switches.truncate_body }) = fault;
        });
        let request = api.signed(api.client.post(format!("{}V1.0/{path}", api.base)).json(&body));
        let outcome = async { request.send().await?.bytes().await }.await;
        assert!(outcome.is_err(), "the answer must not arrive whole");
    }

    api.simulator.switches().set(|switches| switches.hang = Some(Fault::next(1)));
    let request =
        api.signed(api.client.get(format!("{}V1.0/Version", api.base))).timeout(Duration::from_millis(200));
    assert!(request.send().await.unwrap_err().is_timeout());

    api.simulator.switches().set(|switches| switches.unordered = Some(Fault::next(1)));
    let (_, page) = api.post(path, &body).await;
    assert!(page["items"][0]["id"].as_i64() > page["items"][1]["id"].as_i64());

    api.simulator.switches().set(|switches| switches.ignore_filter = Some(Fault::next(1)));
    let (_, page) = api.post(path, &json!({"filter": [{"op": "eq", "field": "id", "value": 0}]})).await;
    assert!(page["items"].as_array().unwrap().len() > 1);
    assert_eq!(
        api.simulator.switches().get(),
        taskgauge_simulator::Switches::default(),
        "every fault is used up"
    );
}
