//! How a number stands to its target: a colour, always with a sign and a word.

use leptos::prelude::*;
use taskgauge_model::{
    format,
    gauge::{Good, Target, Tone, Unit},
};

/// The class of what has a target; empty without one.
pub fn tone(target: Option<&Target>, value: f64) -> &'static str {
    match target.map(|target| target.tone(value)) {
        Some(Tone::Good) => "good",
        Some(Tone::Warn) => "warn",
        Some(Tone::Bad) => "bad",
        None => "",
    }
}

/// A sign for the eyes, and a word for who cannot see it.
fn said(target: &Target, value: f64) -> (&'static str, &'static str) {
    match target.tone(value) {
        Tone::Good => ("✓", "reached"),
        Tone::Warn if target.is_beyond(value) => ("!", "beyond what is good"),
        Tone::Warn => ("!", "close"),
        Tone::Bad => ("✕", "missed"),
    }
}

/// The target of a value, and how the value stands to it.
pub fn goal(target: Option<&Target>, value: f64, unit: Unit) -> Option<AnyView> {
    let shown = target?;
    let (sign, word) = said(shown, value);
    let side = match shown.good {
        Good::Higher => "",
        Good::Lower => "at most ",
    };
    let number = format::value(shown.value, unit);
    let class = format!("target {}", tone(target, value));
    Some(
        view! {
            <p class=class>
                <span aria-hidden="true">{sign}</span>
                {format!(" goal {side}{number}")}
                <span class="visually-hidden">{format!(", {word}")}</span>
            </p>
        }
        .into_any(),
    )
}

/// A mark on a number in a table that does not reach its target; nothing on one that does.
pub fn mark(target: Option<&Target>, value: Option<f64>) -> Option<AnyView> {
    let (target, value) = target.zip(value)?;
    if target.tone(value) == Tone::Good {
        return None;
    }
    let (sign, word) = said(target, value);
    let class = format!("mark {}", tone(Some(target), value));
    Some(
        view! { <span class=class><span aria-hidden="true">{sign}</span><span class="visually-hidden">{format!("goal {word}: ")}</span></span> }
            .into_any(),
    )
}
