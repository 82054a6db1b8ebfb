//! Nothing secret is told: not in pages, answers, logs, results or messages, and not in the database's files.

use crate::house::{Browser, EMAIL, House, PASSWORD, hidden, location, tenant_with, with_credentials};
use reqwest::Method;
use serde_json::json;
use std::{fs, path::Path};
use taskgauge_simulator::SimCredentials;

/// Credentials that can be found wherever they turn up.
fn marked() -> SimCredentials {
    SimCredentials {
        user_name: "api@marked-msp.example".into(),
        secret: "MARKEDSECRET7261".into(),
        integration_code: "MARKEDINTEGRATIONCODE000027".into(),
    }
}

/// A secret that is refused.
const REFUSED: &str = "MARKEDSECRET-REFUSED";

/// Whether a text holds a secret of this test.
fn tells(text: &str) -> Option<&'static str> {
    ["MARKEDSECRET", "MARKEDINTEGRATION", PASSWORD].into_iter().find(|secret| text.contains(secret))
}

#[track_caller]
fn assert_silent(what: &str, text: &str) {
    assert_eq!(tells(text), None, "{what}: {text}");
}

/// Tests in the form, as a browser without JavaScript does.
async fn test_in_form(browser: &Browser, secret: &str) -> String {
    let given = marked();
    let fields = [
        ("name", "Marked"),
        ("user_name", &given.user_name),
        ("secret", secret),
        ("integration_code", &given.integration_code),
        ("zone", ""),
        ("web_url", ""),
        ("time_zone", "UTC"),
    ];
    browser.post("/data/datasources/new", &fields).await.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_told() {
    let simulator = tenant_with(marked()).await;
    let mut house = House::with_private_postgres();
    house.reaches(&simulator);
    house.set("TASKGAUGE_LOG", "trace");
    let mut server = house.serve();
    let browser = server.admin().await;
    let mut told: Vec<(String, String)> = Vec::new();

    told.push(("a refused form".into(), test_in_form(&browser, REFUSED).await));
    let passed = test_in_form(&browser, &marked().secret).await;
    let draft = hidden(&passed, "draft").expect("a passed test").to_owned();
    told.push(("a passed form".into(), passed));
    for secret in [REFUSED.to_owned(), marked().secret] {
        let answer = browser
            .request(Method::POST, test_connection())
            .json(&json!({ "draft": {
                "name": "Marked", "user_name": marked().user_name, "secret": secret,
                "integration_code": marked().integration_code, "time_zone": "UTC",
            }, "replaces": null }))
            .send()
            .await
            .unwrap();
        told.push(("a test's answer".into(), answer.text().await.unwrap()));
    }
    let save = [("draft", draft.as_str()), ("name", "Marked"), ("time_zone", "UTC"), ("web_url", "")];
    let saved = browser.post("/data/datasources/save", &save).await;
    let page = location(&saved).to_owned();

    // A run beside the server's own waits for that one, so everything is read when it ends.
    for arguments in [
        &["sync", "--datasource", "Marked", "--json"][..],
        &["sync", "--datasource", "Marked"],
        &["datasource", "list"],
        &["datasource", "list", "--json"],
    ] {
        let said = house.run(arguments).well();
        told.push((arguments.join(" "), said.out + &said.err));
    }
    for (action, secret) in [("test", marked().secret), ("test", REFUSED.into()), ("add", REFUSED.into())] {
        for json in [&[][..], &["--json"]] {
            let given = marked();
            let arguments = [&with_credentials(action, "Other", &given)[..], json].concat();
            let said = house.run_with_input(&arguments, &secret);
            // The integration code is an argument of the person's own; it is not repeated.
            told.push((format!("datasource {action}"), said.out + &said.err));
        }
    }
    for path in [
        "/dashboards",
        "/dashboards/service-ticket-kpis",
        "/data/datasources",
        "/data/datasources/new",
        "/data/datasets",
        &page,
        &format!("{page}/credentials"),
    ] {
        told.push((path.to_owned(), browser.text(path).await));
    }
    // The credentials stop working: the failure is told without them.
    simulator.switches().set(|switches| switches.credentials_revoked = true);
    let failed = house.run(&["sync", "--datasource", "Marked", "--json"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    told.push(("a failed sync".into(), failed.out + &failed.err));
    told.push((page.clone(), browser.text(&page).await));

    assert!(server.process.end().success());
    told.push(("the server's log".into(), server.process.err()));
    told.push(("the server's output".into(), server.process.out()));
    for (what, text) in &told {
        assert!(!text.is_empty(), "{what}");
        assert_silent(what, text);
    }
    let autotask = simulator.url().port().unwrap().to_string();
    assert!(server.process.err().contains(&autotask), "the log does tell of connections to Autotask");

    assert!(found_in_files(&house.data_dir(), EMAIL.as_bytes()), "the search finds what is there");
    for secret in [marked().secret, marked().integration_code, REFUSED.into(), PASSWORD.into()] {
        assert!(!found_in_files(&house.data_dir(), secret.as_bytes()), "{secret} is in the data folder");
    }
}

fn test_connection() -> &'static str {
    let mut paths = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path);
    paths.find(|path| path.starts_with("/api/test_connection")).expect("the function that tests")
}

/// Whether these bytes are in any file below a folder.
fn found_in_files(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found_in_files(&entry.path(), bytes)
        } else {
            kind.is_file()
                && fs::read(entry.path()).unwrap().windows(bytes.len()).any(|window| window == bytes)
        }
    })
}
