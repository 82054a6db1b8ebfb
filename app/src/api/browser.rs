//! What the server does for a page, seen from the browser: nothing, because ECharts draws here.

/// The server's picture of a chart; in the browser it is already in the page.
pub fn picture(_option: &str, _width: u32, _height: u32) -> Option<String> {
    None
}
