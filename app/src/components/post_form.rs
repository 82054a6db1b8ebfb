//! A form that changes something on the server.

use super::{
    banner::{Banner, Mood},
    loaded::problem,
};
use crate::api::{Payload, UiError, posting};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

/// What came of a form: the server function's value, or why it refused.
pub type Posted = Result<Payload, UiError>;

/// A form whose fields are the arguments of a server function.
///
/// It works before and without the wasm, too: the browser then posts it to `plain`, or to the function itself, which
/// sends it back to the page (see [`Refused`]). One component serves all functions, where an action for each would be
/// a tenth of the wasm.
#[component]
pub fn PostForm(
    /// The function's path, e.g. `SyncNow::PATH`.
    to: &'static str,
    /// Where the form goes without wasm, if not to the function.
    #[prop(optional, into)]
    plain: String,
    /// The class of the form.
    #[prop(optional)]
    class: &'static str,
    /// Whether the answer is being waited for.
    #[prop(optional)]
    busy: RwSignal<bool>,
    /// Called with the answer.
    #[prop(into)]
    answered: Callback<Posted>,
    /// Fields and buttons.
    children: Children,
) -> impl IntoView {
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let Some(form) = form.filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        spawn_local(async move {
            let posted = posting::post(to, &form).await;
            // The page may have been left meanwhile.
            busy.try_set(false);
            answered.try_run(posted);
        });
    };
    let action = if plain.is_empty() { to.to_owned() } else { plain };
    view! { <form method="post" action=action class=class on:submit=submit>{children()}</form> }.into_any()
}

/// Says why a function refused a form that was posted without wasm. It stands in the page that the browser was sent
/// back to, and is not part of what the wasm takes over.
#[component]
pub fn Refused() -> impl IntoView {
    view! { <div inner_html=posting::refused()></div> }.into_any()
}

/// Why a function refused, as a banner.
pub fn refusal(error: &UiError) -> AnyView {
    if *error == UiError::SignedOut {
        return problem(error);
    }
    let text = error.to_string();
    view! { <Banner mood=Mood::Bad title="That was not done"><p>{text}</p></Banner> }.into_any()
}
