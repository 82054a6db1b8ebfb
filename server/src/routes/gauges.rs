//! Gauges: the list, a gauge by itself, and where it is made and changed.

use super::{
    ServerState,
    content::{Listed, can_edit, only_admins, refused},
    upkeep::label,
};
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use taskgauge_app::{
    address,
    api::{
        RequestCx,
        boards::{BoardTile, answered, filters_from},
        sources::{self, Source},
    },
    plain::{
        Deed, Done, GaugeChoice, Gauges, GaugesProps,
        builder::{self, Sent},
        gauge::{Asked, Draft, GaugeEditor, GaugeEditorProps, GaugePage, GaugePageProps, OwnCounts, drafted},
    },
};
use taskgauge_model::{
    gauge::{ChartKind, Filters, Gauge},
    ids::DatasourceId,
};
use taskgauge_store::{Scope, StoreError, content::Piece as _, gauges::filters_of, users::Session};
use taskgauge_sync::own_counts;

/// Columns and rows of a gauge's own page: of one that is a number, and of the others; and of the preview beside the form.
const NUMBER_SIZE: (u8, u8) = (12, 2);
const PAGE_SIZE: (u8, u8) = (12, 5);
const PREVIEW_SIZE: (u8, u8) = (5, 4);

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    q: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    dataset: String,
    #[serde(default)]
    sort: String,
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
        Err(error) => return refused::<Gauge>(&state, &session, &error),
    };
    let props = GaugesProps {
        email: session.user.email.clone(),
        can_edit: can_edit(&session),
        content,
        choice: GaugeChoice {
            search: listed.q,
            origin: listed.origin,
            dataset: listed.dataset,
            sort: listed.sort,
        },
        done: done.done(),
    };
    state.plain("Gauges", || Gauges(props))
}

/// A gauge by itself.
pub async fn page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    Query(done): Query<Listed>,
) -> Response {
    match props_of(&state, &session, &id, pairs).await {
        Ok(props) => {
            // The way back is made of it: only what was done to this gauge is told here.
            let done = done.done().filter(|done| done.id == id);
            let props = GaugePageProps { done, ..props };
            let title = props.entry.value.title.clone();
            state.scripted(&title, || GaugePage(props))
        }
        Err(error) => refused::<Gauge>(&state, &session, &error),
    }
}

/// A gauge by itself, with Autotask's own count of its rows.
pub async fn own_count(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    if let Err(refusal) = only_admins::<Gauge>(&state, &session) {
        return *refusal;
    }
    let filters = filters_from(pairs.clone());
    let mut props = match props_of(&state, &session, &id, pairs).await {
        Ok(props) => props,
        Err(error) => return refused::<Gauge>(&state, &session, &error),
    };
    if let Some(asked) = &mut props.asked {
        let scope = state.cx(&session);
        let own = own_counts_of(&state, asked.source.id, &props.entry.value, &filters, scope.scope()).await;
        asked.own = Some(own);
    }
    let title = props.entry.value.title.clone();
    state.scripted(&title, || GaugePage(props))
}

async fn own_counts_of(
    state: &ServerState,
    datasource: DatasourceId,
    gauge: &Gauge,
    filters: &Filters,
    scope: &Scope,
) -> OwnCounts {
    let store = &state.app.store;
    let questions = store
        .own_questions(datasource, gauge, filters, scope, store.clock().now())
        .await
        .map_err(|error| error.to_string())?;
    own_counts(store, &state.app.connector, datasource, &questions).await.map_err(|error| error.to_string())
}

