//! A dashboard: filters, tiles, and how fresh they are.
//!
//! It is opened once. After that only tiles that show something else are sent and drawn anew, in their places.

use crate::{
    api::{
        Payload, UiError,
        boards::{Board, BoardTile, Changes, filters_from, get_board, get_changes},
    },
    components::{
        age::Age,
        banner::{Banner, Mood},
        filters::FilterBar,
        loaded::{Loaded, load, shown},
        tile::TileView,
    },
    live::{Load, use_live},
    pages::home::NothingConnected,
};
use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    components::A,
    hooks::{use_params_map, use_query_map},
};
use taskgauge_model::{gauge::Filters, ids::DatasourceId};

/// The page of a dashboard.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    // Rises when the board itself was changed, so that it is opened again.
    let rebuilt = RwSignal::new(0_u32);
    let asked = move || {
        let id = params.with(|params| params.get_str("id").map(str::to_owned)).unwrap_or_default();
        let (source, filters) = query.with(|query| {
            let pairs = query.clone().into_iter().map(|(name, value)| (name.into_owned(), value));
            (query.get_str("source").and_then(|id| id.parse().ok()), filters_from(pairs))
        });
        (id, source, filters)
    };
    let board = load(move || {
        rebuilt.get();
        let (id, source, filters) = asked();
        get_board(id, source, filters)
    });
    view! {
        <Loaded resource=board view=shown(move |board: Board| {
            let (_, _, filters) = untrack(asked);
            view! { <BoardView board=board filters=filters rebuilt=rebuilt /> }
        }) />
    }
}

/// What is alive on a board that is open.
#[derive(Clone, Copy)]
struct Open {
    now: RwSignal<DateTime<Utc>>,
    synced_at: RwSignal<Option<DateTime<Utc>>>,
    filling: RwSignal<bool>,
    stopped: RwSignal<Option<String>>,
    /// Why the board could not be asked again.
    trouble: RwSignal<Option<UiError>>,
    rebuilt: RwSignal<u32>,
}

#[component]
fn BoardView(board: Board, filters: Filters, rebuilt: RwSignal<u32>) -> impl IntoView {
    let Some(source) = board.source.clone() else {
        return view! { <Title text=board.title /><NothingConnected /> }.into_any();
    };
    let open = Open {
        now: RwSignal::new(board.at),
        synced_at: RwSignal::new(source.synced_at),
        filling: RwSignal::new(source.filling),
        stopped: RwSignal::new(source.stopped.clone()),
        trouble: RwSignal::new(None),
        rebuilt,
    };
    let (address, stale) = (board.address.clone(), source.stale_minutes);
    let tiles: Vec<LiveTile> = board.tiles.into_iter().map(LiveTile::new).collect();
    keep_live(board.id.clone(), source.id, filters, open, tiles.clone());
    let shown_tiles: Vec<_> = tiles
        .iter()
        .enumerate()
        .map(|(place, tile)| {
            let (tile, address) = (*tile, address.clone());
            move || {
                view! { <TileView place=place tile=tile.shown.get() data_at=tile.data_at now=open.now address=address.clone() stale=stale /> }
                    .into_any()
            }
        })
        .collect();
    let link = format!("/data/datasources/{}", source.id);
    let watch = link.clone();
    let class = if board.wall { "grid grid-wall" } else { "grid" };
    let live = use_live();
    view! {
        <Title text=board.title.clone() />
        <header class="page-head">
            <div>
                <div class="board-name">
                    <h1>{board.title}</h1>
                    {switch(board.others)}
                </div>
                <p class="page-sub">
                    <a class="link" href=link>{source.name.clone()}</a>" · synced "
                    {move || view! { <Age at=open.synced_at.get() now=open.now.get() never="for the first time, now" stale=stale /> }}
                    {board.known_as.map(|name| format!(" · {name}"))}
                    <span role="status">
                        {move || live.lost.get().then(|| view! { <span class="lost">" · ! not connected; trying again"</span> })}
                        {move || open.trouble.get().map(|error| view! { <span class="lost">" · ! "{error.to_string()}</span> })}
                    </span>
                </p>
            </div>
            <div class="page-actions">
                <a class="button quiet small" rel="external" href=format!("/walls/board/{}{address}", board.id)>"TV"</a>
                {board.editable.then(|| view! { <a class="button quiet small" rel="external" href=format!("/dashboards/{}/edit", board.id)>"Edit"</a> }.into_any())}
            </div>
            <FilterBar filters=board.filters sources=board.sources source=Some(source.clone()) />
        </header>
        {move || {
            let watch = watch.clone();
            open.filling.get().then(move || first_sync(open.stopped.get(), watch))
        }}
        {tiles.is_empty().then(|| view! {
            <div class="empty"><p class="empty-title">"This board has no tiles yet"</p>
            {board.editable.then(|| view! { <p><a class="button primary" rel="external" href=format!("/dashboards/{}/edit", board.id)>"Add tiles"</a></p> }.into_any())}</div>
        }.into_any())}
        <div class=class>{shown_tiles}</div>
    }
    .into_any()
}

