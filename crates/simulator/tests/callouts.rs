//! Callouts of webhooks: what is told when, and what happens when nobody answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::Api;
use common::webhooks::{Receiver, SECRET, body, sequences, signature};
use reqwest::Method;
use serde_json::{Value, json};
use taskgauge_simulator::{Fault, WebhookEscaping, World};

#[tokio::test]
async fn callouts_tell_what_changed() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let kind = "TicketWebhook";
    let id = api.register(kind, &receiver.url, &["status", "title", "dueDateTime"]).await;
    let number = api.field_id("TicketWebhookFields", "ticketNumber").await;
    let shown = json!({"fieldID": number, "isDisplayAlwaysField": true});
    api.write(Method::POST, &format!("TicketWebhooks/{id}/Fields"), shown).await;
    let cause = api.field_id("TicketWebhookUdfFields", "Root Cause").await;
    let udf = json!({"udfFieldID": cause, "isSubscribedField": true});
    api.write(Method::POST, &format!("TicketWebhooks/{id}/UdfFields"), udf).await;
    let guid = api.webhook(kind, id).await["webhookGUID"].clone();

    let ticket = api.edit(
        "Tickets",
        &json!({"title": "Printer", "status": 1, "ticketNumber": "T20260318.0999", "companyID": 0,
            "creatorResourceID": 77, "dueDateTime": "2026-03-19T10:00:00"}),
    );
    api.edit("Tickets", &json!({"id": ticket, "priority": 4}));
    api.edit(
        "Tickets",
        &json!({"id": ticket, "status": 8, "title": "Printer", "lastActivityResourceID": 78}),
    );
    api.edit(
        "Tickets",
        &json!({"id": ticket, "userDefinedFields": [{"name": "Root Cause", "value": "Hardware"}]}),
    );
    api.simulator.edit(|world| {
        world.act_as(Some(79));
        world.delete("Tickets", ticket);
        world.act_as(None);
    });
    let sent = api.simulator.deliver().await;
    let bodies: Vec<Value> = sent.iter().map(body).collect();
    let event = |action: &str, fields: Value, sequence: i64, person: i64| {
        json!({
            "Action": action, "Guid": guid, "EntityType": "Ticket", "Id": ticket, "Fields": fields,
            "EventTime": "2026-03-18T15:30:00", "SequenceNumber": sequence, "PersonID": person,
        })
    };
    let number = "T20260318.0999";
    assert_eq!(
        bodies,
        [
            event(
                "Create",
                json!({"status": 1, "title": "Printer", "dueDateTime": "2026-03-19T10:00:00", "ticketNumber": number}),
                1,
                77
            ),
            event("Update", json!({"status": 8, "ticketNumber": number}), 2, 78),
            event("Update", json!({"Root Cause": "Hardware", "ticketNumber": number}), 3, 78),
            event("Delete", json!({"ticketNumber": number}), 4, 79),
        ]
    );
    assert!(sent.iter().all(|sent| sent.status == 200));
    let got = receiver.received();
    assert_eq!(got.len(), 4);
    for ((path, signed, bytes), sent) in got.iter().zip(&sent) {
        assert_eq!(path, "/hook?from=tenant");
        assert_eq!(bytes, &sent.body);
        assert_eq!(signed, &sent.signature);
        assert_eq!(*signed, signature(SECRET, bytes));
    }
    assert_eq!(api.simulator.deliver().await, [], "everything is delivered once");
    let log = api.rows("DeletedTicketLogs");
    assert_eq!(log.last().unwrap()["deletedByResourceID"], json!(79));
}

