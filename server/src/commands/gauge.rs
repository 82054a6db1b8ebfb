//! `taskgauge gauge`: the answer to a gauge.
#![expect(clippy::doc_markdown, reason = "these texts are read on a terminal, as help")]

use super::{instant, named, print, print_json, say, with_open};
use crate::config::Installation;
use chrono::{DateTime, Utc};
use serde_json::json;
use taskgauge_model::{
    format,
    gauge::{Answer, FILTERS, Filters, Gauge, Status},
    ids::DatasourceId,
};
use taskgauge_store::{Scope, Store, StoreError};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    installation: Installation,
    /// The gauge's id, e.g. open_tickets.
    id: String,
    /// Name of the datasource.
    #[arg(long)]
    datasource: String,
    /// The instant to answer for; now when left out.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// Filter by field=value, an id or a label; can be given several times. Fields: queue, priority, client, member,
    /// range …
    #[arg(long = "filter", value_name = "FIELD=VALUE")]
    filters: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<(), String> {
    let mut filters = filters(&arguments.filters)?;
    with_open(&arguments.installation, async |opened| {
        let gauge = opened.store.gauge(&arguments.id).await.map_err(|error| match error {
            StoreError::NotFound { .. } => format!("There is no gauge “{}”.", arguments.id),
            other => other.to_string(),
        })?;
        let source = named(opened, &arguments.datasource).await?.id;
        known_values(&opened.store, source, &mut filters).await?;
        let at = arguments.at.unwrap_or_else(|| opened.store.clock().now());
        let answer = opened
            .store
            .answer(source, &gauge, &filters, &Scope::All, at)
            .await
            .map_err(|error| error.to_string())?;
        if !answer.unfiltered.is_empty() {
            say(&format!("This gauge cannot be filtered by: {}.", answer.unfiltered.join(", ")));
        }
        let has_words = matches!(answer.status, Status::Ok) || arguments.json;
        if let Some(note) = answer.note.as_deref().filter(|_| has_words) {
            say(note);
        }
        if arguments.json {
            return print_json(&contract(&gauge, &answer));
        }
        let words = match (answer.status, answer.value) {
            (Status::Ok, Some(value)) => format::exact_value(value, answer.unit),
            (Status::Ok, None) if answer.groups.is_empty() => format!("{} rows", answer.rows),
            (Status::Ok, None) => format!("{} groups", answer.groups.len()),
            (Status::NoData, _) => format!("no data. {}", answer.note.as_deref().unwrap_or_default()),
            (Status::NotPermitted, _) => {
                format!("not permitted. {}", answer.note.as_deref().unwrap_or_default())
            }
            (Status::Loading, _) => format!("still loading. {}", answer.note.as_deref().unwrap_or_default()),
        };
        print(&format!("{}: {words}", gauge.title))?;
        if let Some(previous) = answer.previous {
            print(&format!("  Before: {}", format::exact_value(previous, answer.unit)))?;
        }
        if let Some(target) = &gauge.target {
            let target = target.within(Some(&answer)).value;
            print(&format!("  Goal: {}", format::exact_value(target, answer.unit)))?;
        }
        for figure in &answer.figures {
            print(&format!("  {}: {}", figure.label, format::exact_value(figure.value, figure.unit)))?;
        }
        for group in &answer.groups {
            let values: Vec<String> = answer
                .series
                .iter()
                .filter_map(|series| {
                    Some(format!(
                        "{} {}",
                        series.label,
                        format::exact_value(*group.values.get(&series.id)?, series.unit)
                    ))
                })
                .collect();
            print(&format!("  {}: {}", group.label, values.join(", ")))?;
        }
        Ok(())
    })
    .await
}

/// Takes ids and labels of what a filter offers, and nothing else: a slip of the pen must not look like a zero.
async fn known_values(store: &Store, source: DatasourceId, filters: &mut Filters) -> Result<(), String> {
    for (field, values) in &mut filters.fields {
        let choices =
            store.filter_choices(source, field, &Scope::All).await.map_err(|error| error.to_string())?;
        for value in values {
            // Lists of people and companies name those of today; others are there by their id.
            let is_id = choices.iter().any(|(id, _)| id == value)
                || (!ENUMERATED.contains(&field.as_str()) && value.parse::<i64>().is_ok());
            if is_id {
                continue;
            }
            let mut named = choices.iter().filter(|(_, label)| label.eq_ignore_ascii_case(value));
            let (first, second) = (named.next(), named.next());
            if let (Some((first, _)), Some((second, _))) = (first, second) {
                return Err(format!(
                    "Several are named “{value}”, such as {first} and {second}. Give the id."
                ));
            }
            let Some((id, _)) = first else {
                let some: Vec<String> =
                    choices.iter().take(SHOWN).map(|(id, label)| format!("{id} ({label})")).collect();
                let more = if choices.len() > SHOWN { " and more" } else { "" };
                return Err(format!(
                    "The filter “{field}” offers no “{value}”. It offers {}{more}.",
                    some.join(", ")
                ));
            };
            value.clone_from(id);
        }
    }
    Ok(())
}

/// Filters whose values are all listed.
const ENUMERATED: [&str; 3] = ["queue", "priority", "status"];

/// Choices named in an error.
const SHOWN: usize = 20;

/// The contract of `--json`.
fn contract(gauge: &Gauge, answer: &Answer) -> serde_json::Value {
    let figures: Vec<_> = answer
        .figures
        .iter()
        .map(|figure| json!({ "id": figure.id, "label": figure.label, "unit": figure.unit, "value": figure.value }))
        .collect();
    let groups: Vec<_> = answer
        .groups
        .iter()
        .map(|group| json!({ "key": group.key, "label": group.label, "values": group.values }))
        .collect();
    json!({
        "gauge": answer.gauge,
        "at": answer.at,
        "status": answer.status,
        "value": answer.value,
        "unit": answer.unit,
        "previous": answer.previous,
        "target": gauge.target.as_ref().map(|target| target.within(Some(answer)).value),
        "figures": figures,
        "rows": answer.rows,
        "groups": groups,
    })
}

fn filters(given: &[String]) -> Result<Filters, String> {
    let mut filters = Filters::default();
    for pair in given {
        let (field, value) =
            pair.split_once('=').ok_or_else(|| format!("“{pair}” is not of the form field=value."))?;
        if field == "range" {
            filters.range =
                Some(value.parse().map_err(|error: taskgauge_model::range::UnknownRange| error.to_string())?);
        } else if FILTERS.iter().any(|(name, _, _)| *name == field) {
            filters.fields.entry(field.to_owned()).or_default().push(value.to_owned());
        } else {
            let known: Vec<&str> = FILTERS.iter().map(|(name, _, _)| *name).collect();
            return Err(format!("There is no filter “{field}”. Known: range, {}.", known.join(", ")));
        }
    }
    Ok(filters)
}
