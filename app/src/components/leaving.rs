//! Asking before somebody leaves a page with something on it that would be lost.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};

const QUESTION: &str = "Leave this page? What you typed is not saved.";

/// Asks before the page is left while `dirty` says that something would be lost: by a link, by closing it, or by
/// another address.
pub fn ask_before_leaving(dirty: Signal<bool>) {
    // Only in a browser.
    Effect::new(move |_| {
        let closing = window_event_listener(leptos::ev::beforeunload, move |event| {
            if dirty.try_get_untracked() == Some(true) {
                event.prevent_default();
            }
        });
        // Before the router sees the click.
        let click = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let link = target.and_then(|target| target.closest("a[href]:not([target])").ok().flatten());
            let Some(link) = link else { return };
            let stays = link.get_attribute("href").is_some_and(|href| href.starts_with('#'));
            if !stays && dirty.try_get_untracked() == Some(true) && !confirmed() {
                event.prevent_default();
                event.stop_propagation();
            }
        });
        let handler = click.as_ref().unchecked_ref::<js_sys::Function>().clone();
        let _ = window().add_event_listener_with_callback_and_bool("click", &handler, true);
        let (handler, click) = (StoredValue::new_local(handler), StoredValue::new_local(Some(click)));
        on_cleanup(move || {
            closing.remove();
            handler.with_value(|handler| {
                let _ = window().remove_event_listener_with_callback_and_bool("click", handler, true);
            });
            click.update_value(|click| drop(click.take()));
        });
    });
}

fn confirmed() -> bool {
    window().confirm_with_message(QUESTION).unwrap_or(true)
}