#[tokio::test]
async fn all_five_entities_call_out_by_their_old_names() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    let ticket = api.ticket();
    let kinds = [
        ("CompanyWebhook", "Account", "companyName", "Companies", json!({"companyName": "New"})),
        ("ContactWebhook", "Contact", "lastName", "Contacts", json!({"lastName": "New"})),
        (
            "ConfigurationItemWebhook",
            "InstalledProduct",
            "location",
            "ConfigurationItems",
            json!({"location": "New"}),
        ),
        ("TicketWebhook", "Ticket", "title", "Tickets", json!({"title": "New"})),
        (
            "TicketNoteWebhook",
            "TicketNote",
            "title",
            "TicketNotes",
            json!({"title": "New", "ticketID": ticket}),
        ),
    ];
    for (kind, _, field, ..) in &kinds {
        api.register(kind, &receiver.url, &[*field]).await;
    }
    for (_, old, field, entity, row) in &kinds {
        let id = api.edit(entity, row);
        let sent = api.simulator.deliver().await;
        assert_eq!(sent.len(), 1, "{entity}");
        let body = body(&sent[0]);
        assert_eq!((&body["EntityType"], &body["Id"]), (&json!(old), &json!(id)));
        assert_eq!(body["Fields"], json!({ *field: "New" }));
        let (_, metadata) = api.get(&format!("{entity}/entityInformation/fields")).await;
        let supported = |name: &str| {
            let fields = metadata["fields"].as_array().unwrap();
            fields.iter().find(|known| known["name"] == json!(name)).unwrap()["isSupportedWebhookField"]
                .clone()
        };
        assert_eq!((supported(field), supported("id")), (json!(true), json!(false)));
    }
    // Notes go with their ticket, and are told of.
    let notes = api.rows("TicketNotes").iter().filter(|note| note["ticketID"] == json!(ticket)).count();
    api.simulator.edit(|world| world.delete("Tickets", ticket));
    let sent = api.simulator.deliver().await;
    let of = |name: &str| sent.iter().filter(|sent| body(sent)["EntityType"] == json!(name)).count();
    assert_eq!((of("Ticket"), of("TicketNote")), (1, notes));
}

#[tokio::test]
async fn the_signature_has_three_forms() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    api.register("TicketWebhook", &receiver.url, &["title"]).await;
    let ticket = api.ticket();
    let title = "Müller & \"Co\" <b>it's</b> C:\\temp `+` 😀";
    let escaped = r"M\u00FCller \u0026 \u0022Co\u0022 \u003Cb\u003Eit\u0027s\u003C/b\u003E C:\u005Ctemp \u0060\u002B\u0060 \uD83D\uDE00";
    let lower = r"M\u00fcller \u0026 \u0022Co\u0022 \u003cb\u003eit\u0027s\u003c/b\u003e C:\u005ctemp \u0060\u002b\u0060 \ud83d\ude00";
    let raw = serde_json::to_string(title).unwrap();
    for (nth, (form, written)) in [
        (WebhookEscaping::Raw, raw.clone()),
        (WebhookEscaping::Upper, format!("\"{escaped}\"")),
        (WebhookEscaping::Lower, format!("\"{lower}\"")),
    ]
    .into_iter()
    .enumerate()
    {
        api.simulator.switches().set(|switches| switches.webhook_escaping = form);
        api.edit("Tickets", &json!({"id": ticket, "title": format!("{nth}")}));
        api.edit("Tickets", &json!({"id": ticket, "title": title}));
        let sent = api.simulator.deliver().await.pop().unwrap();
        let sent_text = String::from_utf8(sent.body.clone()).unwrap();
        assert!(sent_text.contains(&raw), "the body stays raw: {sent_text}");
        let signed = sent_text.replace(&raw, &written);
        assert_eq!(sent.signature, signature(SECRET, signed.as_bytes()), "{form:?}");
    }
}

