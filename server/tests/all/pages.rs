//! What a browser gets, and what it does not.

use crate::house::{Browser, House, Server, hidden, location, tenant};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, Response, header};
use secrecy::ExposeSecret;
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
};
use taskgauge_app::api::UiError;
use taskgauge_model::{catalogue::Catalogue, clock::Clock};
use taskgauge_simulator::{SimCredentials, Simulator};
use taskgauge_store::{
    Store,
    testing::{self, set_away},
};

/// Addresses that show something to whoever is signed in.
const PAGES: &[&str] = &[
    "/",
    "/dashboards",
    "/dashboards/new",
    "/dashboards/service-ticket-kpis",
    "/dashboards/service-ticket-kpis/edit",
    "/gauges",
    "/gauges/new",
    "/gauges/open_tickets",
    "/gauges/open_tickets/edit",
    "/content/import",
    "/walls",
    "/walls/new",
    "/walls/board/sales",
    "/data",
    "/data/datasources",
    "/data/datasources/new",
    "/data/datasets",
    "/data/datasets/tickets_14d",
];

async fn signed_in() -> (House, Server, Browser) {
    let house = House::on_database().await;
    let mut server = house.serve();
    let browser = server.admin().await;
    (house, server, browser)
}

/// As [`signed_in`], with a simulated tenant to connect.
async fn with_tenant() -> (House, Server, Browser, Simulator) {
    let (mut house, simulator) = (House::on_database().await, tenant().await);
    house.reaches(&simulator);
    let mut server = house.serve();
    let browser = server.admin().await;
    (house, server, browser, simulator)
}

/// The server functions of the app: their addresses without the number of this build, and the addresses themselves.
fn functions() -> Vec<(String, &'static str)> {
    // Names something of the app, so that the linker keeps it with all its functions.
    assert!(!taskgauge_app::api::datasources::connect::time_zones().is_empty());
    server_fn_paths()
        .map(|(path, method)| {
            assert_eq!(method, Method::POST, "{path}");
            (
                path.trim_start_matches("/api/")
                    .trim_end_matches(|end: char| end.is_ascii_digit())
                    .to_owned(),
                path,
            )
        })
        .collect()
}

fn function(name: &str) -> &'static str {
    let found = functions().into_iter().find(|(function, _)| function == name);
    found.unwrap_or_else(|| panic!("there is no function {name}")).1
}

/// What a server function answered, or why it refused: JSON inside a JSON text.
async fn payload(response: Response) -> serde_json::Value {
    let text: String = response.json().await.unwrap();
    serde_json::from_str(text.trim_start_matches('!')).unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The form of the simulated tenant, with a secret that may be another.
fn form<'a>(given: &'a SimCredentials, secret: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", "Northwind"),
        ("user_name", &given.user_name),
        ("secret", secret),
        ("integration_code", &given.integration_code),
        ("zone", ""),
        ("web_url", ""),
        ("time_zone", "America/New_York"),
    ]
}

