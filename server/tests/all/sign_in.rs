//! Who gets in, and with which cookie.

use crate::house::{EMAIL, House, PASSWORD, location};
use reqwest::{Method, Response, header};
use taskgauge_store::users::PASSWORD_MIN;

/// The cookie that a response sets.
#[track_caller]
fn cookie(response: &Response) -> &str {
    response.headers()[header::SET_COOKIE].to_str().unwrap()
}

#[tokio::test]
async fn the_one_time_link_makes_one_admin() {
    let house = House::on_database().await;
    let mut server = house.serve();
    let token = server.welcome_token();
    let browser = server.browser();
    let page = browser.text(&format!("/welcome?token={token}")).await;
    assert!(page.contains("Choose how the first admin signs in."));
    assert!(page.contains(&format!("minlength=\"{PASSWORD_MIN}\"")), "the page knows the rule");
    assert!(!browser.text("/welcome?token=made-up").await.contains("name=\"password\""));

    let form = |email: &'static str, password: &'static str, again: &'static str| {
        [
            ("token", token.clone()),
            ("name", "Ada".into()),
            ("email", email.into()),
            ("password", password.into()),
            ("again", again.into()),
        ]
    };
    for (email, password, again, problem) in [
        (EMAIL, "elevenchars", "elevenchars", "short"),
        (EMAIL, PASSWORD, "another sentence", "different"),
        ("nobody", PASSWORD, PASSWORD, "email"),
        ("", PASSWORD, PASSWORD, "email"),
        ("ada-lovelace@example.com", "Ada-Lovelace@Example.com", "Ada-Lovelace@Example.com", "same"),
    ] {
        let fields = form(email, password, again);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = browser.post("/welcome", &fields).await;
        let back = location(&response).to_owned();
        assert!(back.starts_with(&format!("/welcome?token={token}&problem={problem}&name=Ada&")), "{back}");
        assert!(!back.contains("assw") && !back.contains(password), "{back}");
        let page = browser.text(&back).await;
        assert!(page.contains("Not yet") && page.contains("value=\"Ada\""), "nothing typed is lost");
        assert!(page.contains(&format!("value=\"{email}\"")), "nothing typed is lost");
        assert!(response.headers().get(header::SET_COOKIE).is_none());
    }
    let fields = form(EMAIL, PASSWORD, PASSWORD);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(location(&browser.post("/welcome", &fields).await), "/");
    assert!(browser.text("/").await.contains(EMAIL));

    let stranger = server.browser();
    assert_eq!(location(&stranger.post("/welcome", &fields).await), "/sign-in?problem=link");
    assert!(stranger.text(&format!("/welcome?token={token}")).await.contains("does not work any more"));
}

#[tokio::test]
async fn the_cookie_is_closed_to_scripts_and_other_sites() {
    let house = House::on_database().await;
    let mut server = house.serve();
    server.admin().await;
    let browser = server.browser();
    let response = browser.sign_in(EMAIL, PASSWORD).await;
    let set = cookie(&response);
    assert!(set.starts_with("taskgauge="), "{set}");
    for flag in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
        assert!(set.contains(flag), "{set}");
    }
    assert!(!set.contains("Domain") && !set.contains("Secure"), "{set}");
    let token = set.split(['=', ';']).nth(1).unwrap();
    assert!(token.len() >= 43, "256 bits: {token}");
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_tls_alone() {
    let house = House::on_database().await;
    let mut server = house.serve_behind("https://gauges.example.com");
    let token = server.welcome_token();
    assert!(server.process.out().contains("https://gauges.example.com/welcome?token="));
    let fields = [
        ("token", token.as_str()),
        ("name", ""),
        ("email", EMAIL),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let response = server.browser().post("/welcome", &fields).await;
    let set = cookie(&response);
    assert!(set.starts_with("__Host-taskgauge="), "{set}");
    assert!(set.ends_with("; Secure") && set.contains("; HttpOnly; SameSite=Lax"), "{set}");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let house = House::on_database().await;
    let mut server = house.serve();
    let browser = server.admin().await;
    let response = browser.sign_in(EMAIL, PASSWORD).await;
    let stolen = cookie(&response).split(';').next().unwrap().to_owned();
    let with_stolen =
        || server.browser().request(Method::GET, "/dashboards").header(header::COOKIE, stolen.clone()).send();
    assert_eq!(with_stolen().await.unwrap().status(), 200);
    let response = browser.post("/sign-out", &[]).await;
    assert_eq!(location(&response), "/sign-in?problem=out");
    assert!(cookie(&response).contains("Max-Age=0"));
    assert_eq!(browser.get("/dashboards").await.status(), 303);
    assert_eq!(with_stolen().await.unwrap().status(), 303, "the token itself is of no use any more");
}

#[tokio::test]
async fn a_person_arrives_where_they_wanted_to_go_but_never_elsewhere() {
    let house = House::on_database().await;
    let mut server = house.serve();
    server.admin().await;
    let browser = server.browser();
    let wanted = browser.get("/data/datasets?q=a%26b").await;
    assert_eq!(location(&wanted), "/sign-in?next=%2Fdata%2Fdatasets%3Fq%3Da%2526b");
    for (next, arrives) in [
        ("/data/datasets?q=a%26b", "/data/datasets?q=a%26b"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let form = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        assert_eq!(location(&browser.post("/sign-in", &form).await), arrives, "{next}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let house = House::on_database().await;
    let mut server = house.serve();
    server.admin().await;
    let browser = server.browser();
    let mut answers = Vec::new();
    for _ in 0..11 {
        let response = browser.sign_in(EMAIL, "a wrong guess").await;
        answers.push(location(&response).to_owned());
    }
    assert!(answers[..10].iter().all(|to| to.starts_with("/sign-in?problem=wrong")), "{answers:?}");
    assert_eq!(answers[10], "/sign-in?problem=often");
    let right = browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(location(&right), "/sign-in?problem=often", "not even the right password says more");
    assert!(browser.text("/sign-in?problem=often").await.contains("Too many tries"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_are_many() {
    let house = House::on_database().await;
    let mut server = house.serve();
    server.admin().await;
    let browser = server.browser();
    let guesses = (0..30).map(|_| browser.sign_in(EMAIL, "a wrong guess"));
    let answers = futures::future::join_all(guesses).await;
    let told = |problem: &str| answers.iter().filter(|answer| location(answer).starts_with(problem)).count();
    assert_eq!(told("/sign-in?problem=wrong"), 10);
    assert_eq!(told("/sign-in?problem=often"), 20, "without a look at the password");
}

#[tokio::test]
async fn an_unknown_person_and_a_wrong_password_look_alike() {
    let house = House::on_database().await;
    let mut server = house.serve();
    server.admin().await;
    let browser = server.browser();
    let known = browser.sign_in(EMAIL, "a wrong guess").await;
    let unknown = browser.sign_in("nobody@example.com", "a wrong guess").await;
    assert_eq!(location(&known), location(&unknown));
    let long = browser.sign_in(EMAIL, &"x".repeat(100_000)).await;
    assert_eq!(location(&known), location(&long));
}
