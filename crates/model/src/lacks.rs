//! What the permission doctor's findings mean for a dataset and for a gauge: the sentences that mark them wherever they
//! are shown.

use crate::{
    dataset::Dataset,
    datasource::{Doctor, Finding, Probe},
    gaps::{Gap, Hides},
    gauge::{Gauge, Layer},
};

/// How much of an answer hangs on an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Its number is still worth showing without it, with a mark.
    Part,
    /// Without it there is no number.
    Whole,
}

/// Columns that are computed from another entity than the dataset's first, and what they are worth without it.
const COLUMN_ENTITIES: &[(&str, &str, Need)] = &[
    ("touches", "TimeEntries", Need::Whole),
    ("hours_worked", "TimeEntries", Need::Whole),
    ("labor_cost", "TimeEntries", Need::Whole),
    ("uncosted_hours", "TimeEntries", Need::Whole),
    ("hours_30d", "TimeEntries", Need::Part),
    ("days_to_empty", "TimeEntries", Need::Part),
    ("has_call", "ServiceCalls", Need::Whole),
    ("first_response_hours_sla", "ServiceLevelAgreementResults", Need::Whole),
    ("resolution_hours_sla", "ServiceLevelAgreementResults", Need::Whole),
    ("contact", "Contacts", Need::Whole),
    ("time_off_hours", "TimeOffRequests", Need::Part),
    ("available_hours", "TimeOffRequests", Need::Part),
    ("missing_hours", "TimeOffRequests", Need::Part),
    ("billable_goal_hours", "TimeOffRequests", Need::Part),
    ("missing_hours", "TimeEntries", Need::Whole),
    ("worked_hours", "TimeEntries", Need::Whole),
    ("variance_hours", "TimeEntries", Need::Whole),
    ("is_over_budget", "TimeEntries", Need::Whole),
    ("cpi", "TimeEntries", Need::Whole),
    ("cpi_at_completion", "TimeEntries", Need::Whole),
    ("remaining_hours", "Tasks", Need::Whole),
    ("worked_hours", "Tasks", Need::Whole),
    ("is_over_budget", "Tasks", Need::Whole),
    ("tasks", "Tasks", Need::Whole),
    ("tasks_complete", "Tasks", Need::Whole),
    ("task_progress", "Tasks", Need::Whole),
    ("earned_hours", "Tasks", Need::Whole),
    ("cpi", "Tasks", Need::Whole),
    ("posted_revenue", "BillingItems", Need::Whole),
    ("total", "QuoteItems", Need::Whole),
];

/// What is lacking behind an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lacks {
    /// Why there can be no answer.
    pub barred: Option<String>,
    /// What is missing from it, a sentence or two each.
    pub notes: Vec<String>,
}

/// How much a layer's numbers hang on an entity; `None` where they do not.
pub fn need(gauge: &Gauge, layer: &Layer, dataset: &Dataset, entity: &str) -> Option<Need> {
    if dataset.entities.first().is_some_and(|first| first == entity) {
        return Some(Need::Whole);
    }
    if !dataset.entities.iter().any(|known| known == entity) {
        return None;
    }
    let of = |column: &str| {
        let computed = COLUMN_ENTITIES.iter().find(|(name, from, _)| *name == column && *from == entity)?;
        Some(computed.2)
    };
    let counted = counted(gauge, layer).filter_map(of).max();
    // A list without the values of a column is still a list.
    let listed = listed(gauge, layer).any(|column| of(column).is_some());
    counted.or(listed.then_some(Need::Part))
}

/// The columns that a layer's numbers are made from.
fn counted<'a>(gauge: &'a Gauge, layer: &'a Layer) -> impl Iterator<Item = &'a str> {
    layer
        .measure
        .column()
        .into_iter()
        .chain(layer.conditions.iter().map(|condition| condition.column.as_str()))
        .chain(gauge.groups.iter().map(|group| group.by.as_str()))
        .chain(layer.by.iter().map(String::as_str))
}

