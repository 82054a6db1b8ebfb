//! A gauge by itself: its answer, and how it came about.

use super::{
    boards::badge,
    choose,
    field::{option, select},
    frame::frame,
    gauges::datasets,
    notice::{Done, action, notice, undo},
};
use crate::{
    address,
    api::{
        boards::{BoardTile, FilterChoice},
        sources::Source,
    },
    components::{age::Age, banner::Banner, banner::Mood, tile::TileView},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{
    catalogue::Catalogue,
    dashboard::Dashboard,
    format,
    gauge::{Answer, Gauge, Good},
};
use taskgauge_store::{
    content::{Entry, Origin},
    gauges::{ExplainedLayer, Explanation},
    rows::Comparison,
};

/// What a gauge answers, and what is known about it.
pub struct Asked {
    /// The datasource it was asked of.
    pub source: Source,
    /// The answer on a tile.
    pub tile: BoardTile,
    /// How it came about, or why that cannot be said.
    pub explanation: Result<Explanation, String>,
    /// Autotask's own counts of its rows, where they were asked for.
    pub own: Option<OwnCounts>,
    /// Autotask's own counts of the entities behind it, as last compared.
    pub counts: Vec<(String, Comparison)>,
}

/// How many rows Autotask counts of each layer, or why it does not; or why it was not asked.
pub type OwnCounts = Result<Vec<Result<u64, String>>, String>;

/// The page of a gauge.
#[component]
pub fn GaugePage(
    /// Who is signed in.
    email: String,
    /// Whether they may change gauges.
    can_edit: bool,
    /// The gauge.
    entry: Entry<Gauge>,
    /// Boards that show it.
    boards: Vec<Dashboard>,
    /// What was just done to it.
    done: Option<Done>,
    /// The answer, where there is a datasource to ask.
    asked: Option<Asked>,
    /// Filters that can apply to it.
    filters: Vec<FilterChoice>,
    /// All datasources.
    sources: Vec<Source>,
    /// What is chosen, as the part of an address after the path.
    address: String,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let gauge = entry.value.clone();
    let id = gauge.id.clone();
    let source = asked.as_ref().map(|asked| asked.source.clone());
    let reset = address::query([(
        "source",
        source.as_ref().map(|it| it.id.to_string()).unwrap_or_default().as_str(),
    )]);
    let reset = if reset.is_empty() { "?".to_owned() } else { reset };
    let actions = view! {
        <div class="page-actions">
            {can_edit.then(|| view! {
                <a class="button primary" href=format!("/gauges/{id}/edit")>"Edit"</a>
                <a class="button quiet" href=format!("/gauges/new?from={id}")>"Duplicate"</a>
            })}
            <a class="button quiet" href=format!("/gauges/{id}/export") download="">"Export"</a>
            {(can_edit && entry.origin != Origin::Shipped && done.is_none()).then(|| undo(format!("/gauges/{id}/undo"), entry.version, entry.pieces))}
            {(can_edit && entry.origin == Origin::Changed).then(|| action(format!("/gauges/{id}/reset"), "Reset to default", false))}
            {(can_edit && entry.origin == Origin::Made).then(|| action(format!("/gauges/{id}/remove"), "Remove", true))}
        </div>
    };
    let boards: Vec<_> = boards
        .into_iter()
        .map(|board| view! { <li><a class="link" href=format!("/dashboards/{}", board.id)>{board.title}</a></li> })
        .collect();
    let answer = match asked {
        None => view! {
            <div class="empty">
                <p class="empty-title">"Nothing is connected yet"</p>
                <p>"The gauge answers once a datasource is there."</p>
                <p><a class="button primary" href="/data/datasources/new">"Add a datasource"</a></p>
            </div>
        }
        .into_any(),
        Some(asked) => answered(&gauge, asked, &address, can_edit, at),
    };
    let page = view! {
        <p class="crumbs"><a class="link" href="/gauges">"Gauges"</a></p>
        <header class="page-head">
            <div>
                <h1>{gauge.title.clone()}" "{badge(entry.origin)}</h1>
                <p class="page-sub">{gauge.chart.label()}" · "{datasets(&gauge)}</p>
            </div>
            {actions}
        </header>
        {done.map(|done| notice(&done, "/gauges", entry.version, &gauge.title))}
        {choose::filters(filters, sources, source.as_ref(), reset)}
        {answer}
        <section class="section">
            <h2>"On boards"</h2>
            {if boards.is_empty() { view! { <p class="muted">"On none."</p> }.into_any() } else { view! { <ul class="plain-list">{boards}</ul> }.into_any() }}
        </section>
    };
    frame(email, "/gauges", page.into_any())
}

fn answered(gauge: &Gauge, asked: Asked, address: &str, can_ask: bool, at: DateTime<Utc>) -> AnyView {
    let Asked { source, tile, explanation, own, counts } = asked;
    let answer = tile.gauges.first().and_then(|gauge| gauge.answer.clone().ok());
    let own = own_counts(gauge, own, explanation.as_ref().ok(), (address, can_ask));
    view! {
        {preview(tile, address, at)}
        <section class="section" id="explain">
            <h2>"Explain this number"</h2>
            <p>{gauge.about.clone()}</p>
            {facts(gauge, answer.as_ref(), explanation.as_ref().ok(), at)}
            {match explanation {
                Ok(explanation) => layers(gauge, &explanation, address).into_any(),
                Err(why) => view! { <Banner mood=Mood::Warn title="How it came about cannot be said now"><p>{why}</p></Banner> }.into_any(),
            }}
            {own}
            {collections(&source, counts, at)}
        </section>
    }
    .into_any()
}

/// The answer on a tile.
pub fn preview(tile: BoardTile, address: &str, at: DateTime<Utc>) -> AnyView {
    let data_at = tile.gauges.first().and_then(|gauge| gauge.answer.as_ref().ok()?.data_at);
    view! {
        <div class="grid gauge-preview">
            <TileView place=0 tile=tile data_at=RwSignal::new(data_at) now=RwSignal::new(at) address=address.to_owned() />
        </div>
    }
    .into_any()
}

/// Formulas, window, target, age, and what is known to be missing.
fn facts(
    gauge: &Gauge,
    answer: Option<&Answer>,
    explanation: Option<&Explanation>,
    at: DateTime<Utc>,
) -> AnyView {
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    for (place, value) in gauge.values.iter().enumerate() {
        let name = if place == 0 { "Formula" } else { "Beside it" };
        facts.push((name, format!("{} = {}", value.label, value.words(gauge))));
    }
    let dataset = gauge.layers.first().and_then(|layer| Catalogue::shipped().dataset(&layer.dataset));
    if !gauge.groups.is_empty() {
        let said: Vec<String> = gauge.groups.iter().map(|group| group.words(dataset)).collect();
        facts.push(("Groups", said.join(", then ")));
    }
    if let Some(explanation) = explanation {
        let window = explanation.window.map_or_else(
            || "As it is now".to_owned(),
            |window| format!("{} to {}, both included", format::date(window.from), format::date(window.to)),
        );
        facts.push(("Window", format!("{window}; dates in {}", explanation.zone)));
        if let Some(tickets) = explanation.out_of_scope.filter(|&tickets| tickets > 0) {
            let tickets = format::grouped(tickets as f64, 0);
            facts.push((
                "Not in the dataset",
                format!("{tickets} tickets whose queue or category does not count, as the datasource's settings have it"),
            ));
        }
    }
    if let Some(target) = &gauge.target {
        let target = target.within(answer);
        let side = if target.good == Good::Higher { "at least" } else { "at most" };
        let origin = target.origin.as_deref().map(|origin| format!("; {origin}")).unwrap_or_default();
        facts.push(("Target", format!("{side} {}{origin}", format::value(target.value, gauge.unit))));
    }
    if let Some(answer) = answer {
        facts.push(("Rests on", format!("{} rows", format::grouped(answer.rows as f64, 0))));
        if let Some(value) = answer.value {
            facts.push(("Exactly", format::exact_value(value, answer.unit)));
        }
        if !answer.unfiltered.is_empty() {
            facts.push(("Not filtered by", answer.unfiltered.join(", ")));
        }
        if let Some(note) = &answer.note {
            facts.push(("To know", note.clone()));
        }
    }
    let facts: Vec<_> =
        facts.into_iter().map(|(name, text)| view! { <dt>{name}</dt><dd>{text}</dd> }).collect();
    let age = answer.map(
        |answer| view! { <dt>"Data read"</dt><dd><Age at=answer.data_at now=at never="not yet" /></dd> },
    );
    view! { <dl class="facts">{facts}{age}</dl> }.into_any()
}

/// What is counted, and which rows are not.
fn layers(gauge: &Gauge, explanation: &Explanation, address: &str) -> Vec<AnyView> {
    gauge
        .layers
        .iter()
        .zip(&explanation.layers)
        .map(|(layer, explained)| {
            let dataset = Catalogue::shipped().dataset(&explained.dataset);
            let title = dataset.map_or_else(|| explained.dataset.clone(), |dataset| dataset.title.clone());
            let rows = address::with(&format!("/gauges/{}/rows{address}", gauge.id), &[("layer", &layer.id)]);
            let said = format!("{}: {} in {title}", layer.label, layer.measure.words(dataset));
            view! {
                <h3>{said}</h3>
                {left_out(explained)}
                <p><a class="link" href=rows>{format!("The {} rows", format::grouped(explained.counted as f64, 0))}</a></p>
            }
            .into_any()
        })
        .collect()
}

fn left_out(explained: &ExplainedLayer) -> AnyView {
    let number = |rows: u64| format::grouped(rows as f64, 0);
    let steps: Vec<_> = explained
        .left_out
        .iter()
        .map(|(why, rows)| view! { <tr><td>{why.clone()}</td><td class="num">{format!("− {}", number(*rows))}</td></tr> })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Rows that are counted and rows that are not">
            <table class="table dense">
                <thead><tr><th scope="col">"Rows"</th><th scope="col" class="num">"Number"</th></tr></thead>
                <tbody>
                    <tr><td>"In the dataset"</td><td class="num">{number(explained.rows)}</td></tr>
                    {steps}
                </tbody>
                <tfoot><tr><td>"Counted"</td><td class="num">{number(explained.counted)}</td></tr></tfoot>
            </table>
        </div>
    }
    .into_any()
}

