//! Answers in the shapes that Autotask's have, damaged in thousands of ways: bytes and members changed, left out, doubled.
//! Whatever comes, nothing panics, nothing goes on for ever, and no row is answered that was not in the body.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Map, Value, json};
use taskgauge_autotask::{Client, Connector, Error, Filter, Options, Page, Query, RetryPolicy};
use tokio::time::timeout;

use crate::stand_in::{Answer, SECRET, StandIn, credentials};

/// Cases of each kind of answer.
const CASES: u64 = 300;

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % sides.max(1) as u64).unwrap()
    }

    fn any<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.throw(of.len())]
    }
}

/// Values that somebody once forgot.
fn odd(dice: &mut Dice) -> Value {
    match dice.throw(16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(i64::MAX),
        5 => json!(u64::MAX),
        6 => json!(1e300),
        7 => json!(5.5),
        8 => json!(""),
        9 => json!("\u{0}"),
        10 => json!("9".repeat(400)),
        11 => json!("2026-02-30T25:61:00"),
        12 => json!([]),
        13 => json!({}),
        14 => json!([[[[[[[[[[[[]]]]]]]]]]]]),
        _ => json!("https://example.com/ATServicesRest/V1.0/Tickets/query/next?paging=x"),
    }
}

/// Changes one value somewhere.
fn edit(value: &mut Value, dice: &mut Dice) {
    let deeper = dice.throw(4) > 0;
    match value {
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = dice.throw(items.len());
            match dice.throw(6) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.reverse(),
                _ => edit(&mut items[at], dice),
            }
        }
        Value::Object(members) if deeper && !members.is_empty() => {
            let name = members.keys().nth(dice.throw(members.len())).unwrap().clone();
            match dice.throw(8) {
                0 => drop(members.remove(&name)),
                1 => {
                    let moved = members.remove(&name).unwrap();
                    members.insert(name.to_uppercase(), moved);
                }
                // Both spellings at once.
                2 => drop(members.insert(name.to_uppercase(), members[&name].clone())),
                3 => drop(members.insert("added".to_owned(), odd(dice))),
                _ => edit(members.get_mut(&name).unwrap(), dice),
            }
        }
        other => *other = odd(dice),
    }
}

/// Changes bytes.
fn damage(body: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.throw(body.len());
    let until = (at + dice.throw(30)).min(body.len());
    match dice.throw(7) {
        0 => body.truncate(at),
        1 => drop(body.drain(at..until)),
        2 => {
            let part = body[at..until].to_vec();
            body.splice(at..at, part);
        }
        3 => body.insert(at, *dice.any(b"{}[]\",:\\0e-\xff\x00 <")),
        4 => body.extend_from_slice(b" {}"),
        5 => body.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
        _ => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << dice.throw(8);
            }
        }
    }
}

/// An answer with one to four changes, most of them still JSON.
fn changed(sample: &Value, dice: &mut Dice) -> Vec<u8> {
    let mut value = sample.clone();
    for _ in 0..=dice.throw(3) {
        edit(&mut value, dice);
    }
    let mut body = value.to_string().into_bytes();
    if dice.throw(3) == 0 {
        damage(&mut body, dice);
    }
    body
}

fn page_sample() -> Value {
    let row = |id: i64| {
        json!({
            "id": id, "title": "Printer 🖨️ \"jams\"", "companyID": 0, "status": 5, "estimatedHours": 1.25,
            "createDate": "2026-03-01T10:00:00.307", "queueID": null, "isVisibleToComanaged": true,
            "userDefinedFields": [{ "name": "Site", "value": "North" }, { "name": "Empty", "value": null }],
        })
    };
    let link = "/ATServicesRest/V1.0/Tickets/query/next?paging=%7b%22pageSize%22%3a3%7d";
    json!({
        "items": [row(0), row(7), row(8), row(90_000_000_000)],
        "pageDetails": { "count": 4, "requestCount": 500, "prevPageUrl": null, "nextPageUrl": link },
    })
}

