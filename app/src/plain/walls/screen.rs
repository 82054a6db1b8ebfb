//! The screen on the wall: a board that fills it, and above it what, where in the round, when, and how old.
//!
//! The whole of it is one part that the script asks for again: everything that the script has to know stands in the
//! attributes of the part, so that a screen holds nothing but what it shows.

use super::tile;
pub use super::tile::Fitted;
use crate::address::of_filters;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use leptos::prelude::*;
use taskgauge_model::{format, gauge::Filters, grid::Shape, ids::DatasourceId, wall::Theme};

/// A tile says how old its data is when that is so much older than the board's.
const OLDER: TimeDelta = TimeDelta::minutes(5);
/// Dots of a rotation at most; more are said by number.
const DOTS_MAX: usize = 12;

/// What a screen shows at an instant.
pub struct Screen {
    /// What the wall is called.
    pub wall: String,
    /// How it looks.
    pub theme: Theme,
    /// How the screen hangs.
    pub shape: Shape,
    /// Where the script asks for the next part.
    pub part: String,
    /// What the page is made of ([`Site::build`](crate::Site::build)).
    pub build: String,
    /// Now.
    pub now: DateTime<Utc>,
    /// When the next part is due.
    pub next: DateTime<Utc>,
    /// The board's title.
    pub title: String,
    /// What is chosen on it, in words.
    pub chosen: Vec<String>,
    /// Its place in the rotation, counted from 0, and how many boards there are.
    pub step: (usize, usize),
    /// Which part of the board is shown, counted from 0, and how many there are.
    pub screenful: (usize, usize),
    /// The board, or why there is none, as a sentence.
    pub shown: Result<Shown, String>,
}

/// What a board shows on a screen.
pub struct Shown {
    /// The datasource.
    pub source: DatasourceId,
    /// Its name, where there are several.
    pub source_name: Option<String>,
    /// IANA name of the zone its days are counted in.
    pub zone: String,
    /// End of its last complete sync; `None` while the first one is under way.
    pub synced_at: Option<DateTime<Utc>>,
    /// After which age its data is called old.
    pub stale_after: TimeDelta,
    /// What is chosen.
    pub filters: Filters,
    /// The tiles, by their numbers on the board.
    pub tiles: Vec<(usize, Fitted)>,
    /// Rows that they take together.
    pub rows: u16,
}

/// The theme as the document has it.
pub const fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::Dark => "dark",
        Theme::Light => "light",
    }
}

/// The shape as the script has it.
const fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Wide => "wide",
        Shape::Tall => "tall",
    }
}

/// Reads what [`shape_name`] writes; what is something else is wide.
pub fn read_shape(text: &str) -> Shape {
    if text == shape_name(Shape::Tall) { Shape::Tall } else { Shape::Wide }
}

/// The page around the part: the ways out of it, which show when somebody moves the pointer.
pub fn page(screen: Screen, edit: Option<String>) -> AnyView {
    view! {
        {part(screen)}
        <nav class="wall-ways" aria-label="Screen">
            <button class="button small" type="button" id="wall-full" hidden=true>"Full screen (F)"</button>
            {edit.map(|way| view! { <a class="button small" href=way>"Edit"</a> })}
            <a class="button small" href="/walls">"Leave"</a>
        </nav>
    }
    .into_any()
}

/// What changes.
pub fn part(screen: Screen) -> AnyView {
    let (back, on) = neighbours(&screen);
    let shown = screen.shown.as_ref().ok();
    let data_at = shown.and_then(|shown| shown.synced_at.or_else(|| oldest(&shown.tiles)));
    let zone = shown.and_then(|shown| shown.zone.parse().ok()).unwrap_or(Tz::UTC);
    let stale_after = shown.map(|shown| shown.stale_after.num_milliseconds().to_string());
    let head = head(&screen, data_at, zone);
    let (rows, body) = match screen.shown {
        Ok(shown) if shown.tiles.is_empty() => (
            1,
            view! { <div class="wall-empty"><p class="empty-title">"This board has no tiles yet"</p></div> }
                .into_any(),
        ),
        Ok(shown) => (shown.rows, tiles(shown, data_at, screen.now)),
        Err(why) => {
            (1, view! { <div class="wall-empty"><p class="empty-title">"! "{why}</p></div> }.into_any())
        }
    };
    view! {
        <div
            class="wall" id="wall"
            data-theme=theme_name(screen.theme)
            data-shape=shape_name(screen.shape)
            data-part=screen.part
            data-build=screen.build
            data-now=screen.now.timestamp_millis().to_string()
            data-next=screen.next.timestamp_millis().to_string()
            data-at=data_at.map(|at| at.timestamp_millis().to_string())
            data-stale=stale_after
            data-zone=zone.name()
            data-view=token(screen.step.0, screen.screenful.0)
            data-back=back
            data-on=on
        >
            {head}
            <main class="wall-board" style=format!("--rows:{rows};--columns:{}", screen.shape.columns())>{body}</main>
        </div>
    }
    .into_any()
}

