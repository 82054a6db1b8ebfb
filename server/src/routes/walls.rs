//! Walls: the list, the form, and the screens.
//!
//! A screen is a page that asks for its part again and again. What the part shows follows from the wall, the clock and
//! the data: no process remembers a screen.

use super::{
    ServerState,
    content::{Listed, can_edit, only_admins_at, refused_at, status_of},
    rows,
};
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use chrono::TimeDelta;
use futures::future::join_all;
use serde::Deserialize;
use std::collections::BTreeMap;
use taskgauge_app::{
    address,
    api::{
        RequestCx, UiError,
        boards::{FilterChoice, answered, filters_from},
        sources::{self, Source},
    },
    plain::{
        Deed, Done,
        walls::{
            Walls, WallsProps,
            editor::{self, WallEditor, WallEditorProps},
            screen::{self, Fitted, Screen, Shown},
        },
    },
};
use taskgauge_model::{
    dashboard::Dashboard,
    grid::{Screenful, Shape, screenfuls},
    ids::{DatasourceId, WallId},
    range::Range,
    wall::{Wall, WallStep},
};
use taskgauge_store::{StoreError, content::Content, users::Session};

/// The page of the side bar.
const BASE: &str = "/walls";
const NOUN: &str = "wall";

/// When a screen asks again at the latest: ages and windows of time move on.
const AGAIN: TimeDelta = TimeDelta::seconds(60);

/// The list.
pub async fn list(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Query(listed): Query<Listed>,
) -> Response {
    let store = &state.app.store;
    let found = async { Ok((store.walls().await?, store.content().await?)) };
    match found.await {
        Ok((walls, content)) => {
            let props = WallsProps {
                email: session.user.email.clone(),
                can_edit: can_edit(&session),
                walls,
                content,
                done: listed.done(),
                at: store.clock().now(),
            };
            state.plain("Walls", || Walls(props))
        }
        Err(error) => refused_at(&state, &session, &error, BASE),
    }
}

#[derive(Deserialize)]
pub struct From {
    from: Option<WallId>,
}

/// The form for a new wall, which may begin as a copy.
pub async fn new_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Query(query): Query<From>,
) -> Response {
    if let Err(refusal) = only_admins_at(&state, &session, NOUN, BASE) {
        return *refusal;
    }
    let wall = match query.from {
        None => Wall::single("", WallStep::of("")),
        Some(id) => match state.app.store.wall(id).await {
            Ok(stored) => {
                let name = format!("{} (copy)", stored.wall.name).chars().take(100).collect();
                Wall { name, ..stored.wall }
            }
            Err(error) => return refused_at(&state, &session, &error, BASE),
        },
    };
    form(&state, &session, Typed { id: None, version: 0, wall, problem: None, goes_to: None }).await
}

/// The form for a wall there is.
pub async fn edit_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    if let Err(refusal) = only_admins_at(&state, &session, NOUN, BASE) {
        return *refusal;
    }
    let found = async { state.app.store.wall(id_of(&id)?).await };
    match found.await {
        Ok(stored) => {
            let (version, wall) = (stored.version, stored.wall);
            let typed = Typed { id: Some(stored.id), version, wall, problem: None, goes_to: None };
            form(&state, &session, typed).await
        }
        Err(error) => refused_at(&state, &session, &error, BASE),
    }
}

fn id_of(text: &str) -> Result<WallId, StoreError> {
    text.parse().map_err(|_| StoreError::NotFound { what: NOUN })
}

/// Saves a new wall, or changes its form.
pub async fn create(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    take(&state, &session, &headers, &pairs, None).await
}

/// Saves a wall there is, or changes its form.
pub async fn update(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    match id_of(&id) {
        Ok(id) => take(&state, &session, &headers, &pairs, Some(id)).await,
        Err(error) => refused_at(&state, &session, &error, BASE),
    }
}

