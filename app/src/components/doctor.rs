//! What the permission doctor found, as a table a person can act on.

use super::banner::{Badge, Mood};
use leptos::prelude::*;
use taskgauge_model::{
    datasource::{Doctor, Finding, Probe},
    format,
};

/// The doctor's findings: problems first and open, what is fine folded away.
#[component]
pub fn DoctorView(
    /// What it found.
    doctor: Doctor,
) -> impl IntoView {
    let (fine, mut wrong): (Vec<Probe>, Vec<Probe>) = doctor
        .probes
        .into_iter()
        .partition(|probe| matches!(probe.finding, Finding::Readable { .. } | Finding::Empty));
    wrong.extend(doctor.gaps);
    let all_fine = wrong.is_empty();
    let count = fine.len();
    let notes: Vec<_> = doctor
        .notes
        .into_iter()
        .map(|note| {
            let mood = if note.missing { Mood::Warn } else { Mood::Info };
            view! { <li><Badge mood=Some(mood) text=if note.missing { "Gap" } else { "Not needed" } />" "{note.what}" "<strong>{note.next}</strong></li> }.into_any()
        })
        .collect();
    view! {
        <div class="doctor stack">
            {(!all_fine).then(|| view! {
                <p>"Autotask leaves these out. Change the security level of the API user where it is shown, then test again."</p>
                <ProbeTable probes=wrong />
            }.into_any())}
            {(!notes.is_empty()).then(|| view! { <ul class="doctor-notes">{notes}</ul> }.into_any())}
            <details class="doctor-fine" open=false>
                <summary>{format!("{count} kinds of records can be read")}</summary>
                <ProbeTable probes=fine />
            </details>
        </div>
    }
    .into_any()
}

/// A mark on something that the API user cannot see the whole of; nothing where it can.
///
/// `lacks` is what is missing, and which right shows it.
pub fn incomplete(lacks: String) -> AnyView {
    if lacks.is_empty() {
        return ().into_any();
    }
    view! {
        <details class="incomplete">
            <summary><Badge mood=Some(Mood::Warn) text="Incomplete" /></summary>
            <p>{lacks}</p>
        </details>
    }
    .into_any()
}

#[component]
fn ProbeTable(probes: Vec<Probe>) -> impl IntoView {
    let rows: Vec<_> = probes
        .into_iter()
        .map(|probe| {
            let mut seen = String::new();
            let (mood, word, rows) = match probe.finding {
                Finding::Readable { rows } => {
                    (Some(Mood::Good), "Readable".to_owned(), format::grouped(rows as f64, 0))
                }
                Finding::Empty => (None, "Empty".to_owned(), "0".to_owned()),
                Finding::SuspiciouslyEmpty => {
                    (Some(Mood::Warn), "Nothing visible".to_owned(), "0".to_owned())
                }
                Finding::Forbidden => (Some(Mood::Bad), "Forbidden".to_owned(), format::NOTHING.to_owned()),
                Finding::Unknown { why } => {
                    (Some(Mood::Warn), format!("Unknown: {why}"), format::NOTHING.to_owned())
                }
                Finding::Gap { why, .. } => {
                    seen = why;
                    (Some(Mood::Warn), "Suspicious".to_owned(), format::NOTHING.to_owned())
                }
            };
            let right = probe.right.map(|(tab, row)| format!("{tab} → {row}")).unwrap_or_default();
            view! {
                <tr>
                    <th scope="row">{probe.label}<p class="muted">{seen}</p></th>
                    <td><Badge mood=mood text=word /></td>
                    <td class="num">{rows}</td>
                    <td>{right}</td>
                    <td>
                        {probe.datasets.join(", ")}
                        {(!probe.gauges.is_empty()).then(|| view! {
                            <details>
                                <summary>{format!("{} gauges", probe.gauges.len())}</summary>
                                {probe.gauges.join(", ")}
                            </details>
                        }.into_any())}
                    </td>
                </tr>
            }
            .into_any()
        })
        .collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Findings">
            <table class="table dense">
                <thead>
                    <tr>
                        <th scope="col">"Records"</th>
                        <th scope="col">"Finding"</th>
                        <th scope="col" class="num">"Rows"</th>
                        <th scope="col">"Security level: tab → right"</th>
                        <th scope="col">"Datasets and gauges that need it"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
