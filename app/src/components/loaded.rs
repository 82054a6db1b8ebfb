//! Something that is loaded from the server: while it loads, when it fails, and when it is there.

use super::banner::{Banner, Mood};
use crate::api::UiError;
use leptos::prelude::*;
use std::sync::Arc;

/// A failure as a banner; a session that has ended leads to the sign-in page.
pub fn problem(error: &UiError) -> AnyView {
    match error {
        UiError::SignedOut => view! {
            <Banner mood=Mood::Warn title="You are signed out">
                <p>"Your session has ended. "<a class="link" href="/sign-in" rel="external">"Sign in again"</a>"."</p>
            </Banner>
        }
        .into_any(),
        other => {
            let text = other.to_string();
            view! { <Banner mood=Mood::Bad title="This could not be loaded"><p>{text}</p></Banner> }.into_any()
        }
    }
}

/// Shows `view` of a resource's value. The old value stays, dimmed, while a new one is loaded.
#[component]
pub fn Loaded<T>(
    /// What is loaded.
    resource: Resource<Result<T, UiError>>,
    /// How it looks.
    #[prop(into)]
    view: ViewOf<T>,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=|| view! { <p class="muted" role="status"><span class="spinner"></span>" Loading …"</p> }>
            {move || {
                let view = view.clone();
                resource.get().map(|value| match value {
                    Ok(value) => (view.0)(value),
                    Err(error) => problem(&error),
                })
            }}
        </Transition>
    }
}

/// A function from a value to what is shown.
#[derive(Clone)]
pub struct ViewOf<T>(Arc<dyn Fn(T) -> AnyView + Send + Sync>);

impl<T, F, V> From<F> for ViewOf<T>
where
    F: Fn(T) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    fn from(view: F) -> Self {
        ViewOf(Arc::new(move |value| view(value).into_any()))
    }
}
