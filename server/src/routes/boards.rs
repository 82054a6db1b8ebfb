//! Dashboards: the list, and where they are made, laid out and copied.

use super::{
    ServerState,
    content::{Listed, can_edit, only_admins, refused},
};
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use std::sync::Arc;
use taskgauge_app::{
    api::{
        boards::{BoardTile, answered},
        sources,
    },
    plain::{
        Boards, BoardsProps,
        layout::{self, BoardEditor, BoardEditorProps},
    },
};
use taskgauge_model::{dashboard::Dashboard, gauge::Filters};
use taskgauge_store::{StoreError, content::Content, users::Session};

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    q: String,
}

/// The list.
pub async fn list(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Query(listed): Query<Chosen>,
    Query(done): Query<Listed>,
) -> Response {
    let content = match state.app.store.content().await {
        Ok(content) => content,
        Err(error) => return refused::<Dashboard>(&state, &session, &error),
    };
    let props = BoardsProps {
        email: session.user.email.clone(),
        can_edit: can_edit(&session),
        content,
        done: done.done(),
        search: listed.q,
        at: state.app.store.clock().now(),
    };
    state.plain("Dashboards", || Boards(props))
}

fn blank() -> Dashboard {
    Dashboard {
        id: String::new(),
        title: String::new(),
        also_known_as: None,
        about: String::new(),
        filters: vec!["range".to_owned()],
        mine: None,
        wall: false,
        tiles: Vec::new(),
        held: Vec::new(),
    }
}

/// The form for a new dashboard.
pub async fn new_page(State(state): State<ServerState>, Extension(session): Extension<Session>) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(&state, &session) {
        return *refusal;
    }
    editor(&state, &session, blank(), 0, true, None).await
}

/// The form for a dashboard there is.
pub async fn edit_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(&state, &session) {
        return *refusal;
    }
    match found(&state, &id).await {
        Ok((board, version)) => editor(&state, &session, board, version, false, None).await,
        Err(error) => refused::<Dashboard>(&state, &session, &error),
    }
}

async fn found(state: &ServerState, id: &str) -> Result<(Dashboard, i64), StoreError> {
    let content = state.app.store.content().await?;
    let entry = content.dashboard(id).filter(|entry| !entry.is_removed);
    entry.map(|entry| (entry.value.clone(), entry.version)).ok_or(StoreError::NotFound { what: "dashboard" })
}

/// Copies a dashboard and opens the copy.
pub async fn duplicate(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(&state, &session) {
        return *refusal;
    }
    let copied = async {
        let (board, _) = found(&state, &id).await?;
        let content = state.app.store.content().await?;
        let copy = copy_of(&content, board);
        state.app.store.create(&session.user.email, &copy).await?;
        Ok(copy.id)
    };
    match copied.await {
        Ok(id) => Redirect::to(&format!("/dashboards/{id}/edit")).into_response(),
        Err(error) => refused::<Dashboard>(&state, &session, &error),
    }
}

/// The copy of a board, under a name that is free.
fn copy_of(content: &Content, board: Dashboard) -> Dashboard {
    let id = content.free_id::<Dashboard>(&board.id, '-');
    let title: String = format!("{} (copy)", board.title).chars().take(100).collect();
    Dashboard { id, title, also_known_as: None, ..board }
}

/// Saves a new dashboard, or changes its layout.
pub async fn create(
    state: State<ServerState>,
    session: Extension<Session>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    take(&state, &session, &headers, &pairs, None).await
}

/// Saves a dashboard there is, or changes its layout.
pub async fn update(
    state: State<ServerState>,
    session: Extension<Session>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    take(&state, &session, &headers, &pairs, Some(id)).await
}

async fn take(
    state: &ServerState,
    session: &Session,
    headers: &HeaderMap,
    pairs: &[(String, String)],
    id: Option<String>,
) -> Response {
    if let Err(refusal) = only_admins::<Dashboard>(state, session) {
        return *refusal;
    }
    let is_new = id.is_none();
    let before = match id {
        None => blank(),
        Some(id) => match found(state, &id).await {
            Ok((board, _)) => board,
            Err(error) => return refused::<Dashboard>(state, session, &error),
        },
    };
    let get = |name: &str| {
        pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let version = get("version").parse().unwrap_or_default();
    let mut board = layout::read(pairs, &before);
    if layout::rebuild(&mut board, get("do"), get("add")) {
        if !super::is_fragment(headers) {
            return editor(state, session, board, version, is_new, None).await;
        }
        return match state.app.store.content().await {
            Ok(content) => {
                let tiles = tiles(state, session, &content, &board).await;
                let at = state.app.store.clock().now();
                super::fragment(state, || layout::layout(&board, &content, tiles, at))
            }
            Err(error) => refused::<Dashboard>(state, session, &error),
        };
    }
    let (store, actor) = (&state.app.store, session.user.email.as_str());
    let saved = async {
        if !is_new {
            return store.save(actor, &board, version).await;
        }
        board.id = store.content().await?.free_id::<Dashboard>(&board.id, '-');
        store.create(actor, &board).await
    };
    match saved.await {
        Ok(_) => Redirect::to(&format!("/dashboards/{}", board.id)).into_response(),
        Err(error) => {
            let page = editor(state, session, board, version, is_new, Some(error.to_string())).await;
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

async fn tiles(
    state: &ServerState,
    session: &Session,
    content: &Arc<Content>,
    board: &Dashboard,
) -> Vec<BoardTile> {
    let cx = state.cx(session);
    match sources::choose(&cx, None).await {
        Ok((Some(source), _)) => {
            answered::laid_out(&cx, content, board, source.id, &Filters::default()).await
        }
        _ => Vec::new(),
    }
}

async fn editor(
    state: &ServerState,
    session: &Session,
    board: Dashboard,
    version: i64,
    is_new: bool,
    problem: Option<String>,
) -> Response {
    let content = match state.app.store.content().await {
        Ok(content) => content,
        Err(error) => return refused::<Dashboard>(state, session, &error),
    };
    let tiles = tiles(state, session, &content, &board).await;
    let props = BoardEditorProps {
        email: session.user.email.clone(),
        board,
        version,
        is_new,
        problem,
        content,
        tiles,
        at: state.app.store.clock().now(),
    };
    state.scripted(if is_new { "New dashboard" } else { "Edit dashboard" }, || BoardEditor(props))
}
