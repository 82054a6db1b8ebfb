//! Pages of a datasource that are plain: its webhooks, and how complete its copy is.

use super::ServerState;
use axum::{
    Extension, Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use taskgauge_app::plain::{Completeness, CompletenessProps, Counted, SetAside, Webhooks, WebhooksProps};
use taskgauge_model::{entity::Entity, ids::DatasourceId, run::RunKind};
use taskgauge_store::{StoreError, rows::Comparison, users::Session};

/// Differences and rows that a page lists.
const LISTED: u32 = 100;

/// An answer in words to what could not be done.
pub fn refused(error: &StoreError) -> Response {
    let status = match error {
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Invalid(_) | StoreError::Conflict { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        error if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string()).into_response()
}

/// What people call an entity; its name where it is not known.
pub fn label(entity: &str) -> String {
    Entity::named(entity).map_or_else(|| entity.to_owned(), |entity| entity.label.to_owned())
}

/// Where a datasource's webhooks stand.
pub async fn webhooks_page(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
) -> Response {
    show_webhooks(&state, &session, id, None).await
}

async fn show_webhooks(
    state: &ServerState,
    session: &Session,
    id: DatasourceId,
    refusal: Option<(String, StoreError)>,
) -> Response {
    let store = &state.app.store;
    let loaded = async {
        Ok::<_, StoreError>((
            store.datasource(id).await?,
            store.webhook_address(id).await?,
            store.webhooks(id).await?,
        ))
    };
    let (datasource, address, webhooks) = match loaded.await {
        Ok(loaded) => loaded,
        Err(error) => return refused(&error),
    };
    let (typed, problem) = match refusal {
        Some((typed, error)) => (typed, Some(error.to_string())),
        None => (address.clone().or_else(|| state.public_url.clone()).unwrap_or_default(), None),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let email = session.user.email.clone();
    let at = store.clock().now();
    let page = state.plain("Webhooks", || {
        Webhooks(WebhooksProps { email, datasource, address, typed, problem, webhooks, at })
    });
    (status, page).into_response()
}

#[derive(Deserialize)]
pub struct Address {
    address: String,
}

/// Turns webhooks on, with the address that Autotask is to call.
pub async fn webhooks_on(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
    Form(form): Form<Address>,
) -> Response {
    switch(&state, &session, id, Some(form.address)).await
}

/// Turns webhooks off.
pub async fn webhooks_off(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
) -> Response {
    switch(&state, &session, id, None).await
}

/// Keeps what is wanted; the sync that follows registers or removes.
async fn switch(
    state: &ServerState,
    session: &Session,
    id: DatasourceId,
    address: Option<String>,
) -> Response {
    let store = &state.app.store;
    match store.set_webhook_address(&session.user.email, id, address.as_deref()).await {
        Ok(()) => {}
        Err(error @ StoreError::Invalid(_)) => {
            return show_webhooks(state, session, id, address.map(|address| (address, error))).await;
        }
        Err(error) => return refused(&error),
    }
    match store.queue_run(id, RunKind::Incremental, Some(session.user.id)).await {
        Ok(_) => Redirect::to(&format!("/data/datasources/{id}/webhooks")).into_response(),
        Err(error) => refused(&error),
    }
}

/// How complete the copy of a datasource is.
pub async fn completeness_page(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
) -> Response {
    let store = &state.app.store;
    let loaded = async {
        Ok::<_, StoreError>((
            store.datasource(id).await?,
            store.latest_run(id).await?,
            store.comparisons(id).await?,
            store.differences(id, LISTED).await?,
            store.quarantine(id, LISTED).await?,
            store.quarantined(id).await?,
        ))
    };
    let (datasource, run, counted, differences, aside, aside_total) = match loaded.await {
        Ok(loaded) => loaded,
        Err(error) => return refused(&error),
    };
    let props = CompletenessProps {
        email: session.user.email.clone(),
        datasource,
        busy: run.is_some_and(|run| !run.state.is_over()),
        counted: counted.into_iter().map(of_page).collect(),
        differences: differences.into_iter().map(of_page).collect(),
        aside: aside
            .into_iter()
            .map(|(entity, at, row)| SetAside {
                label: label(&entity),
                id: row.id,
                reason: row.reason,
                at,
                row: serde_json::to_string_pretty(&row.row).unwrap_or_default(),
            })
            .collect(),
        aside_total,
        at: store.clock().now(),
    };
    state.plain("Completeness", || Completeness(props))
}

fn of_page(comparison: Comparison) -> Counted {
    Counted {
        label: label(&comparison.entity),
        part: comparison.part,
        at: comparison.at,
        there: comparison.there.cast_unsigned(),
        here: comparison.here.cast_unsigned(),
        repaired: comparison.repaired.cast_unsigned(),
        apart: comparison.apart.cast_unsigned(),
    }
}

/// Compares now what is compared every night.
pub async fn compare(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
) -> Response {
    match state.app.store.queue_run(id, RunKind::Reconcile, Some(session.user.id)).await {
        Ok(run) if run.kind == RunKind::Reconcile => {
            Redirect::to(&format!("/data/datasources/{id}")).into_response()
        }
        Ok(_) => {
            let why = "Another sync has just begun. Compare when it is over.";
            (StatusCode::CONFLICT, why).into_response()
        }
        Err(error) => refused(&error),
    }
}
