//! One request: limits, classification of every answer, retries.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use chrono::{DateTime, Utc};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER},
    redirect,
};
use serde_json::{Value, error::Category};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::{Error, HostPolicy, Options, credentials::Identity, value};

/// Server texts are kept to this many characters, and this many of them.
const MAX_TEXT: usize = 500;
const MAX_TEXTS: usize = 20;

/// How often and how patiently a request is repeated after a failure that can pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 means no repetition.
    pub max_attempts: usize,
    /// The first pause. Each further one doubles, plus a random part of up to its own length.
    pub base: Duration,
    /// The longest pause. When the server asks for a longer one with `Retry-After`, the call fails at once.
    /// [`Error::Throttled`] tells the wish; [`Error::ThreadLimit`] and [`Error::Unavailable`] do not.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 5, base: Duration::from_millis(500), max_delay: Duration::from_mins(1) }
    }
}

impl RetryPolicy {
    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.base)
            .with_max_delay(self.max_delay)
            .with_max_times(self.max_attempts.saturating_sub(1))
            .with_jitter()
            .build()
    }

    /// The next pause, or `None` to give up.
    fn pause(&self, pauses: &mut ExponentialBackoff, asked: Option<Duration>) -> Option<Duration> {
        let planned = pauses.next()?.min(self.max_delay);
        match asked {
            Some(asked) if asked > self.max_delay => None,
            Some(asked) => Some(planned.max(asked)),
            None => Some(planned),
        }
    }
}

/// One request to be made.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<&'a Value>,
    pub(crate) identity: Option<&'a Identity>,
    /// The collection, for errors and logs.
    pub(crate) entity: &'a str,
    /// For logs: addresses are not logged, since a user name can stand in them.
    pub(crate) operation: &'static str,
}

/// Lets every attempt begin, and hears of it.
pub(crate) trait Observer: Sync {
    /// What an attempt holds while it lasts.
    type Place: Send;
    /// Waits until the next attempt may start, and counts it.
    fn attempt(&self) -> impl Future<Output = Self::Place> + Send;
    fn server_date(&self, date: DateTime<Utc>);
    /// The server found too many requests in flight.
    fn crowded(&self);
}

#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    retry: RetryPolicy,
    request_timeout: Duration,
    body_limit: usize,
}

struct Failure {
    error: Error,
    retry_after: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, retry_after: None }
    }
}

