//! A tile: title, answer, and why there is none when there is none.

use super::{
    age::Age,
    chart::{Bars, Chart, groups_table},
    table::Cells,
    target::{goal, tone},
};
use crate::{
    address,
    api::boards::{BoardTile, TileGauge, picture_size},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{
    format,
    gauge::{Answer, ChartKind, Good, Status, Target, Unit},
};

/// A tile with one gauge, or with two of which one is shown.
#[component]
pub fn TileView(
    /// Its place on the board.
    place: usize,
    /// The tile.
    tile: BoardTile,
    /// When its data was read.
    data_at: RwSignal<Option<DateTime<Utc>>>,
    /// Now, as the server said it.
    now: RwSignal<DateTime<Utc>>,
    /// What is chosen on the board, as the part of an address after the path.
    address: String,
    /// After how many minutes its data is old.
    #[prop(default = i64::MAX)]
    stale: i64,
) -> impl IntoView {
    let at = format!("--w:{};--h:{}", tile.width, tile.height);
    let around = Around { size: picture_size(tile.width, tile.height), data_at, now, address, stale };
    let several = tile.gauges.len() > 1;
    let gauges: Vec<_> = tile
        .gauges
        .into_iter()
        .enumerate()
        .map(|(number, gauge)| {
            if several {
                // Radio buttons and CSS: the choice works before and without the wasm.
                let id = format!("tile-{place}-{number}");
                view! {
                    <input class="tile-tab-input visually-hidden" type="radio" name=format!("tile-{place}") id=id.clone() checked=number == 0 />
                    <label class="tile-tab" for=id>{gauge.title.clone()}</label>
                    <div class="tile-panel"><GaugeView gauge=gauge around=around.clone() titled=false /></div>
                }
                .into_any()
            } else {
                view! { <GaugeView gauge=gauge around=around.clone() titled=true /> }.into_any()
            }
        })
        .collect();
    view! { <section class="tile" class:has-tabs=several style=at>{gauges}</section> }.into_any()
}

/// What a gauge on a tile has around it.
#[derive(Clone)]
struct Around {
    size: (u32, u32),
    data_at: RwSignal<Option<DateTime<Utc>>>,
    now: RwSignal<DateTime<Utc>>,
    address: String,
    stale: i64,
}

/// A gauge's answer with its title and foot.
#[component]
fn GaugeView(gauge: TileGauge, around: Around, titled: bool) -> impl IntoView {
    let TileGauge { id, title, about, chart, unit, total, range, target, answer, columns, option } = gauge;
    let Around { size, data_at, now, address, stale } = around;
    let page = format!("/gauges/{id}{address}");
    let rows = format!("/gauges/{id}/rows{address}");
    let unfiltered = answer.as_ref().map(|answer| answer.unfiltered.join(", ")).unwrap_or_default();
    // An answer that is there says in a mark what to know about it; one that is not says it in its place.
    let note = answer
        .as_ref()
        .ok()
        .filter(|answer| answer.status == Status::Ok)
        .and_then(|answer| answer.note.clone());
    let body = match answer {
        Err(problem) => view! { <p class="tile-empty" role="status">"! "{problem}</p> }.into_any(),
        Ok(answer) if answer.status != Status::Ok => {
            let note = answer.note.clone().unwrap_or_default();
            view! { <div class="tile-empty"><p class="tile-empty-title">{answer.status.sign()}</p><p>{note}</p></div> }
                .into_any()
        }
        Ok(Answer { table: Some(page), .. }) => view! {
            {list_count(target.as_ref(), page.total, page.rows.len(), &rows)}
            <div class="tile-table" tabindex="0" role="region" aria-label=format!("Table of {title}")>
                <Cells page=page columns=columns target=target />
            </div>
        }
        .into_any(),
        Ok(answer) => {
            let look = Look { chart, unit, total, title: &title, target: target.as_ref(), size, rows: &rows };
            body(look, answer, option)
        }
    };
    view! {
        <div class="tile-head">
            <h2 class="tile-title" class:visually-hidden=!titled><a href=page.clone() rel="external">{title.clone()}</a></h2>
            {note.map(|note| opens("tile-about tile-note", format!("Note on {title}"), "!", note))}
            {opens("tile-about", format!("About {title}"), "?", about)}
        </div>
        <div class="tile-body">{body}</div>
        <div class="tile-foot">
            <span>{range}</span>
            <span class="tile-ways">
                <a href=rows rel="external">"Rows"<span class="visually-hidden">{format!(" of {title}")}</span></a>
                <a href=page rel="external">"Explain"<span class="visually-hidden">{format!(" {title}")}</span></a>
            </span>
            {(!unfiltered.is_empty()).then(|| view! { <span class="tile-unfiltered">{format!("! not filtered by {unfiltered}")}</span> }.into_any())}
            <span>{move || view! { <Age at=data_at.get() now=now.get() never="not synced yet" stale=stale /> }}</span>
        </div>
    }
    .into_any()
}

/// A sign that opens a text.
fn opens(class: &'static str, label: String, sign: &'static str, text: String) -> AnyView {
    view! {
        <details class=class>
            <summary aria-label=label>{sign}</summary>
            <p>{text}</p>
        </details>
    }
    .into_any()
}

/// What an answer is shown as.
struct Look<'a> {
    chart: ChartKind,
    unit: Unit,
    total: bool,
    title: &'a str,
    target: Option<&'a Target>,
    size: (u32, u32),
    /// Where its rows are.
    rows: &'a str,
}

