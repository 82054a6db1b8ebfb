//! How long ago something was, with the exact time on hover.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use taskgauge_model::format;

/// "4 min ago", or a word for never.
#[component]
pub fn Age(
    /// The instant, if there is one.
    at: Option<DateTime<Utc>>,
    /// Now, as the server said it; the same on both sides.
    now: DateTime<Utc>,
    /// What stands for never.
    #[prop(default = "not yet")]
    never: &'static str,
    /// After how many minutes it is worth a mark.
    #[prop(default = i64::MAX)]
    stale: i64,
) -> impl IntoView {
    match at {
        Some(at) => {
            let exact = format!("{} UTC", format::instant(at));
            let is_stale = (now - at).num_minutes() > stale;
            view! { <time datetime=at.to_rfc3339() title=exact class:is-stale=is_stale>{format::age(at, now)}</time> }.into_any()
        }
        None => view! { <span class="muted">{never}</span> }.into_any(),
    }
}
