//! What the server does for a page, seen from the browser: nothing, because it is in the page already.

/// The server's picture of a chart.
pub fn picture(_option: &str, _width: u32, _height: u32) -> Option<String> {
    None
}

/// Why a form was refused that was posted without wasm, as HTML.
pub fn refused() -> String {
    String::new()
}