async fn take(
    state: &ServerState,
    session: &Session,
    headers: &HeaderMap,
    pairs: &[(String, String)],
    id: Option<WallId>,
) -> Response {
    if let Err(refusal) = only_admins_at(state, session, NOUN, BASE) {
        return *refusal;
    }
    let get = |name: &str| {
        pairs.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let version = get("version").parse().unwrap_or_default();
    let (mut wall, problem) = editor::read(pairs);
    if let Some(place) = editor::filters_asked(get("do")).filter(|place| *place < wall.steps.len()) {
        if super::is_fragment(headers) {
            return filters(state, session, &wall, place).await;
        }
        return form(state, session, Typed { id, version, wall, problem: None, goes_to: Some(place) }).await;
    }
    if editor::rebuild(&mut wall, get("do")) {
        let goes_to = (get("do") == "add").then(|| wall.steps.len() - 1);
        return form(state, session, Typed { id, version, wall, problem: None, goes_to }).await;
    }
    let (store, actor) = (&state.app.store, session.user.email.as_str());
    let saved = match (problem, id) {
        (Some(problem), _) => Err(StoreError::Invalid(problem)),
        (None, Some(id)) => store.save_wall(actor, id, &wall, version).await.map(|()| id),
        (None, None) => store.add_wall(actor, &wall).await,
    };
    match saved {
        Ok(id) => listed(Deed::Saved, id),
        Err(error @ StoreError::NotFound { .. }) => refused_at(state, session, &error, BASE),
        Err(error) => {
            let problem = Some(error.to_string());
            let page = form(state, session, Typed { id, version, wall, problem, goes_to: None }).await;
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
    }
}

/// What stands in the form.
struct Typed {
    id: Option<WallId>,
    version: i64,
    wall: Wall,
    problem: Option<String>,
    goes_to: Option<usize>,
}

async fn form(state: &ServerState, session: &Session, typed: Typed) -> Response {
    let cx = state.cx(session);
    let found = async {
        let content = cx.store().content().await?;
        let sources: Vec<Source> = cx.store().datasources().await?.into_iter().map(Source::from).collect();
        let offered = offered(&cx, &typed.wall.steps, &content, &sources).await?;
        Ok::<_, UiError>((content, sources, offered))
    };
    let (content, sources, offered) = match found.await {
        Ok(found) => found,
        Err(error) => return rows::no_page(state, session, &error, BASE),
    };
    let props = WallEditorProps {
        email: session.user.email.clone(),
        id: typed.id,
        wall: typed.wall,
        version: typed.version,
        problem: typed.problem,
        goes_to: typed.goes_to,
        offered,
        content,
        sources,
    };
    state.scripted(if typed.id.is_some() { "Edit wall" } else { "New wall" }, || WallEditor(props))
}

/// The filters of one board of the rotation, for the script of the form.
async fn filters(state: &ServerState, session: &Session, wall: &Wall, place: usize) -> Response {
    let cx = state.cx(session);
    let step = &wall.steps[place];
    let found = async {
        let content = cx.store().content().await?;
        let sources: Vec<Source> = cx.store().datasources().await?.into_iter().map(Source::from).collect();
        let offered = offered(&cx, std::slice::from_ref(step), &content, &sources).await?;
        Ok::<_, UiError>((content, offered.into_iter().next().unwrap_or_default()))
    };
    match found.await {
        Ok((content, offered)) => super::fragment(state, || editor::filters(place, step, &offered, &content)),
        Err(error) => (rows::status(&error), error.to_string()).into_response(),
    }
}

/// What the filters of these boards offer, each filter of a datasource asked for once.
async fn offered(
    cx: &RequestCx,
    steps: &[WallStep],
    content: &Content,
    sources: &[Source],
) -> Result<Vec<Vec<FilterChoice>>, UiError> {
    let mut known: BTreeMap<(DatasourceId, String), FilterChoice> = BTreeMap::new();
    let mut all = Vec::with_capacity(steps.len());
    for step in steps {
        let mut offered = Vec::new();
        let source = step.source.or_else(|| sources.first().map(|source| source.id));
        for (source, name) in source.iter().flat_map(|source| {
            editor::filter_names(step, content).into_iter().map(move |name| (*source, name))
        }) {
            let key = (source, name);
            if !known.contains_key(&key) {
                let choices = answered::choices(cx, &[key.1.as_str()], None, source).await?;
                known.extend(choices.into_iter().map(|choice| (key.clone(), choice)));
            }
            offered.extend(known.get(&key).cloned());
        }
        all.push(offered);
    }
    Ok(all)
}

/// Back to the list, which says what was done. Walls are changed in their form: there is no version to take back.
fn listed(deed: Deed, id: WallId) -> Response {
    let done = Done { deed, id: id.to_string(), version: 0 };
    Redirect::to(&format!("{BASE}{}", done.query())).into_response()
}

/// Removes and brings back: `POST /walls/{id}/{action}`.
pub async fn alter(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path((id, action)): Path<(String, String)>,
) -> Response {
    if let Err(refusal) = only_admins_at(&state, &session, NOUN, BASE) {
        return *refusal;
    }
    let (store, actor) = (&state.app.store, session.user.email.as_str());
    let done = async {
        let id = id_of(&id)?;
        match action.as_str() {
            "remove" => store.remove_wall(actor, id).await.map(|()| (Deed::Removed, id)),
            "restore" => store.restore_wall(actor, id).await.map(|()| (Deed::Restored, id)),
            _ => Err(StoreError::NotFound { what: "action" }),
        }
    };
    match done.await {
        Ok((deed, id)) => listed(deed, id),
        Err(error) => refused_at(&state, &session, &error, BASE),
    }
}

#[derive(Deserialize)]
pub struct Held {
    /// The part of the rotation that somebody at the screen wants to look at, as [`screen::read_token`] reads it.
    #[serde(default)]
    view: String,
    /// How the screen hangs, as [`screen::read_shape`] reads it.
    #[serde(default)]
    shape: String,
}

/// The screen of a wall.
pub async fn page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(held): Query<Held>,
) -> Response {
    // A wall begins where its turn is.
    let held = Held { view: String::new(), ..held };
    match stored(&state, &session, &id, &held).await {
        Ok(screen) => {
            let edit = can_edit(&session).then(|| format!("{BASE}/{id}/edit"));
            show(&state, screen, edit)
        }
        Err(Refused { status, why }) => super::refusal(&state, &session, status, why, BASE),
    }
}

/// The part of it that changes.
pub async fn part(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(held): Query<Held>,
) -> Response {
    show_part(&state, stored(&state, &session, &id, &held).await)
}

/// One board on a screen, with what is chosen in the address.
pub async fn board_page(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    match single(&state, &session, id, pairs).await {
        Ok(screen) => show(&state, screen, None),
        Err(Refused { status, why }) => super::refusal(&state, &session, status, why, "/dashboards"),
    }
}

/// The part of it that changes.
pub async fn board_part(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    show_part(&state, single(&state, &session, id, pairs).await)
}

/// Why a screen cannot be shown, as a sentence; what is on it already stays.
struct Refused {
    status: StatusCode,
    why: String,
}

impl std::convert::From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused { status: status_of(&error), why: error.to_string() }
    }
}

