//! How a datasource's numbers are reckoned: the page, and saving it.

use super::{ServerState, content::can_edit, upkeep::refused};
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use taskgauge_app::plain::{Choices, SettingsPage, SettingsPageProps, builder::Sent, read_settings};
use taskgauge_model::{ids::DatasourceId, settings::Settings};
use taskgauge_store::{Store, StoreError, users::Session};

/// What happened before the page is shown.
#[derive(Deserialize)]
pub struct Before {
    /// Something was saved.
    saved: Option<String>,
}

/// The settings of a datasource.
pub async fn page(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
    Query(before): Query<Before>,
) -> Response {
    match state.app.store.settings(id).await {
        Ok(settings) => show(&state, &session, id, settings, None, before.saved.is_some()).await,
        Err(error) => refused(&error),
    }
}

async fn show(
    state: &ServerState,
    session: &Session,
    id: DatasourceId,
    settings: Settings,
    problem: Option<String>,
    saved: bool,
) -> Response {
    let store = &state.app.store;
    let (datasource, choices) = match tokio::try_join!(store.datasource(id), choices(store, id)) {
        Ok(found) => found,
        Err(error) => return refused(&error),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let props = SettingsPageProps {
        email: session.user.email.clone(),
        datasource,
        settings,
        choices,
        problem,
        saved,
        editable: can_edit(session),
    };
    (status, state.plain("How numbers are reckoned", || SettingsPage(props))).into_response()
}

async fn choices(store: &Store, id: DatasourceId) -> Result<Choices, StoreError> {
    let (ticket_types, issue_types, statuses, queues, categories, device_types) = tokio::try_join!(
        store.picklist_choices(id, "Tickets", "ticketType"),
        store.picklist_choices(id, "Tickets", "issueType"),
        store.picklist_choices(id, "Tickets", "status"),
        store.picklist_choices(id, "Tickets", "queueID"),
        store.picklist_choices(id, "Tickets", "ticketCategory"),
        store.picklist_choices(id, "ConfigurationItems", "configurationItemType"),
    )?;
    Ok(Choices { ticket_types, issue_types, statuses, queues, categories, device_types })
}

/// Saves what was typed, or goes back to the defaults.
pub async fn save(
    State(state): State<ServerState>,
    session: Extension<Session>,
    Path(id): Path<DatasourceId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    if !can_edit(&session) {
        return (StatusCode::FORBIDDEN, "Your role does not allow changing settings. Ask an admin.")
            .into_response();
    }
    let store = &state.app.store;
    let sent = Sent::new(pairs);
    let typed = if sent.get("do") == "defaults" {
        Ok(Settings::default())
    } else {
        match store.settings(id).await {
            Ok(stored) => read_settings(&sent, &stored),
            Err(error) => return refused(&error),
        }
    };
    let (settings, problem) = match typed {
        Ok(settings) => match store.set_settings(&session.user.email, id, &settings).await {
            Ok(()) => {
                return Redirect::to(&format!("/data/datasources/{id}/settings?saved=1")).into_response();
            }
            Err(StoreError::Invalid(problem)) => (settings, problem),
            Err(error) => return refused(&error),
        },
        // What was typed stays, but for what cannot be read.
        Err((problem, settings)) => (*settings, problem),
    };
    show(&state, &session, id, settings, Some(problem), false).await
}