/// The columns of a gauge's list of rows, which are those of its first layer.
fn listed<'a>(gauge: &'a Gauge, layer: &Layer) -> impl Iterator<Item = &'a str> {
    let is_first = gauge.layers.first().is_some_and(|first| first.id == layer.id);
    gauge.rows.iter().filter(move |_| is_first).flat_map(|list| list.columns.iter().map(String::as_str))
}

impl Gap {
    /// Whether rows or columns of a dataset are hidden by it.
    pub fn spoils(&self, dataset: &Dataset) -> bool {
        match self.hides {
            Hides::Rows => dataset.entities.iter().any(|entity| entity == self.entity),
            Hides::Columns(columns) => columns.iter().any(|(slug, _)| *slug == dataset.slug),
        }
    }

    /// Whether the numbers of a gauge's layer are wrong by it.
    pub fn spoils_layer(&self, gauge: &Gauge, layer: &Layer, dataset: &Dataset) -> bool {
        match self.hides {
            Hides::Rows => need(gauge, layer, dataset, self.entity).is_some(),
            Hides::Columns(columns) => {
                columns.iter().filter(|(slug, _)| *slug == dataset.slug).flat_map(|(_, hidden)| *hidden).any(
                    |hidden| counted(gauge, layer).chain(listed(gauge, layer)).any(|read| read == *hidden),
                )
            }
        }
    }
}

/// What is missing from a dataset, a sentence or two each.
pub fn of_dataset(doctor: &Doctor, dataset: &Dataset) -> Vec<String> {
    let probes =
        doctor.probes.iter().filter(|probe| is_missing(probe) && dataset.entities.contains(&probe.entity));
    let gaps = doctor.gaps.iter().filter(|found| declared(found).is_some_and(|gap| gap.spoils(dataset)));
    probes.chain(gaps).map(sentence).collect()
}

/// What is missing behind a gauge, whose layers count in these datasets.
pub fn of_gauge(doctor: &Doctor, gauge: &Gauge, layers: &[(&Layer, &Dataset)]) -> Lacks {
    let mut lacks = Lacks::default();
    for probe in doctor.probes.iter().filter(|probe| is_missing(probe)) {
        let needs = layers.iter().filter_map(|(layer, dataset)| need(gauge, layer, dataset, &probe.entity));
        match needs.max() {
            Some(Need::Whole) if probe.finding == Finding::Forbidden => {
                return Lacks { barred: Some(sentence(probe)), notes: Vec::new() };
            }
            Some(_) => lacks.notes.push(sentence(probe)),
            None => {}
        }
    }
    for found in &doctor.gaps {
        let spoilt =
            |gap: &Gap| layers.iter().any(|(layer, dataset)| gap.spoils_layer(gauge, layer, dataset));
        if declared(found).is_some_and(spoilt) {
            lacks.notes.push(sentence(found));
        }
    }
    lacks
}

const fn is_missing(probe: &Probe) -> bool {
    matches!(probe.finding, Finding::Forbidden | Finding::SuspiciouslyEmpty)
}

fn declared(found: &Probe) -> Option<&'static Gap> {
    match &found.finding {
        Finding::Gap { id, .. } => Gap::named(id),
        _ => None,
    }
}

/// What is missing, and which right of the security level shows it.
fn sentence(probe: &Probe) -> String {
    let label = &probe.label;
    let what = match &probe.finding {
        Finding::Gap { why, .. } => why.clone(),
        Finding::SuspiciouslyEmpty => format!(
            "Autotask shows no “{label}” at all. Most likely the API user's security level hides them."
        ),
        _ => format!("The API user may not read “{label}”."),
    };
    match &probe.right {
        Some((tab, row)) => format!("{what} The right of its security level: {tab} → {row}."),
        None => {
            format!("{what} The permission check says which right of its security level to change.")
        }
    }
}