/// Autotask's own counts of the layers' rows beside ours.
fn own_counts(
    gauge: &Gauge,
    own: Option<OwnCounts>,
    explanation: Option<&Explanation>,
    (address, can_ask): (&str, bool),
) -> AnyView {
    let number = |rows: u64| format::grouped(rows as f64, 0);
    let asked = own.map(|own| match own {
        Err(why) => {
            view! { <Banner mood=Mood::Warn title="Autotask could not be asked"><p>{why}</p></Banner> }.into_any()
        }
        Ok(counts) => {
            let here = explanation.map(|it| it.layers.as_slice()).unwrap_or_default();
            let differ = counts.iter().zip(here).any(|(there, here)| there.as_ref().is_ok_and(|it| *it != here.counted));
            let rows: Vec<_> = gauge
                .layers
                .iter()
                .zip(counts)
                .enumerate()
                .map(|(place, (layer, there))| {
                    let here = here.get(place).map(|here| number(here.counted)).unwrap_or_default();
                    let there = match there {
                        Ok(there) => view! { <td class="num">{number(there)}</td> }.into_any(),
                        Err(why) => view! { <td class="muted">{why}</td> }.into_any(),
                    };
                    view! { <tr><th scope="row">{layer.label.clone()}</th>{there}<td class="num">{here}</td></tr> }
                })
                .collect();
            view! {
                <div class="table-wrap" tabindex="0" role="region" aria-label="Rows that Autotask counts">
                    <table class="table dense">
                        <thead><tr><th scope="col">"Rows of"</th><th scope="col" class="num">"In Autotask"</th><th scope="col" class="num">"Here"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {differ.then(|| view! { <p class="muted">"What changed in Autotask since the data were read is counted there already. A difference that stays after the next sync is worth a comparison of the whole collections below."</p> })}
            }
            .into_any()
        }
    });
    view! {
        <h3 id="own-count">"Autotask’s own count"</h3>
        {asked.unwrap_or_else(|| view! { <p class="muted">"Autotask can be asked how many rows it counts for the same question. That takes a request for each line."</p> }.into_any())}
        {can_ask.then(|| view! {
            <form method="post" action=format!("/gauges/{}/own-count{address}#own-count", gauge.id)>
                <button class="button" type="submit">"Ask Autotask now"</button>
            </form>
        })}
    }
    .into_any()
}