/// A board of the rotation and a part of it, as addresses have it.
fn token(step: usize, screenful: usize) -> String {
    format!("{step}.{screenful}")
}

/// Reads what [`token`] writes.
pub fn read_token(text: &str) -> Option<(usize, usize)> {
    let (step, screenful) = text.split_once('.')?;
    Some((step.parse().ok()?, screenful.parse().ok()?))
}

/// What comes before and after in the rotation. How many parts the board before has is not known here: a number that is
/// too high means its last one.
fn neighbours(screen: &Screen) -> (String, String) {
    let ((step, steps), (screenful, screenfuls)) = (screen.step, screen.screenful);
    let steps = steps.max(1);
    let back =
        if screenful > 0 { token(step, screenful - 1) } else { token((step + steps - 1) % steps, 999) };
    let on =
        if screenful + 1 < screenfuls { token(step, screenful + 1) } else { token((step + 1) % steps, 0) };
    (back, on)
}

/// When the oldest data on the screen was read.
fn oldest(tiles: &[(usize, Fitted)]) -> Option<DateTime<Utc>> {
    tiles.iter().filter_map(|(_, fitted)| fitted.data_at()).min()
}

fn head(screen: &Screen, data_at: Option<DateTime<Utc>>, zone: Tz) -> AnyView {
    let shown = screen.shown.as_ref().ok();
    let mut about: Vec<String> = shown.and_then(|shown| shown.source_name.clone()).into_iter().collect();
    about.extend(screen.chosen.iter().cloned());
    let (screenful, screenfuls) = screen.screenful;
    if screenfuls > 1 {
        about.push(format!("part {} of {screenfuls}", screenful + 1));
    }
    if shown.is_some_and(|shown| shown.synced_at.is_none()) {
        about.push("first sync under way".to_owned());
    }
    let is_stale = shown.zip(data_at).is_some_and(|(shown, at)| screen.now - at > shown.stale_after);
    let age = data_at
        .map_or_else(|| "no data yet".to_owned(), |at| format!("data {}", format::age(at, screen.now)));
    let clock = screen.now.with_timezone(&zone).format("%H:%M").to_string();
    view! {
        <header class="wall-head">
            <h1 class="wall-title" title=screen.wall.clone()>{screen.title.clone()}</h1>
            <p class="wall-about">{about.join(" · ")}</p>
            {dots(screen.step)}
            <p class="wall-state" id="wall-state" role="status"></p>
            <p class="wall-age" class:is-stale=is_stale id="wall-age">{age}</p>
            <p class="wall-clock" id="wall-clock">{clock}</p>
        </header>
    }
    .into_any()
}

/// Where in the round the board is.
fn dots((step, steps): (usize, usize)) -> AnyView {
    let said = format!("Board {} of {steps}", step + 1);
    if steps < 2 {
        return ().into_any();
    }
    if steps > DOTS_MAX {
        let short = format!("{} / {steps}", step + 1);
        return view! { <p class="wall-count" title=said>{short}</p> }.into_any();
    }
    let dots: Vec<_> = (0..steps).map(|each| view! { <i class:is-now=each == step></i> }).collect();
    view! { <p class="wall-dots" role="img" aria-label=said>{dots}</p> }.into_any()
}

/// When a tile's data was read, where that is so much earlier than the board's that it is worth saying.
fn own_age(data_at: Option<DateTime<Utc>>, board_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    data_at.filter(|at| board_at.is_some_and(|board_at| board_at - *at > OLDER))
}

/// The tiles of a board whose data is of `board_at`.
fn tiles(shown: Shown, board_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> AnyView {
    let chosen = of_filters(Some(shown.source), &shown.filters);
    let tiles: Vec<_> = shown
        .tiles
        .into_iter()
        .map(|(number, fitted)| {
            let since = own_age(fitted.data_at(), board_at);
            tile::tile(fitted, number, &chosen, since, now)
        })
        .collect();
    view! { <div class="wall-grid" id="wall-tiles">{tiles}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_says_its_age_where_it_is_older_than_the_board() {
        let board = DateTime::UNIX_EPOCH + TimeDelta::hours(9);
        let at = |minutes| Some(board - TimeDelta::minutes(minutes));
        assert_eq!(own_age(at(6), Some(board)), at(6));
        for (tile, board) in
            [(at(5), Some(board)), (at(-3), Some(board)), (None, Some(board)), (at(60), None)]
        {
            assert_eq!(own_age(tile, board), None);
        }
    }

    #[test]
    fn what_stands_in_addresses_is_read_back() {
        for shape in [Shape::Wide, Shape::Tall] {
            assert_eq!(read_shape(shape_name(shape)), shape);
        }
        assert_eq!(read_shape("round"), Shape::Wide);
        assert_eq!(read_token(&token(3, 1)), Some((3, 1)));
    }
}
