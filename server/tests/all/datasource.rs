//! `taskgauge datasource`: testing, adding, listing and removing, and a sentence for every way to fail.

use crate::house::{House, tenant, with_credentials};
use serde_json::{Value, json};
use taskgauge_model::entity::Entity;
use taskgauge_simulator::{AuthFailure, SimCredentials, Simulator, Switches};

async fn house_with_tenant() -> (House, Simulator) {
    let (mut house, simulator) = (House::on_database().await, tenant().await);
    house.reaches(&simulator);
    (house, simulator)
}

/// The cause that is told, what is given, how the tenant behaves, and words of the sentence.
type Case = (&'static str, SimCredentials, fn(&mut Switches), &'static str);

fn listed(house: &House) -> Value {
    house.run(&["datasource", "list", "--json"]).well().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_tested_added_listed_and_removed() {
    let (mut house, simulator) = house_with_tenant().await;
    let given = SimCredentials::default();

    // From standard input, with the line break that a shell adds.
    let test = with_credentials("test", "Northwind", &given);
    let words = house.run_with_input(&test, &format!("{}\n", given.secret)).well();
    assert!(words.out.starts_with("Connected to Northwind Managed IT in zone "), "{words:?}");
    assert_eq!(listed(&house), json!([]), "a test keeps nothing");

    // From the environment.
    house.set("TASKGAUGE_AUTOTASK_SECRET", given.secret.clone());
    let report = house.run(&[&test[..], &["--json"]].concat()).well().json();
    assert_eq!(report["outcome"], "passed");
    assert_eq!(report["report"]["user_name"], given.user_name);
    assert_eq!(report["report"]["company"], "Northwind Managed IT");
    let probes = report["report"]["doctor"]["probes"].as_array().unwrap();
    assert_eq!(probes.len(), Entity::all().len());
    let tickets = probes.iter().find(|probe| probe["entity"] == "Tickets").unwrap();
    let truth = simulator.with_world(|world| world.len("Tickets"));
    assert_eq!(tickets["finding"], json!({ "state": "readable", "rows": truth }));

    let added = house.run(&with_credentials("add", "Northwind", &given)).well();
    assert!(added.err.contains("“Northwind” is added."), "{added:?}");
    let list = listed(&house);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["name"], "Northwind");
    assert_eq!(list[0]["user_name"], given.user_name);
    assert_eq!(list[0]["time_zone"], "America/New_York");
    assert_eq!(list[0]["sync"]["state"], "queued", "its first sync is asked for");
    let words = house.run(&["datasource", "list"]).well().out;
    assert_eq!(words.split('\t').next(), Some("Northwind"));

    let twice = [&with_credentials("add", "Northwind", &given)[..], &["--json"]].concat();
    house.run(&twice).badly_with_result("There is already a datasource named “Northwind”.");
    assert_eq!(listed(&house).as_array().unwrap().len(), 1, "a name is taken once");

    let removed = house.run(&["datasource", "remove", "--name", "Northwind", "--json"]).well();
    assert_eq!(removed.json(), json!({ "removed": "Northwind" }));
    let added = house.run(&twice).well().json();
    assert_eq!((&added["outcome"], added["id"].is_i64()), (&json!("passed"), true), "{added}");
    assert!(added.get("draft").is_none() && added["report"]["doctor"]["probes"].is_array(), "{added}");
    house.run(&["datasource", "remove", "--name", "Northwind"]).well();
    assert_eq!(listed(&house), json!([]));
    house
        .run(&["datasource", "remove", "--name", "Northwind"])
        .badly("There is no datasource named “Northwind”.");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_kept_as_they_were_given() {
    let (house, _simulator) = house_with_tenant().await;
    let name = "Ünïcode “& <b>'quotes'</b> 🚀";
    house.add(name, &SimCredentials::default()).well();
    assert_eq!(listed(&house)[0]["name"], name);
    house.run(&["datasource", "remove", "--name", name]).well();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_refused_with_the_one_thing_to_do() {
    let (house, simulator) = house_with_tenant().await;
    let right = SimCredentials::default();
    let wrong = |change: fn(&mut SimCredentials)| {
        let mut given = right.clone();
        change(&mut given);
        given
    };
    let nothing: fn(&mut Switches) = |_| ();
    let cases: &[Case] = &[
        (
            "unknown_user",
            wrong(|given| given.user_name = "nobody@example.com".into()),
            nothing,
            "Autotask does not know this user name. Copy the username (key)",
        ),
        (
            "refused",
            wrong(|given| given.secret = "wrong".into()),
            nothing,
            "Autotask knows the user name but refuses the credentials. Paste the secret again",
        ),
        (
            "refused",
            right.clone(),
            |switches| switches.locked = true,
            "Autotask knows the user name but refuses the credentials.",
        ),
        (
            "integration_code",
            wrong(|given| given.integration_code = "WRONG".into()),
            |switches| switches.auth_failure = AuthFailure::Errors500,
            "Autotask does not accept the integration code. Copy the tracking identifier",
        ),
        (
            "hourly_limit",
            right.clone(),
            |switches| switches.hourly_used_by_others = 10_000,
            "in an hour are used up. Wait until the hour has passed.",
        ),
        (
            "nothing_readable",
            right.clone(),
            |switches| switches.forbidden.extend(Entity::all().iter().map(|entity| entity.name.to_owned())),
            "The credentials work, but the API user may not read anything. Open Admin",
        ),
    ];
    for (cause, given, change, sentence) in cases {
        simulator.switches().reset();
        simulator.switches().set(change);
        house.add("Northwind", given).badly(sentence);
        let arguments = [&with_credentials("add", "Northwind", given)[..], &["--json"]].concat();
        let failure = house.run_with_input(&arguments, &given.secret).badly_with_result(sentence).json();
        assert_eq!((failure["outcome"].as_str(), failure["cause"].as_str()), (Some("failed"), Some(*cause)));
        assert!(sentence.contains(' ') && !failure["next"].as_str().unwrap().is_empty());
    }
    assert_eq!(listed(&house), json!([]), "nothing that failed was added");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_checked_before_anything_is_sent() {
    let (house, simulator) = house_with_tenant().await;
    let right = SimCredentials::default();
    let long = "x".repeat(501);
    for (flag, value, sentence) in [
        ("--name", "", "--name: Give the datasource a name"),
        ("--name", &long[..81], "--name: Use a name of at most 80 characters."),
        ("--username", "", "--username: Enter the API user's name"),
        ("--username", "two words@example.com", "--username: An API user's name has no spaces."),
        (
            "--username",
            "ada@exämple.com",
            "--username: This holds a character that Autotask does not use here.",
        ),
        ("--integration-code", " CODE", "--integration-code: This begins or ends with a space."),
        ("--integration-code", &long, "--integration-code: This is longer than Autotask allows"),
        (
            "--zone",
            "https://autotask.example.com/",
            "--zone: autotask.example.com is not an Autotask address.",
        ),
        ("--zone", "http://ww5.autotask.net/", "--zone: The address must start with https://"),
        ("--zone", "https://a:b@ww5.autotask.net/", "--zone: The address must not contain a user name"),
        ("--zone", "https://ww5.autotask.net:8443/", "--zone: The address must not contain a port number."),
        ("--zone", "https://192.0.2.1/", "--zone: The address must be a name ending in autotask.net"),
        ("--zone", "📦", "--zone: This is neither a zone number nor an address."),
        ("--web-url", "https://example.com/", "--web-url: example.com is not an Autotask address."),
        ("--time-zone", "Atlantis/Capital", "--time-zone: Choose a time zone of the list"),
    ] {
        let mut arguments = with_credentials("add", "Northwind", &right);
        match arguments.iter().position(|argument| *argument == flag) {
            Some(at) => arguments[at + 1] = value,
            None => arguments.extend([flag, value]),
        }
        house.run_with_input(&arguments, &right.secret).badly(sentence);
        arguments.push("--json");
        let outcome = house.run_with_input(&arguments, &right.secret).badly_with_result(sentence).json();
        assert_eq!(outcome["outcome"], "invalid");
        assert!(!outcome["problems"].as_array().unwrap().is_empty());
    }
    let given = with_credentials("add", "Northwind", &right);
    for (secret, sentence) in [
        ("", "Enter the API user's secret."),
        (" padded", "This begins or ends with a space."),
        ("two\nlines", "This holds a line break or control character."),
    ] {
        house.run_with_input(&given, secret).badly(sentence);
    }
    assert_eq!(listed(&house), json!([]));
    assert_eq!(simulator.log().requests, 0, "Autotask was never asked");
}
