//! A dashboard: filters, tiles, and how fresh they are.

use crate::{
    api::boards::{Board, filters_from, get_board},
    components::{
        age::Age,
        banner::{Banner, Mood},
        filters::FilterBar,
        loaded::{Loaded, load, shown},
        tile::TileView,
    },
    live::use_live,
    pages::home::NothingConnected,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The page of a dashboard.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let live = use_live();
    let board = load(move || {
        live.changes.get();
        let id = params.with(|params| params.get_str("id").map(str::to_owned)).unwrap_or_default();
        let (source, filters) = query.with(|query| {
            let pairs = query.clone().into_iter().map(|(name, value)| (name.into_owned(), value));
            (query.get_str("source").and_then(|id| id.parse().ok()), filters_from(pairs))
        });
        get_board(id, source, filters)
    });
    view! { <Loaded resource=board view=shown(|board: Board| view! { <BoardView board=board /> }) /> }
}

#[component]
fn BoardView(board: Board) -> impl IntoView {
    let now = board.at;
    let Some(source) = board.source.clone() else {
        return view! { <Title text=board.title /><NothingConnected /> }.into_any();
    };
    let tiles: Vec<_> =
        board.tiles.into_iter().map(|tile| view! { <TileView tile=tile now=now /> }.into_any()).collect();
    let link = format!("/data/datasources/{}", source.id);
    view! {
        <Title text=board.title.clone() />
        <header class="page-head">
            <div>
                <h1>{board.title}</h1>
                <p class="page-sub">
                    <a class="link" href=link.clone()>{source.name.clone()}</a>" · synced "
                    <Age at=source.synced_at now=now never="for the first time, now" />
                </p>
            </div>
            <FilterBar filters=board.filters sources=board.sources source=Some(source.clone()) />
        </header>
        {source.filling.then(|| view! {
            <Banner mood=Mood::Info title="The first sync is under way">
                <p>"Tiles fill as records arrive. "<a class="link" href=link>"Watch the progress"</a></p>
            </Banner>
        }.into_any())}
        <div class="grid">{tiles}</div>
    }
    .into_any()
}
