//! The list of dashboards.

use crate::{
    api::boards::{BoardInfo, list_boards},
    components::loaded::{Loaded, load, shown},
};
use leptos::prelude::*;
use leptos_meta::Title;

/// The list of dashboards.
#[component]
pub fn Dashboards() -> impl IntoView {
    let list = load(list_boards);
    view! {
        <Title text="Dashboards" />
        <header class="page-head"><div><h1>"Dashboards"</h1></div></header>
        <Loaded resource=list view=shown(|boards: Vec<BoardInfo>| {
            let cards: Vec<_> = boards.into_iter().map(|board| view! {
                <li class="card">
                    <h2><a class="link" href=format!("/dashboards/{}", board.id)>{board.title}</a></h2>
                    {board.also_known_as.map(|name| view! { <p class="muted">{format!("Also known as {name}")}</p> }.into_any())}
                    <p>{board.about}</p>
                    <p class="muted">{format!("{} gauges", board.gauges)}</p>
                </li>
            }.into_any()).collect();
            view! { <ul class="cards">{cards}</ul> }
        }) />
    }
}
