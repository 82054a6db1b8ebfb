//! The wasm entry point: takes over the page that the server rendered.
// A page is one deeply nested type.
#![recursion_limit = "512"]
#![allow(unsafe_code, reason = "wasm-bindgen writes the way in from JavaScript")]

/// Called by the page once the wasm is there.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(taskgauge_app::App);
}