async fn stored(state: &ServerState, session: &Session, id: &str, held: &Held) -> Result<Screen, Refused> {
    let stored = state.app.store.wall(id_of(id)?).await?;
    screen_of(state, session, &stored.wall, format!("{BASE}/{}/part", stored.id), held).await
}

async fn single(
    state: &ServerState,
    session: &Session,
    id: String,
    pairs: Vec<(String, String)>,
) -> Result<Screen, Refused> {
    let get = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let source = get("source").and_then(|id| id.parse().ok());
    let held = Held { view: get("view").unwrap_or_default(), shape: get("shape").unwrap_or_default() };
    let content = state.app.store.content().await?;
    let board = content.dashboard(&id).filter(|entry| !entry.is_removed);
    let title = board.ok_or(StoreError::NotFound { what: "dashboard" })?.value.title.clone();
    let filters = filters_from(pairs);
    let part = format!("{BASE}/board/{id}/part{}", address::of_filters(source, &filters));
    let wall = Wall::single(title, WallStep { source, filters, ..WallStep::of(id) });
    screen_of(state, session, &wall, part, &held).await
}

/// What a wall shows now, or the part of it that somebody holds on to.
async fn screen_of(
    state: &ServerState,
    session: &Session,
    wall: &Wall,
    part: String,
    held: &Held,
) -> Result<Screen, Refused> {
    let shape = screen::read_shape(&held.shape);
    let cx = state.cx(session);
    let content = state.app.store.content().await?;
    let now = state.app.store.clock().now();
    let held = screen::read_token(&held.view).filter(|(place, _)| *place < wall.steps.len());
    let (step, turn) = wall.step_at(now).ok_or(StoreError::NotFound { what: "board" })?;
    let (place, step) = held.map_or((turn.place, step), |(place, _)| (place, &wall.steps[place]));
    let board = content.dashboard(&step.board).filter(|entry| !entry.is_removed).map(|entry| &entry.value);
    let parts = board.map(|board| parts(board, shape)).unwrap_or_default();
    let (number, next) = match held {
        Some((_, number)) => (number.min(parts.len().saturating_sub(1)), now + AGAIN),
        None => turn.screenful_at(now, parts.len()),
    };
    let mut chosen = Vec::new();
    let shown = match board {
        Some(board) => {
            let layout = parts.get(number).cloned().unwrap_or(Screenful { tiles: Vec::new(), rows: 1 });
            let shown = shown(&cx, &content, board, step, (shape, layout), turn.round);
            match shown.await {
                Ok((shown, said)) => {
                    chosen = said;
                    Ok(shown)
                }
                // Not the board's own trouble: what is on the screen stays there.
                Err(UiError::Unavailable(why)) => {
                    return Err(Refused { status: StatusCode::SERVICE_UNAVAILABLE, why });
                }
                Err(error) => Err(error.to_string()),
            }
        }
        None => {
            Err("This board was removed. Take it off the wall, or bring it back under Dashboards.".to_owned())
        }
    };
    Ok(Screen {
        wall: wall.name.clone(),
        theme: wall.theme,
        shape,
        part,
        build: state.site.build(),
        now,
        next,
        title: board.map_or_else(|| wall.name.clone(), |board| board.title.clone()),
        chosen,
        step: (place, wall.steps.len()),
        screenful: (number, parts.len()),
        shown,
    })
}

