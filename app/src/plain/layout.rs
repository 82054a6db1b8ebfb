//! Where a dashboard is laid out: tiles are moved, resized, added and removed by mouse, touch and keyboard.
//!
//! It is one plain form. Its buttons send it and it comes back changed; a script does the same in place, with dragging.

use super::{builder::slug, frame::frame};
use crate::{
    api::boards::BoardTile,
    components::{
        banner::{Banner, Mood},
        tile::TileView,
    },
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use std::sync::Arc;
use taskgauge_model::{
    dashboard::{Dashboard, GRID_COLUMNS, HEIGHT_MAX, TILES_MAX, Tile},
    gauge::{FILTERS, Gauge},
};
use taskgauge_store::content::Content;

/// Size of a tile that is added.
const NEW_SIZE: (u8, u8) = (4, 4);

/// Reads the form. What ships with the board and is not in the form stays as it is in `before`.
pub fn read(pairs: &[(String, String)], before: &Dashboard) -> Dashboard {
    let all = |name: &str| -> Vec<&str> {
        pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim()).collect()
    };
    let one = |name: &str| all(name).last().copied().unwrap_or_default().to_owned();
    let some = |name: &str| Some(one(name)).filter(|text| !text.is_empty());
    let number = |text: Option<&&str>, most: u8| {
        text.and_then(|text| text.parse::<u8>().ok()).unwrap_or(1).clamp(1, most)
    };
    let (ors, widths, heights) = (all("tile.or"), all("tile.width"), all("tile.height"));
    let tiles = all("tile.gauge")
        .into_iter()
        .take(TILES_MAX)
        .enumerate()
        .map(|(at, gauge)| Tile {
            gauge: gauge.to_owned(),
            or: ors.get(at).filter(|or| !or.is_empty()).map(|or| (*or).to_owned()),
            width: number(widths.get(at), GRID_COLUMNS),
            height: number(heights.get(at), HEIGHT_MAX),
        })
        .collect();
    let title = one("title");
    Dashboard {
        id: if before.id.is_empty() { slug(&title, '-') } else { before.id.clone() },
        title,
        also_known_as: before.also_known_as.clone(),
        about: one("about"),
        filters: all("filters").into_iter().map(str::to_owned).collect(),
        mine: some("mine"),
        wall: !one("wall").is_empty(),
        tiles,
        held: all("held").into_iter().map(str::to_owned).collect(),
    }
}

/// Changes the layout as a button says: `left.3`, `wider.0`, `drop.2`, `add`. Whether it was one of those.
pub fn rebuild(board: &mut Dashboard, what: &str, add: &str) -> bool {
    let (verb, at) = what.split_once('.').unwrap_or((what, ""));
    if verb == "add" {
        if !add.is_empty() && board.tiles.len() < TILES_MAX {
            board.held.retain(|held| held != add);
            let (width, height) = NEW_SIZE;
            board.tiles.push(Tile { gauge: add.to_owned(), or: None, width, height });
        }
        return true;
    }
    let Some(at) = at.parse().ok().filter(|at| *at < board.tiles.len()) else { return false };
    let count = board.tiles.len();
    let tile = &mut board.tiles[at];
    match verb {
        "left" if at > 0 => board.tiles.swap(at, at - 1),
        "right" if at + 1 < count => board.tiles.swap(at, at + 1),
        "left" | "right" => {}
        "wider" => tile.width = (tile.width + 1).min(GRID_COLUMNS),
        "narrower" => tile.width = tile.width.saturating_sub(1).max(1),
        "taller" => tile.height = (tile.height + 1).min(HEIGHT_MAX),
        "shorter" => tile.height = tile.height.saturating_sub(1).max(1),
        "drop" => {
            let dropped = board.tiles.remove(at).gauge;
            if !board.held.contains(&dropped) {
                board.held.push(dropped);
            }
        }
        _ => return false,
    }
    true
}