impl Transport {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        // The HTTP library asks for a process-wide provider. An application that chose one keeps it: the result only
        // says that one was there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!allows_http(&options.policy))
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(options.connect_timeout)
            .user_agent(&options.user_agent);
        if is_loopback_test(&options.policy) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Setup(root_cause(&error)))?;
        Ok(Self {
            http,
            retry: options.retry,
            request_timeout: options.request_timeout,
            body_limit: options.body_limit,
        })
    }

    /// Makes the request, again if need be. `read` reads the body of a success; what it fails on can be asked for again.
    pub(crate) async fn send<T: Send>(
        &self,
        call: &Call<'_>,
        read: impl Fn(Vec<u8>) -> Result<T, Error> + Send + Sync,
        observer: &impl Observer,
    ) -> Result<T, Error> {
        let mut pauses = self.retry.pauses();
        loop {
            let place = observer.attempt().await;
            let outcome = match timeout(self.request_timeout, self.attempt(call, &read, observer)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Error::Timeout.into()),
            };
            // Others go on while this one waits to be repeated.
            drop(place);
            let failure = match outcome {
                Ok(answer) => {
                    tracing::debug!(entity = call.entity, operation = call.operation, "answered");
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if failure.error == Error::ThreadLimit {
                observer.crowded();
            }
            let pause = if failure.error.is_worth_waiting() {
                self.retry.pause(&mut pauses, failure.retry_after)
            } else {
                None
            };
            let Some(pause) = pause else {
                tracing::debug!(
                    entity = call.entity,
                    operation = call.operation,
                    error = %failure.error,
                    "failed"
                );
                return Err(failure.error);
            };
            tracing::info!(
                entity = call.entity,
                operation = call.operation,
                error = %failure.error,
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "will be repeated"
            );
            sleep(pause).await;
        }
    }

    async fn attempt<T: Send>(
        &self,
        call: &Call<'_>,
        read: &(impl Fn(Vec<u8>) -> Result<T, Error> + Send + Sync),
        observer: &impl Observer,
    ) -> Result<T, Failure> {
        let mut request =
            self.http.request(call.method.clone(), call.url.clone()).header(ACCEPT, "application/json");
        if let Some(identity) = call.identity {
            request = request.headers(identity.headers().clone());
        }
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let mut response = request.send().await.map_err(|error| Error::from_send(&error))?;

        let status = response.status();
        let date = server_date(response.headers());
        if let Some(date) = date {
            observer.server_date(date);
        }
        if status.is_redirection() {
            return Err(Error::Redirected { to: redirect_host(&call.url, response.headers()) }.into());
        }
        let retry_after =
            retry_after(response.headers(), date.unwrap_or_else(|| std::time::SystemTime::now().into()));
        let is_html_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains("html"));
        let body = match self.read(&mut response).await {
            Ok(body) => body,
            // The status of a failure says more than its damaged body.
            Err(_) if !status.is_success() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if status.is_success() {
            return if is_html(&body, is_html_type) { Err(Error::Html.into()) } else { Ok(read(body)?) };
        }
        let mut texts = error_texts(&body);
        if let Some(identity) = call.identity {
            for text in &mut texts.texts {
                *text = identity.mask(text);
            }
        }
        Err(Failure { error: refusal(status, texts, retry_after, call.entity), retry_after })
    }

    async fn read(&self, response: &mut Response) -> Result<Vec<u8>, Error> {
        let too_large = Error::BodyTooLarge { limit: self.body_limit };
        let announced =
            response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > self.body_limit {
            return Err(too_large);
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| Error::from_body(&error))? {
            // Counted after decompression, so that a small answer cannot unfold without end.
            if body.len() + chunk.len() > self.body_limit {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn allows_http(policy: &HostPolicy) -> bool {
    policy.test_base().is_some_and(|base| base.scheme() == "http")
}

fn is_loopback_test(policy: &HostPolicy) -> bool {
    policy.test_base().is_some_and(|base| match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn server_date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|date| date.with_timezone(&Utc))
}

/// `Retry-After` as seconds or as an HTTP date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // A moment that has passed means "now".
    Some((http_date(text)? - now).to_std().unwrap_or_default())
}

fn redirect_host(from: &Url, headers: &HeaderMap) -> Option<String> {
    let target = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    target.host_str().map(str::to_owned)
}

fn is_html(body: &[u8], is_html_type: bool) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|first| is_html_type || *first == b'<')
}

/// Reads a body as JSON.
#[expect(clippy::needless_pass_by_value, reason = "one of the ways to read a body, which others keep")]
pub(crate) fn read_json(body: Vec<u8>) -> Result<Value, Error> {
    serde_json::from_slice(present(&body)?).map_err(|error| unreadable(&error, "the body is not JSON"))
}

/// Reads a body as JSON, an empty one as null.
pub(crate) fn read_json_or_null(body: Vec<u8>) -> Result<Value, Error> {
    if present(&body).is_err() { Ok(Value::Null) } else { read_json(body) }
}

/// The body, unless there is nothing in it.
pub(crate) fn present(body: &[u8]) -> Result<&[u8], Error> {
    if body.iter().all(u8::is_ascii_whitespace) { Err(Error::EmptyBody) } else { Ok(body) }
}

/// Why a body cannot be read: it broke off, it is no JSON, or other JSON than what is `expected`. The cause itself may
/// quote the body, which may hold personal data.
pub(crate) fn unreadable(error: &serde_json::Error, expected: &str) -> Error {
    match error.classify() {
        Category::Eof => Error::Truncated,
        Category::Data => Error::decode(expected),
        Category::Syntax | Category::Io => Error::decode("the body is not JSON"),
    }
}

#[derive(Default)]
struct Texts {
    texts: Vec<String>,
    /// They come from the application's own `errors` list, not from the framework around it.
    from_application: bool,
}

impl Texts {
    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        self.texts.iter().any(|text| test(&text.to_ascii_lowercase()))
    }

    fn joined(&self) -> String {
        self.texts.join("; ")
    }
}

