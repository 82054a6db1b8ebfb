//! Walls: the list, the form, and the screen itself.

pub mod editor;
pub mod screen;
mod tile;

use super::{
    frame::frame,
    notice::{Done, action, notice},
};
use crate::components::age::Age;
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::sync::Arc;
use taskgauge_model::format;
use taskgauge_store::{content::Content, walls::StoredWall};

/// The list of walls.
#[component]
pub fn Walls(
    /// Who is signed in.
    email: String,
    /// Whether they may change walls.
    can_edit: bool,
    /// All walls, removed ones too.
    walls: Vec<StoredWall>,
    /// All boards, for their titles.
    content: Arc<Content>,
    /// What was just done, and to which wall.
    done: Option<Done>,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let done = done.and_then(|done| {
        let wall = walls.iter().find(|wall| wall.id.to_string() == done.id)?;
        Some(notice(&done, "/walls", wall.version, &wall.wall.name))
    });
    let (removed, there): (Vec<_>, Vec<_>) = walls.into_iter().partition(|wall| wall.is_removed);
    let cards: Vec<_> = there.iter().map(|wall| card(wall, can_edit, &content, at)).collect();
    let removed: Vec<_> = removed
        .into_iter()
        .filter(|_| can_edit)
        .map(|wall| {
            let way = format!("/walls/{}/restore", wall.id);
            view! { <li class="row-actions"><span>{wall.wall.name}</span>{action(way, "Bring back", false)}</li> }
                .into_any()
        })
        .collect();
    let list = if cards.is_empty() {
        view! {
            <div class="empty">
                <p class="empty-title">"No walls yet"</p>
                <p>"A wall shows boards in turn, full screen and in large type, on a TV or any screen with a browser."</p>
                {if can_edit {
                    view! { <p><a class="button primary" href="/walls/new">"New wall"</a></p> }.into_any()
                } else {
                    view! { <p>"An admin can make one. Any single board can be put on a screen: open it and choose TV."</p> }.into_any()
                }}
            </div>
        }
        .into_any()
    } else {
        view! { <ul class="cards">{cards}</ul> }.into_any()
    };
    let page = view! {
        <header class="page-head">
            <div><h1>"Walls"</h1><p class="page-sub">"Boards in turn, for a screen that nobody touches. Open a wall on the screen and press F for full screen."</p></div>
            {(can_edit && !there.is_empty()).then(|| view! {
                <div class="page-actions"><a class="button primary" href="/walls/new">"New wall"</a></div>
            })}
        </header>
        {done}
        {list}
        {(!removed.is_empty()).then(|| view! { <details class="section"><summary>{format!("Removed ({})", removed.len())}</summary><ul class="plain-list">{removed}</ul></details> })}
    };
    frame(email, "/walls", page.into_any())
}

fn card(stored: &StoredWall, can_edit: bool, content: &Content, at: DateTime<Utc>) -> AnyView {
    let (id, wall) = (stored.id, &stored.wall);
    let title = |board: &str| {
        let entry = content.dashboard(board).filter(|entry| !entry.is_removed);
        entry.map_or_else(|| format!("! {board} (removed)"), |entry| entry.value.title.clone())
    };
    let boards: Vec<_> = wall
        .steps
        .iter()
        .map(|step| {
            let shown = format::span(f64::from(step.seconds));
            view! { <li>{title(&step.board)}<span class="muted">{format!(" · {shown}")}</span></li> }
        })
        .collect();
    let round: u32 = wall.steps.iter().map(|step| step.seconds).sum();
    let name = || view! { <span class="visually-hidden">{format!(" {}", wall.name)}</span> };
    let (changed_at, changed_by) = stored.changed.clone();
    view! {
        <li class="card">
            <h2><a class="link" href=format!("/walls/{id}")>{wall.name.clone()}</a></h2>
            <ol class="wall-boards">{boards}</ol>
            <p class="muted">
                {format!("One round takes {}", format::span(f64::from(round)))}" · changed "
                <Age at=Some(changed_at) now=at />{format!(" by {changed_by}")}
            </p>
            <div class="row-actions">
                <a class="button small" href=format!("/walls/{id}")>"Open"{name()}</a>
                {can_edit.then(|| view! {
                    <a class="button quiet small" href=format!("/walls/{id}/edit")>"Edit"{name()}</a>
                    <a class="button quiet small" href=format!("/walls/new?from={id}")>"Duplicate"{name()}</a>
                    {action(format!("/walls/{id}/remove"), "Remove", true)}
                })}
            </div>
        </li>
    }
    .into_any()
}