#[tokio::test]
async fn nothing_is_shown_to_strangers() {
    let (_house, server, admin) = signed_in().await;
    let stranger = server.browser();
    let files = [
        "/data/datasets/tickets_14d/rows.csv",
        "/data/datasets/tickets_14d/rows.xlsx",
        "/gauges/open_tickets/rows",
        "/gauges/open_tickets/rows.csv",
        "/gauges/open_tickets/rows.xlsx",
        "/data/datasources/1",
        "/data/datasources/1/credentials",
        "/data/datasources/1/settings",
        "/gauges/open_tickets/export",
        "/gauges/preview",
        "/gauges/open_tickets/remove",
        "/dashboards/service-ticket-kpis/export",
        "/dashboards/service-ticket-kpis/duplicate",
        "/walls/1",
        "/walls/1/part",
        "/walls/1/edit",
        "/walls/1/remove",
        "/walls/board/sales/part",
    ];
    let nothing = ["/no-such-page", "/manifest.json", "/admin", "/sign-in/", "/welcome/x", "//sign-in"];
    for path in PAGES.iter().chain(&files).chain(&nothing) {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE] {
            let response = stranger.request(method.clone(), path).send().await.unwrap();
            assert_eq!(response.status(), 303, "{method} {path}");
            assert!(location(&response).starts_with("/sign-in"), "{method} {path}");
            assert_eq!(response.text().await.unwrap(), "", "{method} {path}");
        }
    }
    for path in ["/data/datasources/save", "/data/datasources/new", "/data/datasources/1/credentials"] {
        let response = stranger.post(path, &[("draft", "x")]).await;
        assert_eq!(
            (response.status().as_u16(), location(&response).starts_with("/sign-in")),
            (303, true),
            "{path}"
        );
    }
    for path in PAGES {
        assert_eq!(admin.get(path).await.status().is_success(), *path != "/data", "{path}");
    }
    assert_eq!(location(&admin.get("/data").await), "/data/datasources");
    for (path, what) in [
        ("/no-such-page", "It may have been renamed or removed."),
        ("/dashboards/no-such", "There is no dashboard at this address."),
        ("/data/datasets/no-such", "There is no dataset at this address."),
        ("/data/datasets?source=99", "This datasource is not there any more."),
        ("/data/datasets/tickets_14d?source=99", "This datasource is not there any more."),
        ("/dashboards/service-ticket-kpis?source=99", "This datasource is not there any more."),
        ("/data/datasources/99", "This datasource does not exist or is no longer valid."),
    ] {
        let none = admin.get(path).await;
        assert_eq!(none.status(), 404, "{path}");
        let none = none.text().await.unwrap();
        assert!(none.contains(what), "{path}: {none}");
        assert!(none.contains("<title>Not found"), "{path}: {none}");
        assert_eq!(none.matches("<h1").count(), 1, "{path}: {none}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_read_how_syncing_goes() {
    let (mut house, simulator) = (House::on_database().await, tenant().await);
    house.reaches(&simulator);
    house.set("TASKGAUGE_METRICS_TOKEN", "MARKER");
    house.add("North \"wind\"", &SimCredentials::default()).well();
    house.run(&["sync", "--datasource", "North \"wind\""]).well();
    let mut server = house.serve();
    let admin = server.admin().await;
    let stranger = server.browser();
    let ask = |token: &str| stranger.request(Method::GET, "/metrics").bearer_auth(token).send();
    assert_eq!(stranger.get("/metrics").await.status(), 401);
    assert_eq!(ask("MARKET").await.unwrap().status(), 401);
    let by_program = ask("MARKER").await.unwrap();
    assert!(header(&by_program, "content-type").starts_with("text/plain; version=0.0.4"));
    for told in [by_program.text().await.unwrap(), admin.text("/metrics").await] {
        for line in [
            "taskgauge_sync_failed{datasource=\"North \\\"wind\\\"\"} 0\n",
            "taskgauge_autotask_hour_limit{datasource=\"North \\\"wind\\\"\"} 10000\n",
            "taskgauge_entity_rows{datasource=\"North \\\"wind\\\"\",entity=\"Tickets\"} ",
        ] {
            assert!(told.contains(line), "{line} is missing in {told}");
        }
        assert!(!told.contains("MARKER") && !told.contains(&SimCredentials::default().secret));
    }
}

/// A page that is open keeps what was typed into it, so nobody may be told to load it again.
#[tokio::test]
async fn a_database_that_is_away_is_said_to_pages_and_people() {
    let (house, _server, admin) = signed_in().await;
    let draft = json!({ "draft": {
        "name": "Any", "user_name": "a@example.com", "secret": "s", "integration_code": "I", "time_zone": "UTC",
    }, "replaces": null });
    let test = || admin.request(Method::POST, function("test_connection")).json(&draft).send();
    let save = [("draft", "x"), ("name", "Any"), ("time_zone", "UTC"), ("web_url", "")];
    set_away(&house.database_url(), true).await;
    let answer = test().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (503, "application/json"));
    let refusal: UiError = answer.json().await.unwrap();
    assert!(
        matches!(&refusal, UiError::Unavailable(what) if what.starts_with("The database ")),
        "{refusal:?}"
    );
    for answer in [admin.get("/data/datasources").await, admin.post("/data/datasources/save", &save).await] {
        assert_eq!(answer.status(), 503);
        let said = answer.text().await.unwrap();
        assert!(said.starts_with("The database cannot be reached."), "{said}");
    }
    set_away(&house.database_url(), false).await;
    assert_ne!(test().await.unwrap().status(), 503);
    assert_eq!(admin.get("/data/datasources").await.status(), 200);
}