/// The texts of a failure: `{"errors":[…]}` from the application, `{"Message":…}` from the framework around it.
fn error_texts(body: &[u8]) -> Texts {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return Texts::default() };
    let cut = |text: &str| text.chars().take(MAX_TEXT).collect::<String>();
    if let Some(Value::Array(errors)) = value::field(&members, "errors") {
        let texts: Vec<String> = errors.iter().filter_map(Value::as_str).take(MAX_TEXTS).map(cut).collect();
        if !texts.is_empty() {
            return Texts { texts, from_application: true };
        }
    }
    let message = value::field(&members, "message").and_then(Value::as_str).map(cut);
    Texts { texts: message.into_iter().collect(), from_application: false }
}

/// What a status of failure and its texts mean. The texts go first: Autotask answers 500 for nearly everything.
fn refusal(status: StatusCode, texts: Texts, retry_after: Option<Duration>, entity: &str) -> Error {
    if status == StatusCode::UNAUTHORIZED {
        return Error::Unauthorized;
    }
    if texts.any(|text| text.contains("thread threshold") || text.contains("itgenatr005")) {
        return Error::ThreadLimit;
    }
    if texts.any(is_hourly_limit) {
        return Error::HourlyLimit;
    }
    if texts.any(|text| text.contains("itgenatr")) {
        return Error::Throttled { retry_after };
    }
    if texts.any(|text| text.contains("zone information could not be determined")) {
        return Error::UnknownUser;
    }
    if texts.any(|text| text.contains("integration code") || text.contains("integrationcode")) {
        return Error::IntegrationCode;
    }
    if status == StatusCode::FORBIDDEN || texts.any(|text| text.contains("adequate permissions")) {
        return Error::Forbidden { entity: entity.to_owned(), message: texts.joined() };
    }
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Error::MethodNotAllowed,
        StatusCode::TOO_MANY_REQUESTS => Error::Throttled { retry_after },
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Error::Unavailable { status: status.as_u16() },
        // Without the application's own words a 5xx is the edge or a crash.
        _ if status.is_server_error() && !texts.from_application => {
            Error::Unavailable { status: status.as_u16() }
        }
        _ => Error::Rejected { status: status.as_u16(), errors: texts.texts },
    }
}