async fn props_of(
    state: &ServerState,
    session: &Session,
    id: &str,
    pairs: Vec<(String, String)>,
) -> Result<GaugePageProps, StoreError> {
    let get = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let wanted = get("source").and_then(|id| id.parse().ok());
    let cx = state.cx(session);
    let store = &state.app.store;
    let content = store.content().await?;
    let entry = content
        .gauge(id)
        .filter(|entry| !entry.is_removed)
        .cloned()
        .ok_or(StoreError::NotFound { what: "gauge" })?;
    let boards = content.boards_with(id).cloned().collect();
    let filters = filters_from(pairs);
    let (source, sources) =
        sources::choose(&cx, wanted).await.map_err(|_| StoreError::NotFound { what: "datasource" })?;
    let (mut asked, mut choices) = (None, Vec::new());
    if let Some(source) = &source {
        let gauge = &entry.value;
        let mut names = vec!["range"];
        names.extend(filters_of(gauge));
        choices = answered::choices(&cx, &names, None, source.id)
            .await
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        answered::mark(&mut choices, &filters);
        let explanation = store.explain(source.id, gauge, &filters, cx.scope(), store.clock().now()).await;
        let entities = explanation.as_ref().map(|said| said.entities.clone()).unwrap_or_default();
        let counts = store
            .comparisons(source.id)
            .await?
            .into_iter()
            .filter(|counted| entities.contains(&counted.entity))
            .map(|counted| (label(&counted.entity), counted))
            .collect();
        let is_number = matches!(gauge.chart, ChartKind::Number | ChartKind::Percent | ChartKind::Progress);
        let size = if is_number { NUMBER_SIZE } else { PAGE_SIZE };
        asked = Some(Asked {
            source: source.clone(),
            tile: answered::single(&cx, gauge, source.id, &filters, size).await,
            explanation: explanation.map_err(|error| error.to_string()),
            own: None,
            counts,
        });
    }
    Ok(GaugePageProps {
        email: session.user.email.clone(),
        can_edit: can_edit(session),
        entry,
        boards,
        done: None,
        address: address::of_filters(source.as_ref().map(|source| source.id), &filters),
        asked,
        filters: choices,
        sources,
        at: store.clock().now(),
    })
}

#[derive(Deserialize)]
pub struct From {
    #[serde(default)]
    from: String,
}

/// The form for a new gauge, which may begin as a copy.
pub async fn new_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Query(query): Query<From>,
) -> Response {
    if let Err(refusal) = only_admins::<Gauge>(&state, &session) {
        return *refusal;
    }
    let gauge = if query.from.is_empty() {
        builder::blank()
    } else {
        match state.app.store.gauge(&query.from).await {
            Ok(gauge) => Gauge { id: String::new(), title: format!("{} (copy)", gauge.title), ..gauge },
            Err(error) => return refused::<Gauge>(&state, &session, &error),
        }
    };
    editor(&state, &session, Typed { gauge, version: 0, is_new: true, problem: None, sent: None }).await
}

/// The form for a gauge there is.
pub async fn edit_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    if let Err(refusal) = only_admins::<Gauge>(&state, &session) {
        return *refusal;
    }
    let content = match state.app.store.content().await {
        Ok(content) => content,
        Err(error) => return refused::<Gauge>(&state, &session, &error),
    };
    match content.gauge(&id).filter(|entry| !entry.is_removed) {
        Some(entry) => {
            let (gauge, version) = (entry.value.clone(), entry.version);
            editor(&state, &session, Typed { gauge, version, is_new: false, problem: None, sent: None }).await
        }
        None => refused::<Gauge>(&state, &session, &StoreError::NotFound { what: "gauge" }),
    }
}

/// Saves a new gauge, or changes its form.
pub async fn create(
    state: State<ServerState>,
    session: Extension<Session>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    take(&state, &session, &headers, Sent::new(pairs), None).await
}

/// Saves a gauge there is, or changes its form.
pub async fn update(
    state: State<ServerState>,
    session: Extension<Session>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    take(&state, &session, &headers, Sent::new(pairs), Some(id)).await
}

