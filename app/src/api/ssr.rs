//! What only the server does for a page: show its charts before ECharts is there.

use super::AppState;
use leptos::prelude::*;
use taskgauge_render::Size;

/// The picture of a chart, if it was drawn with the board's answers.
pub fn picture(option: &str, width: u32, height: u32) -> Option<String> {
    let state = use_context::<AppState>()?;
    state.renderer.drawn(option, Size { width, height }).map(|picture| picture.to_string())
}
