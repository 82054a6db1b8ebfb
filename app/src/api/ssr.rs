//! What only the server does for a page: show its charts before ECharts is there, and say what came of plain forms.

use super::{AppState, UiError};
use crate::components::post_form::refusal;
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use taskgauge_render::Size;

/// The picture of a chart, if it was drawn with the board's answers.
pub fn picture(option: &str, width: u32, height: u32) -> Option<String> {
    let state = use_context::<AppState>()?;
    state.renderer.drawn(option, Size { width, height }).map(|picture| picture.to_string())
}

/// Why a form was refused that was posted without wasm, as HTML: the function sent the browser back to the page with
/// the reason in its address. What other sites put into an address is not shown.
pub fn refused() -> String {
    let reason = use_context::<http::request::Parts>().and_then(|parts| {
        parts.headers.get("sec-fetch-site").filter(|site| *site == "same-origin")?;
        let query = parts.uri.query()?.to_owned();
        let (_, reason) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "__err")?;
        Some(ServerFnUrlError::<UiError>::decode_err(&reason))
    });
    reason.map(|reason| refusal(&reason).to_html()).unwrap_or_default()
}
