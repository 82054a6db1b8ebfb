//! The service on loopback: every rule a client meets.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod common;

use common::{Api, with};
use serde_json::{Value, json};
use taskgauge_simulator::{AuthFailure, World};

#[tokio::test]
async fn discovery_needs_no_credentials() {
    let api = Api::start().await;
    let user = api.config.credentials.user_name.clone();
    let url = format!("{}atservicesrest/v1.0/zoneInformation", api.simulator.url());
    let found: Value = api.client.get(with(&url, "user", &user)).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["url"], json!(format!("{}ATServicesRest/", api.simulator.url())));
    assert!(found["ci"].is_i64());
    let unknown = api.client.get(with(&url, "user", "nobody@example.com")).send().await.unwrap();
    assert_eq!(unknown.status(), 500);
    assert_eq!(
        unknown.json::<Value>().await.unwrap(),
        json!({"errors": ["Zone information could not be determined"]})
    );
    let versions = api
        .client
        .get(format!("{}atservicesrest/versioninformation", api.simulator.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(versions.json::<Value>().await.unwrap(), json!({"apiVersions": ["v1.0"]}));
}

#[tokio::test]
async fn credentials_are_checked() {
    let api = Api::start().await;
    assert_eq!(api.get("Version").await.0, 200);
    let url = format!("{}V1.0/Version", api.base);
    let known = api.config.credentials.clone();
    let send = |user: &str, secret: &str, code: &str| {
        let request = api
            .client
            .get(&url)
            .header("UserName", user)
            .header("Secret", secret)
            .header("ApiIntegrationCode", code);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        }
    };
    assert_eq!(send(&known.user_name, "wrong", &known.integration_code).await, (401, String::new()));
    assert_eq!(send("x@example.com", &known.secret, &known.integration_code).await, (401, String::new()));
    assert_eq!(send(&known.user_name, &known.secret, "").await, (401, String::new()));
    api.simulator.switches().set(|switches| switches.auth_failure = AuthFailure::Errors500);
    assert_eq!(send(&known.user_name, "wrong", &known.integration_code).await.0, 401);
    let (status, body) = send(&known.user_name, &known.secret, "x").await;
    assert_eq!(status, 500);
    assert!(body.contains("errors"));
    assert_eq!(send("x@example.com", &known.secret, &known.integration_code).await.0, 500);
    for locked in [true, false] {
        api.simulator.switches().set(|switches| {
            switches.locked = locked;
            switches.credentials_revoked = !locked;
        });
        assert_eq!(api.get("Version").await.0, 401);
    }
}

#[tokio::test]
async fn a_moved_zone_is_found_again() {
    let api = Api::start().await;
    api.simulator.switches().set(|switches| switches.zone_moved = true);
    assert_eq!(api.get("Version").await.0, 401);
    let url = format!(
        "{}atservicesrest/v1.0/zoneInformation?user={}",
        api.simulator.url(),
        api.config.credentials.user_name
    );
    let found: Value = api.client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["url"], json!(format!("{}zone2/ATServicesRest/", api.simulator.url())));
    let again = api.send(api.client.get(format!("{}V1.0/Version", found["url"].as_str().unwrap()))).await;
    assert_eq!(again.0, 200);
}

#[tokio::test]
async fn paths_fields_and_operators_have_no_case() {
    let api = Api::start().await;
    let (status, body) =
        api.send(api.client.post(format!("{}v1.0/tickets/QUERY", api.base.to_lowercase())).json(&json!({
            "maxrecords": 3, "INCLUDEFIELDS": ["ID", "Title"], "Filter": [{"OP": "EQ", "Field": "STATUS", "Value": 5}]
        })))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["items"].as_array().unwrap().len(), 3);
    // Only what was asked for, and an empty list of user-defined fields.
    let row = body["items"][0].as_object().unwrap();
    let mut names: Vec<&str> = row.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["id", "title", "userDefinedFields"]);
    assert_eq!(row["userDefinedFields"], json!([]));
}

#[tokio::test]
async fn rows_are_complete_without_include_fields() {
    let api = Api::start().await;
    let (_, body) = api.query("Tickets", json!([{"op": "gte", "field": "id", "value": 0}])).await;
    let items = body["items"].as_array().unwrap();
    assert_eq!(items.len(), 500);
    let truth = api.rows("Tickets");
    assert_eq!(items[0], Value::Object(truth[0].clone()));
    assert_eq!(items[499], Value::Object(truth[499].clone()));
    assert_eq!(body["pageDetails"]["requestCount"], json!(500));
    let (_, one) = api.get(&format!("Tickets/{}", truth[7]["id"])).await;
    assert_eq!(one["item"], Value::Object(truth[7].clone()));
}

