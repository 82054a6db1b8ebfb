//! The way to ECharts in the browser; see `frontend/js/bridge.js`.
#![allow(unsafe_code, reason = "wasm-bindgen writes the calls to JavaScript")]

use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "taskgauge-bridge")]
extern "C" {
    /// Draws an option over the picture in `host`; again for the same host to change it.
    #[wasm_bindgen(js_name = draw, catch)]
    pub async fn draw(host: &web_sys::Element, option: &str) -> Result<JsValue, JsValue>;

    /// Frees what a chart holds.
    #[wasm_bindgen(js_name = dispose)]
    pub fn dispose(host: &web_sys::Element);
}
