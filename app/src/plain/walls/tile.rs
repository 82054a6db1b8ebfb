//! A tile on the wall: read from afar, touched by nobody. No menus, no links to hover over, nothing to scroll.

use crate::{
    api,
    api::boards::{BoardTile, TileGauge},
    charts,
    components::{
        chart::{Bars, groups_table},
        table::Cells,
        tile::{list_count, number, progress},
    },
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{
    format,
    gauge::{Answer, ChartKind, Status, Target},
    grid::{Place, Shape},
    range::Range,
};

/// The screens that sizes are reckoned for, in CSS pixels at a size of type where the smallest, 12, is as high as it has
/// to be on a wall (1.4 % of the shorter side × 1.6): 16 by 9, and 10 by 16, so that it holds on 9 by 16 as well. Other
/// screens scale the pictures.
const fn screen(shape: Shape) -> (u32, u32) {
    match shape {
        Shape::Wide => (952, 536),
        Shape::Tall => (536, 858),
    }
}
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
const COLUMN: u32 = 130;
/// Height of a bar with its name.
const BAR: u32 = 20;
/// Smallest size that a picture is drawn in.
const LEAST: u32 = 40;

/// A tile cut to what a screen has room for.
pub struct Fitted {
    /// The tile.
    pub tile: BoardTile,
    /// Where it lies.
    place: Place,
    /// Size of its picture.
    pub size: (u32, u32),
    /// Rows or bars that there was no room for.
    left: usize,
}

impl Fitted {
    /// Cuts a tile for its place on a screen of this shape with so many rows.
    pub fn of(mut tile: BoardTile, place: Place, shape: Shape, rows: u16) -> Fitted {
        let has_foot = tile.gauges.first().is_some_and(|gauge| !foot(gauge).is_empty());
        let whole = body_size(place, shape, rows, has_foot);
        let Some(gauge) = tile.gauges.first_mut() else {
            return Fitted { tile, place, size: whole, left: 0 };
        };
        let left = cut(gauge, whole);
        let has_line = left > 0 || !foot(gauge).is_empty();
        let size = body_size(place, shape, rows, has_line);
        Fitted { tile, place, size, left }
    }

    /// When its data was read.
    pub fn data_at(&self) -> Option<DateTime<Utc>> {
        self.tile.gauges.first()?.answer.as_ref().ok()?.data_at
    }
}

/// Size of a tile's body on a screen with so many rows.
fn body_size(place: Place, shape: Shape, rows: u16, has_line: bool) -> (u32, u32) {
    let rows = u32::from(rows.max(1));
    let columns = u32::from(shape.columns());
    let (across, down) = screen(shape);
    let (width, height) = (u32::from(place.width).clamp(1, columns), u32::from(place.height.max(1)));
    let column = (across - 2 * EDGE - (columns - 1) * GAP) / columns;
    let row = (down - HEAD - EDGE).saturating_sub((rows - 1) * GAP) / rows;
    let line = if has_line { LINE } else { 0 };
    let inner = |size: u32, count: u32, around: u32| {
        (count * size + (count - 1) * GAP).saturating_sub(around).max(LEAST)
    };
    (inner(column, width, AROUND.0), inner(row, height, AROUND.1 + TITLE + line))
}

/// Leaves out rows, columns and bars that there is no room for; answers how many rows or bars those are.
fn cut(gauge: &mut TileGauge, (width, height): (u32, u32)) -> usize {
    let Ok(answer) = &mut gauge.answer else { return 0 };
    // The line that says how many more there are takes its part of the height.
    let fits = |all: usize, each: u32, head: usize| {
        let lines = |height: u32| usize::try_from(height / each).unwrap_or(0).saturating_sub(head).max(1);
        if lines(height) >= all { all } else { lines(height.saturating_sub(LINE)) }
    };
    let columns = usize::try_from(width / COLUMN).unwrap_or(1).max(2);
    if let Some(page) = &mut answer.table {
        let all = usize::try_from(page.total).unwrap_or(usize::MAX).max(page.rows.len());
        page.rows.truncate(fits(all, ROW, 1));
        page.columns.truncate(columns);
        for row in &mut page.rows {
            row.values.truncate(columns);
            row.link = None;
        }
        return all - page.rows.len();
    }
    let all = answer.groups.len();
    match gauge.chart {
        ChartKind::Table => {
            answer.series.truncate(columns - 1);
            answer.groups.truncate(fits(all, ROW, 1));
        }
        ChartKind::Bars | ChartKind::Rank => {
            let each = BAR * u32::try_from(answer.series.len().max(1)).unwrap_or(1);
            answer.groups.truncate(fits(all, each, 0));
            if answer.groups.len() < all {
                gauge.option = charts::chart(gauge.chart, answer, gauge.target.as_ref())
                    .as_ref()
                    .map(charts::option_json);
            }
        }
        _ => {}
    }
    all - answer.groups.len()
}

/// What has to be known about an answer, in a line.
fn foot(gauge: &TileGauge) -> String {
    let Ok(answer) = &gauge.answer else { return String::new() };
    let note = answer.note.clone().filter(|_| answer.status == Status::Ok);
    let unfiltered =
        (!answer.unfiltered.is_empty()).then(|| format!("Not filtered by {}.", answer.unfiltered.join(", ")));
    [unfiltered, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A tile at its place. `number` tells it from others that show the same gauge; `since` is when its data was read, where
/// that is worth saying, and `now` the instant that its age is reckoned at.
pub fn tile(
    fitted: Fitted,
    number: usize,
    chosen: &str,
    since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> AnyView {
    let Fitted { tile, place, size, left } = fitted;
    let style = format!(
        "grid-area:{}/{}/span {}/span {}",
        place.row + 1,
        place.column + 1,
        place.height,
        place.width
    );
    let Some(gauge) = tile.gauges.into_iter().next() else { return ().into_any() };
    let key = format!("{number}-{}", gauge.id);
    let foot = foot(&gauge);
    let mut line: Vec<String> =
        (left > 0).then(|| format!("and {} more", format::grouped(left as f64, 0))).into_iter().collect();
    line.extend((!foot.is_empty()).then(|| format!("! {foot}")));
    let failed = gauge.answer.as_ref().err().cloned();
    let rows_address = format!("/gauges/{}/rows{chosen}", gauge.id);
    // That a number is of now goes without saying.
    let range = gauge.range.clone();
    let range = (range != Range::Now.label()).then(|| view! { <span class="wall-range">{range}</span> });
    let age = since.map(|since| {
        let at = since.timestamp_millis().to_string();
        view! { <span class="wall-tile-age" data-at=at>{format!("data {}", format::age(since, now))}</span> }
    });
    let title = gauge.title.clone();
    view! {
        <section class="tile" style=style data-key=key data-failed=failed>
            <div class="tile-head"><h2 class="tile-title">{title}</h2>{range}{age}</div>
            <div class="tile-body">{body(gauge, size, &rows_address)}</div>
            <p class="wall-line" hidden=line.is_empty()>{line.join(" ")}</p>
        </section>
    }
    .into_any()
}

/// What a tile shows.
fn body(gauge: TileGauge, size: (u32, u32), rows: &str) -> AnyView {
    let TileGauge { title, chart, unit, target, answer, columns, option, .. } = gauge;
    let answer = match answer {
        Err(problem) => return view! { <p class="tile-empty">"! "{problem}</p> }.into_any(),
        Ok(answer) => answer,
    };
    if answer.status != Status::Ok {
        let note = answer.note.unwrap_or_default();
        return view! { <div class="tile-empty"><p class="tile-empty-title">{answer.status.sign()}</p><p>{note}</p></div> }
            .into_any();
    }
    if let Some(page) = answer.table {
        let count = list_count(target.as_ref(), page.total, page.rows.len(), rows);
        return view! { {count}<div class="wall-table"><Cells page=page columns=columns target=target /></div> }.into_any();
    }
    match (chart, option) {
        (ChartKind::Number | ChartKind::Percent, _) => number(unit, target.as_ref(), &answer, rows),
        (ChartKind::Progress, _) => progress(unit, target.as_ref(), &answer, rows),
        (ChartKind::Table, _) => {
            view! { <div class="wall-table">{groups_table(&answer, target.as_ref(), rows, Bars::Behind)}</div> }.into_any()
        }
        // A number above it would take from the picture what makes it legible from afar.
        (_, Some(option)) => picture(&option, &title, &answer, target.as_ref(), size),
        (_, None) => view! { <p class="tile-empty">"Nothing to show."</p> }.into_any(),
    }
}

/// The server's picture of a chart; the words of it where it could not be drawn.
fn picture(
    option: &str,
    title: &str,
    answer: &Answer,
    target: Option<&Target>,
    (width, height): (u32, u32),
) -> AnyView {
    let words = charts::summary(title, answer, target);
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

    fn fitted(tile: BoardTile, shape: Shape, rows: u16) -> Fitted {
        let place = Place { column: 0, row: 0, width: tile.width, height: tile.height };
        Fitted::of(tile, place, shape, rows)
    }

    fn sized(width: u8, height: u8, shape: Shape, rows: u16) -> (u32, u32) {
        fitted(BoardTile { width, height, gauges: Vec::new(), stamp: 0 }, shape, rows).size
    }

    /// A tile of a gauge with so many groups.
    fn grouped(chart: ChartKind, groups: usize) -> BoardTile {
        let answer = serde_json::json!({
            "gauge": "g", "at": "2026-11-25T10:00:00Z", "status": "ok", "value": 1.0, "unit": "number", "rows": 1,
            "dimensions": 1, "previous": null,
            "series": (0..3).map(|id| serde_json::json!({ "id": format!("s{id}"), "label": "S", "unit": "number" })).collect::<Vec<_>>(),
            "groups": (0..groups).map(|key| serde_json::json!({
                "key": key.to_string(), "label": format!("Group {key}"), "values": { "s0": 1.0 },
            })).collect::<Vec<_>>(),
        });
        let answer: Answer = serde_json::from_value(answer).expect("an answer");
        let gauge = TileGauge {
            id: "g".into(),
            title: "G".into(),
            about: String::new(),
            chart,
            unit: answer.unit,
            total: false,
            range: String::new(),
            target: None,
            option: charts::chart(chart, &answer, None).as_ref().map(charts::option_json),
            answer: Ok(answer),
            columns: Vec::new(),
        };
        BoardTile { width: 4, height: 4, gauges: vec![gauge], stamp: 0 }
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_and_counted() {
        for (chart, all, each) in
            [(ChartKind::Bars, 60, 3 * BAR), (ChartKind::Rank, 60, 3 * BAR), (ChartKind::Table, 60, ROW)]
        {
            let fitted = fitted(grouped(chart, all), Shape::Wide, 9);
            let gauge = &fitted.tile.gauges[0];
            let answer = gauge.answer.as_ref().expect("an answer");
            let shown = answer.groups.len();
            assert_eq!(shown + fitted.left, all, "{chart:?}");
            let head = u32::from(chart == ChartKind::Table) * ROW;
            assert!(
                shown >= 1 && head + u32::try_from(shown).expect("few") * each <= fitted.size.1,
                "{chart:?}"
            );
            let option = gauge.option.as_deref().unwrap_or_default();
            assert!(!option.contains(&format!("Group {shown}\"")), "the picture shows no more: {option}");
            assert_eq!(chart == ChartKind::Table, answer.series.len() == 1, "columns that fit");
        }
        for (chart, few) in
            [(ChartKind::Bars, 2), (ChartKind::Table, 3), (ChartKind::Columns, 60), (ChartKind::Line, 60)]
        {
            let before = grouped(chart, few);
            let fitted = fitted(before.clone(), Shape::Wide, 9);
            assert_eq!(fitted.left, 0, "{chart:?}");
            assert_eq!(fitted.tile.gauges[0].option, before.gauges[0].option, "{chart:?} stays as it is");
        }
    }

    #[test]
    fn tiles_fill_the_screen_and_no_more() {
        for shape in [Shape::Wide, Shape::Tall] {
            let (wide, high) = screen(shape);
            for rows in 1..=12_u8 {
                let (width, height) = sized(shape.columns(), rows, shape, rows.into());
                let across = width + AROUND.0 + 2 * EDGE;
                assert!(across <= wide && across + 12 > wide, "{across}");
                let all = height + AROUND.1 + TITLE + HEAD + EDGE;
                assert!(all <= high && all + u32::from(rows) > high, "{rows} rows: {all}");
            }
        }
        let least = |width, height, rows| sized(width, height, Shape::Wide, rows);
        assert!(least(2, 2, 9).1 >= LEAST && least(0, 0, 0).0 >= LEAST);
        assert_eq!(least(255, 1, 60_000), (least(12, 1, 1).0, LEAST));
    }
}