fn body(look: Look<'_>, answer: Answer, option: Option<String>) -> AnyView {
    let Look { chart, unit, total, title, target, size, rows } = look;
    match chart {
        ChartKind::Number | ChartKind::Percent => number(unit, target, &answer, rows),
        ChartKind::Progress => progress(unit, target, &answer, rows),
        ChartKind::Table => view! {
            <div class="tile-table" tabindex="0" role="region" aria-label=format!("Table of {title}")>{groups_table(&answer, target, rows, Bars::Behind)}</div>
        }
        .into_any(),
        _ => match option {
            Some(option) => {
                let whole = answer.value.filter(|_| total).map(|value| over_all(value, unit, rows));
                view! { {whole}<Chart option=option answer=answer title=title.to_owned() size=size rows=rows.to_owned() target=target.cloned() /> }.into_any()
            }
            None => view! { <p class="tile-empty">"Nothing to show."</p> }.into_any(),
        },
    }
}

/// How many rows a list has, beside its target, and how many of them are shown where that is not all.
pub fn list_count(target: Option<&Target>, total: u64, shown: usize, rows: &str) -> AnyView {
    // Where the target is one of a column, it says nothing of how many there are.
    let target = target.filter(|target| target.of.is_none());
    let number = format::exact(total as f64);
    let class = format!("value {}", tone(target, total as f64));
    let part = (total > shown as u64).then(|| format!("the first {shown} are shown"));
    view! {
        <div class="tile-count">
            <a class=class href=rows.to_owned() rel="external">{number}<span class="visually-hidden">" rows"</span></a>
            {goal(target, total as f64, Unit::Number)}
            <span class="muted">{part}</span>
        </div>
    }
    .into_any()
}

/// The value over all groups of a chart.
fn over_all(value: f64, unit: Unit, rows: &str) -> AnyView {
    let number = format::value(value, unit);
    view! {
        <div class="tile-count">
            <a class="value" href=rows.to_owned() rel="external" title=format::exact_value(value, unit)>{number}</a>
            <span class="muted">"over all"</span>
        </div>
    }
    .into_any()
}

/// A number with a bar of how much of its target it is, or of the whole.
pub fn progress(unit: Unit, target: Option<&Target>, answer: &Answer, rows: &str) -> AnyView {
    let whole = target.filter(|_| unit != Unit::Percent).map_or(100.0, |target| target.value);
    let bar = answer.value.filter(|_| whole > 0.0).map(|value| {
        let share = format!("--share:{:.1}%", (value / whole * 100.0).clamp(0.0, 100.0));
        view! { <div class="tile-progress" style=share aria-hidden="true"></div> }.into_any()
    });
    view! { {number(unit, target, answer, rows)}{bar} }.into_any()
}

/// A value with its change and target.
pub fn number(unit: Unit, target: Option<&Target>, answer: &Answer, rows: &str) -> AnyView {
    let Some(value) = answer.value else {
        return view! { <p class="tile-empty">"No data"</p> }.into_any();
    };
    let class = format!("value {}", tone(target, value));
    let delta =
        answer.previous.map(|previous| delta(value, previous, unit, target.map(|target| target.good)));
    let figures: Vec<_> = answer
        .figures
        .iter()
        .map(|figure| {
            let number = format::value(figure.value, figure.unit);
            let way = address::with(rows, &[("layer", &figure.id)]);
            view! { <p class="muted"><a class="quiet-link" href=way rel="external">{format!("{}: {number}", figure.label)}</a></p> }
        })
        .collect();
    view! {
        <div class="tile-number">
            <p class=class title=format::exact_value(value, unit)><a href=rows.to_owned() rel="external">{format::value(value, unit)}</a></p>
            {figures}
            {delta}
            {goal(target, value, unit)}
        </div>
    }
    .into_any()
}

/// The change against the previous period; whether it is good is known only where a target says so.
fn delta(value: f64, previous: f64, unit: Unit, good: Option<Good>) -> impl IntoView {
    let change = value - previous;
    let (sign, class) = if change.abs() < 1e-9 {
        ("=", "delta neutral")
    } else {
        let better = match good {
            Some(Good::Higher) => Some(change > 0.0),
            Some(Good::Lower) => Some(change < 0.0),
            None => None,
        };
        let class = match better {
            Some(true) => "delta good",
            Some(false) => "delta bad",
            None => "delta neutral",
        };
        (if change > 0.0 { "▲" } else { "▼" }, class)
    };
    let size = match unit {
        Unit::Percent => format!("{} pp", format::exact((change.abs() * 10.0).round() / 10.0)),
        _ => format::value(change.abs(), unit),
    };
    let before = format::value(previous, unit);
    view! {
        <p class=class>
            <span aria-hidden="true">{sign}" "</span>{size}" "<span class="muted">{format!("from {before}")}</span>
        </p>
    }
}