#[tokio::test]
async fn a_callout_is_attempted_five_times_in_order() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    let id = api.register("CompanyWebhook", &receiver.url, &["phone"]).await;
    receiver.answer([500, 301, 404, 503, 500]);
    for phone in ["1", "2"] {
        api.edit("Companies", &json!({"id": 0, "phone": phone}));
    }
    // The second waits behind the first, which waits for half a minute.
    let first = api.simulator.deliver().await;
    assert_eq!((sequences(&first), first[0].status), (vec![1], 500));
    assert_eq!(api.simulator.deliver().await, []);
    api.simulator.advance(Duration::from_secs(29));
    assert_eq!(api.simulator.deliver().await, []);
    api.simulator.advance(Duration::from_secs(1));
    let second = api.simulator.deliver().await;
    assert_eq!((sequences(&second), second[0].status), (vec![1], 301), "only 2xx is success");
    assert_eq!(second[0].body, first[0].body);
    // Without a pause the rest follows at once: three attempts, and then the next event.
    api.simulator.switches().set(|switches| switches.webhook_retry_ms = 0);
    api.simulator.advance(Duration::from_secs(30));
    let rest = api.simulator.deliver().await;
    assert_eq!(sequences(&rest), [1, 1, 1, 2]);
    assert_eq!(rest.iter().map(|sent| sent.status).collect::<Vec<_>>(), [404, 503, 500, 200]);
    let all = json!([{"op": "exist", "field": "id"}]);
    let (_, log) = api.query("WebhookEventErrorLogs", all.clone()).await;
    let line = &log["items"][0];
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
    assert_eq!((&line["accountWebhookID"], &line["contactWebhookID"]), (&json!(id), &Value::Null));
    assert_eq!(line["sequenceNumber"], json!(1));
    assert_eq!(line["payload"].as_str().unwrap().as_bytes(), first[0].body);
    assert_eq!(line["createDateTime"], json!("2026-03-18T15:31:00"));
    assert!(line["errorMessage"].as_str().unwrap().contains("500"));
    api.write(Method::DELETE, &format!("WebhookEventErrorLogs/{}", line["id"]), json!({})).await;
    assert_eq!(api.count("WebhookEventErrorLogs", all).await, 0);
}

#[tokio::test]
async fn silence_and_strangers_are_failures() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    let id = api.register("ContactWebhook", &receiver.url, &["title"]).await;
    let contact = api.rows("Contacts")[0]["id"].clone();
    api.simulator.switches().set(|switches| {
        switches.webhook_attempts = 1;
        switches.webhook_timeout_ms = 50;
    });
    receiver.answer([0]);
    api.edit("Contacts", &json!({"id": contact, "title": "a"}));
    assert_eq!(api.simulator.deliver().await[0].status, 0);
    // Nothing leaves the machine.
    for address in ["http://hooks.example.com/a", "https://hooks.example.com/a", "http://10.0.0.5/a"] {
        api.write(Method::PATCH, "ContactWebhooks", json!({"id": id, "webhookUrl": address})).await;
        api.edit("Contacts", &json!({"id": contact, "title": address}));
        assert_eq!(api.simulator.deliver().await[0].status, 0);
    }
    let log = api.error_log();
    assert_eq!(log.len(), 4);
    assert_eq!(log[0]["errorMessage"], json!("The operation has timed out."));
    assert_eq!(log[0]["contactWebhookID"], json!(id));
    assert!(
        log[1..].iter().all(|line| line["errorMessage"] == json!("Unable to connect to the remote server."))
    );
}

#[tokio::test]
async fn twenty_five_failures_in_a_row_end_a_webhook() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    let kind = "TicketWebhook";
    let id = api.register(kind, &receiver.url, &["title"]).await;
    let ticket = api.ticket();
    api.simulator.switches().set(|switches| {
        switches.webhook_attempts = 2;
        switches.webhook_retry_ms = 0;
    });
    let edit = |count: usize| {
        for nth in 0..count {
            api.edit("Tickets", &json!({"id": ticket, "title": format!("Title {nth} of {count}")}));
        }
    };
    // A success in between starts the count again.
    receiver.answer([500; 48]);
    edit(25);
    api.simulator.deliver().await;
    assert_eq!(api.webhook(kind, id).await["isActive"], json!(true));
    assert_eq!(api.error_log().len(), 24);
    receiver.received();

    receiver.answer([500; 50]);
    edit(27);
    let sent = api.simulator.deliver().await;
    assert_eq!(sent.len(), 51);
    let webhook = api.webhook(kind, id).await;
    assert_eq!(webhook["isActive"], json!(false));
    let last = body(&sent[50]);
    assert_eq!(sent[50].url, format!("{}/off", receiver.url));
    assert_eq!((&last["Action"], &last["Guid"]), (&json!("Deactivated"), &webhook["webhookGUID"]));
    assert_eq!(sent[50].signature, signature(SECRET, &sent[50].body));
    assert_eq!(receiver.received().last().unwrap().0, "/off");
    assert_eq!(api.error_log().len(), 24 + 27, "the two that waited are dropped too");

    edit(3);
    assert_eq!(api.simulator.deliver().await, [], "an inactive webhook is silent");
    api.write(Method::PATCH, "TicketWebhooks", json!({"id": id, "isActive": true})).await;
    edit(1);
    let again = api.simulator.deliver().await;
    assert_eq!((sequences(&again), again[0].status), (vec![25 + 27 + 1 + 1], 200), "the numbers go on");
}

