//! What stands before every route: who is signed in, where a request comes from, what a browser may do with the answer.

use super::ServerState;
use crate::site;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::nonce::Nonce;
use secrecy::{ExposeSecret as _, SecretString};
use taskgauge_app::api::UiError;

/// Pages that need nobody signed in.
const OPEN_PAGES: &[&str] = &["/sign-in", "/welcome"];

/// Where programs read how syncing goes.
const METRICS: &str = "/metrics";

/// Whether a request carries this token. How long that takes tells nothing about the token but its length.
fn carries(headers: &HeaderMap, token: &SecretString) -> bool {
    let shown =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let wanted = token.expose_secret().as_bytes();
    shown.is_some_and(|shown| {
        let differences = shown.iter().zip(wanted).fold(0, |all, (shown, wanted)| all | (shown ^ wanted));
        !wanted.is_empty() && shown.len() == wanted.len() && differences == 0
    })
}

/// Lets through whoever is signed in, and puts the session into the request.
pub async fn signed_in(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if OPEN_PAGES.contains(&path) || site::has(path) {
        return next.run(request).await;
    }
    if path == METRICS && state.metrics_token.as_ref().is_some_and(|token| carries(request.headers(), token))
    {
        return next.run(request).await;
    }
    let session = match state.cookies.token(request.headers()) {
        Some(token) => match state.app.store.session(&token).await {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(%error, "a session could not be looked up");
                return unavailable(&request, error.to_string());
            }
        },
        None => None,
    };
    if let Some(session) = session {
        request.extensions_mut().insert(session);
        return next.run(request).await;
    }
    if path == METRICS {
        let how = "Sign in, or send the token of TASKGAUGE_METRICS_TOKEN as Authorization: Bearer TOKEN.";
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], how).into_response();
    }
    if path.starts_with("/api/") || path == "/events" {
        let body = serde_json::to_string(&UiError::SignedOut).unwrap_or_default();
        return (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "application/json")], body)
            .into_response();
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    let to = if wanted == "/" {
        "/sign-in".to_owned()
    } else {
        format!(
            "/sign-in?next={}",
            url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>()
        )
    };
    Redirect::to(&to).into_response()
}

/// Says that the database is away: to a page's script in the way it reads refusals, to a person in words.
fn unavailable(request: &Request, what: String) -> Response {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let by_person = accepted.is_some_and(|accepted| accepted.contains("text/html"));
    if by_person || !request.uri().path().starts_with("/api/") {
        return (StatusCode::SERVICE_UNAVAILABLE, what).into_response();
    }
    let refusal = serde_json::to_string(&UiError::Unavailable(what)).unwrap_or_default();
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "application/json")], refusal).into_response()
}

/// Refuses changes that come from another site's page.
pub async fn same_origin(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || comes_from_here(request.headers())
    {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This request came from another site and was refused.").into_response()
}

/// Browsers name the origin of every change; programs that name none carry no cookie of somebody else's either.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match text(header::ORIGIN) {
        Some(origin) => {
            let host = text(HeaderName::from_static("x-forwarded-host")).or_else(|| text(header::HOST));
            let named = origin.split_once("://").map(|(_, host)| host);
            named.is_some() && named == host
        }
        None => true,
    }
}

/// Pages without scripts run none.
pub const PLAIN_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                base-uri 'none'; frame-ancestors 'none'";

/// Plain pages that are alive run our own script. Styles of elements are set by the grid and by pictures of charts.
pub const SCRIPTED_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                                   style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
                                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Only what is our own runs, and nobody frames it. Styles of elements are set by the chart script and the grid.
pub fn content_policy(nonce: &Nonce) -> String {
    policy_of(&format!("'nonce-{nonce}' 'strict-dynamic'"))
}

/// As [`content_policy`], for a page that several answers share: a nonce holds for one, so each inline script is named
/// by its SHA-256, in base64. Files come from our own site, where nobody else's are served as scripts.
pub fn kept_policy<'a>(scripts: impl IntoIterator<Item = &'a str>) -> String {
    let mut sources = "'self'".to_owned();
    for script in scripts {
        sources.push_str(" 'sha256-");
        sources.push_str(script);
        sources.push('\'');
    }
    policy_of(&sources)
}

fn policy_of(scripts: &str) -> String {
    format!(
        "default-src 'none'; script-src {scripts} 'wasm-unsafe-eval'; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Headers of every answer.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; form-action 'self'"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_token_of_the_metrics_is_all_or_nothing() {
        let token = SecretString::from("abc");
        for (shown, carried) in [
            ("Bearer abc", true),
            ("Bearer abd", false),
            ("Bearer ab", false),
            ("abc", false),
            ("Bearer abcd", false),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(shown))]);
            assert_eq!(carries(&headers, &token), carried, "{shown}");
            assert!(!carries(&headers, &SecretString::from("")), "an empty one is none");
        }
        assert!(!carries(&HeaderMap::new(), &token));
    }

    #[test]
    fn changes_from_other_sites_are_refused() {
        for (pairs, here) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "http://a:1"), ("host", "a:1")], true),
            (&[("origin", "http://b"), ("host", "a")], false),
            (&[("origin", "null"), ("host", "a")], false),
            (&[("host", "a")], true),
        ] {
            assert_eq!(comes_from_here(&headers(pairs)), here, "{pairs:?}");
        }
    }
}