/// The page where a dashboard is laid out.
#[component]
pub fn BoardEditor(
    /// Who is signed in.
    email: String,
    /// The board as it is now.
    board: Dashboard,
    /// The version it was made from; 0 for a new one.
    version: i64,
    /// Whether it is new.
    is_new: bool,
    /// Why it was not saved.
    problem: Option<String>,
    /// All gauges, to add.
    content: Arc<Content>,
    /// Its tiles with their answers, where there is a datasource.
    tiles: Vec<BoardTile>,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let (to, away, heading) = if is_new {
        ("/dashboards/new".to_owned(), "/dashboards".to_owned(), "New dashboard".to_owned())
    } else {
        let id = &board.id;
        (format!("/dashboards/{id}/edit"), format!("/dashboards/{id}"), format!("Edit “{}”", board.title))
    };
    let page = view! {
        <p class="crumbs"><a class="link" href="/dashboards">"Dashboards"</a></p>
        {problem.map(|problem| view! { <Banner mood=Mood::Bad title="It was not saved"><p>{problem}</p></Banner> })}
        <form method="post" action=to data-layout="" data-columns=GRID_COLUMNS.to_string() data-rows=HEIGHT_MAX.to_string() autocomplete="off">
            <header class="page-head">
                <div><h1>{heading}</h1><p class="page-sub">"Drag tiles by their handle and resize them at their corner, or use the buttons. With the handle focused: arrows move, Shift with arrows resizes, Delete removes, Ctrl+Z takes back."</p></div>
                <div class="page-actions">
                    <button class="button primary" type="submit" name="do" value="save">"Save dashboard"</button>
                    <a class="button quiet" href=away>"Cancel"</a>
                </div>
            </header>
            <input type="hidden" name="version" value=version.to_string() />
            {words(&board)}
            <div id="layout">{layout(&board, &content, tiles, at)}</div>
            <p class="visually-hidden" role="status" id="layout-said"></p>
            <div class="toast" data-gone="" hidden><span></span><button class="button small" type="button">"Take back"</button></div>
        </form>
    };
    frame(email, "/dashboards", page.into_any())
}

/// Title, description, filters.
fn words(board: &Dashboard) -> AnyView {
    let names =
        std::iter::once(("range", "Range")).chain(FILTERS.iter().map(|(name, label, _)| (*name, *label)));
    let chosen = |name: &str| board.filters.iter().any(|filter| filter == name);
    let labelled = |name: &str, label: &str| match name {
        "project_status" => "Project status".to_owned(),
        _ => label.to_owned(),
    };
    let filters: Vec<_> = names
        .clone()
        .map(|(name, label)| {
            let id = format!("filter-{name}");
            view! {
                <div class="check">
                    <input type="checkbox" id=id.clone() name="filters" value=name checked=chosen(name) />
                    <label for=id>{labelled(name, label)}</label>
                </div>
            }
        })
        .collect();
    let mine: Vec<_> = [("", "Nobody"), ("member", "Member"), ("owner", "Owner"), ("lead", "Lead")]
        .into_iter()
        .map(|(name, label)| view! { <option value=name selected=board.mine.as_deref().unwrap_or_default() == name>{label}</option> })
        .collect();
    view! {
        <details class="section" open=board.title.is_empty()>
            <summary>"Title and filters"</summary>
            <div class="form">
                <div class="field"><label for="title">"Title"</label><input class="input" id="title" name="title" value=board.title.clone() maxlength="100" required=true /></div>
                <div class="field"><label for="about">"What it answers"</label><input class="input" id="about" name="about" value=board.about.clone() maxlength="1000" /></div>
                <fieldset class="field"><legend>"Filters that viewers see"</legend><div class="checks">{filters}</div></fieldset>
                <div class="field"><label for="mine">"Set to the signed-in person"</label><select class="input" id="mine" name="mine">{mine}</select></div>
                <div class="check"><input type="checkbox" id="wall" name="wall" value="1" checked=board.wall /><label for="wall">"Made for a screen on the wall: large type"</label></div>
            </div>
        </details>
    }
    .into_any()
}

/// The tiles and what can be added: the part of the page that comes back changed.
pub fn layout(board: &Dashboard, content: &Content, tiles: Vec<BoardTile>, at: DateTime<Utc>) -> AnyView {
    let title = |id: &str| content.gauge(id).map_or_else(|| id.to_owned(), |entry| entry.value.title.clone());
    let mut answers = tiles.into_iter();
    let places: Vec<_> = board
        .tiles
        .iter()
        .enumerate()
        .map(|(place, tile)| edit_tile(place, tile, &title(&tile.gauge), answers.next(), at))
        .collect();
    let held: Vec<_> =
        board.held.iter().map(|id| view! { <input type="hidden" name="held" value=id.clone() /> }).collect();
    let option =
        |gauge: &Gauge| view! { <option value=gauge.id.clone()>{gauge.title.clone()}</option> }.into_any();
    let gauges = || content.gauges.iter().filter(|entry| !entry.is_removed).map(|entry| &entry.value);
    let suggested: Vec<_> = gauges().filter(|gauge| board.held.contains(&gauge.id)).map(option).collect();
    let others: Vec<_> = gauges().filter(|gauge| !board.held.contains(&gauge.id)).map(option).collect();
    let add = view! {
        <div class="layout-add">
            <div class="board-filter">
                <label for="add">"Gauge to add"</label>
                <select class="input" id="add" name="add">
                    <option value="">"Choose"</option>
                    {(!suggested.is_empty()).then(|| view! { <optgroup label="Suggested for this board">{suggested}</optgroup> })}
                    <optgroup label="All gauges">{others}</optgroup>
                </select>
            </div>
            <button class="button" type="submit" name="do" value="add">"Add tile"</button>
            <a class="button quiet" href="/gauges/new">"Make a new gauge"</a>
        </div>
    };
    let empty = places.is_empty().then(|| view! {
        <div class="empty"><p class="empty-title">"No tiles yet"</p><p>"Choose a gauge above and add it."</p></div>
    });
    view! {
        {held}
        {add}
        {empty}
        <ol class="grid layout-grid" id="tiles">{places}</ol>
    }
    .into_any()
}

