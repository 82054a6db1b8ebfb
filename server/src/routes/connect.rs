//! The datasource form without JavaScript: two plain posts, test and save. The answers are the same pages.

use super::{ServerState, render};
use axum::{
    Form,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;
use serde::Deserialize;
use taskgauge_app::api::{ConnectFlash, UiError, datasources::connect};
use taskgauge_model::{
    datasource::{Draft, FailureCause, TestFailure, TestOutcome},
    ids::DatasourceId,
};
use taskgauge_store::users::Session;

/// Tests a new datasource.
pub async fn test_new(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    uri: Uri,
    headers: HeaderMap,
    Form(draft): Form<Draft>,
) -> Response {
    test(&state, session.0, uri, headers, draft, None).await
}

/// Back from the summary of a passed test to the form, with all that is no secret.
pub async fn change(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    headers: HeaderMap,
    Form(draft): Form<Draft>,
) -> Response {
    let draft = draft.without_secrets();
    let uri = Uri::from_static("/data/datasources/new");
    show(&state, session.0, uri, headers, ConnectFlash { draft, outcome: None, refused: None }).await
}

/// Tests new credentials of a datasource.
pub async fn test_replacement(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    Path(id): Path<DatasourceId>,
    uri: Uri,
    headers: HeaderMap,
    Form(draft): Form<Draft>,
) -> Response {
    test(&state, session.0, uri, headers, draft, Some(id)).await
}

async fn test(
    state: &ServerState,
    session: Session,
    uri: Uri,
    headers: HeaderMap,
    draft: Draft,
    replaces: Option<DatasourceId>,
) -> Response {
    let outcome = connect::test(&state.app, session.id, draft.clone(), replaces)
        .await
        .unwrap_or_else(|error| failed(&error, "Try again."));
    // Everything but the secrets comes back, so that nothing typed is lost.
    let draft = draft.without_secrets();
    show(state, session, uri, headers, ConnectFlash { draft, outcome: Some(outcome), refused: None }).await
}

fn failed(error: &UiError, next: &str) -> TestOutcome {
    TestOutcome::Failed(TestFailure {
        cause: FailureCause::Other,
        what: error.to_string(),
        next: next.to_owned(),
        field: None,
        suggestion: None,
    })
}

#[derive(Deserialize)]
pub struct Save {
    draft: String,
    name: String,
    time_zone: String,
    #[serde(default)]
    web_url: String,
}

/// Saves a tested datasource. No credential is taken.
pub async fn save(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    headers: HeaderMap,
    Form(form): Form<Save>,
) -> Response {
    let session = session.0;
    let saved =
        connect::save(&state.app, session.id, &form.draft, &form.name, &form.time_zone, &form.web_url).await;
    match saved {
        Ok(id) => Redirect::to(&format!("/data/datasources/{id}")).into_response(),
        Err(error) => {
            let typed = Draft {
                name: form.name,
                time_zone: form.time_zone,
                web_url: form.web_url,
                ..Draft::default()
            };
            let uri = Uri::from_static("/data/datasources/new");
            not_saved(&state, session, uri, headers, typed, form.draft, error).await
        }
    }
}

#[derive(Deserialize)]
pub struct Replace {
    draft: String,
    #[serde(default)]
    allow_other_tenant: bool,
}

/// Replaces the credentials of a datasource by tested ones. No credential is taken.
pub async fn replace(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    Path(id): Path<DatasourceId>,
    headers: HeaderMap,
    Form(form): Form<Replace>,
) -> Response {
    let session = session.0;
    match connect::replace(&state.app, session.id, id, &form.draft, form.allow_other_tenant).await {
        Ok(()) => Redirect::to(&format!("/data/datasources/{id}")).into_response(),
        Err(error) => {
            let Ok(uri) = format!("/data/datasources/{id}/credentials").parse() else {
                return StatusCode::NOT_FOUND.into_response();
            };
            not_saved(&state, session, uri, headers, Draft::default(), form.draft, error).await
        }
    }
}

/// Removes a datasource, asked for without JavaScript: its page is gone with it.
pub async fn remove(
    State(state): State<ServerState>,
    session: axum::Extension<Session>,
    Path(id): Path<DatasourceId>,
) -> Response {
    match connect::remove(&state.app.store, &state.app.connector, &session.0.user.email, id).await {
        Ok(()) => Redirect::to("/data/datasources").into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

/// The summary again with the reason, as long as the tested draft is there; else the form.
async fn not_saved(
    state: &ServerState,
    session: Session,
    uri: Uri,
    headers: HeaderMap,
    draft: Draft,
    tested: String,
    error: UiError,
) -> Response {
    let flash = if let Ok(report) = state.app.store.peek_draft(session.id, &tested).await {
        let outcome = TestOutcome::Passed { draft: tested, report };
        ConnectFlash { draft, outcome: Some(outcome), refused: Some(error) }
    } else {
        let outcome = failed(&error, "Test the connection again, then save.");
        ConnectFlash { draft, outcome: Some(outcome), refused: None }
    };
    show(state, session, uri, headers, flash).await
}

/// The form's page with what came of it.
async fn show(
    state: &ServerState,
    session: Session,
    uri: Uri,
    headers: HeaderMap,
    flash: ConnectFlash,
) -> Response {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request.extensions_mut().insert(session);
    render(state, move || provide_context(flash.clone()), request).await
}
