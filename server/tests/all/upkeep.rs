//! Webhooks and completeness, as an admin and Autotask meet them.

use crate::house::{House, sync, synced};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WEBHOOKS: &str = "/data/datasources/1/webhooks";
const COMPLETENESS: &str = "/data/datasources/1/completeness";

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_turned_on_call_and_are_turned_off() {
    let (house, server, browser, simulator) = synced().await;
    let page = browser.text(WEBHOOKS).await;
    assert!(page.contains("Webhooks are off"), "{page}");
    let refused = browser.post(WEBHOOKS, &[("address", "http://taskgauge.example.com")]).await;
    assert_eq!(refused.status(), 422);
    let words = refused.text().await.unwrap();
    assert!(words.contains("public https addresses on port 443"), "{words}");
    assert!(words.contains("value=\"http://taskgauge.example.com\""), "what was typed stays: {words}");

    let address = server.url.clone();
    assert_eq!(browser.post(WEBHOOKS, &[("address", address.as_str())]).await.status(), 303);
    sync(&house);
    let page = browser.text(WEBHOOKS).await;
    assert_eq!(page.matches("Active").count(), 5, "{page}");

    let pool = sqlx::PgPool::connect(&house.database_url()).await.unwrap();
    let ticket: i64 =
        sqlx::query_scalar("select min(id) from autotask.tickets").fetch_one(&pool).await.unwrap();
    let row = json!({ "id": ticket, "title": "Called out" }).as_object().unwrap().clone();
    simulator.edit(|world| world.upsert("Tickets", row).unwrap());
    let began = Instant::now();
    let sent = simulator.deliver().await;
    assert_eq!(sent.iter().map(|sent| sent.status).collect::<Vec<_>>(), [204]);
    loop {
        let title: String = sqlx::query_scalar("select title from autotask.tickets where id = $1")
            .bind(ticket)
            .fetch_one(&pool)
            .await
            .unwrap();
        if title == "Called out" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the change did not arrive");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?} from the callout to the commit");
    let metrics = browser.text("/metrics").await;
    assert!(metrics.contains("taskgauge_webhooks_active{datasource=\"Northwind\"} 5\n"), "{metrics}");
    assert!(metrics.contains("taskgauge_callouts_waiting{datasource=\"Northwind\"} 0\n"), "{metrics}");

    let told = house.run(&["datasource", "webhooks", "--name", "Northwind", "--json"]).well().json();
    assert_eq!(told["address"], address);
    let states: Vec<&Value> = told["webhooks"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["active"; 5]);
    let wrong = ["datasource", "webhooks", "--name", "Northwind", "--address", "http://example.com"];
    house.run(&wrong).badly("public https addresses");

    assert_eq!(browser.post(&format!("{WEBHOOKS}/off"), &[]).await.status(), 303);
    sync(&house);
    assert!(browser.text(WEBHOOKS).await.contains("Webhooks are off"));
    assert_eq!(simulator.with_world(|world| world.len("TicketWebhooks")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn callouts_of_strangers_are_refused_alike() {
    let house = House::on_database().await;
    let server = house.serve();
    let stranger = server.browser();
    for path in ["/hooks/1/TicketWebhooks", "/hooks/1/TicketWebhooks/deactivated", "/hooks/77/Anything"] {
        let answer = stranger
            .request(Method::POST, path)
            .header("x-hook-signature", "sha1=AAAA")
            .body(r#"{"Action":"Deactivated","Guid":"g"}"#)
            .send()
            .await
            .unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (401, ""), "{path}");
        assert_eq!(stranger.get(path).await.status(), 405, "{path}");
    }
    let large = "x".repeat(257 * 1024);
    let answer = stranger.request(Method::POST, "/hooks/1/TicketWebhooks").body(large).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_complete_is_shown_and_compared_on_request() {
    let (house, _server, browser, _simulator) = synced().await;
    let page = browser.text(COMPLETENESS).await;
    assert!(page.contains("Nothing was compared yet"), "{page}");
    assert!(page.contains("Every row that came could be read."), "{page}");

    let pool = sqlx::PgPool::connect(&house.database_url()).await.unwrap();
    sqlx::query("delete from autotask.time_entries where id in (select id from autotask.time_entries order by id limit 3)")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into taskgauge.quarantine (datasource_id, entity, id, reason, \"row\", at)
        select datasource_id, 'Contacts', id, 'lastName is a list.', '{\"lastName\": [\"<script>\"]}', now()
        from autotask.contacts order by id limit 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(browser.post(COMPLETENESS, &[]).await.status(), 303);
    let summary = sync(&house);
    let compared = summary["comparisons"].as_array().unwrap();
    let entries =
        compared.iter().find(|one| one["entity"] == "TimeEntries" && one["part"] == "all records").unwrap();
    assert_eq!(entries["there"].as_i64().unwrap() - entries["here"].as_i64().unwrap(), 3);
    assert_eq!(entries["repaired"], 3);
    let page = browser.text(COMPLETENESS).await;
    assert!(page.contains("Time entries") && page.contains("Repaired"), "{page}");
    assert!(page.contains("lastName is a list."), "{page}");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
}