#[tokio::test]
async fn events_are_doubled_lost_and_overtaken_on_request() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    api.register("TicketWebhook", &receiver.url, &["title"]).await;
    let ticket = api.ticket();
    let edit = |title: &str| api.edit("Tickets", &json!({"id": ticket, "title": title}));
    api.simulator.switches().set(|switches| {
        switches.webhook_duplicates = Some(Fault::next(1).on("Companies"));
        switches.webhook_lost = Some(Fault::next(1).on("Companies"));
        switches.webhook_out_of_order = Some(Fault::next(1).on("Companies"));
    });
    edit("a");
    edit("b");
    assert_eq!(sequences(&api.simulator.deliver().await), [1, 2], "not for this entity");

    api.simulator.switches().set(|switches| switches.webhook_duplicates = Some(Fault::next(1).on("Tickets")));
    edit("c");
    let sent = api.simulator.deliver().await;
    assert_eq!(sequences(&sent), [3, 3]);
    assert_eq!(sent[0], sent[1]);

    api.simulator.switches().set(|switches| switches.webhook_lost = Some(Fault::next(2)));
    for title in ["d", "e", "f"] {
        edit(title);
    }
    assert_eq!(sequences(&api.simulator.deliver().await), [6]);
    let logged: Vec<Value> = api.error_log().iter().map(|line| line["sequenceNumber"].clone()).collect();
    assert_eq!(logged, [json!(4), json!(5)]);

    api.simulator.switches().set(|switches| switches.webhook_out_of_order = Some(Fault::always()));
    for title in ["g", "h", "i", "j", "k"] {
        edit(title);
    }
    assert_eq!(sequences(&api.simulator.deliver().await), [8, 7, 10, 9, 11]);
}

#[tokio::test]
async fn nothing_fires_without_the_right_to_see_or_for_the_excluded() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    let id = api.register("TicketWebhook", &receiver.url, &["title"]).await;
    let ticket = api.ticket();
    let mut nth = 0;
    let mut edit = |person: Option<i64>| {
        nth += 1;
        let row = json!({"id": ticket, "title": format!("Title {nth}")}).as_object().unwrap().clone();
        api.simulator.edit(|world| {
            world.act_as(person);
            world.upsert("Tickets", row).unwrap();
            world.act_as(None);
        });
    };
    let board = api.simulator.switches();
    board.set(|switches| switches.forbidden.insert("Tickets".into()));
    edit(None);
    board.set(|switches| switches.forbidden.clear());
    board.set(|switches| switches.silently_empty.insert("tickets".into()));
    edit(None);
    board.set(|switches| switches.silently_empty.clear());
    assert_eq!(api.simulator.deliver().await, []);

    let user = api.webhook("TicketWebhook", id).await["ownerResourceID"].as_i64().unwrap();
    let path = format!("TicketWebhooks/{id}/ExcludedResources");
    let excluded = api.write(Method::POST, &path, json!({"resourceID": user})).await;
    edit(Some(user));
    edit(Some(user + 1));
    let sent = api.simulator.deliver().await;
    assert_eq!(sequences(&sent), [1], "what nobody is told of has no number");
    assert_eq!(body(&sent[0])["PersonID"], json!(user + 1));
    api.write(Method::DELETE, &format!("{path}/{excluded}"), json!({})).await;
    edit(Some(user));
    assert_eq!(sequences(&api.simulator.deliver().await), [2]);

    let only = json!({"id": id, "isSubscribedToUpdateEvents": false});
    api.write(Method::PATCH, "TicketWebhooks", only).await;
    edit(None);
    assert_eq!(api.simulator.deliver().await, []);
    let inactive = json!({"id": id, "isSubscribedToUpdateEvents": true, "isActive": false});
    api.write(Method::PATCH, "TicketWebhooks", inactive).await;
    edit(None);
    assert_eq!(api.simulator.deliver().await, []);
    // What waits for a webhook that is deleted is forgotten.
    api.write(Method::PATCH, "TicketWebhooks", json!({"id": id, "isActive": true})).await;
    edit(None);
    api.write(Method::DELETE, &format!("TicketWebhooks/{id}"), json!({})).await;
    assert_eq!(api.simulator.deliver().await, []);
    assert_eq!(api.error_log().len(), 0);
}

