//! A message with a sign, a title and what to do.

use leptos::prelude::*;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It worked.
    Good,
    /// Look at it.
    Warn,
    /// It failed.
    Bad,
    /// Good to know.
    Info,
}

impl Mood {
    /// Its CSS class and its sign.
    pub const fn look(self) -> (&'static str, &'static str) {
        match self {
            Mood::Good => ("good", "✓"),
            Mood::Warn => ("warn", "!"),
            Mood::Bad => ("bad", "✕"),
            Mood::Info => ("info", "i"),
        }
    }
}

/// A banner. Failures are alerts, everything else is a status.
#[component]
pub fn Banner(
    /// What it is about.
    mood: Mood,
    /// What happened, in a few words.
    #[prop(into)]
    title: String,
    /// What to know and to do.
    children: Children,
) -> impl IntoView {
    let (class, sign) = mood.look();
    let role = if mood == Mood::Bad { "alert" } else { "status" };
    view! {
        <div class=format!("banner {class}") role=role>
            <span class="banner-sign" aria-hidden="true">{sign}</span>
            <div>
                <p class="banner-title">{title}</p>
                <div class="banner-body">{children()}</div>
            </div>
        </div>
    }
    .into_any()
}

/// A word in a coloured frame, with its sign.
#[component]
pub fn Badge(
    /// What it is about; `None` is neutral.
    mood: Option<Mood>,
    /// The word.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let (class, sign) = mood.map_or(("neutral", "·"), Mood::look);
    view! { <span class=format!("badge {class}")><span aria-hidden="true">{sign}</span>" "{text}</span> }
}
