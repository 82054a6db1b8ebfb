//! Every known way to fail, and what is done about it.

use std::{future, time::Duration};

use axum::body::Body;
use futures::stream;
use rstest::rstest;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use taskgauge_autotask::{ConnectFailure, Connector, Error, Options, Query};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use url::Url;

use crate::stand_in::{Answer, CODE, SECRET, StandIn, USER_NAME, credentials, options_for};

const THREADS: &str = "The Autotask API thread threshold of 3 threads has been exceeded. query Itgenatr005";
const NO_PERMISSION: &str =
    "The logged in Resource does not have the adequate permissions to query this entity type.";

/// The outcome of one page, and how many requests it took.
async fn outcome(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Result<(), Error>, usize) {
    let server = StandIn::start(move |number, _| answer(number)).await;
    let client = server.client();
    let outcome = client.page("Tickets", &Query::default(), None).await.map(|_| ());
    assert_eq!(client.requests(), server.seen().len() as u64, "every attempt is counted");
    (outcome, server.seen().len())
}

#[tokio::test]
async fn a_401_is_never_repeated() {
    assert_eq!(outcome(|_| Answer::new(401, "")).await, (Err(Error::Unauthorized), 1));
    let html = |_| Answer::new(401, "<html>").header("content-type", "text/html").header("retry-after", "0");
    assert_eq!(outcome(html).await, (Err(Error::Unauthorized), 1));
}

#[rstest]
#[case("Integration code required with this version of the API", Error::IntegrationCode)]
#[case("Zone information could not be determined", Error::UnknownUser)]
#[case(NO_PERMISSION, Error::Forbidden { entity: "Tickets".to_owned(), message: NO_PERMISSION.to_owned() })]
#[case("Unable to find foo in the Ticket Entity", Error::Rejected { status: 500, errors: vec!["Unable to find foo in the Ticket Entity".to_owned()] })]
#[tokio::test]
async fn a_500_with_words_is_final(#[case] text: &'static str, #[case] expected: Error) {
    assert_eq!(outcome(move |_| Answer::errors(500, text)).await, (Err(expected), 1));
}

#[rstest]
#[case::threads_with_429(429, THREADS)]
#[case::threads_with_500(500, THREADS)]
#[case::threads_with_503(503, THREADS)]
#[tokio::test]
async fn the_thread_limit_passes(#[case] status: u16, #[case] text: &'static str) {
    let passing =
        move |number| if number < 2 { Answer::errors(status, text) } else { Answer::page(&[], None) };
    assert_eq!(outcome(passing).await, (Ok(()), 3));
    assert_eq!(outcome(move |_| Answer::errors(status, text)).await, (Err(Error::ThreadLimit), 3));
}

#[rstest]
#[case(429)]
#[case(500)]
#[case(502)]
#[case(503)]
#[case(504)]
#[tokio::test]
async fn what_can_pass_is_repeated(#[case] status: u16) {
    let page = "<!DOCTYPE html><html><body>Service Unavailable</body></html>";
    let html = move || Answer::new(status, page).header("content-type", "text/html");
    assert_eq!(
        outcome(move |number| if number == 0 { html() } else { Answer::page(&[], None) }).await,
        (Ok(()), 2)
    );
    let (error, requests) = outcome(move |_| html()).await;
    let expected =
        if status == 429 { Error::Throttled { retry_after: None } } else { Error::Unavailable { status } };
    assert_eq!((error, requests), (Err(expected), 3));
}

#[tokio::test]
async fn retry_after_is_honoured_or_handed_on() {
    let soon = |number| match number {
        0 => Answer::new(429, "").header("retry-after", "0"),
        _ => Answer::page(&[], None),
    };
    assert_eq!(outcome(soon).await, (Ok(()), 2));
    let seconds = |_| Answer::new(429, "").header("retry-after", "90");
    let asked = Error::Throttled { retry_after: Some(Duration::from_secs(90)) };
    assert_eq!(outcome(seconds).await, (Err(asked), 1));
    let date = |_| {
        Answer::new(429, "")
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")
    };
    let asked = Error::Throttled { retry_after: Some(Duration::from_mins(1)) };
    assert_eq!(outcome(date).await, (Err(asked), 1));
}

