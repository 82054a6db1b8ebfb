//! What the server does for a page, seen from the browser: nothing, because ECharts draws here.

use taskgauge_model::gauge::{Answer, ChartKind};

/// The server's picture of a chart; in the browser it is already in the page.
pub fn picture(_option: &str, _width: u32, _height: u32) -> Option<String> {
    None
}

/// Draws pictures ahead; in the browser nothing needs them.
pub async fn prepare_pictures(_charts: Vec<(ChartKind, Answer, u32, u32)>) {}