fn edit_tile(
    place: usize,
    tile: &Tile,
    named: &str,
    answer: Option<BoardTile>,
    at: DateTime<Utc>,
) -> AnyView {
    let style = format!("--w:{};--h:{}", tile.width, tile.height);
    let action = |verb: &'static str, sign: &'static str, what: &str| {
        view! {
            <button class="icon-button small" type="submit" name="do" value=format!("{verb}.{place}") data-verb=verb title=format!("{what}: {named}")>
                <span aria-hidden="true">{sign}</span><span class="visually-hidden">{format!("{what}: {named}")}</span>
            </button>
        }
    };
    let size = format!("{} × {}", tile.width, tile.height);
    let inside = match answer {
        Some(mut answer) => {
            (answer.width, answer.height) = (tile.width, tile.height);
            let data_at = answer.gauges.first().and_then(|gauge| gauge.answer.as_ref().ok()?.data_at);
            view! { <TileView place=place tile=answer data_at=RwSignal::new(data_at) now=RwSignal::new(at) address=String::new() /> }.into_any()
        }
        None => view! { <section class="tile"><div class="tile-head"><h2 class="tile-title">{named.to_owned()}</h2></div></section> }.into_any(),
    };
    view! {
        <li class="layout-tile" style=style data-title=named.to_owned()>
            <input type="hidden" name="tile.gauge" value=tile.gauge.clone() />
            <input type="hidden" name="tile.or" value=tile.or.clone().unwrap_or_default() />
            <input type="hidden" name="tile.width" value=tile.width.to_string() />
            <input type="hidden" name="tile.height" value=tile.height.to_string() />
            <div class="layout-content" inert="">{inside}</div>
            <div class="layout-bar" role="group" aria-label=format!("Tile {named}")>
                <button class="icon-button small layout-handle" type="button" title=format!("Move {named}")><span aria-hidden="true">"✥"</span><span class="visually-hidden">{format!("Move {named}")}</span></button>
                <span class="layout-size muted">{size}</span>
                {action("left", "←", "Move back")}
                {action("right", "→", "Move on")}
                {action("narrower", "⇤", "Narrower")}
                {action("wider", "⇥", "Wider")}
                {action("shorter", "⤒", "Shorter")}
                {action("taller", "⤓", "Taller")}
                {action("drop", "✕", "Remove")}
            </div>
            <span class="layout-corner" aria-hidden="true"></span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskgauge_model::catalogue::Catalogue;

    fn pairs(board: &Dashboard) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut pairs = vec![pair("title", &board.title), pair("about", &board.about)];
        pairs.extend(board.filters.iter().map(|filter| pair("filters", filter)));
        pairs.extend(board.mine.iter().map(|mine| pair("mine", mine)));
        pairs.extend(board.wall.then(|| pair("wall", "1")));
        pairs.extend(board.held.iter().map(|held| pair("held", held)));
        for tile in &board.tiles {
            pairs.push(pair("tile.gauge", &tile.gauge));
            pairs.push(pair("tile.or", tile.or.as_deref().unwrap_or_default()));
            pairs.push(pair("tile.width", &tile.width.to_string()));
            pairs.push(pair("tile.height", &tile.height.to_string()));
        }
        pairs
    }

    #[test]
    fn the_form_leads_back_to_the_board() {
        for board in &Catalogue::shipped().dashboards {
            assert_eq!(read(&pairs(board), board), *board);
        }
    }

    #[test]
    fn buttons_move_resize_add_and_remove() {
        let mut board = Catalogue::shipped().dashboard("service-ticket-kpis").unwrap().clone();
        assert!(rebuild(&mut board, "right.0", ""));
        assert_eq!(board.tiles[1].gauge, "open_tickets");
        assert!(rebuild(&mut board, "left.0", "") && rebuild(&mut board, "wider.1", ""));
        assert_eq!((board.tiles[1].gauge.as_str(), board.tiles[1].width), ("open_tickets", 3));
        for _ in 0..20 {
            assert!(rebuild(&mut board, "wider.1", "") && rebuild(&mut board, "shorter.1", ""));
        }
        assert_eq!((board.tiles[1].width, board.tiles[1].height), (12, 1));
        assert!(rebuild(&mut board, "drop.1", ""));
        assert!(board.held.contains(&"open_tickets".to_owned()));
        assert!(rebuild(&mut board, "add", "open_tickets"));
        assert_eq!(board.tiles.last().map(|tile| tile.gauge.as_str()), Some("open_tickets"));
        assert!(!board.held.contains(&"open_tickets".to_owned()));
        assert!(!rebuild(&mut board, "wider.99", "") && !rebuild(&mut board, "save", ""));
    }
}