fn fields_sample() -> Value {
    json!({ "fields": [
        { "name": "id", "dataType": "long", "length": 0, "isRequired": true, "isReadOnly": true, "isQueryable": true,
          "isReference": false, "referenceEntityType": "", "isPickList": false, "picklistValues": null,
          "picklistParentValueField": "", "isSupportedWebhookField": false },
        { "name": "status", "dataType": "integer", "length": 0, "isRequired": true, "isReadOnly": false,
          "isQueryable": true, "isReference": false, "referenceEntityType": "", "isPickList": true,
          "picklistValues": [
            { "value": "5", "label": "Complete", "isDefaultValue": false, "sortOrder": 9, "parentValue": "",
              "isActive": true, "isSystem": true },
            { "value": "29", "label": "Retired", "isDefaultValue": false, "sortOrder": 10, "parentValue": "2",
              "isActive": false, "isSystem": false } ],
          "picklistParentValueField": "queueID", "isSupportedWebhookField": true },
    ] })
}

fn user_defined_sample() -> Value {
    json!({ "fields": [{ "name": "Site", "label": "Site", "type": "string", "length": 50, "description": "Where",
        "isRequired": false, "isReadOnly": false, "isQueryable": true, "isReference": false,
        "referenceEntityType": "", "isPickList": true, "picklistValues": [{ "value": "1", "label": "North",
        "isDefaultValue": true, "sortOrder": 1, "parentValue": "", "isActive": true, "isSystem": false }],
        "picklistParentValueField": "", "defaultValue": "North", "isSupportedWebhookField": false }] })
}

fn info_sample() -> Value {
    json!({ "info": { "name": "Ticket", "canCreate": true, "canDelete": false, "canQuery": true, "canUpdate": true,
        "userAccessForCreate": "None", "userAccessForDelete": "None", "userAccessForQuery": "All",
        "userAccessForUpdate": 2, "hasUserDefinedFields": true, "supportsWebhookCallouts": true } })
}

fn zone_sample(server: &StandIn) -> Value {
    json!({ "zoneName": "America East", "url": format!("{}ATServicesRest/", server.url),
        "webUrl": "https://ww5.autotask.net/", "ci": 417_236 })
}

/// Lists of rows in a body, by whatever spelling of their name; `None` where the body is no object.
fn lists(body: &[u8]) -> Option<Vec<Vec<Value>>> {
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let named = body.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("items"));
    Some(named.filter_map(|(_, list)| list.as_array().cloned()).collect())
}

/// The rows are one of the lists in the body, whole and in order; ids rise, and the last one is named.
fn assert_in(page: &Page, body: &[u8]) {
    let rows: Vec<Value> = page.rows.iter().cloned().map(Value::Object).collect();
    let lists = lists(body).expect("rows from something that is no object");
    assert!(lists.contains(&rows), "{}", String::from_utf8_lossy(body));
    assert_eq!(page.rows_as_sent(), page.rows);
    assert_eq!(page.last_id.is_none(), rows.is_empty());
    assert!(page.last_id.is_none_or(|last| last >= 0));
    assert!(rows.len() <= page.requested && (page.complete || !rows.is_empty()));
}

struct Damaged {
    server: StandIn,
    connector: Connector,
    client: Client,
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
    dice: Dice,
}

impl Damaged {
    async fn start(seed: u64) -> Self {
        let answer = Arc::new(Mutex::new((200, Vec::new())));
        let given = answer.clone();
        let server = StandIn::start(move |_, _| {
            let (status, body) = given.lock().unwrap().clone();
            Answer::new(status, body)
        })
        .await;
        let once = RetryPolicy { max_attempts: 1, ..server.options().retry };
        let options = Options { retry: once, ..server.options() };
        let connector = Connector::new(options).unwrap();
        let client = connector.client(server.url.clone(), credentials()).unwrap();
        Self { server, connector, client, answer, dice: Dice(seed) }
    }

    /// The next case: what the server answers from now on.
    fn next(&mut self, status: u16, sample: &Value) -> Vec<u8> {
        let body = changed(sample, &mut self.dice);
        *self.answer.lock().unwrap() = (status, body.clone());
        body
    }
}

/// It comes to an end.
async fn ends<T>(call: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), call).await.expect("it goes on and on")
}