/// What stands above a board that is not complete yet: what happens, or what to do.
fn first_sync(stopped: Option<String>, watch: String) -> AnyView {
    let (mood, title, words, way) = match stopped {
        None => (
            Mood::Info,
            "The first sync is under way",
            "Tiles fill as records arrive.".to_owned(),
            "Watch the progress",
        ),
        Some(why) => {
            (Mood::Warn, "The first sync stopped early", why, "See where it stopped, and sync again")
        }
    };
    view! { <Banner mood=mood title=title><p>{words}" "<a class="link" href=watch>{way}</a></p></Banner> }
        .into_any()
}

/// The way to other dashboards, without loading the page anew.
fn switch(others: Vec<(String, String)>) -> AnyView {
    let links: Vec<_> = others
        .into_iter()
        .map(|(way, title)| view! { <li><A href=way>{title}</A></li> }.into_any())
        .collect();
    view! {
        <details class="switch">
            <summary aria-label="Other dashboards" title="Other dashboards">"▾"</summary>
            <ul>{links}</ul>
        </details>
    }
    .into_any()
}

/// A tile that changes in its place.
#[derive(Clone, Copy)]
struct LiveTile {
    shown: RwSignal<BoardTile>,
    data_at: RwSignal<Option<DateTime<Utc>>>,
}

impl LiveTile {
    fn new(tile: BoardTile) -> LiveTile {
        let data_at = tile.gauges.first().and_then(|gauge| gauge.answer.as_ref().ok()?.data_at);
        LiveTile { shown: RwSignal::new(tile), data_at: RwSignal::new(data_at) }
    }
}

/// Asks what became of the board whenever something may have changed, and once a minute, for *now* moves on. Until the
/// first sync is complete, each of its steps may: a kind of record of which there is none changes no row.
fn keep_live(id: String, source: DatasourceId, filters: Filters, open: Open, tiles: Vec<LiveTile>) {
    let live = use_live();
    Effect::new(move |first: Option<()>| {
        live.changes.get();
        live.minutes.get();
        if open.filling.get_untracked() {
            live.progress.get();
        }
        if first.is_none() {
            return;
        }
        let seen = tiles.iter().map(|tile| tile.shown.with_untracked(|tile| tile.stamp)).collect();
        let (id, filters, tiles) = (id.clone(), filters.clone(), tiles.clone());
        spawn_local(async move {
            let _waiting = Load::begin();
            let answer = get_changes(id, source, filters, seen).await;
            take(answer, open, &tiles);
        });
    });
}

/// Puts an answer into the tiles; the page may have been left meanwhile.
fn take(answer: Result<Payload, UiError>, open: Open, tiles: &[LiveTile]) {
    let changes: Changes = match answer.and_then(|payload| payload.read()) {
        Ok(changes) => changes,
        Err(error) => {
            open.trouble.try_set(Some(error));
            return;
        }
    };
    open.trouble.try_set(None);
    // Answers can overtake each other; an older one says nothing new.
    if open.now.try_get_untracked().is_some_and(|now| changes.at < now) {
        return;
    }
    if changes.rebuilt {
        open.rebuilt.try_update(|count| *count = count.wrapping_add(1));
        return;
    }
    open.now.try_set(changes.at);
    open.synced_at.try_set(changes.synced_at);
    open.filling.try_set(changes.filling);
    open.stopped.try_set(changes.stopped);
    for (tile, data_at) in tiles.iter().zip(changes.data_at) {
        tile.data_at.try_set(data_at);
    }
    for (place, changed) in changes.tiles {
        if let Some(tile) = tiles.get(place) {
            tile.shown.try_set(changed);
        }
    }
}
