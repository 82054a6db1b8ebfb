//! Forms on their way to server functions; see `frontend/js/post.js`.
#![allow(unsafe_code, reason = "wasm-bindgen writes the calls to JavaScript")]

use super::{Payload, UiError};
use wasm_bindgen::prelude::*;

pub use super::ssr::refused;

#[wasm_bindgen(raw_module = "taskgauge-post")]
extern "C" {
    #[wasm_bindgen(js_name = post, catch)]
    async fn send(address: &str, form: &web_sys::HtmlFormElement) -> Result<JsValue, JsValue>;
}

/// Calls the server function at `path` with the fields of `form`; answers its value, as JSON text, or why it refused.
pub async fn post(path: &str, form: &web_sys::HtmlFormElement) -> Result<Payload, UiError> {
    let answer = send(path, form).await.map_err(|_| UiError::Offline)?;
    let answer = js_sys::Array::from(&answer);
    let body = answer.get(1).as_string().unwrap_or_default();
    if !answer.get(0).is_truthy() {
        return Err(serde_json::from_str(&body).unwrap_or(UiError::Offline));
    }
    let payload: Payload = serde_json::from_str(&body).map_err(|_| UiError::Offline)?;
    payload.refusal().map_or(Ok(payload), Err)
}
