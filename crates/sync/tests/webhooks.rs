//! Webhooks from end to end: registered at the simulated tenant, called by it, checked, read and committed.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use base64::Engine as _;
use common::Tenant;
use hmac::{Hmac, KeyInit, Mac};
use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use sha1::Sha1;
use std::time::{Duration, Instant};
use taskgauge_autotask::Filter;
use taskgauge_model::entity::{CONTACTS, Entity, TICKETS};
use taskgauge_model::run::RunState;
use taskgauge_model::webhook::{Webhook, WebhookState};
use taskgauge_simulator::{Delivery, Fault, Switches, WebhookEscaping};
use taskgauge_store::StoreError;
use taskgauge_store::webhooks::Arrived;
use taskgauge_sync::callouts::{Callouts, Refused};
use taskgauge_sync::remove_webhooks;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A tenant that calls, and a server that listens.
struct Called {
    tenant: Tenant,
    callouts: Callouts,
    reader: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Drop for Called {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Takes callouts as the server's routes do.
async fn listen(callouts: Callouts) -> String {
    use axum::body::Bytes;
    use axum::extract::Path;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::post;
    use taskgauge_model::ids::DatasourceId;
    let answer = |received: Result<(), Refused>| match received {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(Refused::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Err(_) => StatusCode::UNAUTHORIZED,
    };
    let signature =
        |headers: &HeaderMap| headers.get("x-hook-signature").map(|value| value.to_str().unwrap().to_owned());
    let other = callouts.clone();
    let router = axum::Router::new()
        .route(
            "/hooks/{datasource}/{collection}",
            post(move |Path((id, collection)): Path<(i64, String)>, headers: HeaderMap, body: Bytes| {
                let callouts = callouts.clone();
                async move {
                    let signed = signature(&headers);
                    answer(callouts.receive(DatasourceId(id), &collection, signed.as_deref(), &body).await)
                }
            }),
        )
        .route(
            "/hooks/{datasource}/{collection}/deactivated",
            post(move |Path((id, collection)): Path<(i64, String)>, headers: HeaderMap, body: Bytes| {
                let callouts = other.clone();
                async move {
                    let signed = signature(&headers);
                    answer(
                        callouts.deactivated(DatasourceId(id), &collection, signed.as_deref(), &body).await,
                    )
                }
            }),
        );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Called {
    /// A synced tenant whose webhooks are registered.
    async fn start() -> Called {
        let called = Called::without_webhooks().await;
        called.tenant.sync_well().await;
        called.turn_on().await;
        called.tenant.advance(5);
        called.tenant.sync_well().await;
        called
    }

    async fn without_webhooks() -> Called {
        let tenant = Tenant::start().await;
        let stop = CancellationToken::new();
        let store = tenant.database.store.clone();
        let (callouts, reader) = Callouts::start(store, tenant.connector.clone(), stop.clone());
        Called { tenant, callouts, reader: Some(reader), stop }
    }

    async fn turn_on(&self) {
        let address = listen(self.callouts.clone()).await;
        let store = &self.tenant.database.store;
        store.set_webhook_address("test", self.tenant.datasource, Some(&address)).await.unwrap();
    }

    async fn states(&self) -> Vec<(WebhookState, Option<String>)> {
        let webhooks = self.tenant.database.store.webhooks(self.tenant.datasource).await.unwrap();
        webhooks.into_iter().map(|webhook| (webhook.state, webhook.problem)).collect()
    }

    /// Lets the tenant call, and waits until what it called about is read.
    async fn deliver(&self) -> Vec<Delivery> {
        let sent = self.tenant.simulator.deliver().await;
        self.read().await;
        sent
    }

    async fn read(&self) {
        let began = Instant::now();
        let datasource = self.tenant.datasource;
        while self.tenant.database.store.callouts_waiting(datasource).await.unwrap() > 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "callouts are not read");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn due(&self) -> bool {
        let due: Option<chrono::DateTime<chrono::Utc>> =
            self.tenant.value("select catch_up_at from taskgauge.datasources where id = $1").await;
        due.is_some()
    }

    fn edit(&self, entity: &str, row: Value) -> i64 {
        let row: Map<String, Value> = row.as_object().unwrap().clone();
        self.tenant.simulator.edit(|world| world.upsert(entity, row).unwrap())
    }

    fn some(&self, entity: &str) -> i64 {
        self.tenant.simulator.with_world(|world| world.rows(entity).nth(20).unwrap()["id"].as_i64().unwrap())
    }

    async fn registered(&self, webhook: &Webhook) -> usize {
        let connector = &self.tenant.connector;
        let (url, credentials) = (self.tenant.simulator.url(), common::credentials());
        let root = url.join("ATServicesRest/").unwrap();
        let client = connector.client(root, credentials).unwrap();
        usize::try_from(client.count(webhook.collection, &Filter::All).await.unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_committed_within_a_second() {
    let called = Called::start().await;
    assert!(called.states().await.iter().all(|state| *state == (WebhookState::Active, None)));
    assert_eq!(called.states().await.len(), 5);
    let ticket = called.some("Tickets");
    called
        .edit("Tickets", json!({ "id": ticket, "title": "Printer & <scanner> “broken” +1", "priority": 1 }));
    called.tenant.simulator.clear_log();
    let began = Instant::now();
    let sent = called.deliver().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(sent.iter().map(|sent| sent.status).collect::<Vec<_>>(), [204]);
    called.tenant.assert_same(&TICKETS).await;
    assert_eq!(called.tenant.simulator.log().count("Tickets"), 1, "one request for it");
    assert!(!called.due().await, "nothing is missing");
}

#[rstest]
#[case(WebhookEscaping::Raw)]
#[case(WebhookEscaping::Upper)]
#[case(WebhookEscaping::Lower)]
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_record_arrives(#[case] escaping: WebhookEscaping) {
    let called = Called::start().await;
    called.tenant.simulator.switches().set(|switches| switches.webhook_escaping = escaping);
    let company = called.some("Companies");
    called.edit("Companies", json!({ "id": company, "companyName": "Müller & Söhne \"GmbH\" \\ <x>" }));
    let contact = called.some("Contacts");
    called.edit("Contacts", json!({ "id": contact, "lastName": "O'Neil + 😀" }));
    let asset = called.some("ConfigurationItems");
    called.edit("ConfigurationItems", json!({ "id": asset, "referenceTitle": "NAS `01`" }));
    let ticket = called.some("Tickets");
    called.edit(
        "TicketNotes",
        json!({ "ticketID": ticket, "title": "A note", "description": "Text", "noteType": 1, "publish": 1 }),
    );
    let sent = called.deliver().await;
    let kinds: std::collections::BTreeSet<String> = sent
        .iter()
        .map(|sent| {
            let body: Value = serde_json::from_slice(&sent.body).unwrap();
            body["EntityType"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(kinds.len() >= 4, "{kinds:?}");
    assert!(sent.iter().all(|sent| sent.status == 204), "{sent:?}");
    for name in ["Companies", "Contacts", "ConfigurationItems", "Tickets"] {
        called.tenant.assert_same(Entity::named(name).unwrap()).await;
    }
}

/// Notes themselves are not kept: what one leads to is its ticket, whether the callout names that or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_leads_to_its_ticket() {
    let called = Called::start().await;
    let ticket = called.some("Tickets");
    let note = called.edit(
        "TicketNotes",
        json!({ "ticketID": ticket, "title": "A note", "description": "Text", "noteType": 1, "publish": 1 }),
    );
    called.tenant.simulator.clear_log();
    let sent = called.deliver().await;
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!((&body["EntityType"], &body["Id"]), (&json!("TicketNote"), &json!(note)));
    assert_eq!(body["Fields"]["ticketID"], ticket, "it always comes along");
    let asked = |entity: &str| {
        let log = called.tenant.simulator.log();
        let bodies = log.last.into_iter().filter(|request| request.entity == entity);
        bodies.map(|request| request.body.unwrap_or_default()).collect::<Vec<_>>()
    };
    assert!(asked("Tickets").iter().any(|body| body.contains(&ticket.to_string())), "{:?}", asked("Tickets"));
    assert!(asked("TicketNotes").is_empty());

    // Without it, the note is asked.
    let (store, datasource) = (called.tenant.database.store.clone(), called.tenant.datasource);
    let arrived = Arrived {
        collection: "TicketNoteWebhooks",
        guid: "g",
        sequence: 99,
        record: note,
        leads_to: None,
        is_deletion: false,
    };
    called.tenant.simulator.clear_log();
    store.take_callout(datasource, arrived).await.unwrap();
    let (_callouts, _) = Callouts::start(store, called.tenant.connector.clone(), called.stop.clone());
    called.read().await;
    assert_eq!((asked("TicketNotes").len(), asked("Tickets").len()), (1, 1));
}

/// What is signed is Autotask's: it is never refused, since Autotask switches off what is, and tells at least that something
/// changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_and_cannot_be_read_makes_a_sync_due() {
    let called = Called::start().await;
    let (store, datasource) = (&called.tenant.database.store, called.tenant.datasource);
    let expected = store.expected_callouts(datasource, "TicketWebhooks").await.unwrap().unwrap();
    let sign = |body: &str| {
        let mac = Hmac::<Sha1>::new_from_slice(expected.secret.expose_secret().as_bytes()).unwrap();
        let signature = mac.chain_update(body).finalize().into_bytes();
        format!("sha1={}", base64::prelude::BASE64_STANDARD.encode(signature))
    };
    for body in [
        "not JSON",
        r#"{"Action":"Merge","Guid":"g","EntityType":"Ticket","Id":1,"SequenceNumber":1}"#,
        r#"{"Action":"Update","Guid":"g","EntityType":"Invoice","Id":1,"SequenceNumber":1}"#,
    ] {
        called.tenant.execute("update taskgauge.datasources set catch_up_at = null where id = $1").await;
        called
            .callouts
            .receive(datasource, "TicketWebhooks", Some(&sign(body)), body.as_bytes())
            .await
            .unwrap();
        assert!(called.due().await, "{body}");
    }
    assert_eq!(store.callouts_waiting(datasource).await.unwrap(), 0);
}

/// Refused credentials are not tried again for every callout: that would lock the API user.
#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_rest() {
    let called = Called::start().await;
    called.tenant.simulator.switches().set(|switches| switches.credentials_revoked = true);
    called.tenant.advance(5);
    assert_eq!(called.tenant.sync().await.state, RunState::Failed);
    called.tenant.simulator.switches().reset();
    let (ticket, contact) = (called.some("Tickets"), called.some("Contacts"));
    called.edit("Tickets", json!({ "id": ticket, "title": "While they are refused" }));
    called.tenant.simulator.edit(|world| world.delete("Contacts", contact));
    called.tenant.simulator.switches().set(|switches| switches.credentials_revoked = true);
    called.tenant.simulator.clear_log();
    let sent = called.deliver().await;
    assert!(sent.len() >= 2 && sent.iter().all(|sent| sent.status == 204), "{sent:?}");
    assert_eq!(called.tenant.simulator.log().requests, 0, "nothing was tried");
    // Mended by a person. What was called deleted has had its first look.
    called.tenant.simulator.switches().reset();
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    called.tenant.assert_same(&TICKETS).await;
    called.tenant.assert_same(&CONTACTS).await;
}

/// What the database refuses for good is not asked for again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_makes_no_flood() {
    let called = Called::start().await;
    let contact = called.some("Contacts");
    sqlx::raw_sql(
        "alter table autotask.contacts add constraint refused check (title is distinct from 'Refused')",
    )
    .execute(&called.tenant.pool)
    .await
    .unwrap();
    called.edit("Contacts", json!({ "id": contact, "title": "Refused" }));
    called.tenant.simulator.clear_log();
    called.tenant.simulator.deliver().await;
    let mut look = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..50 {
        look.tick().await;
        let asked = called.tenant.simulator.log().count("Contacts");
        assert!(asked <= 1, "{asked} requests");
    }
    assert_eq!(called.tenant.database.store.callouts_waiting(called.tenant.datasource).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_called_needs_no_second_look() {
    let called = Called::start().await;
    let contact = called.some("Contacts");
    called.tenant.simulator.edit(|world| world.delete("Contacts", contact));
    called.deliver().await;
    assert!(!called.tenant.stored(&CONTACTS).await.contains_key(&contact));
    called.tenant.assert_same(&CONTACTS).await;
}

/// A row that cannot be seen any more without having been deleted waits for the second look.
#[tokio::test(flavor = "multi_thread")]
async fn an_absence_alone_is_no_deletion() {
    let called = Called::start().await;
    let (store, datasource) = (called.tenant.database.store.clone(), called.tenant.datasource);
    let contact = called.some("Contacts");
    called.tenant.simulator.edit(|world| world.delete("Contacts", contact));
    let expected = store.expected_callouts(datasource, "ContactWebhooks").await.unwrap().unwrap();
    let arrived = Arrived {
        collection: "ContactWebhooks",
        guid: &expected.guid.unwrap(),
        sequence: 1,
        record: contact,
        leads_to: None,
        is_deletion: false,
    };
    store.take_callout(datasource, arrived).await.unwrap();
    let (_callouts, _) = Callouts::start(store, called.tenant.connector.clone(), called.stop.clone());
    called.read().await;
    assert!(called.tenant.stored(&CONTACTS).await.contains_key(&contact));
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    assert!(!called.tenant.stored(&CONTACTS).await.contains_key(&contact), "the second look");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callout_counts_once_and_a_gap_makes_a_sync_due() {
    let called = Called::start().await;
    let ticket = called.some("Tickets");
    called.tenant.simulator.switches().set(|s| s.webhook_duplicates = Some(Fault::always()));
    called.edit("Tickets", json!({ "id": ticket, "title": "One" }));
    called.tenant.simulator.clear_log();
    let sent = called.deliver().await;
    assert_eq!(sent.len(), 2, "sent twice");
    assert_eq!(called.tenant.simulator.log().count("Tickets"), 1, "read once");
    assert!(!called.due().await);

    called.tenant.simulator.switches().set(|s| {
        s.webhook_duplicates = None;
        s.webhook_lost = Some(Fault::next(1));
    });
    let lost = called
        .tenant
        .simulator
        .with_world(|world| world.rows("Tickets").nth(30).unwrap()["id"].as_i64().unwrap());
    called.edit("Tickets", json!({ "id": lost, "title": "Lost on the way" }));
    called.deliver().await;
    assert!(!called.due().await, "nobody can know yet");
    called.edit("Tickets", json!({ "id": ticket, "title": "Two" }));
    called.deliver().await;
    assert!(called.due().await, "a number is missing");
    let stored = called.tenant.stored(&TICKETS).await;
    assert_ne!(stored[&lost]["title"], "Lost on the way");
    // The schedule would say in five minutes; it is due after one.
    called.tenant.advance(1);
    assert_eq!(called.tenant.database.store.queue_due().await.unwrap(), 1);
    called.tenant.sync_well().await;
    called.tenant.assert_same(&TICKETS).await;
    called.tenant.advance(1);
    assert_eq!(called.tenant.database.store.queue_due().await.unwrap(), 0, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_refused() {
    let called = Called::start().await;
    let ticket = called.some("Tickets");
    called.edit("Tickets", json!({ "id": ticket, "title": "Signed" }));
    let sent = called.deliver().await.remove(0);
    let datasource = called.tenant.datasource;
    let receive = async |collection: &str, signature: Option<&str>, body: &[u8]| {
        called.callouts.receive(datasource, collection, signature, body).await
    };
    let signed = Some(sent.signature.as_str());
    assert!(receive("TicketWebhooks", signed, &sent.body).await.is_ok(), "it came before");
    let mut other = sent.body.clone();
    let last = other.len() - 2;
    other[last] = b'9';
    for (collection, signature, body) in [
        ("TicketWebhooks", None, &sent.body),
        ("TicketWebhooks", Some("sha1=AAAA"), &sent.body),
        ("TicketWebhooks", signed, &other),
        ("CompanyWebhooks", signed, &sent.body),
        ("NoWebhooks", signed, &sent.body),
    ] {
        let refused = receive(collection, signature, body).await;
        assert!(matches!(refused, Err(Refused::Unsigned)), "{collection} {signature:?}");
    }
    let missing =
        called.callouts.receive(taskgauge_model::ids::DatasourceId(99), "TicketWebhooks", signed, &sent.body);
    assert!(matches!(missing.await, Err(Refused::Unsigned)));
    assert_eq!(called.tenant.database.store.callouts_waiting(datasource).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_it_says_which() {
    let called = Called::without_webhooks().await;
    called.tenant.sync_well().await;
    called.tenant.simulator.switches().set(|switches| switches.may_create_webhooks = false);
    called.turn_on().await;
    called.tenant.advance(5);
    let run = called.tenant.sync_well().await;
    assert_eq!(run.state, RunState::Done, "data arrives all the same");
    let states = called.states().await;
    assert_eq!(states.len(), 5);
    for (state, problem) in states {
        assert_eq!(state, WebhookState::Refused);
        assert!(problem.unwrap().contains("Can create WebHooks"));
    }
    // Not asked for again until somebody does, or a day has passed.
    called.tenant.simulator.switches().reset();
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    assert!(called.states().await.iter().all(|(state, _)| *state == WebhookState::Refused));
    called.tenant.advance(24 * 60);
    called.tenant.sync_well().await;
    assert!(called.states().await.iter().all(|(state, _)| *state == WebhookState::Active));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_breaks_off_goes_on() {
    let called = Called::without_webhooks().await;
    called.tenant.sync_well().await;
    called.turn_on().await;
    // One maintenance page after the other, until the patience of every request is used up.
    called
        .tenant
        .simulator
        .switches()
        .set(|switches| switches.html_503 = Some(Fault::always().on("TicketWebhookFields")));
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    let broken: Vec<_> =
        called.states().await.into_iter().filter(|(state, _)| *state != WebhookState::Active).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].0, WebhookState::Registering);
    assert!(broken[0].1.as_ref().unwrap().contains("unavailable"), "{broken:?}");
    called.tenant.simulator.switches().reset();
    called.tenant.advance(15);
    called.tenant.sync_well().await;
    assert!(called.states().await.iter().all(|(state, _)| *state == WebhookState::Active));
    for webhook in &Webhook::ALL {
        assert_eq!(called.registered(webhook).await, 1, "{}", webhook.collection);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_off_they_are_removed() {
    let called = Called::start().await;
    let store = &called.tenant.database.store;
    assert_eq!(called.registered(&Webhook::ALL[0]).await, 1);
    store.set_webhook_address("test", called.tenant.datasource, None).await.unwrap();
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    for webhook in &Webhook::ALL {
        assert_eq!(called.registered(webhook).await, 0, "{}", webhook.collection);
    }
    assert!(called.states().await.is_empty());

    // And with the datasource itself.
    called.turn_on().await;
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    assert_eq!(called.registered(&Webhook::ALL[0]).await, 1);
    remove_webhooks(store, &called.tenant.connector, called.tenant.datasource).await.unwrap();
    for webhook in &Webhook::ALL {
        assert_eq!(called.registered(webhook).await, 0, "{}", webhook.collection);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_by_autotask_it_says_so_and_begins_anew_the_next_day() {
    let called = Called::start().await;
    called.tenant.simulator.switches().set(|switches| {
        switches.webhook_retry_ms = 0;
        switches.webhook_attempts = 1;
    });
    // Callouts do not arrive: nothing listens where they go.
    let ticket = called.some("Tickets");
    called.tenant.execute("update taskgauge.webhooks set secret = '\\x00' where datasource_id = $1 and collection = 'TicketWebhooks'").await;
    for number in 0..25 {
        called.edit("Tickets", json!({ "id": ticket, "title": format!("Title {number}") }));
    }
    called.tenant.simulator.deliver().await;
    called.tenant.simulator.deliver().await;
    let active = called
        .tenant
        .simulator
        .with_world(|world| world.rows("TicketWebhooks").next().unwrap()["isActive"].as_bool().unwrap());
    assert!(!active, "Autotask has switched it off");
    // The news cannot be checked here; the day's look finds it.
    called.tenant.advance(24 * 60);
    called.tenant.sync_well().await;
    let off: Vec<_> =
        called.states().await.into_iter().filter(|(state, _)| *state == WebhookState::Deactivated).collect();
    assert_eq!(off.len(), 1);
    assert!(off[0].1.as_ref().unwrap().contains("switched it off"));
    called.tenant.assert_same(&TICKETS).await;
    called.tenant.advance(24 * 60);
    called.tenant.sync_well().await;
    assert!(called.states().await.iter().all(|(state, _)| *state == WebhookState::Active));
    called.edit("Tickets", json!({ "id": ticket, "title": "It works again" }));
    called.tenant.simulator.switches().reset();
    called.deliver().await;
    assert_eq!(called.tenant.stored(&TICKETS).await[&ticket]["title"], "It works again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_news_of_a_deactivation_makes_a_sync_ask() {
    let called = Called::start().await;
    let datasource = called.tenant.datasource;
    let expected =
        called.tenant.database.store.expected_callouts(datasource, "TicketWebhooks").await.unwrap();
    let guid = expected.unwrap().guid.unwrap();
    let news = json!({ "Action": "Deactivated", "Guid": guid }).to_string();
    let other = json!({ "Action": "Deactivated", "Guid": "another" }).to_string();
    let refused = called.callouts.deactivated(datasource, "TicketWebhooks", None, other.as_bytes()).await;
    assert!(matches!(refused, Err(Refused::Unsigned)));
    assert!(!called.due().await);
    called.callouts.deactivated(datasource, "TicketWebhooks", None, news.as_bytes()).await.unwrap();
    assert!(called.due().await);
    // It was not true.
    called.tenant.advance(1);
    called.tenant.sync_well().await;
    assert!(called.states().await.iter().all(|(state, _)| *state == WebhookState::Active));
}

/// While nothing can be read, callouts are not piled up: a sync finds what they told.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_answer_makes_a_sync_due() {
    let called = Called::start().await;
    let ticket = called.some("Tickets");
    called.edit("Tickets", json!({ "id": ticket, "title": "While it is down" }));
    called.tenant.simulator.switches().set(|switches: &mut Switches| {
        switches.html_503 = Some(Fault::always().on("Tickets"));
    });
    called.deliver().await;
    assert!(called.due().await);
    called.tenant.simulator.switches().reset();
    called.tenant.advance(1);
    called.tenant.sync_well().await;
    called.tenant.assert_same(&TICKETS).await;
}

/// A paused datasource reads nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_while_paused() {
    let called = Called::start().await;
    let store = &called.tenant.database.store;
    store.set_paused("test", called.tenant.datasource, true).await.unwrap();
    let ticket = called.some("Tickets");
    called.edit("Tickets", json!({ "id": ticket, "title": "While it is paused" }));
    called.tenant.simulator.clear_log();
    let sent = called.deliver().await;
    assert_eq!(sent[0].status, 204);
    assert_eq!(called.tenant.simulator.log().count("Tickets"), 0);
    store.set_paused("test", called.tenant.datasource, false).await.unwrap();
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    called.tenant.assert_same(&TICKETS).await;
}

/// What a process took and did not read, the next one does.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_left_the_next_one_reads() {
    let mut called = Called::start().await;
    let store = called.tenant.database.store.clone();
    let ticket = called.some("Tickets");
    called.edit("Tickets", json!({ "id": ticket, "title": "Left behind" }));
    called.stop.cancel();
    called.reader.take().unwrap().await.unwrap();
    called.tenant.simulator.deliver().await;
    let stop = CancellationToken::new();
    let (_callouts, _) = Callouts::start(store, called.tenant.connector.clone(), stop.clone());
    called.read().await;
    called.tenant.assert_same(&TICKETS).await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn callouts_in_any_order_leave_what_autotask_has() {
    let called = Called::start().await;
    let ids: Vec<i64> = called
        .tenant
        .simulator
        .with_world(|world| world.rows("Tickets").take(300).map(|row| row["id"].as_i64().unwrap()).collect());
    called.tenant.simulator.switches().set(|s| s.webhook_out_of_order = Some(Fault::always()));
    for (number, id) in ids.iter().enumerate() {
        called.edit("Tickets", json!({ "id": id, "title": format!("Title {number}") }));
    }
    called.tenant.simulator.clear_log();
    // A sync goes on beside it.
    called.tenant.advance(5);
    let ((), sent) = tokio::join!(async { drop(called.tenant.sync().await) }, called.deliver());
    assert!(sent.len() >= 300);
    // As they are, without another sync.
    let stored = called.tenant.stored(&TICKETS).await;
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(stored[id]["title"], format!("Title {number}"));
    }
    called.tenant.advance(5);
    called.tenant.sync_well().await;
    called.tenant.assert_complete().await;
    let most = called.tenant.simulator.log().max_concurrency("Tickets");
    assert!(most <= 3, "{most} at once");
}

#[tokio::test]
async fn an_address_that_cannot_be_called_is_refused() {
    let tenant = Tenant::start().await;
    let refused = tenant
        .database
        .store
        .set_webhook_address("test", tenant.datasource, Some("http://example.com"))
        .await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
}