#[tokio::test]
async fn nothing_is_answered_to_strangers() {
    let (_house, server, admin) = signed_in().await;
    let stranger = server.browser();
    let functions = functions();
    assert!(functions.len() >= 15, "{functions:?}");
    let others = [("events", "/events"), ("unknown", "/api/no_such_function")];
    for (name, path) in functions.iter().map(|(name, path)| (name.as_str(), *path)).chain(others) {
        let method = if name == "events" { Method::GET } else { Method::POST };
        let response = stranger.request(method, path).form(&[("token", "x")]).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        assert_eq!(header(&response, "content-type"), "application/json", "{path}");
        assert_eq!(response.json::<serde_json::Value>().await.unwrap(), json!("SignedOut"), "{path}");
    }
    let me = admin.request(Method::POST, function("get_me")).json(&json!({})).send().await.unwrap();
    assert_eq!(payload(me).await["email"], crate::house::EMAIL);
    assert_eq!(admin.post("/api/no_such_function", &[]).await.status(), 404);
}

#[tokio::test]
async fn health_needs_nobody() {
    let house = House::on_database().await;
    let server = house.serve();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.browser().text(path).await, "ok");
    }
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let (_house, server, admin) = signed_in().await;
    let stranger = server.browser();
    let answers = [
        admin.get("/").await,
        admin.get("/no-such-page").await,
        admin.get("/favicon.svg").await,
        stranger.get("/").await,
        stranger.get("/sign-in").await,
        stranger.get("/healthz").await,
        stranger.post(function("get_me"), &[]).await,
        stranger.post("/sign-in", &[]).await,
    ];
    for answer in &answers {
        let path = answer.url().path();
        assert_eq!(header(answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(answer, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(answer, "referrer-policy"), "same-origin", "{path}");
        assert!(header(answer, "content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(header(answer, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        let cached = if path == "/favicon.svg" { "public, max-age=3600" } else { "no-store" };
        assert_eq!(header(answer, "cache-control"), cached, "{path}");
    }
}

fn has_no_inline_code(path: &str, html: &str) {
    for forbidden in ["<style", "javascript:", " onclick=", " onload=", " onerror=", " onsubmit="] {
        assert!(!html.contains(forbidden), "{path}: {forbidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_scripts_with_the_nonce_of_the_answer_run() {
    let (_house, server, admin) = signed_in().await;
    let stranger = server.browser();
    let mut nonces = BTreeSet::new();
    let mut asked = 0;
    for path in PAGES.iter().filter(|path| **path != "/data") {
        let response = admin.get(path).await;
        let policy = header(&response, "content-security-policy").to_owned();
        assert!(!policy.contains("script-src 'unsafe") && !policy.contains("'unsafe-eval'"), "{policy}");
        let html = response.text().await.unwrap();
        has_no_inline_code(path, &html);
        // Of a page that is kept each script is named by its hash.
        if path.starts_with("/dashboards/") && html.contains(".hydrate()") {
            assert!(policy.contains("script-src 'self' 'sha256-") && !policy.contains("nonce"), "{policy}");
            continue;
        }
        let scripts: Vec<&str> = html.split("<script").skip(1).collect();
        let Some((_, rest)) = policy.split_once("script-src 'nonce-") else {
            // Plain pages have one script of our own, or none.
            assert!(!html.contains(".hydrate()"), "{path}");
            assert!(policy.contains("script-src 'self'") || scripts.is_empty(), "{path}: {policy}");
            for script in scripts {
                assert!(script.contains(" src=\"/pkg/") && script.contains("></script>"), "{path}: {script}");
            }
            continue;
        };
        asked += 1;
        let nonce = rest.split_once('\'').unwrap().0.to_owned();
        assert!(nonce.len() >= 16, "{policy}");
        assert!(scripts.len() >= 2, "{path}");
        for script in scripts {
            let tag = script.split_once('>').unwrap().0;
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        nonces.insert(nonce);
    }
    assert!(asked >= 3, "{asked} pages of the app");
    assert_eq!(nonces.len(), asked, "a nonce is used once");
    for path in ["/sign-in", "/welcome?token=x"] {
        let response = stranger.get(path).await;
        assert!(!header(&response, "content-security-policy").contains("script-src"), "{path}");
        let html = response.text().await.unwrap();
        assert!(html.contains("<h1>") && !html.contains("<script"), "{path}: {html}");
        has_no_inline_code(path, &html);
    }
}

#[tokio::test]
async fn changes_from_other_sites_are_refused() {
    let (_house, server, admin) = signed_in().await;
    let host = server.url.trim_start_matches("http://").to_owned();
    let post = |path: &str, headers: &[(&str, &str)]| {
        let mut request = admin.request(Method::POST, path).form(&[("token", "x")]);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send()
    };
    for path in ["/sign-out", "/sign-in", "/data/datasources/save", function("sync_now"), function("get_me")]
    {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("origin", &server.url)],
        ] {
            let response = post(path, headers).await.unwrap();
            assert_eq!(response.status(), 403, "{path} {headers:?}");
            assert!(response.text().await.unwrap().ends_with("was refused."));
        }
    }
    let at_home =
        [("origin", server.url.as_str()), ("sec-fetch-site", "same-origin"), ("host", host.as_str())];
    let refused = post(function("sync_now"), &at_home).await.unwrap();
    assert_ne!(refused.status(), 403, "the arguments are wrong, the place is right");
    assert!(admin.text("/").await.contains(crate::house::EMAIL), "still signed in");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let (_house, server, admin) = signed_in().await;
    let address = server.url.trim_start_matches("http://");
    let cookie = admin.cookie();
    for path in
        [function("get_me"), function("test_connection"), "/data/datasources/save", "/sign-in", "/welcome"]
    {
        // Refused by its length: a client that has sent nothing of the body reads the whole answer.
        let mut connection = TcpStream::connect(address).unwrap();
        write!(
            connection,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            1024 * 1024
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
    }
    let long = "x".repeat(200 * 1024);
    let response = admin.post("/sign-in", &[("email", &long), ("password", "x")]).await;
    assert!(location(&response).starts_with("/sign-in?problem=wrong"));
}

#[tokio::test]
async fn the_site_is_cached_for_ever_and_compressed() {
    let (_house, server, admin) = signed_in().await;
    // The files themselves need nobody signed in.
    let browser = server.browser();
    let html = admin.text("/data/datasources").await;
    let files: BTreeSet<&str> = html.split(['"', '\'']).filter(|word| word.starts_with("/pkg/")).collect();
    assert!(files.len() >= 4, "script, wasm, style and charts: {files:?}");
    for file in files {
        let plain = browser.get(file).await;
        assert_eq!(plain.status(), 200, "{file}");
        assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable", "{file}");
        assert_eq!(header(&plain, "vary"), "accept-encoding", "{file}");
        assert_eq!(header(&plain, "content-encoding"), "", "{file}");
        let kind = header(&plain, "content-type").to_owned();
        let expected = match file.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("wasm") => "application/wasm",
            Some("css") => "text/css",
            _ => &kind,
        };
        assert!(kind.starts_with(expected), "{file}: {kind}");
        let plain = plain.bytes().await.unwrap().len();
        for (accepted, used) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")] {
            let request = browser.request(Method::GET, file).header(header::ACCEPT_ENCODING, accepted);
            let small = request.send().await.unwrap();
            assert_eq!(header(&small, "content-encoding"), used, "{file}");
            assert_eq!(header(&small, "cache-control"), "public, max-age=31536000, immutable", "{file}");
            assert!(small.content_length().is_none_or(|length| length < plain as u64), "{file}");
        }
    }
    assert_eq!(header(&browser.get("/favicon.svg").await, "content-type"), "image/svg+xml");
    for hidden in ["/manifest.json", "/pkg/", "/pkg/../manifest.json", "/pkg/no-such.js", "/favicon.svg.br"] {
        assert_ne!(browser.get(hidden).await.status(), 200, "{hidden}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tested_is_what_is_saved() {
    let (house, server, browser, simulator) = with_tenant().await;
    let given = SimCredentials::default();

    let failed = browser.post("/data/datasources/new", &form(&given, "a wrong secret")).await;
    let failed = failed.text().await.unwrap();
    assert!(failed.contains("Autotask refuses these credentials"), "{failed}");
    assert!(
        failed.contains("value=\"Northwind\"") && failed.contains(&given.user_name),
        "nothing typed is lost"
    );
    assert!(!failed.contains("a wrong secret") && !failed.contains(&given.integration_code));
    assert_eq!(hidden(&failed, "draft"), None);

    let passed =
        browser.post("/data/datasources/new", &form(&given, &given.secret)).await.text().await.unwrap();
    assert!(passed.contains("Connected"), "{passed}");
    assert!(!passed.contains("name=\"secret\"") && !passed.contains("name=\"integration_code\""));
    assert!(!passed.contains("S1mulated") && !passed.contains(&given.integration_code));
    let draft = hidden(&passed, "draft").unwrap();

    // Whatever a browser fills in beside it, nothing but the draft's id counts.
    let save = [
        ("draft", draft),
        ("name", "Northwind"),
        ("time_zone", "America/New_York"),
        ("web_url", ""),
        ("user_name", "ada@example.com"),
        ("secret", "FILLED-IN-SECRET"),
        ("integration_code", "FILLED-IN-CODE"),
        ("zone", "https://evil.example/"),
    ];
    let stranger = server.browser();
    stranger.sign_in(crate::house::EMAIL, crate::house::PASSWORD).await;
    let refused = stranger.post("/data/datasources/save", &save).await;
    assert_eq!(refused.status(), 200, "another session's draft is not taken");
    assert!(refused.text().await.unwrap().contains("no longer valid"));

    let saved = browser.post("/data/datasources/save", &save).await;
    assert_eq!(saved.status(), 303);
    let page = location(&saved).to_owned();
    let id = page.trim_start_matches("/data/datasources/").parse().unwrap();

    let again = browser.post("/data/datasources/save", &save).await.text().await.unwrap();
    assert!(again.contains("no longer valid"), "a draft is used once");

    let url = house.database_url();
    let store = Store::connect(&url.into(), testing::sealer(), Clock::system()).await.unwrap();
    let stored = store.credentials(id).await.unwrap();
    assert_eq!(stored.user_name.expose_secret(), given.user_name);
    assert_eq!(stored.secret.expose_secret(), given.secret);
    assert_eq!(stored.integration_code.expose_secret(), given.integration_code);
    assert!(stored.api_url.starts_with(simulator.url().as_str()));
    assert_eq!(store.datasources().await.unwrap().len(), 1);
    store.close().await;

    // The same through the server function, with fields that it does not know.
    let passed = browser
        .request(Method::POST, function("test_connection"))
        .json(&json!({ "draft": {
            "name": "Second", "user_name": given.user_name, "secret": given.secret,
            "integration_code": given.integration_code, "time_zone": "UTC",
        }, "replaces": null }))
        .send()
        .await
        .unwrap();
    let outcome = payload(passed).await;
    assert_eq!(outcome["outcome"], "passed", "{outcome}");
    let mut save = save;
    let draft = outcome["draft"].as_str().unwrap().to_owned();
    save[0].1 = &draft;
    save[1].1 = "Second";
    let saved = browser.post(function("save_datasource"), &save).await;
    assert!(saved.status().is_success() || saved.status().is_redirection(), "{}", saved.status());
    let listed = house.run(&["datasource", "list", "--json"]).well().json();
    assert!(
        listed.as_array().unwrap().iter().all(|source| source["user_name"] == given.user_name),
        "{listed}"
    );
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_mistakes_comes_back_with_sentences() {
    let (_house, _server, browser, simulator) = with_tenant().await;
    let given = SimCredentials::default();
    for (field, value, sentence) in [
        ("name", " ", "Give the datasource a name"),
        ("name", "<script>alert(1)</script>", ""),
        ("user_name", "", "Enter the API user"),
        ("secret", "", "Enter the API user"),
        ("integration_code", "", "Enter the tracking identifier"),
        ("zone", "https://evil.example/\"'🚀", "evil.example"),
        ("web_url", "http://ww5.autotask.net/", "must start with https://"),
        ("time_zone", "Nowhere", "Choose a time zone of the list"),
    ] {
        let mut fields = form(&given, "wrong");
        fields.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value;
        let response = browser.post("/data/datasources/new", &fields).await;
        assert_eq!(response.status(), 200, "{field}");
        let html = response.text().await.unwrap();
        assert!(html.contains(sentence), "{field} {value}: “{sentence}” is missing");
        assert!(!html.contains("<script>alert"), "what was typed is text");
    }
    assert!(simulator.log().count("Version") <= 1, "only the name with markup is asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_boards_first_html_holds_numbers_and_pictures() {
    let (house, _server, browser, simulator) = with_tenant().await;
    house.add("Northwind", &SimCredentials::default()).well();
    house.run(&["sync", "--datasource", "Northwind"]).well();
    let board = browser.text("/dashboards/service-ticket-kpis").await;
    let open =
        simulator.with_world(|world| world.rows("Tickets").filter(|ticket| ticket["status"] != 5).count());
    let told = house.run(&["gauge", "open_tickets", "--datasource", "Northwind", "--json"]).well().json();
    assert_eq!(told["value"].as_f64(), Some(open as f64));
    assert!(board.contains(&format!(">{open}<")), "the number of open tickets stands in the page");
    assert!(board.matches("<svg").count() > 5, "charts are drawn");
    for dataset in &Catalogue::shipped().datasets {
        let page = browser.text(&format!("/data/datasets/{}", dataset.slug)).await;
        assert!(page.contains("<table"), "{}", dataset.slug);
        let csv = browser.get(&format!("/data/datasets/{}/rows.csv", dataset.slug)).await;
        assert_eq!(header(&csv, "content-type"), "text/csv; charset=utf-8");
        assert_eq!(
            header(&csv, "content-disposition"),
            format!("attachment; filename=\"{}.csv\"", dataset.slug)
        );
        assert!(csv.text().await.unwrap().contains("\r\n"), "{}", dataset.slug);
    }
}

#[tokio::test]
async fn the_live_stream_is_open_to_whoever_is_signed_in() {
    let (_house, _server, browser) = signed_in().await;
    let stream = browser.get("/events").await;
    assert_eq!(stream.status(), 200);
    assert_eq!(header(&stream, "content-type"), "text/event-stream");
    assert_eq!(header(&stream, "content-encoding"), "");
}
