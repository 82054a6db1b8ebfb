//! The list of gauges.

use super::{
    boards::badge,
    frame::frame,
    notice::{Done, action, notice},
};
use crate::address;
use leptos::prelude::*;
use std::{cmp::Ordering, sync::Arc};
use taskgauge_model::{catalogue::Catalogue, gauge::Gauge};
use taskgauge_store::content::{Content, Entry, Origin};

/// What the address of the list chooses.
#[derive(Debug, Clone, Default)]
pub struct GaugeChoice {
    /// Words that are looked for.
    pub search: String,
    /// `default`, `changed` or `custom`; empty for all.
    pub origin: String,
    /// Slug of a dataset; empty for all.
    pub dataset: String,
    /// `title`, `dataset`, `chart` or `boards`, with `-` in front for descending; empty for the catalogue's order.
    pub sort: String,
}

impl GaugeChoice {
    fn takes(&self, entry: &Entry<Gauge>) -> bool {
        let origin = match self.origin.as_str() {
            "default" => entry.origin != Origin::Made,
            "changed" => entry.origin == Origin::Changed,
            "custom" => entry.origin == Origin::Made,
            _ => true,
        };
        let gauge = &entry.value;
        let text = format!("{} {} {}", gauge.title, gauge.id, gauge.about).to_lowercase();
        origin
            && (self.dataset.is_empty() || gauge.layers.iter().any(|layer| layer.dataset == self.dataset))
            && self.search.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }

    fn with_sort(&self, sort: &str) -> String {
        address::query([
            ("q", self.search.as_str()),
            ("origin", &self.origin),
            ("dataset", &self.dataset),
            ("sort", sort),
        ])
    }
}

/// A gauge in the list.
struct Line<'a> {
    entry: &'a Entry<Gauge>,
    dataset: String,
    boards: Vec<&'a str>,
}

