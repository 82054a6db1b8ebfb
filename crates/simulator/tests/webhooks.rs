//! Registering webhooks: what is refused, and when one is ready.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod common;

use common::Api;
use common::webhooks::{patched, valid};
use reqwest::Method;
use serde_json::{Value, json};
use taskgauge_simulator::{Fault, Slow, WebhookUrls};

#[tokio::test]
async fn a_wrong_registration_is_refused() {
    let api = Api::start().await;
    let good = valid("http://127.0.0.1:9");
    for name in [
        "name",
        "webhookUrl",
        "deactivationUrl",
        "secretKey",
        "isActive",
        "sendThresholdExceededNotification",
    ] {
        let mut lacking = good.clone();
        lacking.as_object_mut().unwrap().remove(name);
        for wrong in [lacking, patched(good.clone(), &json!({ name: null }))] {
            let text = api.refusal(Method::POST, "TicketWebhooks", wrong).await;
            assert_eq!(text, format!("Value does not exist for the required field {name}"));
        }
    }
    for (name, longest) in [
        ("name", 50),
        ("secretKey", 64),
        ("webhookUrl", 500),
        ("deactivationUrl", 500),
        ("notificationEmailAddress", 150),
    ] {
        let start = if name.ends_with("Url") { "http://127.0.0.1/" } else { "" };
        let text = |length: usize| format!("{start}{}", "x".repeat(length - start.len()));
        let long = patched(good.clone(), &json!({ name: text(longest + 1) }));
        let refusal = api.refusal(Method::POST, "CompanyWebhooks", long).await;
        assert!(refusal.contains(&format!("{name} exceeds the maximum length of {longest}")), "{refusal}");
        let fits = patched(good.clone(), &json!({ name: text(longest) }));
        let id = api.write(Method::POST, "CompanyWebhooks", fits).await;
        api.write(Method::DELETE, &format!("CompanyWebhooks/{id}"), json!({})).await;
    }
    let text = patched(good.clone(), &json!({"isActive": "yes"}));
    assert!(api.refusal(Method::POST, "TicketWebhooks", text).await.contains("isActive"));
    assert!(api.refusal(Method::POST, "TicketWebhooks", json!([])).await.contains("JSON object"));

    let id = api.write(Method::POST, "TicketWebhooks", good.clone()).await;
    for (list, row, why) in [
        ("Fields", json!({"fieldID": 1, "isSubscribedField": true}), "Picklist value [1] does not exist"),
        ("Fields", json!({"isSubscribedField": true}), "required field fieldID"),
        ("UdfFields", json!({"udfFieldID": 1}), "Picklist value [1] does not exist"),
        ("ExcludedResources", json!({"resourceID": 1}), "Reference value on field: resourceID"),
    ] {
        let path = format!("TicketWebhooks/{id}/{list}");
        assert!(api.refusal(Method::POST, &path, row.clone()).await.contains(why), "{list}");
        let nowhere = api.refusal(Method::POST, &format!("TicketWebhooks/99/{list}"), row).await;
        assert!(nowhere.contains("webhookID of type: TicketWebhook"), "{nowhere}");
    }
    for (method, path, body) in [
        (Method::DELETE, "TicketWebhooks/99", json!({})),
        (Method::PATCH, "TicketWebhooks", json!({"id": 99, "isActive": false})),
    ] {
        assert!(api.refusal(method, path, body).await.starts_with("No matching records found"));
    }
    // Notes have no user-defined fields, lists are not written at the root, and the excluded are not changed.
    assert_eq!(api.call(Method::POST, &format!("TicketNoteWebhooks/{id}/UdfFields"), json!({})).await.0, 404);
    assert_eq!(api.call(Method::POST, "TicketWebhookFields", json!({})).await.0, 405);
    assert_eq!(api.call(Method::DELETE, "TicketWebhookFields/1", json!({})).await.0, 405);
    let excluded = format!("TicketWebhooks/{id}/ExcludedResources");
    assert_eq!(api.call(Method::PATCH, &excluded, json!({})).await.0, 405);
    assert_eq!(api.call(Method::POST, "Tickets", json!({})).await.0, 405);
}

#[tokio::test]
async fn only_public_addresses_fit_when_told_so() {
    let api = Api::start().await;
    api.simulator.switches().set(|switches| switches.webhook_urls = WebhookUrls::PublicHttps);
    for address in [
        "http://hooks.example.com/a",
        "https://hooks.example.com:8443/a",
        "https://localhost/a",
        "https://server/a",
        "https://tenant.internal/a",
        "https://10.0.0.5/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "ftp://hooks.example.com/a",
        "not an address",
    ] {
        for name in ["webhookUrl", "deactivationUrl"] {
            let row = patched(valid("https://hooks.example.com"), &json!({"isActive": false, name: address}));
            assert!(api.refusal(Method::POST, "TicketWebhooks", row).await.contains(name), "{address}");
        }
    }
    api.write(Method::POST, "TicketWebhooks", valid("https://hooks.example.com:443")).await;
    api.simulator.switches().set(|switches| switches.webhook_urls = WebhookUrls::Any);
    api.write(Method::POST, "TicketWebhooks", valid("http://127.0.0.1:9")).await;
    assert!(api.refusal(Method::POST, "TicketWebhooks", valid("ftp://127.0.0.1")).await.contains("Url"));
}

