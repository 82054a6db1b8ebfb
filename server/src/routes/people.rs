//! Signing in and out, and the first admin. Plain forms on pages without wasm.

use super::ServerState;
use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};
use taskgauge_app::plain::{SignIn as SignInPage, SignInProps, Welcome as WelcomePage, WelcomeProps};
use taskgauge_store::{StoreError, users::PASSWORD_MIN};

/// Wrong passwords an address or an account may have within [`WINDOW`].
const TRIES_MAX: usize = 10;
/// The time in which tries are counted.
const WINDOW: TimeDelta = TimeDelta::minutes(1);
/// How long a browser keeps the cookie, in seconds: as long as browsers keep any, 400 days. The session ends sooner, 30
/// days after it was last used, and a wall uses its own all the time.
const COOKIE_AGE: u32 = 400 * 24 * 3_600;
/// Longest password, in bytes; hashing a longer one would be work for nothing.
const PASSWORD_MAX: usize = 1_000;

/// The session cookie.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    /// Whether it goes over TLS only.
    pub secure: bool,
}

impl Cookies {
    /// With TLS the name itself makes browsers insist on `Secure`, the host alone and the whole site.
    const fn name(self) -> &'static str {
        if self.secure { "__Host-taskgauge" } else { "taskgauge" }
    }

    /// The token in a request's cookies.
    pub fn token(self, headers: &HeaderMap) -> Option<SecretString> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == self.name())
            .map(|(_, value)| SecretString::from(value.to_owned()))
    }

    fn set(self, token: &SecretString) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE}{secure}",
            self.name(),
            token.expose_secret()
        );
        let mut value = HeaderValue::from_str(&cookie).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn clear(self) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        HeaderValue::from_str(&format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", self.name()))
            .ok()
    }
}

/// Wrong passwords of late, by address and by account.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<String, Vec<DateTime<Utc>>>>);

impl Tries {
    /// Counts another try if one is allowed now, and tells whether it is. Counted before the password is looked at, so
    /// that many tries at once are many; one that was right is [given back](Self::give_back).
    fn take(&self, keys: &[String], now: DateTime<Utc>) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.retain(|_, times| {
            times.retain(|time| now - *time < WINDOW);
            !times.is_empty()
        });
        let allowed = keys.iter().all(|key| tries.get(key).is_none_or(|times| times.len() < TRIES_MAX));
        if allowed {
            for key in keys {
                tries.entry(key.clone()).or_default().push(now);
            }
        }
        allowed
    }

    /// Takes back a try that was counted at this time.
    fn give_back(&self, keys: &[String], at: DateTime<Utc>) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Some(times) = tries.get_mut(key)
                && let Some(place) = times.iter().position(|time| *time == at)
            {
                times.swap_remove(place);
            }
        }
    }
}

/// What the address of the sign-in page says.
#[derive(Deserialize)]
pub struct SignInQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    problem: String,
}

/// The sign-in page.
pub async fn sign_in_page(State(state): State<ServerState>, Query(query): Query<SignInQuery>) -> Response {
    state.plain("Sign in", || SignInPage(SignInProps { next: query.next, problem: query.problem }))
}