#[tokio::test]
async fn life_calls_out() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    api.register("TicketWebhook", &receiver.url, &["status", "priority", "assignedResourceID"]).await;
    let before: BTreeMap<i64, Value> = api
        .rows("Tickets")
        .into_iter()
        .map(|row| (row["id"].as_i64().unwrap(), row["status"].clone()))
        .collect();
    let quiet = World::generate(&api.config);
    api.simulator.advance(Duration::from_hours(48));
    let sent = api.simulator.deliver().await;
    assert_eq!(sequences(&sent), (1..=i64::try_from(sent.len()).unwrap()).collect::<Vec<_>>());
    // The callouts alone lead to the same statuses as the rows.
    let mut told = before;
    for event in sent.iter().map(body) {
        let id = event["Id"].as_i64().unwrap();
        match event["Action"].as_str().unwrap() {
            "Delete" => drop(told.remove(&id)),
            action => {
                assert_eq!(action == "Create", !told.contains_key(&id));
                let known = told.entry(id).or_default();
                if let Some(status) = event["Fields"].get("status") {
                    *known = status.clone();
                }
            }
        }
    }
    let truth: BTreeMap<i64, Value> = api
        .rows("Tickets")
        .into_iter()
        .map(|row| (row["id"].as_i64().unwrap(), row["status"].clone()))
        .collect();
    assert_eq!(told, truth);
    assert!(sent.len() > 20, "{}", sent.len());
    // Being told of does not change what happens.
    let mut quiet = quiet;
    quiet.advance(chrono::TimeDelta::hours(48));
    assert_eq!(quiet.rows("Tickets").collect::<Vec<_>>(), api.rows("Tickets"));
}

#[tokio::test]
async fn callouts_are_delivered_by_themselves() {
    let api = Api::start().await;
    let mut receiver = Receiver::start().await;
    api.register("TicketWebhook", &receiver.url, &["title"]).await;
    api.simulator.switches().set(|switches| switches.webhook_retry_ms = 1);
    api.simulator.deliver_by_itself();
    let ticket = api.ticket();
    receiver.answer([500, 200]);
    for title in ["a", "b"] {
        api.edit("Tickets", &json!({"id": ticket, "title": title}));
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let (_, _, bytes) =
            tokio::time::timeout(Duration::from_secs(30), receiver.got.recv()).await.unwrap().unwrap();
        let event: Value = serde_json::from_slice(&bytes).unwrap();
        seen.push(event["SequenceNumber"].as_i64().unwrap());
    }
    assert_eq!(seen, [1, 1, 2]);
}

#[tokio::test]
async fn delivery_is_driven_over_http_too() {
    let api = Api::start().await;
    let receiver = Receiver::start().await;
    api.register("TicketWebhook", &receiver.url, &["title"]).await;
    let url = |path: &str| format!("{}simulator/{path}", api.simulator.url());
    let edit = json!({"entity": "Tickets", "row": {"id": api.ticket(), "title": "Über"}, "person": 81});
    assert_eq!(api.client.post(url("edit")).json(&edit).send().await.unwrap().status(), 200);
    let sent: Value = api.client.post(url("deliver")).send().await.unwrap().json().await.unwrap();
    assert_eq!(sent.as_array().unwrap().len(), 1);
    let text = sent[0]["body"].as_str().unwrap();
    assert_eq!(sent[0]["url"], json!(format!("{}/hook?from=tenant", receiver.url)));
    assert_eq!(sent[0]["status"], json!(200));
    assert_eq!(sent[0]["signature"], json!(signature(SECRET, text.as_bytes())));
    let event: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&event["Fields"], &event["PersonID"]), (&json!({"title": "Über"}), &json!(81)));
}