#[tokio::test]
async fn the_right_and_its_limit_are_enforced() {
    let api = Api::start().await;
    let good = valid("http://127.0.0.1:9");
    api.simulator.switches().set(|switches| switches.most_webhooks = 2);
    let id = api.write(Method::POST, "TicketWebhooks", good.clone()).await;
    api.write(Method::POST, "ContactWebhooks", good.clone()).await;
    let text = api.refusal(Method::POST, "CompanyWebhooks", good.clone()).await;
    assert_eq!(text, "The maximum number of webhooks (2) has been reached.");
    let (_, info) = api.get("CompanyWebhooks/entityInformation").await;
    assert_eq!(info["info"]["canCreate"], json!(true));
    api.simulator.switches().set(|switches| switches.may_create_webhooks = false);
    let (_, info) = api.get("CompanyWebhooks/entityInformation").await;
    assert_eq!(info["info"]["canCreate"], json!(false));
    let field = api.field_id("TicketWebhookFields", "status").await;
    for (method, path, body) in [
        (Method::POST, "CompanyWebhooks".to_owned(), good),
        (Method::PATCH, "TicketWebhooks".to_owned(), json!({"id": id, "isActive": false})),
        (Method::POST, format!("TicketWebhooks/{id}/Fields"), json!({"fieldID": field})),
    ] {
        assert!(api.refusal(method, &path, body).await.contains("adequate permissions"), "{path}");
    }
    api.write(Method::DELETE, &format!("TicketWebhooks/{id}"), json!({})).await;
}

#[tokio::test]
async fn a_webhook_is_ready_with_a_subscribed_field() {
    let api = Api::start().await;
    let kind = "TicketWebhook";
    let id = api.write(Method::POST, "TicketWebhooks", valid("http://127.0.0.1:9")).await;
    let fresh = api.webhook(kind, id).await;
    assert_eq!(fresh["isReady"], json!(false));
    assert_eq!(fresh["secretKey"], Value::Null, "it is written and never read");
    assert_eq!(fresh["webhookGUID"].as_str().unwrap().len(), 36);
    assert!(fresh["ownerResourceID"].is_i64());

    let status = api.field_id("TicketWebhookFields", "status").await;
    assert!(status > 3, "ids are the tenant's own: {status}");
    let fields = format!("TicketWebhooks/{id}/Fields");
    let shown = json!({"fieldID": status, "isDisplayAlwaysField": true});
    let field = api.write(Method::POST, &fields, shown).await;
    assert_eq!(api.webhook(kind, id).await["isReady"], json!(false), "shown is not subscribed");
    api.write(Method::PATCH, &fields, json!({"id": field, "isSubscribedField": true})).await;
    assert_eq!(api.webhook(kind, id).await["isReady"], json!(true));

    let (_, listed) = api.get(&fields).await;
    let expected = json!({
        "id": field, "fieldID": status, "isSubscribedField": true, "isDisplayAlwaysField": true, "webhookID": id
    });
    assert_eq!(listed["items"], json!([expected]));
    assert_eq!(api.get(&format!("{fields}/{field}")).await.1["item"], expected);
    let mine = json!([{"op": "eq", "field": "webhookID", "value": id}]);
    assert_eq!(api.query("TicketWebhookFields", mine.clone()).await.1["items"], json!([expected]));
    assert_eq!(api.count("TicketWebhookFields", mine.clone()).await, 1);
    let (status, nested) = api.get(&format!("{fields}/entityInformation/fields")).await;
    assert_eq!(status, 200);
    assert_eq!(nested, api.get("TicketWebhookFields/entityInformation/fields").await.1);

    api.write(Method::DELETE, &format!("{fields}/{field}"), json!({})).await;
    assert_eq!(api.webhook(kind, id).await["isReady"], json!(false));
    let deletes = json!({"id": id, "isSubscribedToCreateEvents": false, "isSubscribedToUpdateEvents": false});
    api.write(Method::PATCH, "TicketWebhooks", deletes).await;
    let patched = api.webhook(kind, id).await;
    assert_eq!(patched["isReady"], json!(true), "deletions need no field");
    assert_eq!(patched["name"], json!("Taskgauge"), "what is not named stays");

    // A full write empties what it does not name, and cannot do without the key.
    let mut full = valid("http://127.0.0.1:9");
    full.as_object_mut().unwrap().remove("isSubscribedToDeleteEvents");
    full["id"] = json!(id);
    api.write(Method::PUT, "TicketWebhooks", full.clone()).await;
    let put = api.webhook(kind, id).await;
    assert_eq!(put["isSubscribedToDeleteEvents"], json!(false));
    assert_eq!(put["webhookGUID"], fresh["webhookGUID"]);
    full["secretKey"] = Value::Null;
    assert!(api.refusal(Method::PUT, "TicketWebhooks", full).await.contains("secretKey"));

    api.subscribe(kind, id, "title").await;
    api.write(Method::DELETE, &format!("TicketWebhooks/{id}"), json!({})).await;
    assert_eq!(api.get(&format!("TicketWebhooks/{id}")).await.0, 404);
    assert_eq!(api.count("TicketWebhookFields", mine).await, 0, "its lists go along");
}

#[tokio::test]
async fn registering_shares_the_threads_of_its_list() {
    let api = Api::start().await;
    let id = api.write(Method::POST, "TicketWebhooks", valid("http://127.0.0.1:9")).await;
    let field = api.field_id("TicketWebhookFields", "status").await;
    api.simulator.switches().set(|switches| {
        let fault = Fault::always().on("TicketWebhookFields");
        switches.slow_first_byte = Some(Slow { delay_ms: 300, fault });
    });
    let path = format!("TicketWebhooks/{id}/Fields");
    let post = || api.call(Method::POST, &path, json!({"fieldID": field}));
    let answers = futures::future::join_all([post(), post(), post(), post()]).await;
    assert_eq!(answers.iter().filter(|answer| answer.0 == 429).count(), 1);
    assert_eq!(api.simulator.log().max_concurrency("TicketWebhookFields"), 4);
    assert_eq!(api.rows("TicketWebhookFields").len(), 3);
}
