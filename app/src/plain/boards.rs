//! The list of dashboards.

use super::{
    frame::frame,
    notice::{Done, action, notice, undo},
};
use crate::components::{
    age::Age,
    banner::{Badge, Mood},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::sync::Arc;
use taskgauge_model::dashboard::Dashboard;
use taskgauge_store::content::{Content, Entry, Origin};

/// The list of dashboards.
#[component]
pub fn Boards(
    /// Who is signed in.
    email: String,
    /// Whether they may change boards.
    can_edit: bool,
    /// All boards there are.
    content: Arc<Content>,
    /// What was just done, and to which board.
    done: Option<Done>,
    /// Words that are looked for.
    search: String,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let done = done.and_then(|done| {
        let entry = content.dashboard(&done.id)?;
        Some(notice(&done, "/dashboards", entry.version, &entry.value.title))
    });
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let matches = |board: &Dashboard| {
        let known_as = board.also_known_as.as_deref().unwrap_or_default();
        let text = format!("{} {known_as} {}", board.title, board.about).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let cards: Vec<_> = content
        .dashboards
        .iter()
        .filter(|entry| !entry.is_removed && matches(&entry.value))
        .map(|entry| card(entry, can_edit, at))
        .collect();
    let removed: Vec<_> = content
        .dashboards
        .iter()
        .filter(|entry| entry.is_removed && can_edit)
        .map(|entry| {
            let id = &entry.value.id;
            view! { <li class="row-actions"><span>{entry.value.title.clone()}</span>{action(format!("/dashboards/{id}/restore"), "Bring back", false)}</li> }
                .into_any()
        })
        .collect();
    let list = if cards.is_empty() {
        view! {
            <div class="empty">
                <p class="empty-title">"No board matches"</p>
                <p><a class="button" href="/dashboards">"Show all"</a></p>
            </div>
        }
        .into_any()
    } else {
        view! { <ul class="cards">{cards}</ul> }.into_any()
    };
    let page = view! {
        <header class="page-head">
            <div><h1>"Dashboards"</h1><p class="page-sub">"Boards of gauges: for the service desk, for members, clients, projects, sales and finance."</p></div>
            {can_edit.then(|| view! {
                <div class="page-actions">
                    <a class="button" href="/content/import">"Import"</a>
                    <a class="button primary" href="/dashboards/new">"New dashboard"</a>
                </div>
            })}
        </header>
        {done}
        <form class="table-tools" method="get" role="search">
            <div class="board-filter"><label for="q">"Search"</label><input class="input" id="q" name="q" type="search" value=search maxlength="200" /></div>
            <button class="button" type="submit">"Show"</button>
        </form>
        {list}
        {(!removed.is_empty()).then(|| view! { <details class="section"><summary>{format!("Removed ({})", removed.len())}</summary><ul class="plain-list">{removed}</ul></details> })}
    };
    frame(email, "/dashboards", page.into_any())
}

fn card(entry: &Entry<Dashboard>, can_edit: bool, at: DateTime<Utc>) -> AnyView {
    let board = &entry.value;
    let id = board.id.clone();
    let gauges = board.tiles.iter().map(|tile| 1 + usize::from(tile.or.is_some())).sum::<usize>();
    let known_as = board.also_known_as.clone().filter(|name| *name != board.title);
    let changed = entry.changed.clone().filter(|_| entry.origin != Origin::Shipped).map(|(when, who)| {
        view! { " · changed "<Age at=Some(when) now=at />{format!(" by {who}")} }
    });
    let actions = view! {
        <div class="row-actions">
            <a class="button quiet small" href=format!("/walls/board/{id}")>"TV"<span class="visually-hidden">{format!(": {}", board.title)}</span></a>
            {can_edit.then(|| view! {
                <a class="button quiet small" href=format!("/dashboards/{id}/edit")>"Edit"<span class="visually-hidden">{format!(" {}", board.title)}</span></a>
                {action(format!("/dashboards/{id}/duplicate"), "Duplicate", false)}
            })}
            <a class="button quiet small" href=format!("/dashboards/{id}/export") download="">"Export"<span class="visually-hidden">{format!(" {}", board.title)}</span></a>
            {(can_edit && entry.origin != Origin::Shipped).then(|| undo(format!("/dashboards/{id}/undo"), entry.version, entry.pieces))}
            {(can_edit && entry.origin == Origin::Changed).then(|| action(format!("/dashboards/{id}/reset"), "Reset to default", false))}
            {can_edit.then(|| action(format!("/dashboards/{id}/remove"), "Remove", true))}
        </div>
    };
    view! {
        <li class="card">
            <h2><a class="link" href=format!("/dashboards/{id}")>{board.title.clone()}</a></h2>
            {known_as.map(|name| view! { <p class="muted">{format!("Also known as {name}")}</p> })}
            <p>{board.about.clone()}</p>
            <p class="muted">{format!("{gauges} gauges")}" "{badge(entry.origin)}{changed}</p>
            {actions}
        </li>
    }
    .into_any()
}

/// Where something comes from, where that is not the program.
pub(super) fn badge(origin: Origin) -> Option<AnyView> {
    let (mood, text) = match origin {
        Origin::Shipped => return None,
        Origin::Changed => (Some(Mood::Info), "Changed"),
        Origin::Made => (None, "Custom"),
    };
    Some(view! { <Badge mood=mood text=text /> }.into_any())
}