async fn take(
    state: &ServerState,
    session: &Session,
    headers: &HeaderMap,
    sent: Sent,
    id: Option<String>,
) -> Response {
    if let Err(refusal) = only_admins::<Gauge>(state, session) {
        return *refusal;
    }
    let is_new = id.is_none();
    let mut typed = sent.typed();
    if let Some(id) = id {
        typed.id = id;
    }
    let version = sent.get("version").parse().unwrap_or_default();
    if builder::rebuild(&mut typed, sent.get("do")) {
        if super::is_fragment(headers) {
            return super::fragment(state, || builder::fields(&typed, is_new, sent.dates()));
        }
        let typed = Typed { gauge: typed, version, is_new, problem: None, sent: Some(&sent) };
        return editor(state, session, typed).await;
    }
    let mut gauge = builder::without_empty_lines(typed);
    let (store, actor) = (&state.app.store, session.user.email.as_str());
    let saved = async {
        if let Some(problem) = sent.problem() {
            return Err(StoreError::Invalid(problem));
        }
        if !is_new {
            builder::own_target(&mut gauge);
            return store.save(actor, &gauge, version).await;
        }
        gauge.id = store.content().await?.free_id::<Gauge>(&gauge.id, '_');
        store.create(actor, &gauge).await
    };
    match saved.await {
        Ok(version) => {
            let done = Done { deed: Deed::Saved, id: gauge.id.clone(), version };
            Redirect::to(&format!("/gauges/{}{}", gauge.id, done.query())).into_response()
        }
        Err(error) => {
            let problem = Some(error.to_string());
            let typed = Typed { gauge, version, is_new, problem, sent: Some(&sent) };
            let page = editor(state, session, typed).await;
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

/// What is typed, answered.
pub async fn preview(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    if let Err(refusal) = only_admins::<Gauge>(&state, &session) {
        return *refusal;
    }
    let sent = Sent::new(pairs);
    let draft = draft_of(&state, &session, &sent.gauge(), Some(&sent)).await;
    let at = state.app.store.clock().now();
    super::fragment(&state, || drafted(draft, at))
}

async fn draft_of(state: &ServerState, session: &Session, gauge: &Gauge, sent: Option<&Sent>) -> Draft {
    let cx = state.cx(session);
    let wanted = sent.and_then(|sent| sent.get("source").parse().ok());
    let (source, sources) = sources::choose(&cx, wanted).await.unwrap_or_default();
    let tile = match &source {
        Some(source) => Some(preview_of(&cx, gauge, source, sent.and_then(Sent::problem)).await),
        None => None,
    };
    Draft { tile, source, sources }
}

async fn preview_of(cx: &RequestCx, gauge: &Gauge, source: &Source, problem: Option<String>) -> BoardTile {
    // What cannot be saved is not asked either: its checks keep questions within limits.
    let mut named = gauge.clone();
    if named.id.is_empty() {
        "draft".clone_into(&mut named.id);
    }
    if named.title.is_empty() {
        "Untitled".clone_into(&mut named.title);
    }
    match problem.or_else(|| named.check_written().err().map(|error| error.to_string())) {
        None => answered::single(cx, &named, source.id, &Filters::default(), PREVIEW_SIZE).await,
        Some(problem) => answered::unasked(&named, problem, PREVIEW_SIZE),
    }
}

/// A gauge in its form.
struct Typed<'a> {
    gauge: Gauge,
    /// The version it was made from; 0 for a new one.
    version: i64,
    is_new: bool,
    /// Why it was not saved.
    problem: Option<String>,
    /// What the form sent, where it did.
    sent: Option<&'a Sent>,
}

async fn editor(state: &ServerState, session: &Session, typed: Typed<'_>) -> Response {
    let Typed { gauge, version, is_new, problem, sent } = typed;
    let draft = draft_of(state, session, &gauge, sent).await;
    let props = GaugeEditorProps {
        email: session.user.email.clone(),
        gauge,
        version,
        is_new,
        dates: sent.and_then(Sent::dates),
        problem,
        draft,
        at: state.app.store.clock().now(),
    };
    state.scripted(if is_new { "New gauge" } else { "Edit gauge" }, || GaugeEditor(props))
}
