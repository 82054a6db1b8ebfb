//! A tile on the wall: read from afar, touched by nobody. No menus, no links to hover over, nothing to scroll.

use crate::{
    api,
    api::boards::{BoardTile, TileGauge},
    charts,
    components::{chart::groups_table, table::Cells, tile::number},
};
use leptos::prelude::*;
use taskgauge_model::{
    format,
    gauge::{Answer, ChartKind, Status},
    grid::Place,
};

/// The screen that sizes are reckoned for: 16 by 9, in CSS pixels at a size of type where the smallest, 12, is as high as
/// it has to be on a wall (1.4 vh × 1.6). Other screens scale the pictures.
const SCREEN: (u32, u32) = (952, 536);
/// Height of the strip above the board, and of the space around the tiles.
const HEAD: u32 = 44;
const EDGE: u32 = 12;
const GAP: u32 = 8;
/// What a tile needs beside its body: frame and padding, its title, a line below where there is one.
const AROUND: (u32, u32) = (26, 14);
const TITLE: u32 = 24;
const LINE: u32 = 24;
/// Height of a table's row, and the width that a column needs.
const ROW: u32 = 31;
const COLUMN: u32 = 100;
/// Smallest size that a picture is drawn in.
const LEAST: u32 = 40;

/// Size of a tile's body on a screen with so many rows.
pub fn body_size(tile: &BoardTile, rows: u16) -> (u32, u32) {
    let rows = u32::from(rows.max(1));
    let (width, height) = (u32::from(tile.width.clamp(1, 12)), u32::from(tile.height.max(1)));
    let column = (SCREEN.0 - 2 * EDGE - 11 * GAP) / 12;
    let row = (SCREEN.1 - HEAD - EDGE).saturating_sub((rows - 1) * GAP) / rows;
    let line = if tile.gauges.first().is_some_and(|gauge| !foot(gauge).is_empty()) { LINE } else { 0 };
    let inner = |size: u32, count: u32, around: u32| {
        (count * size + (count - 1) * GAP).saturating_sub(around).max(LEAST)
    };
    (inner(column, width, AROUND.0), inner(row, height, AROUND.1 + TITLE + line))
}