#[tokio::test]
async fn pages_of_a_post_are_posted() {
    let api = Api::start().await;
    let body = json!({"MaxRecords": 400, "filter": [{"op": "gte", "field": "id", "value": 0}]});
    let (_, mut page) = api.post("Tickets/query", &body).await;
    let mut ids = Vec::new();
    loop {
        ids.extend(page["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
        let Some(next) = page["pageDetails"]["nextPageUrl"].as_str().map(str::to_owned) else { break };
        assert!(next.starts_with(&api.base));
        let (status, refused) = api.send(api.client.get(&next)).await;
        assert_eq!(status, 405);
        assert_eq!(refused["Message"], json!("The requested resource does not support http method 'GET'."));
        page = api.send(api.client.post(&next).json(&body)).await.1;
        assert!(page["pageDetails"]["prevPageUrl"].is_string());
    }
    assert!(ids.is_sorted());
    assert_eq!(ids.len(), api.rows("Tickets").len());
}

#[tokio::test]
async fn pages_of_a_get_repeat_the_search() {
    let api = Api::start().await;
    let search = r#"{"MaxRecords":10,"filter":[{"op":"gte","field":"id","value":0}]}"#;
    let (_, page) =
        api.send(api.client.get(with(&format!("{}V1.0/Companies/query", api.base), "search", search))).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items[0]["id"], json!(0), "the provider's own company comes first");
    let next = page["pageDetails"]["nextPageUrl"].as_str().unwrap();
    assert!(next.contains("search=%7b%22MaxRecords"), "lower-case escapes: {next}");
    assert!(next.contains("previousIds%22%3a%5b-1%5d"), "{next}");
    let (status, second) = api.send(api.client.get(next)).await;
    assert_eq!(status, 200);
    assert!(second["items"][0]["id"].as_i64() > items[9]["id"].as_i64());
    assert_eq!(api.send(api.client.post(next).json(&json!({}))).await.0, 405);
    let previous = second["pageDetails"]["prevPageUrl"].as_str().unwrap();
    assert_eq!(api.send(api.client.get(previous)).await.1["items"], page["items"]);
    api.simulator.switches().set(|switches| switches.relative_next_url = true);
    let (_, page) =
        api.send(api.client.get(with(&format!("{}V1.0/Companies/query", api.base), "search", search))).await;
    assert!(
        page["pageDetails"]["nextPageUrl"]
            .as_str()
            .unwrap()
            .starts_with("/ATServicesRest/V1.0/Companies/query/next?paging=")
    );
}

#[tokio::test]
async fn a_long_address_is_not_found() {
    let api = Api::start().await;
    let ids: Vec<i64> = (0..450).collect();
    let search = json!({"filter": [{"op": "in", "field": "id", "value": ids}]});
    let get =
        api.client.get(with(&format!("{}V1.0/Companies/query", api.base), "search", &search.to_string()));
    assert_eq!(api.send(get).await.0, 404);
    assert_eq!(api.post("Companies/query", &search).await.0, 200);
}

#[tokio::test]
async fn wrong_queries_are_refused() {
    let api = Api::start().await;
    let all = json!([{"op": "exist", "field": "id"}]);
    assert!(api.refused("Tickets", json!({})).await.contains("filter"));
    assert!(api.refused("Tickets", json!({"filter": []})).await.contains("filter"));
    assert!(
        api.refused("Tickets", json!({"filter": [{"op": "like", "field": "id", "value": 1}]}))
            .await
            .contains("operator")
    );
    for count in [0, 501] {
        assert!(
            api.refused("Tickets", json!({"MaxRecords": count, "filter": all})).await.contains("MaxRecords")
        );
    }
    let text = api.refused("Tickets", json!({"filter": [{"op": "eq", "field": "noSuch", "value": 1}]})).await;
    assert_eq!(text, "Unable to find noSuch in the Ticket Entity.");
    assert!(
        api.refused("Companies", json!({"IncludeFields": ["noSuch"], "filter": all}))
            .await
            .contains("Account")
    );
    assert!(
        api.refused("Tickets", json!({"filter": [{"op": "eq", "field": "creatorType", "value": 1}]}))
            .await
            .contains("creatorType")
    );
    assert!(
        api.refused("Tasks", json!({"filter": [{"op": "gt", "field": "remainingHours", "value": 1}]}))
            .await
            .contains("remainingHours")
    );
    for value in [json!("true"), json!(1), Value::Null] {
        assert!(
            api.refused("Resources", json!({"filter": [{"op": "eq", "field": "isActive", "value": value}]}))
                .await
                .contains("isActive")
        );
    }
    let udf = |name: &str| json!({"op": "exist", "field": name, "udf": true});
    assert!(
        api.refused("Companies", json!({"filter": [udf("Industry"), udf("Seats")]}))
            .await
            .contains("user-defined")
    );
    assert!(api.refused("Companies", json!({"filter": [udf("No Such")]})).await.contains("No Such"));
}

#[tokio::test]
async fn five_hundred_ors_are_enough() {
    let api = Api::start().await;
    let ids = |count: i64| (0..count).collect::<Vec<_>>();
    let within = |count| json!({"filter": [{"op": "in", "field": "ticketID", "value": ids(count)}]});
    assert_eq!(api.post("TimeEntries/query", &within(500)).await.0, 200);
    let text = api.refused("TimeEntries", within(501)).await;
    assert_eq!(text, "Invalid query syntax. Queries are limited to 500 or fewer 'OR' conditions.");
    let or = |count| {
        let items: Vec<Value> =
            ids(count).iter().map(|id| json!({"op": "eq", "field": "id", "value": id})).collect();
        json!({"filter": [{"op": "or", "items": items}]})
    };
    assert_eq!(api.post("TimeEntries/query", &or(500)).await.0, 200);
    api.refused("TimeEntries", or(501)).await;
    let both = json!({"filter": [
        {"op": "in", "field": "ticketID", "value": ids(300)}, {"op": "in", "field": "resourceID", "value": ids(201)}
    ]});
    api.refused("TimeEntries", both).await;
}

#[tokio::test]
async fn ticket_history_is_asked_one_ticket_at_a_time() {
    let api = Api::start().await;
    assert_eq!(
        api.query("TicketHistory", json!([{"op": "eq", "field": "ticketID", "value": 7002}])).await.0,
        200
    );
    for filter in [
        json!([{"op": "in", "field": "ticketID", "value": [7002]}]),
        json!([{"op": "gt", "field": "ticketID", "value": 0}]),
        json!([{"op": "eq", "field": "ticketID", "value": 1}, {"op": "eq", "field": "ticketID", "value": 1}]),
        json!([{"op": "exist", "field": "id"}]),
    ] {
        api.refused("TicketHistory", json!({ "filter": filter })).await;
    }
}

#[tokio::test]
async fn filters_find_what_an_own_scan_finds() {
    let api = Api::start().await;
    let tickets = api.rows("Tickets");
    let count = |holds: &dyn Fn(&taskgauge_simulator::Row) -> bool| {
        i64::try_from(tickets.iter().filter(|row| holds(row)).count()).unwrap()
    };
    let text =
        |row: &taskgauge_simulator::Row, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let middle = text(&tickets[1_200], "lastActivityDate");
    let near = text(&tickets[2_300], "createDate");
    let id = tickets[900]["id"].as_i64().unwrap();
    for (filter, expected) in [
        (json!([{"op": "noteq", "field": "status", "value": 5}]), count(&|row| row["status"] != json!(5))),
        (
            json!([{"op": "gte", "field": "lastActivityDate", "value": format!("{middle}Z")}]),
            count(&|row| text(row, "lastActivityDate") >= middle),
        ),
        (
            json!([{"op": "gt", "field": "createDate", "value": near}]),
            count(&|row| text(row, "createDate") > near),
        ),
        (
            json!([{"op": "lt", "field": "createDate", "value": near}, {"op": "gt", "field": "id", "value": id}]),
            count(&|row| text(row, "createDate") < near && row["id"].as_i64().unwrap() > id),
        ),
        (
            json!([{"op": "or", "items": [{"op": "eq", "field": "companyID", "value": 0}, {"op": "in", "field": "priority", "value": [4, 9]}]}]),
            count(&|row| {
                row["companyID"] == json!(0) || row["priority"] == json!(4) || row["priority"] == json!(9)
            }),
        ),
        (
            json!([{"op": "contains", "field": "title", "value": "PASSWORD"}]),
            count(&|row| text(row, "title").to_lowercase().contains("password")),
        ),
        (
            json!([{"op": "beginsWith", "field": "title", "value": "outlook"}]),
            count(&|row| text(row, "title").to_lowercase().starts_with("outlook")),
        ),
        (
            json!([{"op": "endsWith", "field": "title", "value": "reset"}]),
            count(&|row| text(row, "title").to_lowercase().ends_with("reset")),
        ),
        (json!([{"op": "notExist", "field": "contactID"}]), count(&|row| row["contactID"].is_null())),
        (
            json!([{"op": "notIn", "field": "queueID", "value": [29_682_833]}]),
            count(&|row| row["queueID"] != json!(29_682_833)),
        ),
        (
            json!([{"op": "eq", "field": "serviceLevelAgreementHasBeenMet", "value": false}]),
            count(&|row| row["serviceLevelAgreementHasBeenMet"] == json!(false)),
        ),
        // A string never equals a number, and that is not an error.
        (json!([{"op": "eq", "field": "id", "value": id.to_string()}]), 0),
        (json!([{"op": "eq", "field": "status", "value": "5"}]), 0),
        (
            json!([{"op": "eq", "field": "root cause", "value": "hardware", "udf": true}]),
            count(&|row| row["userDefinedFields"][0]["value"] == json!("Hardware")),
        ),
        (
            json!([{"op": "gte", "field": "Users Affected", "value": 5, "udf": true}]),
            count(&|row| {
                row["userDefinedFields"][1]["value"]
                    .as_str()
                    .is_some_and(|value| value.parse::<i64>().unwrap() >= 5)
            }),
        ),
    ] {
        assert_eq!(api.count("Tickets", filter.clone()).await, expected, "{filter}");
    }
    // The same instant in another zone's clock.
    let shifted = json!([{"op": "gt", "field": "createDate", "value": "2026-03-01T00:00:00-05:00"}]);
    assert_eq!(
        api.count("Tickets", shifted).await,
        count(&|row| text(row, "createDate").as_str() > "2026-03-01T05:00:00")
    );
    // Contacts.isActive is an integer that also answers to true.
    let active = api.count("Contacts", json!([{"op": "eq", "field": "isActive", "value": 1}])).await;
    assert_eq!(
        api.count("Contacts", json!([{"op": "eq", "field": "isActive", "value": true}])).await,
        active
    );
    assert!(active > 50);
}

#[tokio::test]
async fn filters_see_edits() {
    let api = Api::start().await;
    let stamp = json!([{"op": "gte", "field": "lastActivityDate", "value": "2026-03-18T15:30:00Z"}]);
    let company = json!([{"op": "in", "field": "companyID", "value": [999_999]}]);
    let stamped = api.count("Tickets", stamp.clone()).await;
    assert_eq!(api.count("Tickets", company.clone()).await, 0);
    let id = api.rows("Tickets")[4]["id"].clone();
    let row = json!({"id": id, "companyID": 999_999});
    api.simulator
        .edit(|world: &mut World| world.upsert("Tickets", row.as_object().unwrap().clone()))
        .unwrap();
    assert_eq!(api.count("Tickets", stamp).await, stamped + 1);
    assert_eq!(api.count("Tickets", company.clone()).await, 1);
    api.simulator.edit(|world| world.delete("Tickets", id.as_i64().unwrap()));
    assert_eq!(api.count("Tickets", company).await, 0);
}

#[tokio::test]
async fn metadata_describes_the_tenant() {
    let api = Api::start().await;
    let (_, body) = api.get("Tickets/entityInformation/fields").await;
    let fields = body["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == json!(name)).unwrap();
    let priorities = field("priority")["picklistValues"].as_array().unwrap();
    let values: Vec<&str> = priorities.iter().map(|value| value["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["4", "1", "2", "7", "9"], "not in the order of values, with a gap");
    assert_eq!(priorities[4]["isActive"], json!(false));
    assert_eq!(field("subIssueType")["picklistParentValueField"], json!("IssueType"));
    assert!(
        field("subIssueType")["picklistValues"]
            .as_array()
            .unwrap()
            .iter()
            .all(|value| value["parentValue"] != json!(""))
    );
    assert_eq!(field("creatorType")["isQueryable"], json!(false));
    assert_eq!(field("companyID")["referenceEntityType"], json!("Company"));
    assert_eq!(field("title")["picklistValues"], Value::Null);
    let (_, info) = api.get("Tickets/entityInformation").await;
    assert_eq!(info["info"]["canQuery"], json!(true));
    let (_, udf) = api.get("Companies/entityInformation/userDefinedFields").await;
    assert_eq!(udf["fields"][0]["name"], json!("Industry"));
    assert_eq!(udf["fields"][2]["type"], json!("datetime"));
    // Every picklist value that a row carries is listed.
    for (entity, names) in [
        (
            "Tickets",
            &[
                "status",
                "priority",
                "queueID",
                "source",
                "ticketType",
                "issueType",
                "subIssueType",
                "ticketCategory",
            ][..],
        ),
        ("Contracts", &["contractType", "contractCategory", "status"]),
        ("Opportunities", &["status", "stage", "leadSource", "opportunityCategoryID"]),
        ("ConfigurationItems", &["configurationItemType", "rmmDeviceAuditPatchStatusID"]),
        ("Companies", &["companyType", "classification", "marketSegmentID"]),
        ("BillingItems", &["billingItemType", "subType"]),
    ] {
        let (_, body) = api.get(&format!("{entity}/entityInformation/fields")).await;
        for name in names {
            let field = body["fields"]
                .as_array()
                .unwrap()
                .iter()
                .find(|field| field["name"] == json!(name))
                .unwrap()
                .clone();
            let listed: Vec<&str> = field["picklistValues"]
                .as_array()
                .unwrap()
                .iter()
                .map(|value| value["value"].as_str().unwrap())
                .collect();
            for row in api.rows(entity) {
                let value = &row[*name];
                assert!(
                    value.is_null() || listed.contains(&value.to_string().as_str()),
                    "{entity}.{name} {value}"
                );
            }
        }
    }
}

#[tokio::test]
async fn children_are_read_under_their_parent() {
    let api = Api::start().await;
    let notes = api.rows("TicketNotes");
    let parent = &notes[10]["ticketID"];
    let (status, body) = api.get(&format!("Tickets/{parent}/Notes")).await;
    assert_eq!(status, 200);
    let expected = notes.iter().filter(|note| note["ticketID"] == *parent).count();
    assert_eq!(body["items"].as_array().unwrap().len(), expected);
    assert_eq!(
        api.get(&format!("Tickets/{parent}/Notes/{}", notes[10]["id"])).await.1["item"]["id"],
        notes[10]["id"]
    );
    assert_eq!(api.get(&format!("Tickets/1/Notes/{}", notes[10]["id"])).await.0, 404);
    assert_eq!(api.get(&format!("Tickets/{parent}/Notes/query?search=x")).await.0, 404);
    assert_eq!(api.get("NoSuchThings/query").await.0, 404);
    assert_eq!(
        api.post("ResourceTimeOffBalances/query", &json!({"filter": [{"op": "exist", "field": "id"}]}))
            .await
            .0,
        404
    );
    assert_eq!(api.post("Tickets", &json!({"title": "x"})).await.0, 405);
}

#[tokio::test]
async fn the_control_calls_do_the_same_over_http() {
    let api = Api::start().await;
    let url = |path: &str| format!("{}simulator/{path}", api.simulator.url());
    let send = |request: reqwest::RequestBuilder| async move {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, switches) = send(api.client.post(url("switches")).json(&json!({"locked": true}))).await;
    assert_eq!((status, &switches["locked"]), (200, &json!(true)));
    assert_eq!(api.get("Version").await.0, 401);
    assert_eq!(send(api.client.delete(url("switches"))).await.0, 200);
    assert_eq!(api.get("Version").await.0, 200);
    let (_, log) = send(api.client.get(url("log"))).await;
    assert_eq!(log["entities"]["Version"]["requests"], json!(2));
    let (_, before) = send(api.client.get(url("rows/Tickets"))).await;
    let (_, now) = send(api.client.post(url("advance")).json(&json!({"hours": 6}))).await;
    assert_eq!(now["now"], json!("2026-03-18T21:30:00+00:00"));
    let (_, after) = send(api.client.get(url("rows/Tickets"))).await;
    assert!(after.as_array().unwrap().len() > before.as_array().unwrap().len());
    let (status, done) = send(api.client.post(url("edit")).json(&json!([
        {"entity": "Companies", "row": {"id": 0, "companyName": "Renamed"}}, {"entity": "Tickets", "delete": before[0]["id"]}
    ])))
    .await;
    assert_eq!((status, done), (200, json!([{"id": 0}, {"deleted": true}])));
    assert_eq!(send(api.client.get(url("rows/Companies/0"))).await.1["companyName"], json!("Renamed"));
    assert_eq!(
        send(api.client.post(url("edit")).json(&json!({"entity": "Nothing", "row": {}}))).await.0,
        400
    );
    let date = api
        .signed(api.client.get(format!("{}V1.0/Version", api.base)))
        .send()
        .await
        .unwrap()
        .headers()["date"]
        .clone();
    assert_eq!(date, "Wed, 18 Mar 2026 21:30:00 GMT", "the service tells the tenant's time");
}
