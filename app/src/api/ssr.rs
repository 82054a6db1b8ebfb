//! What only the server does for a page: draw its charts.

use super::AppState;
use crate::charts;
use leptos::prelude::*;
use taskgauge_model::gauge::{Answer, ChartKind};
use taskgauge_render::Size;

/// The picture of a chart, if [`prepare_pictures`] drew it.
pub fn picture(option: &str, width: u32, height: u32) -> Option<String> {
    let state = use_context::<AppState>()?;
    state.renderer.drawn(option, Size { width, height }).map(|picture| picture.to_string())
}

/// Draws the charts of a page, so that its first HTML holds them. A chart that cannot be drawn is left out: its
/// numbers stand in its table.
pub async fn prepare_pictures(wanted: Vec<(ChartKind, Answer, u32, u32)>) {
    let Some(state) = use_context::<AppState>() else { return };
    for (kind, answer, width, height) in wanted {
        let Some(chart) = charts::chart(kind, &answer) else { continue };
        let option = charts::option_json(&chart);
        if let Err(error) = state.renderer.svg(&option, Size { width, height }).await {
            tracing::warn!(gauge = %answer.gauge, %error, "a chart could not be drawn");
        }
    }
}