/// What has to be known about an answer, in a line.
fn foot(gauge: &TileGauge) -> String {
    let Ok(answer) = &gauge.answer else { return String::new() };
    let note = answer.note.clone().filter(|_| answer.status == Status::Ok);
    let unfiltered =
        (!answer.unfiltered.is_empty()).then(|| format!("Not filtered by {}.", answer.unfiltered.join(", ")));
    [unfiltered, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A tile at its place. `number` tells it from others that show the same gauge.
pub fn tile(tile: BoardTile, number: usize, place: Place, rows: u16, chosen: &str) -> AnyView {
    let size = body_size(&tile, rows);
    let style = format!(
        "grid-area:{}/{}/span {}/span {}",
        place.row + 1,
        place.column + 1,
        tile.height.max(1),
        tile.width.clamp(1, 12)
    );
    let Some(gauge) = tile.gauges.into_iter().next() else { return ().into_any() };
    let key = format!("{number}-{}", gauge.id);
    let line = foot(&gauge);
    let failed = gauge.answer.as_ref().err().cloned();
    let rows_address = format!("/gauges/{}/rows{chosen}", gauge.id);
    let (range, title) = (gauge.range.clone(), gauge.title.clone());
    let (body, more) = body(gauge, size, &rows_address);
    view! {
        <section class="tile" style=style data-key=key data-failed=failed>
            <div class="tile-head">
                <h2 class="tile-title">{title}</h2>
                <span class="wall-range">{range}</span>
            </div>
            <div class="tile-body">{body}</div>
            <p class="wall-line">{more.or_else(|| (!line.is_empty()).then(|| format!("! {line}")))}</p>
        </section>
    }
    .into_any()
}

/// What a tile shows, and how much of it there was no room for.
fn body(gauge: TileGauge, (width, height): (u32, u32), rows: &str) -> (AnyView, Option<String>) {
    let TileGauge { title, chart, unit, target, answer, columns, option, .. } = gauge;
    let answer = match answer {
        Err(problem) => return (view! { <p class="tile-empty">"! "{problem}</p> }.into_any(), None),
        Ok(answer) => answer,
    };
    if answer.status != Status::Ok {
        let sign = if answer.status == Status::NotPermitted { "Not permitted" } else { "No data" };
        let note = answer.note.unwrap_or_default();
        let view =
            view! { <div class="tile-empty"><p class="tile-empty-title">{sign}</p><p>{note}</p></div> };
        return (view.into_any(), None);
    }
    // The line that says how many more there are takes its part of the height.
    let fits = |all: usize| {
        let lines = |height: u32| usize::try_from(height / ROW).unwrap_or(0).saturating_sub(1).max(1);
        if lines(height) >= all { all } else { lines(height.saturating_sub(LINE)) }
    };
    let columns_max = usize::try_from(width / COLUMN).unwrap_or(1).max(2);
    if let Some(mut page) = answer.table {
        let all = usize::try_from(page.total).unwrap_or(usize::MAX).max(page.rows.len());
        page.rows.truncate(fits(all));
        page.columns.truncate(columns_max);
        for row in &mut page.rows {
            row.values.truncate(columns_max);
            row.link = None;
        }
        let more = more(all, page.rows.len());
        return (
            view! { <div class="wall-table"><Cells page=page columns=columns /></div> }.into_any(),
            more,
        );
    }
    match (chart, option) {
        (ChartKind::Number | ChartKind::Percent | ChartKind::Progress, _) => {
            (number(unit, target.as_ref(), &answer, rows), None)
        }
        (ChartKind::Table, _) => {
            let mut answer = answer;
            let all = answer.groups.len();
            answer.groups.truncate(fits(all));
            answer.series.truncate(columns_max - 1);
            let more = more(all, answer.groups.len());
            (view! { <div class="wall-table">{groups_table(&answer, rows)}</div> }.into_any(), more)
        }
        (_, Some(option)) => (picture(&option, &title, &answer, (width, height)), None),
        (_, None) => (view! { <p class="tile-empty">"Nothing to show."</p> }.into_any(), None),
    }
}

fn more(all: usize, shown: usize) -> Option<String> {
    let left = all.saturating_sub(shown);
    (left > 0).then(|| format!("and {} more", format::grouped(left as f64, 0)))
}

/// The server's picture of a chart; the words of it where it could not be drawn.
fn picture(option: &str, title: &str, answer: &Answer, (width, height): (u32, u32)) -> AnyView {
    let words = charts::summary(title, answer);
    match api::picture(option, width, height) {
        Some(picture) => {
            view! { <div class="tile-chart" role="img" aria-label=words inner_html=picture></div> }.into_any()
        }
        None => view! { <p class="tile-empty">{words}</p> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(width: u8, height: u8, rows: u16) -> (u32, u32) {
        body_size(&BoardTile { width, height, gauges: Vec::new(), stamp: 0 }, rows)
    }

    #[test]
    fn tiles_fill_the_screen_and_no_more() {
        for rows in 1..=12_u8 {
            let (width, height) = sized(12, rows, rows.into());
            assert!(
                width + AROUND.0 + 2 * EDGE <= SCREEN.0 && width + AROUND.0 + 2 * EDGE + 12 > SCREEN.0,
                "{width}"
            );
            let all = height + AROUND.1 + TITLE + HEAD + EDGE;
            assert!(all <= SCREEN.1 && all + u32::from(rows) > SCREEN.1, "{rows} rows: {all}");
        }
        assert!(sized(2, 2, 9).1 >= LEAST && sized(0, 0, 0).0 >= LEAST);
        assert_eq!(sized(255, 1, 60_000), (sized(12, 1, 1).0, LEAST));
    }
}
