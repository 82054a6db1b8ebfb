//! The rows behind a number: what the number is made of, and the records it was counted from.

use super::{
    frame::frame,
    table::{Choice, Table},
};
use crate::{
    address,
    api::sources::Source,
    components::banner::{Banner, Mood},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::{format, gauge::Gauge};
use taskgauge_store::gauges::{Behind, Part};

/// Where somebody came from.
pub struct Origin {
    /// Title of the board.
    pub title: String,
    /// Its address, with what is chosen on it.
    pub href: String,
}

/// The page of the rows behind a number.
#[component]
pub fn GaugeRows(
    /// Who is signed in.
    email: String,
    /// The gauge.
    gauge: Gauge,
    /// The datasource.
    source: Source,
    /// The rows.
    behind: Behind,
    /// What was chosen of them.
    choice: Choice,
    /// What is chosen on the board, by name and in words.
    filters: Vec<(String, String)>,
    /// The address of the gauge's own page.
    way: String,
    /// The board it was opened from.
    origin: Option<Origin>,
    /// Now.
    at: DateTime<Utc>,
) -> impl IntoView {
    let table = Table {
        dataset: behind.dataset,
        page: &behind.page,
        sort: if choice.sort.is_empty() { &behind.sort } else { &choice.sort },
        choice: &choice,
        files: format!("/gauges/{}/rows", gauge.id),
    };
    let board = origin.map(|origin| view! { <a class="link" href=origin.href>{origin.title}</a> });
    let page = view! {
        <p class="crumbs">{board}<a class="link" href=way>{gauge.title.clone()}</a></p>
        <header class="page-head">
            <div>
                <h1>{heading(&gauge, &behind)}</h1>
                <p class="page-sub">{format!("Rows of {}", behind.dataset.title)}" · "{source.name.clone()}</p>
            </div>
            {table.ways()}
        </header>
        {behind.note.clone().map(|note| view! { <Banner mood=Mood::Warn title="Not all can be seen"><p>{note}</p></Banner> })}
        {number(&gauge, &behind, &choice)}
        {facts(&behind, filters, at)}
        {table.view()}
    };
    frame(email, "/gauges", page.into_any())
}

/// The gauge and the spot in words: `Open by queue: Level I`.
pub fn heading(gauge: &Gauge, behind: &Behind) -> String {
    let mut words: Vec<&str> = behind.groups.iter().map(|(_, group)| group.as_str()).collect();
    if !words.is_empty() && gauge.values.len().max(gauge.layers.len()) > 1 && gauge.groups.len() < 2 {
        words.push(&behind.label);
    }
    if words.is_empty() { gauge.title.clone() } else { format!("{}: {}", gauge.title, words.join(", ")) }
}

/// That the rows make the number.
fn number(gauge: &Gauge, behind: &Behind, choice: &Choice) -> AnyView {
    let Some(listed) = behind.parts.get(behind.listed) else { return ().into_any() };
    let narrowed = choice.is_narrow().then(|| {
        let (shown, all) = (count(behind.page.total), count(listed.rows));
        view! { <p>{format!("You chose {shown} of these {all} rows.")}</p> }
    });
    let left_out = behind
        .leaves_out
        .then(|| view! { <p class="muted">"Groups without a divisor are left out of the number and of these rows."</p> });
    let said = match (&behind.parts[..], behind.value) {
        _ if gauge.rows.is_some() => format!("{} are on this list.", rows(listed.rows)),
        (_, None) => format!("{} There is no number for all of it together.", made(listed)),
        ([_], Some(_)) if behind.formula == listed.label && !behind.of_total => made(listed),
        (parts, Some(value)) => {
            let value = format::exact_value(value, behind.unit);
            let number = if behind.of_total {
                format!("{} = {value} of everything.", behind.label)
            } else {
                format!("{} = {} = {value}.", behind.label, behind.formula)
            };
            if parts.len() > 1 {
                format!("{number} Listed below: {} of {}.", rows(listed.rows), listed.label)
            } else {
                format!("{number} {}", made(listed))
            }
        }
    };
    view! {
        <div class="rows-number" id="number">
            <p><strong>{said}</strong></p>
            {narrowed}
            {left_out}
        </div>
        {(behind.parts.len() > 1).then(|| parts(behind, choice))}
    }
    .into_any()
}

/// `Hours = 18 h, the sum of Hours worked over these 54 rows.`
fn made(part: &Part) -> String {
    let rows = rows(part.rows);
    let Some(value) = part.value else { return format!("{}: {rows}, and no number.", part.label) };
    let value = format::exact_value(value, part.unit);
    if part.rows == 0 {
        format!("{} = {value}: there are no rows.", part.label)
    } else if part.counts {
        format!("{} = {value}: these {rows}.", part.label)
    } else {
        format!("{} = {value}, the {} over these {rows}.{}", part.label, part.measure, spread(part))
    }
}

/// ` Median 1.2 h, 90th percentile 8.4 h.` for a mean of durations.
fn spread(part: &Part) -> String {
    let said = |value| format::exact_value(value, part.unit);
    part.spread.map_or_else(String::new, |(median, p90)| {
        format!(" Median {}, 90th percentile {}.", said(median), said(p90))
    })
}

fn count(rows: u64) -> String {
    format::grouped(rows as f64, 0)
}

fn rows(number: u64) -> String {
    if number == 1 { "1 row".to_owned() } else { format!("{} rows", count(number)) }
}

/// What a value of several layers is made of; each leads to its rows.
fn parts(behind: &Behind, choice: &Choice) -> AnyView {
    let mut elsewhere = Choice { rest: choice.rest.clone(), ..Choice::default() };
    elsewhere.rest.retain(|(name, _)| name != "part");
    let lines: Vec<_> = behind
        .parts
        .iter()
        .enumerate()
        .map(|(place, part)| {
            let number = part
                .value
                .map_or_else(|| format::NOTHING.to_owned(), |value| format::exact_value(value, part.unit));
            let way = address::with(&elsewhere.reset(), &[("part", &part.id)]).replace("?&", "?");
            let said = rows(part.rows);
            let link = if place == behind.listed {
                view! { <strong>{said}", listed below"</strong> }.into_any()
            } else {
                view! { <a class="link" href=way>{said}</a> }.into_any()
            };
            view! {
                <tr>
                    <th scope="row">{part.label.clone()}</th>
                    <td>{part.measure.clone()}{spread(part).replacen(' ', ". ", 1)}</td>
                    <td class="num">{link}</td>
                    <td class="num">{number}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="What the number is made of">
            <table class="table dense">
                <thead><tr><th scope="col">"Part"</th><th scope="col">"What is taken"</th><th scope="col" class="num">"Rows"</th><th scope="col" class="num">"Number"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Groups, dates, conditions and filters in force.
fn facts(behind: &Behind, filters: Vec<(String, String)>, at: DateTime<Utc>) -> AnyView {
    let mut facts: Vec<(String, String)> = behind.groups.clone();
    if let Some((column, window)) = &behind.window {
        let (from, to) = (format::date(window.from), format::date(window.to));
        facts.push((column.clone(), format!("{from} to {to}, both included; dates in {}", behind.zone)));
    }
    if !behind.conditions.is_empty() {
        facts.push(("Counted where".to_owned(), behind.conditions.join("; ")));
    }
    facts.extend(filters);
    if !behind.unfiltered.is_empty() {
        facts.push(("Not filtered by".to_owned(), behind.unfiltered.join(", ")));
    }
    facts.push(("As of".to_owned(), format!("{} UTC; times below are in UTC, too", format::instant(at))));
    let facts: Vec<_> =
        facts.into_iter().map(|(name, text)| view! { <dt>{name}</dt><dd>{text}</dd> }).collect();
    view! { <dl class="facts">{facts}</dl> }.into_any()
}
