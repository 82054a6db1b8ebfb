//! A run's progress: dataset by dataset, and in detail by kind of record.

use super::banner::{Badge, Mood};
use leptos::prelude::*;
use taskgauge_model::{
    format,
    run::{Run, RunState, Step},
};

/// How a state looks.
pub fn state_badge(state: RunState) -> AnyView {
    let (mood, word) = match state {
        RunState::Queued => (None, "Waiting"),
        RunState::Running => (Some(Mood::Info), "Running"),
        RunState::Done => (Some(Mood::Good), "Done"),
        RunState::Failed => (Some(Mood::Bad), "Failed"),
        RunState::Cancelled => (Some(Mood::Warn), "Stopped"),
    };
    view! { <Badge mood=mood text=word /> }.into_any()
}

/// The steps of a run with rows, rate and time left.
#[component]
pub fn Steps(
    /// The run.
    run: Run,
    /// Titles of the datasets and the entities each is made of.
    datasets: Vec<(String, Vec<String>)>,
) -> impl IntoView {
    let by_dataset: Vec<_> = datasets
        .into_iter()
        .filter_map(|(title, entities)| {
            let steps: Vec<&Step> = run.steps.iter().filter(|step| entities.contains(&step.entity)).collect();
            let leading = steps.iter().find(|step| entities.first() == Some(&step.entity)).copied();
            leading.map(|leading| dataset_row(title, leading, &steps))
        })
        .collect();
    let done = run.steps.iter().filter(|step| step.state.is_over()).count();
    let total = run.steps.len();
    let read: u64 = run.steps.iter().map(|step| step.read).sum();
    let rows: Vec<_> = run.steps.into_iter().map(|step| view! { <StepRow step=step /> }.into_any()).collect();
    let words = format!(
        "{done} of {total} kinds of records, {} rows read, {} requests",
        format::grouped(read as f64, 0),
        format::grouped(run.requests as f64, 0)
    );
    view! {
        <div class="stack">
            <p class="row"><progress class="progress" max=total.to_string() value=done.to_string() aria-label="Records synced"></progress><span>{words}</span></p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Progress by dataset">
                <table class="table dense sync-list">
                    <thead>
                        <tr>
                            <th scope="col">"Dataset"</th>
                            <th scope="col">"Progress"</th>
                            <th scope="col">"State"</th>
                            <th scope="col" class="num">"Read"</th>
                            <th scope="col" class="num">"Rows a second"</th>
                            <th scope="col" class="num">"Time left"</th>
                            <th scope="col" class="num">"Requests"</th>
                        </tr>
                    </thead>
                    <tbody>{by_dataset}</tbody>
                </table>
            </div>
            <details>
            <summary>"By kind of record"</summary>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Progress by kind of record">
                <table class="table dense sync-list">
                    <thead>
                        <tr>
                            <th scope="col">"Records"</th>
                            <th scope="col">"State"</th>
                            <th scope="col" class="num">"Read"</th>
                            <th scope="col" class="num">"Changed"</th>
                            <th scope="col" class="num">"Rows a second"</th>
                            <th scope="col" class="num">"Time left"</th>
                            <th scope="col" class="num">"Requests"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            </details>
        </div>
    }
    .into_any()
}

/// What the steps behind a dataset come to: the rows are those of its leading entity, state and requests those of all.
fn dataset_row(title: String, leading: &Step, steps: &[&Step]) -> AnyView {
    let state = [RunState::Failed, RunState::Cancelled, RunState::Running, RunState::Queued]
        .into_iter()
        .find(|state| steps.iter().any(|step| step.state == *state));
    let begun = steps.iter().any(|step| step.read > 0 || step.state != RunState::Queued);
    let state = match state {
        Some(RunState::Queued) if begun => RunState::Running,
        Some(state) => state,
        None => RunState::Done,
    };
    let (read, expected) = (leading.read, leading.expected);
    let requests: u64 = steps.iter().map(|step| step.requests).sum();
    let running = leading.state == RunState::Running;
    let rate = leading.rate().filter(|_| running);
    let left = leading.seconds_left().filter(|_| running);
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| format::NOTHING.to_owned());
    let words = match expected.filter(|_| !state.is_over()) {
        Some(expected) => {
            format!("{} of {}", format::grouped(read as f64, 0), format::grouped(expected as f64, 0))
        }
        None => format::grouped(read as f64, 0),
    };
    let name = format!("Progress of {title}");
    let (value, max) =
        if state == RunState::Done { (1, 1) } else { (read, expected.unwrap_or_default().max(1)) };
    view! {
        <tr>
            <th scope="row">{title}</th>
            <td><progress max=max.to_string() value=value.min(max).to_string() aria-label=name></progress></td>
            <td>{state_badge(state)}</td>
            <td class="num">{words}</td>
            <td class="num">{or_nothing(rate.map(|rate| format::grouped(rate, 0)))}</td>
            <td class="num">{or_nothing(left.map(format::span))}</td>
            <td class="num">{format::grouped(requests as f64, 0)}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn StepRow(step: Step) -> impl IntoView {
    let rate = step.rate().map_or_else(|| format::NOTHING.to_owned(), |rate| format::grouped(rate, 0));
    let left = match (step.state, step.seconds_left()) {
        (RunState::Running, Some(seconds)) => format::span(seconds),
        _ => format::NOTHING.to_owned(),
    };
    let read = match (step.state, step.expected) {
        (RunState::Running | RunState::Queued, Some(expected)) => {
            format!("{} of {}", format::grouped(step.read as f64, 0), format::grouped(expected as f64, 0))
        }
        _ => format::grouped(step.read as f64, 0),
    };
    let part = step.slice.filter(|_| step.state == RunState::Running);
    let aside = (step.quarantined > 0)
        .then(|| format!("{} rows could not be read and were set aside.", step.quarantined));
    view! {
        <tr>
            <th scope="row">
                {step.label}
                {part.map(|part| view! { <span class="muted">{format!(" · {part}")}</span> }.into_any())}
                {step.problem.map(|problem| view! { <p class="field-error">{problem}</p> }.into_any())}
                {aside.map(|aside| view! { <p class="muted">{aside}</p> }.into_any())}
            </th>
            <td>{state_badge(step.state)}</td>
            <td class="num">{read}</td>
            <td class="num">{format::grouped((step.written + step.deleted) as f64, 0)}</td>
            <td class="num">{rate}</td>
            <td class="num">{left}</td>
            <td class="num">{format::grouped(step.requests as f64, 0)}</td>
        </tr>
    }
    .into_any()
}
