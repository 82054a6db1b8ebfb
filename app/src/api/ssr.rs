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

/// Whether the page was asked for from one of ours. Browsers that say less of it, as they do without TLS, name the page
/// they come from.
fn came_from_here(headers: &http::HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text(http::header::REFERER).and_then(|from| from.split_once("://")).map(|(_, rest)| rest);
    let host = from.and_then(|rest| rest.split('/').next());
    host.is_some()
        && host == text(http::HeaderName::from_static("x-forwarded-host")).or(text(http::header::HOST))
}

/// Why a form was refused that was posted without wasm, as HTML: the function sent the browser back to the page with
/// the reason in its address. What other sites put into an address is not shown.
pub fn refused() -> String {
    let reason = use_context::<http::request::Parts>().and_then(|parts| {
        came_from_here(&parts.headers).then_some(())?;
        let query = parts.uri.query()?.to_owned();
        let (_, reason) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "__err")?;
        Some(ServerFnUrlError::<UiError>::decode_err(&reason))
    });
    reason.map(|reason| refusal(&reason).to_html()).unwrap_or_default()
}
