//! What is the same for gauges, dashboards and walls: who may change them, removing, undoing, files.

use super::ServerState;
use axum::{
    Extension, Form,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use taskgauge_app::plain::{Deed, Done, Import, ImportProps, Planned};
use taskgauge_model::{bundle::Bundle, dashboard::Dashboard, gauge::Gauge};
use taskgauge_store::{
    StoreError,
    content::{Content, Origin, Piece},
    users::{Role, Session},
};

/// Whether somebody may change gauges, dashboards and walls.
pub fn can_edit(session: &Session) -> bool {
    session.user.role == Role::Admin
}

/// Where pages of a kind are.
pub trait Place: Piece {
    /// The page of the side bar.
    const BASE: &'static str;

    /// This piece and what it needs to be had elsewhere.
    fn bundle(content: &Content, id: &str) -> Option<Bundle>;
}

impl Place for Gauge {
    const BASE: &'static str = "/gauges";

    fn bundle(content: &Content, id: &str) -> Option<Bundle> {
        let gauge = content.gauge(id)?.value.clone();
        Some(Bundle { gauges: vec![gauge], dashboards: Vec::new() })
    }
}

impl Place for Dashboard {
    const BASE: &'static str = "/dashboards";

    /// With the gauges on it that do not ship as they are.
    fn bundle(content: &Content, id: &str) -> Option<Bundle> {
        let board = content.dashboard(id)?.value.clone();
        let gauges = board
            .tiles
            .iter()
            .flat_map(|tile| [Some(&tile.gauge), tile.or.as_ref()])
            .flatten()
            .chain(&board.held)
            .filter_map(|id| content.gauge(id))
            .filter(|entry| entry.origin != Origin::Shipped && !entry.is_removed)
            .map(|entry| entry.value.clone())
            .fold(Vec::new(), |mut gauges: Vec<Gauge>, gauge| {
                if !gauges.iter().any(|known| known.id == gauge.id) {
                    gauges.push(gauge);
                }
                gauges
            });
        Some(Bundle { gauges, dashboards: vec![board] })
    }
}

/// A page that says why something was not done.
pub fn refused<T: Place>(state: &ServerState, session: &Session, error: &StoreError) -> Response {
    refused_at(state, session, error, T::BASE)
}

/// As [`refused`], with the page where the way leads back.
pub fn refused_at(
    state: &ServerState,
    session: &Session,
    error: &StoreError,
    back: &'static str,
) -> Response {
    super::refusal(state, session, status_of(error), error.to_string(), back)
}

/// How a program is told.
pub fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Conflict { .. } => StatusCode::CONFLICT,
        StoreError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        error if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Refuses whoever may look only.
pub fn only_admins<T: Place>(state: &ServerState, session: &Session) -> Result<(), Box<Response>> {
    only_admins_at(state, session, T::NOUN, T::BASE)
}

/// As [`only_admins`], with what it is about and the page where the way leads back.
pub fn only_admins_at(
    state: &ServerState,
    session: &Session,
    noun: &str,
    back: &'static str,
) -> Result<(), Box<Response>> {
    if can_edit(session) {
        return Ok(());
    }
    let why = format!("Your role does not allow changing a {noun}. Ask an admin.");
    Err(Box::new(super::refusal(state, session, StatusCode::FORBIDDEN, why, back)))
}

/// What was just done, as the addresses of lists have it.
#[derive(Deserialize)]
pub struct Listed {
    #[serde(default)]
    done: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    version: i64,
}

impl Listed {
    /// What that was, if anything.
    pub fn done(self) -> Option<Done> {
        Deed::named(&self.done).map(|deed| Done { deed, id: self.id, version: self.version })
    }
}

#[derive(Deserialize)]
pub struct Altered {
    /// The version that is undone.
    #[serde(default)]
    version: i64,
}

/// Removes, brings back, resets, undoes: `POST /gauges/{id}/{action}`.
pub async fn alter<T: Place>(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path((id, action)): Path<(String, String)>,
    Form(altered): Form<Altered>,
) -> Response {
    if let Err(refusal) = only_admins::<T>(&state, &session) {
        return *refusal;
    }
    let (store, actor) = (&state.app.store, session.user.email.as_str());
    let (done, deed) = match action.as_str() {
        "remove" => (store.remove::<T>(actor, &id).await, Deed::Removed),
        "restore" => (store.restore::<T>(actor, &id).await, Deed::Restored),
        "reset" => (store.reset::<T>(actor, &id).await, Deed::Reset),
        "undo" => (store.undo(actor, altered.version).await, Deed::Undone),
        _ => (Err(StoreError::NotFound { what: "action" }), Deed::Undone),
    };
    match done {
        Ok(version) => {
            Redirect::to(&format!("{}{}", T::BASE, Done { deed, id, version }.query())).into_response()
        }
        Err(error) => refused::<T>(&state, &session, &error),
    }
}

/// A gauge or dashboard as a file.
pub async fn export<T: Place>(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    let content = match state.app.store.content().await {
        Ok(content) => content,
        Err(error) => return refused::<T>(&state, &session, &error),
    };
    let Some(bundle) = T::bundle(&content, &id) else {
        return refused::<T>(&state, &session, &StoreError::NotFound { what: T::NOUN });
    };
    match bundle.write() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "application/toml; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.toml\"")),
            ];
            (headers, text).into_response()
        }
        Err(error) => refused::<T>(&state, &session, &StoreError::Invalid(error.to_string())),
    }
}