/// The wording of the hourly limit is not documented; these are the words it can hardly do without.
fn is_hourly_limit(text: &str) -> bool {
    let about_requests = text.contains("request") || text.contains("api call");
    let about_time = ["hour", "60 minutes", "timeframe", "time frame"].iter().any(|word| text.contains(word));
    let about_limit =
        ["threshold", "limit", "exceeded", "maximum", "suspended"].iter().any(|word| text.contains(word));
    (about_requests && about_time && about_limit) || text.contains("request threshold")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn told(status: u16, body: &str) -> Error {
        refusal(StatusCode::from_u16(status).unwrap(), error_texts(body.as_bytes()), None, "Tickets")
    }

    #[rstest]
    #[case(401, "", Error::Unauthorized)]
    #[case(401, r#"{"errors":["thread threshold"]}"#, Error::Unauthorized)]
    #[case(429, "", Error::Throttled { retry_after: None })]
    #[case(
        429,
        r#"{"errors":["The Autotask API thread threshold of 3 threads has been exceeded."]}"#,
        Error::ThreadLimit
    )]
    #[case(500, r#"{"errors":["Itgenatr005: too many"]}"#, Error::ThreadLimit)]
    #[case(500, r#"{"errors":["Itgenatr001"]}"#, Error::Throttled { retry_after: None })]
    #[case(
        429,
        r#"{"errors":["The external request threshold of 10000 requests per hour has been exceeded."]}"#,
        Error::HourlyLimit
    )]
    #[case(
        500,
        r#"{"errors":["You have exceeded the limit of 10000 API calls in 60 minutes"]}"#,
        Error::HourlyLimit
    )]
    #[case(500, r#"{"errors":["Zone information could not be determined"]}"#, Error::UnknownUser)]
    #[case(
        500,
        r#"{"errors":["Integration code required with this version of the API"]}"#,
        Error::IntegrationCode
    )]
    #[case(500, r#"{"errors":["queueID is required"]}"#, Error::Rejected { status: 500, errors: vec!["queueID is required".to_owned()] })]
    #[case(500, r#"{"Errors":["queueID is required"]}"#, Error::Rejected { status: 500, errors: vec!["queueID is required".to_owned()] })]
    #[case(500, r#"{"Message":"An error has occurred."}"#, Error::Unavailable { status: 500 })]
    #[case(500, "<html>", Error::Unavailable { status: 500 })]
    #[case(503, "<html>", Error::Unavailable { status: 503 })]
    #[case(404, r#"{"Message":"No HTTP resource was found"}"#, Error::NotFound)]
    #[case(
        405,
        r#"{"Message":"The requested resource does not support http method 'GET'."}"#,
        Error::MethodNotAllowed
    )]
    #[case(403, "", Error::Forbidden { entity: "Tickets".to_owned(), message: String::new() })]
    #[case(400, "", Error::Rejected { status: 400, errors: vec![] })]
    fn failures_are_told_apart(#[case] status: u16, #[case] body: &str, #[case] expected: Error) {
        assert_eq!(told(status, body), expected);
    }

    #[test]
    fn an_ordinary_refusal_is_not_taken_for_the_hourly_limit() {
        for text in ["hourlyRate is required", "Queries are limited to 500 or fewer 'OR' conditions."] {
            assert!(matches!(
                told(500, &serde_json::json!({ "errors": [text] }).to_string()),
                Error::Rejected { .. }
            ));
        }
    }

    #[rstest]
    #[case("7", Some(7))]
    #[case("Sun, 06 Nov 1994 08:50:37 GMT", Some(60))]
    #[case("Sun, 06 Nov 1994 08:00:00 GMT", Some(0))]
    #[case("soon", None)]
    fn retry_after_is_seconds_or_a_date(#[case] text: &str, #[case] expected: Option<u64>) {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs));
    }

    #[test]
    fn pauses_grow_and_the_server_has_the_last_word() {
        let policy =
            RetryPolicy { max_attempts: 4, base: Duration::from_secs(1), max_delay: Duration::from_secs(10) };
        let mut pauses = policy.pauses();
        let first = policy.pause(&mut pauses, None).unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&first), "{first:?}");
        assert_eq!(policy.pause(&mut pauses, Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
        assert!(policy.pause(&mut pauses, None).unwrap() <= policy.max_delay);
        assert_eq!(policy.pause(&mut pauses, None), None, "four attempts have three pauses");
        assert_eq!(policy.pause(&mut policy.pauses(), Some(Duration::from_secs(11))), None);
    }

    #[rstest]
    #[case("", Err(Error::EmptyBody))]
    #[case(r#"{"items":[{"id":1},"#, Err(Error::Truncated))]
    #[case("sorry", Err(Error::decode("the body is not JSON")))]
    #[case("[]", Ok(Value::Array(vec![])))]
    fn successful_bodies(#[case] body: &str, #[case] expected: Result<Value, Error>) {
        assert_eq!(read_json(body.into()), expected.clone());
        assert_eq!(read_json_or_null(body.into()), if body.is_empty() { Ok(Value::Null) } else { expected });
    }

    #[rstest]
    #[case("  ", true, false)]
    #[case(" <!doctype html>", false, true)]
    #[case("sorry", true, true)]
    #[case("{}", false, false)]
    fn pages_for_people_are_told_by_their_type_or_first_sign(
        #[case] body: &str,
        #[case] type_says_so: bool,
        #[case] expected: bool,
    ) {
        assert_eq!(is_html(body.as_bytes(), type_says_so), expected);
    }
}
