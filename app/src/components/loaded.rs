//! Something that is loaded from the server: while it loads, when it fails, and when it is there.

use super::{
    banner::{Banner, Mood},
    layout::Nothing,
};
use crate::{
    api::{Payload, UiError},
    live::Load,
};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// In place of what a page should show.
fn failed(error: &UiError) -> AnyView {
    match error {
        UiError::NotFound(what) => view! { <Nothing why=what.clone() /> }.into_any(),
        error => problem(error),
    }
}

/// What a page asks the server for.
pub type Loading = Resource<Result<Payload, UiError>>;

type Fetched = Pin<Box<dyn Future<Output = Result<Payload, UiError>> + Send>>;

/// Asks the server what `ask` asks, and again whenever a signal that it reads changes. The page waits for it, so that
/// it is whole without JavaScript.
pub fn load<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Loading
where
    F: Future<Output = Result<Payload, UiError>> + Send + 'static,
{
    load_erased(Box::new(move || Box::pin(ask()) as Fetched))
}

/// Written once for all pages, not once for each.
fn load_erased(ask: Box<dyn Fn() -> Fetched + Send + Sync>) -> Loading {
    let question = Arc::new(Mutex::new((0_u64, None)));
    let asked = question.clone();
    // Every change is a question of its own: what is asked for is not compared with what was asked before.
    let number = move || {
        let fetched = ask();
        let mut question = lock(&question);
        *question = (question.0 + 1, Some(fetched));
        question.0
    };
    Resource::new_blocking(number, move |_| {
        let answer = lock(&asked).1.take();
        async move {
            let _waiting = Load::begin();
            match answer {
                Some(answer) => answer.await,
                None => Err(UiError::Offline),
            }
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
                    Err(error) => failed(&error),
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
        Err(error) => failed(&error),
    }))
}