#[tokio::test]
async fn the_hourly_limit_is_left_to_the_caller() {
    let text = "The external request threshold of 10000 requests in 60 minutes has been exceeded.";
    assert_eq!(outcome(move |_| Answer::errors(429, text)).await, (Err(Error::HourlyLimit), 1));
    assert_eq!(outcome(move |_| Answer::errors(500, text)).await, (Err(Error::HourlyLimit), 1));
}

#[tokio::test]
async fn damaged_answers_are_told_apart() {
    let html = |_| Answer::new(200, "<html>Maintenance</html>");
    assert_eq!(outcome(html).await, (Err(Error::Html), 3));
    let labelled = |_| Answer::new(200, "Maintenance").header("content-type", "text/html; charset=utf-8");
    assert_eq!(outcome(labelled).await, (Err(Error::Html), 3));
    assert_eq!(outcome(|_| Answer::new(200, "")).await, (Err(Error::EmptyBody), 3));
    assert_eq!(outcome(|_| Answer::new(200, r#"{"items":[{"id":1"#)).await, (Err(Error::Truncated), 3));
    let (error, requests) = outcome(|_| Answer::new(200, r#"{"things":[]}"#)).await;
    assert!(matches!(error, Err(Error::Decode { .. })));
    assert_eq!(requests, 1);
}

/// A server that answers each request (without a body) with these bytes and hangs up.
async fn raw(answer: &'static [u8]) -> (Url, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer).await.unwrap();
        }
    });
    (base, task)
}

#[rstest]
#[case::length(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"majorVersion\":", Error::Truncated, 3)]
#[case::chunks(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"maj\r\n", Error::Truncated, 3)]
// The status of a failure is worth more than its body.
#[case::failure(b"HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n{\"errors\":", Error::NotFound, 1)]
#[case::nothing(b"", Error::Connect { reason: ConnectFailure::Closed }, 3)]
#[tokio::test]
async fn an_answer_that_breaks_off_is_truncated(
    #[case] answer: &'static [u8],
    #[case] expected: Error,
    #[case] requests: u64,
) {
    let (base, server) = raw(answer).await;
    let client = Connector::new(options_for(base.clone())).unwrap().client(base, credentials()).unwrap();
    assert_eq!(client.version().await, Err(expected));
    assert_eq!(client.requests(), requests);
    server.abort();
}

#[tokio::test]
async fn answers_beyond_the_limit_are_not_read() {
    let body = json!({ "items": [], "filling": "x".repeat(2000) }).to_string();
    let announced = body.clone();
    let server = StandIn::start(move |number, _| {
        if number == 0 {
            Answer::new(200, announced.clone())
        } else {
            let parts: Vec<std::io::Result<String>> = vec![Ok(body.clone())];
            Answer::new(200, Body::from_stream(stream::iter(parts)))
        }
    })
    .await;
    let client = server.client_with(Options { body_limit: 1000, ..server.options() });
    for _ in 0..2 {
        let outcome = client.page("Tickets", &Query::default(), None).await;
        assert_eq!(outcome, Err(Error::BodyTooLarge { limit: 1000 }));
    }
}

#[rstest]
#[case(301)]
#[case(302)]
#[case(307)]
#[case(308)]
#[tokio::test]
async fn redirects_are_not_followed(#[case] status: u16) {
    let other = StandIn::start(|_, _| Answer::page(&[], None)).await;
    let location = other.at("Tickets/query");
    let redirecting = move |_| Answer::new(status, "").header("location", &location);
    let expected = Error::Redirected { to: Some("127.0.0.1".to_owned()) };
    assert_eq!(outcome(redirecting).await, (Err(expected), 1));
    assert!(other.seen().is_empty(), "credentials went elsewhere");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = StandIn::start_async(|_, _| future::pending()).await;
    let options = Options { request_timeout: Duration::from_millis(50), ..server.options() };
    let client = server.client_with(options);
    assert_eq!(client.page("Tickets", &Query::default(), None).await, Err(Error::Timeout));
    assert_eq!(client.requests(), 3);
}

#[tokio::test]
async fn an_answer_that_never_ends_is_a_timeout() {
    use futures::StreamExt;
    let server = StandIn::start(|_, _| {
        let parts = stream::iter([Ok::<_, std::io::Error>(r#"{"items":["#)]).chain(stream::pending());
        Answer::new(200, Body::from_stream(parts))
    })
    .await;
    let options = Options { request_timeout: Duration::from_millis(50), ..server.options() };
    let outcome = server.client_with(options).page("Tickets", &Query::default(), None).await;
    assert_eq!(outcome, Err(Error::Timeout));
}

#[tokio::test]
async fn a_port_without_a_listener_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let client = Connector::new(options_for(base.clone())).unwrap().client(base, credentials()).unwrap();
    assert_eq!(client.version().await, Err(Error::Connect { reason: ConnectFailure::Refused }));
    assert_eq!(client.requests(), 3);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_dns_failure() {
    let base = Url::parse("http://nowhere.invalid/").unwrap();
    let client = Connector::new(options_for(base.clone())).unwrap().client(base, credentials()).unwrap();
    assert_eq!(client.version().await, Err(Error::Connect { reason: ConnectFailure::Dns }));
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 512]).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let client = Connector::new(options_for(base.clone())).unwrap().client(base, credentials()).unwrap();
    let outcome = client.version().await;
    assert!(matches!(outcome, Err(Error::Tls { certificate: false, .. })), "{outcome:?}");
    plain.await.unwrap();
    assert_eq!(client.requests(), 1, "a broken handshake does not heal");
}

#[tokio::test]
async fn an_untrusted_certificate_is_told_and_gets_no_credentials() {
    // The connector makes its TLS provider the default, which the server below uses too.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let client = Connector::new(options_for(base.clone())).unwrap().client(base, credentials()).unwrap();

    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let listener = listener.into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    let server = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config.into()).unwrap();
        connection.complete_io(&mut stream).map(|_| ())
    });

    let outcome = client.version().await;
    assert!(matches!(outcome, Err(Error::Tls { certificate: true, .. })), "{outcome:?}");
    assert!(server.await.unwrap().is_err(), "the handshake must not finish");
    assert_eq!(client.requests(), 1, "a wrong certificate does not heal");
}