/// The page where a file is imported.
pub async fn import_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(&state, &session) {
        return *refusal;
    }
    show_import(&state, &session, String::new(), Vec::new(), None)
}

#[derive(Deserialize)]
pub struct Imported {
    #[serde(default)]
    text: String,
    #[serde(default)]
    step: String,
}

/// Shows what a file would add and replace; does it when that was seen.
pub async fn import(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Form(sent): Form<Imported>,
) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(&state, &session) {
        return *refusal;
    }
    // Browsers send lines with carriage returns.
    let text = sent.text.replace("\r\n", "\n");
    let bundle = match Bundle::read(&text) {
        Ok(bundle) => bundle,
        Err(error) => return show_import(&state, &session, text, Vec::new(), Some(error.to_string())),
    };
    let store = &state.app.store;
    let content = match store.content().await {
        Ok(content) => content,
        Err(error) => return refused::<Dashboard>(&state, &session, &error),
    };
    let plan = plan(&content, &bundle);
    if sent.step != "apply" || plan.iter().any(|planned| planned.problem.is_some()) {
        return show_import(&state, &session, text, plan, None);
    }
    let version = match store.import(&session.user.email, &bundle).await {
        Ok(version) => version,
        Err(error) => return show_import(&state, &session, text, plan, Some(error.to_string())),
    };
    let saved = |id: &str| Done { deed: Deed::Saved, id: id.to_owned(), version }.query();
    let to = match (&bundle.dashboards[..], &bundle.gauges[..]) {
        ([board, ..], _) => format!("{}{}", Dashboard::BASE, saved(&board.id)),
        ([], [gauge, ..]) => format!("{}{}", Gauge::BASE, saved(&gauge.id)),
        ([], []) => Dashboard::BASE.to_owned(),
    };
    Redirect::to(&to).into_response()
}

fn show_import(
    state: &ServerState,
    session: &Session,
    text: String,
    plan: Vec<Planned>,
    problem: Option<String>,
) -> Response {
    let is_refused = problem.is_some() || plan.iter().any(|planned| planned.problem.is_some());
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let email = session.user.email.clone();
    (status, state.scripted("Import", || Import(ImportProps { email, text, plan, problem }))).into_response()
}

/// What a file would do.
fn plan(content: &Content, bundle: &Bundle) -> Vec<Planned> {
    let missing = |board: &Dashboard| {
        let known = |id: &str| {
            content.gauge(id).is_some_and(|entry| !entry.is_removed)
                || bundle.gauges.iter().any(|gauge| gauge.id == id)
        };
        let gauges = board.tiles.iter().flat_map(|tile| [Some(&tile.gauge), tile.or.as_ref()]).flatten();
        let unknown: Vec<&str> = gauges.map(String::as_str).filter(|id| !known(id)).take(3).collect();
        (!unknown.is_empty()).then(|| format!("There is no gauge {}.", unknown.join(", ")))
    };
    let gauges = bundle.gauges.iter().map(|gauge| planned(content, gauge, None));
    let boards = bundle.dashboards.iter().map(|board| planned(content, board, missing(board)));
    gauges.chain(boards).collect()
}

fn planned<T: Piece>(content: &Content, piece: &T, problem: Option<String>) -> Planned {
    let there = T::of(content).iter().find(|entry| entry.value.id() == piece.id());
    let effect = match there {
        Some(entry) if entry.value == *piece && !entry.is_removed => "is there already",
        Some(entry) if !entry.is_removed => "replaces the one there is",
        _ => "is new",
    };
    Planned {
        kind: T::NOUN,
        title: piece.title().chars().take(100).collect(),
        id: piece.id().chars().take(60).collect(),
        effect,
        problem: piece.check_written().err().map(|error| error.to_string()).or(problem),
    }
}
