//! Zone discovery.

use rstest::rstest;
use serde_json::json;
use taskgauge_autotask::{Connector, Error};

use crate::stand_in::{Answer, StandIn, USER_NAME};

async fn zone_server(url: impl Into<Option<&'static str>>, web_url: &'static str) -> StandIn {
    let url = url.into();
    StandIn::start(move |_, request| {
        let own = format!("http://{}/ATServicesRest/", request.headers["host"].to_str().unwrap());
        Answer::json(json!({
            "zoneName": "America West", "url": url.unwrap_or(&own), "webUrl": web_url, "ci": 123_456, "new": true,
        }))
    })
    .await
}

#[tokio::test]
async fn the_zone_of_a_user_is_found_without_credentials() {
    let server = zone_server(None, "https://ww5.autotask.net/").await;
    let connector = Connector::new(server.options()).unwrap();
    let zone = connector.discover(USER_NAME).await.unwrap();
    assert_eq!((zone.name.as_str(), zone.number, zone.tenant), ("America West", Some(5), Some(123_456)));
    assert_eq!(zone.api_url.as_str(), format!("{}ATServicesRest/", server.url));
    assert_eq!(zone.web_url.unwrap().as_str(), "https://ww5.autotask.net/");
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "zoneInformation");
    assert_eq!(seen.query, "user=api-user%2Bx%40example.com");
    for header in ["username", "secret", "apiintegrationcode"] {
        assert!(!seen.headers.contains_key(header));
    }
}

#[tokio::test]
async fn a_production_zone_without_a_slash_is_joined_all_the_same() {
    let server =
        zone_server("https://webservices26.autotask.net/atservicesrest", "https://ww26.autotask.net").await;
    let zone = Connector::new(server.options()).unwrap().discover(USER_NAME).await.unwrap();
    assert_eq!(zone.api_url.as_str(), "https://webservices26.autotask.net/atservicesrest/");
    assert_eq!(zone.number, Some(26));
}

#[rstest]
#[case("https://example.com/ATServicesRest/", "example.com")]
#[case("http://webservices5.autotask.net/ATServicesRest/", "webservices5.autotask.net")]
#[case("https://webservices5.autotask.net.example.com/", "webservices5.autotask.net.example.com")]
#[tokio::test]
async fn a_zone_elsewhere_is_refused(#[case] url: &'static str, #[case] host: &str) {
    let server = zone_server(url, "https://ww5.autotask.net/").await;
    let outcome = Connector::new(server.options()).unwrap().discover(USER_NAME).await;
    assert_eq!(outcome, Err(Error::Origin { host: host.to_owned() }));
}

#[rstest]
#[case("https://example.com/")]
#[case("javascript:alert(1)")]
#[case("")]
#[tokio::test]
async fn a_web_address_elsewhere_is_dropped(#[case] web_url: &'static str) {
    let server = zone_server(None, web_url).await;
    let zone = Connector::new(server.options()).unwrap().discover(USER_NAME).await.unwrap();
    assert_eq!((zone.web_url, zone.number), (None, None));
}

#[tokio::test]
async fn an_unknown_user_is_told_once() {
    let server = StandIn::start(|_, _| Answer::errors(500, "Zone information could not be determined")).await;
    let outcome = Connector::new(server.options()).unwrap().discover("nobody@example.com").await;
    assert_eq!(outcome, Err(Error::UnknownUser));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn discovery_is_repeated_when_the_service_is_down_for_a_moment() {
    let server = StandIn::start(|number, request| {
        if number == 0 {
            return Answer::new(503, "<html>");
        }
        let own = format!("http://{}/", request.headers["host"].to_str().unwrap());
        Answer::json(json!({ "zoneName": "", "url": own }))
    })
    .await;
    let zone = Connector::new(server.options()).unwrap().discover(USER_NAME).await.unwrap();
    assert_eq!(zone.api_url.path(), "/ATServicesRest/");
    assert_eq!(server.seen().len(), 2);
}