/// The list of gauges.
#[component]
pub fn Gauges(
    /// Who is signed in.
    email: String,
    /// Whether they may change gauges.
    can_edit: bool,
    /// All gauges there are.
    content: Arc<Content>,
    /// What is chosen.
    choice: GaugeChoice,
    /// What was just done, and to which gauge.
    done: Option<Done>,
) -> impl IntoView {
    let done = done.and_then(|done| {
        let entry = content.gauge(&done.id)?;
        Some(notice(&done, "/gauges", entry.version, &entry.value.title))
    });
    let mut lines: Vec<Line<'_>> = content
        .gauges
        .iter()
        .filter(|entry| !entry.is_removed && choice.takes(entry))
        .map(|entry| Line {
            entry,
            dataset: datasets(&entry.value),
            boards: content.boards_with(&entry.value.id).map(|board| board.title.as_str()).collect(),
        })
        .collect();
    sort(&mut lines, &choice.sort);
    let count =
        format!("{} of {} gauges", lines.len(), content.gauges.iter().filter(|it| !it.is_removed).count());
    let rows: Vec<_> = lines.iter().map(|line| row(line, can_edit)).collect();
    let removed: Vec<_> = content
        .gauges
        .iter()
        .filter(|entry| entry.is_removed && can_edit)
        .map(|entry| {
            let id = &entry.value.id;
            view! { <li class="row-actions"><span>{entry.value.title.clone()}</span>{action(format!("/gauges/{id}/restore"), "Bring back", false)}</li> }
                .into_any()
        })
        .collect();
    let table = if rows.is_empty() {
        view! {
            <div class="empty"><p class="empty-title">"No gauge matches"</p><p><a class="button" href="/gauges">"Show all"</a></p></div>
        }
        .into_any()
    } else {
        let heads: Vec<_> =
            [("title", "Gauge"), ("dataset", "Dataset"), ("chart", "Chart"), ("boards", "Boards")]
                .into_iter()
                .map(|(name, label)| head(&choice, name, label))
                .collect();
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Gauges">
                <table class="table">
                    <thead><tr>{heads}<th scope="col"><span class="visually-hidden">"Actions"</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let page = view! {
        <header class="page-head">
            <div><h1>"Gauges"</h1><p class="page-sub">"Questions with one answer. Boards are made of them."</p></div>
            {can_edit.then(|| view! {
                <div class="page-actions">
                    <a class="button" href="/content/import">"Import"</a>
                    <a class="button primary" href="/gauges/new">"New gauge"</a>
                </div>
            })}
        </header>
        {done}
        {tools(&choice)}
        <p class="muted" role="status">{count}</p>
        {table}
        {(!removed.is_empty()).then(|| view! { <details class="section"><summary>{format!("Removed ({})", removed.len())}</summary><ul class="plain-list">{removed}</ul></details> })}
    };
    frame(email, "/gauges", page.into_any())
}

fn tools(choice: &GaugeChoice) -> AnyView {
    let origins: Vec<_> = [
        ("", "All"),
        ("default", "Default"),
        ("changed", "Default, changed"),
        ("custom", "Custom"),
    ]
    .into_iter()
    .map(|(value, label)| view! { <option value=value selected=value == choice.origin>{label}</option> })
    .collect();
    let datasets: Vec<_> = Catalogue::shipped()
        .datasets
        .iter()
        .map(|dataset| view! { <option value=dataset.slug.clone() selected=dataset.slug == choice.dataset>{dataset.title.clone()}</option> })
        .collect();
    view! {
        <form class="table-tools" method="get" role="search">
            <div class="board-filter"><label for="q">"Search"</label><input class="input" id="q" name="q" type="search" value=choice.search.clone() maxlength="200" /></div>
            <div class="board-filter"><label for="origin">"Origin"</label><select class="input" id="origin" name="origin">{origins}</select></div>
            <div class="board-filter"><label for="dataset">"Dataset"</label><select class="input" id="dataset" name="dataset"><option value="">"All"</option>{datasets}</select></div>
            <input type="hidden" name="sort" value=choice.sort.clone() />
            <button class="button primary" type="submit">"Show"</button>
            <a class="button quiet" href="/gauges">"Reset"</a>
        </form>
    }
    .into_any()
}

fn head(choice: &GaugeChoice, name: &'static str, label: &'static str) -> AnyView {
    let falling = choice.sort.strip_prefix('-') == Some(name);
    let rising = choice.sort == name;
    let (aria, sign) = match (rising, falling) {
        (true, _) => ("ascending", " ▲"),
        (_, true) => ("descending", " ▼"),
        _ => ("none", ""),
    };
    let next = if rising { format!("-{name}") } else { name.to_owned() };
    view! { <th scope="col" aria-sort=aria><a class="sort" href=format!("/gauges{}", choice.with_sort(&next))>{label}<span aria-hidden="true">{sign}</span></a></th> }
        .into_any()
}

fn row(line: &Line<'_>, can_edit: bool) -> AnyView {
    let gauge = &line.entry.value;
    let id = gauge.id.clone();
    let boards = match &line.boards[..] {
        [] => "–".to_owned(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    };
    view! {
        <tr>
            <th scope="row"><a class="row-link" href=format!("/gauges/{id}")>{gauge.title.clone()}</a>" "{badge(line.entry.origin)}</th>
            <td data-label="Dataset">{line.dataset.clone()}</td>
            <td data-label="Chart">{gauge.chart.label()}</td>
            <td data-label="Boards" title=line.boards.join(", ")>{boards}</td>
            <td class="row-actions">
                {can_edit.then(|| view! { <a class="button quiet small" href=format!("/gauges/{id}/edit")>"Edit"<span class="visually-hidden">{format!(" {}", gauge.title)}</span></a> })}
            </td>
        </tr>
    }
    .into_any()
}

/// The titles of a gauge's datasets.
pub(super) fn datasets(gauge: &Gauge) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for layer in &gauge.layers {
        let title = Catalogue::shipped()
            .dataset(&layer.dataset)
            .map_or(layer.dataset.as_str(), |it| it.title.as_str());
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles.join(", ")
}

fn sort(lines: &mut [Line<'_>], by: &str) {
    let (name, falling) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
    let compare = |a: &Line<'_>, b: &Line<'_>| {
        let title = |line: &Line<'_>| line.entry.value.title.to_lowercase();
        let order = match name {
            "title" => Ordering::Equal,
            "dataset" => a.dataset.cmp(&b.dataset),
            "chart" => a.entry.value.chart.label().cmp(b.entry.value.chart.label()),
            "boards" => a.boards.len().cmp(&b.boards.len()),
            _ => return Ordering::Equal,
        };
        let order = order.then_with(|| title(a).cmp(&title(b)));
        if falling { order.reverse() } else { order }
    };
    lines.sort_by(compare);
}