#[tokio::test]
async fn what_the_server_repeats_of_the_credentials_is_masked() {
    let server = StandIn::start(|_, _| {
        Answer::errors(500, &format!("Bad login {USER_NAME} with {SECRET} and {CODE}"))
    })
    .await;
    let client = server.client();
    let error = client.version().await.unwrap_err();
    let printed = format!("{error} {error:?} {client:?}");
    assert!(printed.contains("Bad login"));
    for value in [USER_NAME, SECRET, CODE] {
        assert!(!printed.contains(value), "{printed}");
    }
}

/// The framework's failures, and a crash that says nothing: there is no list of errors, so it can pass.
#[rstest]
#[case::message(r#"{"Message":"An error has occurred."}"#)]
#[case::no_texts(r#"{"errors":[]}"#)]
#[case::texts_that_are_none(r#"{"errors":[{"code":7},null]}"#)]
#[case::null(r#"{"errors":null}"#)]
#[case::object("{}")]
#[case::list("[]")]
#[case::broken(r#"{"errors":["The"#)]
#[case::nothing("")]
#[tokio::test]
async fn a_500_without_words_is_repeated(#[case] body: &'static str) {
    let json = move || Answer::new(500, body).header("content-type", "application/json");
    assert_eq!(
        outcome(move |number| if number == 0 { json() } else { Answer::page(&[], None) }).await,
        (Ok(()), 2)
    );
    assert_eq!(outcome(move |_| json()).await, (Err(Error::Unavailable { status: 500 }), 3));
}

/// Neither the first page nor a later one is taken for an empty one, and a wrong verb is not tried again.
#[rstest]
#[case::first(0)]
#[case::next(1)]
#[tokio::test]
async fn a_wrong_verb_ends_a_walk_with_an_error(#[case] wrong: usize) {
    use futures::StreamExt as _;
    let server = StandIn::start(move |number, _| {
        if number < wrong {
            return Answer::page(&[1, 2], Some("link"));
        }
        let text = json!({ "Message": "The requested resource does not support http method 'POST'." });
        Answer::new(405, text.to_string())
    })
    .await;
    let pages: Vec<_> = server.client().walk("Tickets", Query::default().page_size(2), None).collect().await;
    assert_eq!(pages.len(), wrong + 1);
    assert_eq!(pages.last().unwrap().as_ref().unwrap_err(), &Error::MethodNotAllowed);
    assert_eq!(server.seen().len(), wrong + 1);
}