#[derive(Deserialize)]
pub struct SignIn {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// Signs in.
pub async fn sign_in(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let now = state.app.store.clock().now();
    let keys = [
        format!("address {}", address(peer.ip(), &headers)),
        format!("account {}", form.email.trim().to_lowercase()),
    ];
    if !state.tries.take(&keys, now) {
        return Redirect::to("/sign-in?problem=often").into_response();
    }
    let too_long = form.password.expose_secret().len() > PASSWORD_MAX;
    let user = if too_long {
        Ok(None)
    } else {
        state.app.store.verify_password(form.email.trim(), &form.password).await
    };
    match user {
        Ok(Some(user)) => {
            state.tries.give_back(&keys, now);
            match state.app.store.create_session(user.id).await {
                Ok(token) => enter(&state, &token, &form.next),
                Err(error) => unavailable(&error),
            }
        }
        Ok(None) => {
            let next: String = url::form_urlencoded::byte_serialize(form.next.as_bytes()).collect();
            Redirect::to(&format!("/sign-in?problem=wrong&next={next}")).into_response()
        }
        Err(error) => {
            state.tries.give_back(&keys, now);
            unavailable(&error)
        }
    }
}

/// Signs out.
pub async fn sign_out(State(state): State<ServerState>, headers: HeaderMap) -> Response {
    if let Some(token) = state.cookies.token(&headers)
        && let Err(error) = state.app.store.end_session(&token).await
    {
        return unavailable(&error);
    }
    let mut response = Redirect::to("/sign-in?problem=out").into_response();
    if let Some(cookie) = state.cookies.clear() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the address of the first admin's page says.
#[derive(Deserialize)]
pub struct WelcomeQuery {
    #[serde(default)]
    token: SecretString,
    #[serde(default)]
    problem: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
}

/// The page of the one-time link.
pub async fn welcome_page(State(state): State<ServerState>, Query(query): Query<WelcomeQuery>) -> Response {
    let WelcomeQuery { token, problem, name, email } = query;
    let valid = match state.app.store.welcome_is_valid(&token).await {
        Ok(valid) => valid,
        Err(error) => return unavailable(&error),
    };
    let token = token.expose_secret().to_owned();
    state.plain("Welcome", || WelcomePage(WelcomeProps { token, valid, problem, name, email }))
}

#[derive(Deserialize)]
pub struct Welcome {
    token: SecretString,
    #[serde(default)]
    name: String,
    email: String,
    password: SecretString,
    again: SecretString,
}

/// Makes the first admin and signs them in.
pub async fn welcome(State(state): State<ServerState>, Form(form): Form<Welcome>) -> Response {
    // All but the passwords comes back, so that nothing typed is lost.
    let back = |problem: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", form.token.expose_secret())
            .append_pair("problem", problem)
            .append_pair("name", &form.name)
            .append_pair("email", &form.email)
            .finish();
        Redirect::to(&format!("/welcome?{query}")).into_response()
    };
    let password = form.password.expose_secret();
    if password.chars().count() < PASSWORD_MIN {
        return back("short");
    }
    if password.len() > PASSWORD_MAX {
        return back("long");
    }
    if password != form.again.expose_secret() {
        return back("different");
    }
    let email = form.email.trim();
    if email.len() < 3 || !email.contains('@') {
        return back("email");
    }
    if password.eq_ignore_ascii_case(email) {
        return back("same");
    }
    // Who gives no name is called by the address.
    let name = Some(form.name.trim()).filter(|name| !name.is_empty()).unwrap_or(email);
    match state.app.store.redeem_welcome(&form.token, email, name, &form.password).await {
        Ok(user) => match state.app.store.create_session(user).await {
            Ok(token) => enter(&state, &token, ""),
            Err(error) => unavailable(&error),
        },
        Err(StoreError::NotFound { .. }) => Redirect::to("/sign-in?problem=link").into_response(),
        Err(StoreError::Invalid(_)) => back("email"),
        Err(error) => unavailable(&error),
    }
}

/// Sets the cookie and goes where the person wanted to go, on this server only.
fn enter(state: &ServerState, token: &SecretString, next: &str) -> Response {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    let mut response = Redirect::to(if local { next } else { "/" }).into_response();
    if let Some(cookie) = state.cookies.set(token) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where a request comes from. A proxy on this machine says whom it speaks for, last in the list; nobody else is
/// believed, because who may name an address may name a new one for every try.
fn address(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !peer.is_loopback() {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .next_back()
        .and_then(|last| last.trim().parse().ok())
        .unwrap_or(peer)
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "signing in was not possible");
    (axum::http::StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted_and_forgotten() {
        let tries = Tries::default();
        let keys = ["account a".to_owned()];
        let now = DateTime::UNIX_EPOCH;
        for _ in 0..TRIES_MAX {
            assert!(tries.take(&keys, now));
        }
        assert!(!tries.take(&keys, now));
        assert!(tries.take(&["account b".to_owned()], now));
        tries.give_back(&keys, now);
        assert!(tries.take(&keys, now), "the right password costs no try");
        assert!(!tries.take(&keys, now));
        assert!(tries.take(&keys, now + WINDOW));
    }

    #[test]
    fn a_proxy_is_believed_on_this_machine_alone() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1, 198.51.100.2"));
        headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
        let here = IpAddr::from([127, 0, 0, 1]);
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(address(here, &headers), IpAddr::from([203, 0, 113, 7]));
        assert_eq!(address(elsewhere, &headers), elsewhere);
        assert_eq!(address(here, &HeaderMap::new()), here);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; taskgauge=token; b=2"));
        let token = Cookies { secure: false }.token(&headers).expect("a token");
        assert_eq!(token.expose_secret(), "token");
        assert!(Cookies { secure: true }.token(&headers).is_none());
    }
}