/// Autotask's own counts of whole collections beside ours.
fn collections(source: &Source, counts: Vec<(String, Comparison)>, at: DateTime<Utc>) -> AnyView {
    let number = |rows: i64| format::grouped(rows as f64, 0);
    let rows: Vec<_> = counts
        .into_iter()
        .map(|(label, counted)| {
            view! {
                <tr>
                    <th scope="row">{label}</th><td>{counted.part}</td>
                    <td class="num">{number(counted.there)}</td><td class="num">{number(counted.here)}</td>
                    <td><Age at=Some(counted.at) now=at /></td>
                </tr>
            }
        })
        .collect();
    let table = if rows.is_empty() {
        view! { <p class="muted">"Not compared yet. Counts are compared every night."</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Whole collections, compared">
                <table class="table dense">
                    <thead><tr><th scope="col">"Records"</th><th scope="col">"Which"</th><th scope="col" class="num">"In Autotask"</th><th scope="col" class="num">"Here"</th><th scope="col">"Compared"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <h3>"Whole collections"</h3>
        {table}
        <form method="post" action=format!("/data/datasources/{}/completeness", source.id)>
            <button class="button" type="submit">"Compare with Autotask now"</button>
        </form>
    }
    .into_any()
}

/// The page where a gauge is made or changed.
#[component]
pub fn GaugeEditor(
    /// Who is signed in.
    email: String,
    /// What was typed so far.
    gauge: Gauge,
    /// The version it was made from; 0 for a new one.
    version: i64,
    /// Whether it is new.
    is_new: bool,
    /// Dates that were typed for its range and make none yet.
    dates: Option<(String, String)>,
    /// Why it was not saved.
    problem: Option<String>,
    /// The answer to what was typed.
    draft: Draft,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let (to, away, heading) = if is_new {
        ("/gauges/new".to_owned(), "/gauges".to_owned(), "New gauge".to_owned())
    } else {
        (
            format!("/gauges/{}/edit", gauge.id),
            format!("/gauges/{}", gauge.id),
            format!("Edit “{}”", gauge.title),
        )
    };
    let page = view! {
        <p class="crumbs"><a class="link" href="/gauges">"Gauges"</a></p>
        <header class="page-head"><div><h1>{heading}</h1></div></header>
        {problem.map(|problem| view! { <Banner mood=Mood::Bad title="It was not saved"><p>{problem}</p></Banner> })}
        <div class="builder">
            <form class="form" method="post" action=to data-live="/gauges/preview" autocomplete="off">
                // What Enter in a field presses: the first button of a form.
                <button class="visually-hidden" type="submit" name="do" value="save" tabindex="-1" aria-hidden="true"></button>
                <input type="hidden" name="version" value=version.to_string() />
                <div id="builder-fields" class="form">{super::builder::fields(&gauge, is_new, dates)}</div>
                {of_source(&draft)}
                <div class="actions">
                    <button class="button primary" type="submit" name="do" value="save">"Save gauge"</button>
                    <button class="button" type="submit" name="do" value="refresh">"Preview"</button>
                    <a class="button quiet" href=away>"Cancel"</a>
                </div>
            </form>
            <aside class="builder-preview" aria-label="Preview">
                <h2>"Preview"</h2>
                <div id="preview" aria-live="polite">{drafted(draft, at)}</div>
            </aside>
        </div>
    };
    frame(email, "/gauges", page.into_any())
}

/// A gauge that is not saved, answered.
pub struct Draft {
    /// The answer, where there is a datasource.
    pub tile: Option<BoardTile>,
    /// The datasource that was asked.
    pub source: Option<Source>,
    /// All datasources.
    pub sources: Vec<Source>,
}

/// Whose rows the preview counts, where there is a choice.
fn of_source(draft: &Draft) -> Option<AnyView> {
    let chosen = |source: &Source| draft.source.as_ref().is_some_and(|chosen| chosen.id == source.id);
    let options = |source: &Source| option(&source.id.to_string(), &source.name, chosen(source));
    (draft.sources.len() > 1)
        .then(|| select("source", "Preview with", draft.sources.iter().map(options).collect()))
}

/// The preview of what was typed.
pub fn drafted(draft: Draft, at: DateTime<Utc>) -> AnyView {
    match draft.tile {
        Some(tile) => preview(tile, "", at),
        None => view! { <p class="muted"><a class="link" href="/data/datasources/new">"Add a datasource"</a>" to see an answer here."</p> }
            .into_any(),
    }
}
