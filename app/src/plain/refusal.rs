//! Why something was not done or is not there.

use super::frame::frame;
use crate::components::banner::{Banner, Mood};
use leptos::prelude::*;

/// A page that says why, and leads back.
#[component]
pub fn Refusal(
    /// Who is signed in.
    email: String,
    /// Why, as a sentence that says what to do.
    why: String,
    /// What became of it, in a few words.
    heading: &'static str,
    /// The page of the side bar it belongs to, where the way leads back.
    back: &'static str,
) -> impl IntoView {
    let page = view! {
        <header class="page-head"><div><h1>{heading}</h1></div></header>
        <Banner mood=Mood::Bad title=why><p><a class="link" href=back>"Back"</a></p></Banner>
    };
    frame(email, back, page.into_any())
}
