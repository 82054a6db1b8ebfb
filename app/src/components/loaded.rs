//! Something that is loaded from the server: while it loads, when it fails, and when it is there.

use super::banner::{Banner, Mood};
use crate::{
    api::{Payload, UiError},
    live::Load,
};
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

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

/// What a page asks the server for.
pub type Loading = Resource<Result<Payload, UiError>>;

type Fetched = Pin<Box<dyn Future<Output = Result<Payload, UiError>> + Send>>;

/// Asks the server with `fetch` for what `choice` names, and again whenever the choice changes. The page waits for it,
/// so that it is whole without JavaScript.
pub fn load<C, F>(
    choice: impl Fn() -> C + Send + Sync + 'static,
    fetch: impl Fn(C) -> F + Send + Sync + 'static,
) -> Loading
where
    C: Serialize + DeserializeOwned + 'static,
    F: Future<Output = Result<Payload, UiError>> + Send + 'static,
{
    let key = move || serde_json::to_string(&choice()).unwrap_or_default();
    let fetch = move |key: String| match serde_json::from_str::<C>(&key) {
        Ok(choice) => Box::pin(fetch(choice)) as Fetched,
        Err(_) => {
            Box::pin(ready(Err(UiError::NotFound("There is nothing at this address.".to_owned())))) as Fetched
        }
    };
    load_erased(Box::new(key), Box::new(fetch))
}

/// Written once for all pages, not once for each.
fn load_erased(
    key: Box<dyn Fn() -> String + Send + Sync>,
    fetch: Box<dyn Fn(String) -> Fetched + Send + Sync>,
) -> Loading {
    Resource::new_blocking(key, move |key| {
        let answer = fetch(key);
        async move {
            let _waiting = Load::begin();
            answer.await
        }
    })
}

/// Shows a value that was loaded. The old value stays while a new one is loaded.
#[component]
pub fn Loaded(
    /// What is loaded.
    resource: Loading,
    /// How it looks.
    view: View,
) -> impl IntoView {
    view! {
        <Transition fallback=|| view! { <p class="muted" role="status"><span class="spinner"></span>" Loading …"</p> }>
            {move || {
                let view = view.clone();
                resource.get().map(|value| match value {
                    Ok(value) => (view.0)(&value),
                    Err(error) => problem(&error),
                })
            }}
        </Transition>
    }
    .into_any()
}

/// How a loaded value is shown.
#[derive(Clone)]
pub struct View(Arc<dyn Fn(&Payload) -> AnyView + Send + Sync>);

/// Shows a value of type `T`.
pub fn shown<T, V>(view: impl Fn(T) -> V + Send + Sync + 'static) -> View
where
    T: DeserializeOwned,
    V: IntoView + 'static,
{
    View(Arc::new(move |payload| match payload.read::<T>() {
        Ok(value) => view(value).into_any(),
        Err(error) => problem(&error),
    }))
}