/// A board in parts that fit on a screen.
fn parts(board: &Dashboard, shape: Shape) -> Vec<Screenful> {
    let sizes: Vec<(u8, u8)> = board.tiles.iter().map(|tile| (tile.width, tile.height)).collect();
    screenfuls(&sizes, shape)
}

/// What a part of a board shows, and what is chosen on it in words. Only its tiles are asked for.
async fn shown(
    cx: &RequestCx,
    content: &Content,
    board: &Dashboard,
    step: &WallStep,
    (shape, layout): (Shape, Screenful),
    round: i64,
) -> Result<(Shown, Vec<String>), UiError> {
    let (source, all) = sources::choose(cx, step.source).await?;
    let source = source.ok_or_else(|| {
        UiError::NotFound("Nothing is connected yet. Add a datasource under Data.".to_owned())
    })?;
    let datasource = cx.store().datasource(source.id).await?;
    let tiles = layout.tiles.iter().filter_map(|(number, _)| {
        let mut tile = board.tiles.get(*number)?.clone();
        // Gauges that share a place take turns.
        if let Some(other) = tile.or.take().filter(|_| round.rem_euclid(2) == 1) {
            tile.gauge = other;
        }
        Some(tile)
    });
    let part = Dashboard { tiles: tiles.collect(), held: Vec::new(), ..board.clone() };
    let tiles = answered::undrawn(cx, content, &part, source.id, &step.filters).await;
    let tiles: Vec<(usize, Fitted)> = tiles
        .into_iter()
        .zip(layout.tiles)
        .map(|(tile, (number, place))| (number, Fitted::of(tile, place, shape, layout.rows)))
        .collect();
    join_all(tiles.iter().map(|(_, fitted)| answered::draw_sized(cx, &fitted.tile, fitted.size))).await;
    let chosen = in_words(cx, source.id, step).await?;
    let shown = Shown {
        source: source.id,
        source_name: (all.len() > 1).then(|| source.name.clone()),
        stale_after: TimeDelta::minutes(datasource.stale_minutes()),
        zone: datasource.time_zone,
        synced_at: source.synced_at,
        filters: step.filters.clone(),
        tiles,
        rows: layout.rows,
    };
    Ok((shown, chosen))
}

/// What is chosen on a board of the wall, as people read it: `Queue: Level 1`.
async fn in_words(cx: &RequestCx, source: DatasourceId, step: &WallStep) -> Result<Vec<String>, UiError> {
    let names: Vec<&str> = step
        .filters
        .fields
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    let range = step.filters.range.map(Range::label);
    let said = answered::in_words(cx, source, &step.filters, &names).await?;
    let fields = said.into_iter().map(|(label, values)| format!("{label}: {values}"));
    Ok(range.into_iter().chain(fields).collect())
}

fn show(state: &ServerState, screen: Screen, edit: Option<String>) -> Response {
    let theme = screen::theme_name(screen.theme);
    let title = screen.wall.clone();
    // Without its script the page waits for the same instant.
    let seconds = (screen.next.min(screen.now + AGAIN) - screen.now).num_seconds().max(1) + 1;
    state.walled(&title, theme, seconds, || screen::page(screen, edit))
}

/// A part for the script; where there is none, a sentence that it shows.
fn show_part(state: &ServerState, screen: Result<Screen, Refused>) -> Response {
    match screen {
        Ok(screen) => super::fragment(state, || screen::part(screen)),
        Err(Refused { status, why }) => (status, why).into_response(),
    }
}