#[tokio::test]
async fn damaged_pages() {
    let mut damaged = Damaged::start(1).await;
    let query = Query::new(Filter::eq("status", 5));
    let mut read = 0;
    for _ in 0..3 * CASES {
        let body = damaged.next(200, &page_sample());
        if let Ok(page) = ends(damaged.client.page("Tickets", &query, None)).await {
            assert_in(&page, &body);
            read += 1;
        }
    }
    assert!(read > CASES / 4, "{read} pages could still be read");
    for _ in 0..CASES {
        let body = damaged.next(200, &page_sample());
        if let Ok(rows) = ends(damaged.client.children("Tickets", 5, "Notes")).await {
            let rows: Vec<Value> = rows.into_iter().map(Value::Object).collect();
            assert!(lists(&body).unwrap().contains(&rows), "{}", String::from_utf8_lossy(&body));
        }
    }
    assert!(damaged.server.seen().len() as u64 <= 4 * CASES + 2 * CASES, "links are followed once");
}

#[tokio::test]
async fn damaged_metadata() {
    let mut damaged = Damaged::start(2).await;
    for _ in 0..CASES {
        let body = damaged.next(200, &fields_sample());
        if let Ok(fields) = ends(damaged.client.fields("Tickets")).await {
            let text = String::from_utf8(body).unwrap().to_lowercase();
            for field in fields {
                let name = json!(field.name.to_lowercase()).to_string();
                assert!(text.contains(name.trim_matches('"')), "{name} is not in {text}");
            }
        }
        damaged.next(200, &user_defined_sample());
        let _ = ends(damaged.client.user_defined_fields("Tickets")).await;
        damaged.next(200, &info_sample());
        let _ = ends(damaged.client.info("Tickets")).await;
    }
}

#[tokio::test]
async fn damaged_facts() {
    let mut damaged = Damaged::start(3).await;
    let limits = json!({ "externalRequestThreshold": 10_000, "requestThresholdTimeframe": 60,
        "currentTimeframeRequestCount": 17 });
    let version = json!({ "majorVersion": "1", "minorVersion": "6", "build": "25.1", "customerType": "x" });
    let modules = json!({ "modules": [{ "key": 1, "value": true }, { "key": 2, "value": "False" }] });
    let item = json!({ "item": { "id": 5, "title": "x", "userDefinedFields": [] } });
    for _ in 0..CASES {
        damaged.next(200, &limits);
        let _ = ends(damaged.client.thresholds()).await;
        damaged.next(200, &version);
        let _ = ends(damaged.client.version()).await;
        damaged.next(200, &modules);
        let _ = ends(damaged.client.modules()).await;
        damaged.next(200, &json!({ "queryCount": 12 }));
        let _ = ends(damaged.client.count("Tickets", &Filter::All)).await;
        damaged.next(200, &item);
        let _ = ends(damaged.client.get("Tickets", 5)).await;
    }
}

/// Wherever an answer says the tenant is, credentials go to Autotask or to the operator's own installation only.
#[tokio::test]
async fn damaged_zones() {
    let mut damaged = Damaged::start(4).await;
    let sample = zone_sample(&damaged.server);
    for _ in 0..CASES {
        damaged.next(200, &sample);
        if let Ok(zone) = ends(damaged.connector.discover("someone@example.com")).await {
            assert!(damaged.connector.options().policy.allows(&zone.api_url), "{}", zone.api_url);
        }
    }
}

#[tokio::test]
async fn damaged_failures() {
    let mut damaged = Damaged::start(5).await;
    let samples = [
        json!({ "errors": [format!("Bad login with {SECRET}"), "Unable to find foo in the Ticket Entity"] }),
        json!({ "errors": ["The Autotask API thread threshold of 3 threads has been exceeded. Itgenatr005"] }),
        json!({ "errors": ["The external request threshold of 10000 requests in 60 minutes was exceeded."] }),
        json!({ "Message": "An error has occurred." }),
    ];
    for _ in 0..CASES {
        let status =
            *damaged.dice.any(&[400, 401, 403, 404, 405, 408, 409, 429, 500, 501, 502, 503, 504, 599]);
        let sample = damaged.dice.any(&samples).clone();
        let body = damaged.next(status, &sample);
        let error = ends(damaged.client.page("Tickets", &Query::default(), None)).await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.len() < 30_000 && !told.contains(SECRET), "{told}");
        if let Error::Rejected { errors, .. } = error {
            let body = String::from_utf8_lossy(&body);
            assert!(errors.len() <= 20 && errors.iter().all(|text| text.chars().count() <= 500), "{body}");
        }
        assert!(status != 401 || error_is_about_credentials(&told), "{told}");
    }
}

fn error_is_about_credentials(told: &str) -> bool {
    told.contains("Unauthorized")
}
