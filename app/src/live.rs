//! What happens on the server while a page is open: one stream of events for the whole page.
//!
//! The stream is a hint to ask again; nothing is lost when it breaks, because pages also ask when it comes back.

use leptos::prelude::*;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use taskgauge_model::run::Event;
use wasm_bindgen::{JsCast, prelude::Closure};

/// Counters that rise when something may have changed. Pages take them as the source of their resources.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    /// Rises with each step of a sync run.
    pub progress: RwSignal<u32>,
    /// Rises when rows changed.
    pub changes: RwSignal<u32>,
    /// Rises every minute, while the page is looked at.
    pub minutes: RwSignal<u32>,
    /// Whether the stream is open.
    pub connected: RwSignal<bool>,
    /// Whether it was open and is not any more.
    pub lost: RwSignal<bool>,
}

/// Opens the stream in the browser and offers [`Live`] to all pages; on the server nothing ever happens.
pub fn provide() {
    let live = Live {
        progress: RwSignal::new(0),
        changes: RwSignal::new(0),
        minutes: RwSignal::new(0),
        connected: RwSignal::new(false),
        lost: RwSignal::new(false),
    };
    provide_context(live);
    Effect::new(move |opened: Option<()>| {
        if opened.is_none() && signed_in() {
            open(live);
            set_interval(
                move || {
                    if !document().hidden() {
                        live.minutes.update(rise);
                    }
                },
                Duration::from_mins(1),
            );
        }
    });
}

/// The counters of this page.
pub fn use_live() -> Live {
    expect_context()
}

/// Pages without a frame around them have nobody signed in.
fn signed_in() -> bool {
    document().query_selector("[data-signed-in]").is_ok_and(|found| found.is_some())
}

fn open(live: Live) {
    let Ok(stream) = web_sys::EventSource::new("/events") else { return };
    let (progress_due, changes_due) = (StoredValue::new(false), StoredValue::new(false));
    let on_message = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |message: web_sys::MessageEvent| {
        let Some(text) = message.data().as_string() else { return };
        match serde_json::from_str::<Event>(&text) {
            Ok(Event::Progress { .. }) => soon(live.progress, progress_due),
            Ok(Event::Changed { .. } | Event::Edited) => soon(live.changes, changes_due),
            Err(_) => {}
        }
    });
    stream.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    let on_open = Closure::<dyn Fn()>::new(move || {
        // What happened while the stream was closed is not sent again.
        if live.connected.get_untracked() {
            live.progress.update(rise);
            live.changes.update(rise);
        }
        live.connected.set(true);
        live.lost.set(false);
    });
    stream.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    let lost = stream.clone();
    let on_error = Closure::<dyn Fn()>::new(move || {
        live.lost.set(live.connected.get_untracked());
        // The browser tries again by itself, unless something that is no stream answered.
        if lost.ready_state() == web_sys::EventSource::CLOSED {
            lost.set_onerror(None);
            set_timeout(move || open(live), REFUSED_PAUSE);
        }
    });
    stream.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    // The stream lives as long as the page.
    on_message.forget();
    on_open.forget();
    on_error.forget();
}

/// Before a refused stream is asked for again.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// How long hints are gathered before a page asks again: a sync sends many a second.
const GATHERED: Duration = Duration::from_secs(1);

/// Lets a counter rise once for all hints within [`GATHERED`], and not before the page has what it asked for last: an
/// answer that is overtaken by the next question is never shown.
fn soon(counter: RwSignal<u32>, due: StoredValue<bool>) {
    if !due.get_value() {
        due.set_value(true);
        settle(counter, due);
    }
}

fn settle(counter: RwSignal<u32>, due: StoredValue<bool>) {
    set_timeout(
        move || {
            if LOADS.load(Ordering::Relaxed) > 0 {
                return settle(counter, due);
            }
            due.set_value(false);
            counter.update(rise);
        },
        GATHERED,
    );
}

/// Answers that the page waits for.
static LOADS: AtomicUsize = AtomicUsize::new(0);

/// Counts as an answer that is waited for until it is dropped.
#[derive(Debug)]
pub struct Load(());

impl Load {
    /// The page begins to wait.
    pub fn begin() -> Load {
        LOADS.fetch_add(1, Ordering::Relaxed);
        Load(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        LOADS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn rise(count: &mut u32) {
    *count = count.wrapping_add(1);
}
