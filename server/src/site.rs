//! The site inside the binary: hashed, compressed ahead, cached for ever.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use taskgauge_app::Site;

#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Files;

/// Hashed names never change their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Files with plain names are looked at again after an hour.
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The addresses of the site's files.
pub fn manifest() -> Result<Site, String> {
    let missing = "The site is not built: run cargo xtask build.";
    let file = Files::get("manifest.json").ok_or(missing)?;
    serde_json::from_slice(&file.data).map_err(|_| missing.to_owned())
}

/// The chart script, for drawing on the server.
pub fn chart_script(site: &Site) -> String {
    let file = Files::get(site.charts.trim_start_matches('/'));
    file.map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// Whether the site has a file at this path.
pub fn has(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    name != "manifest.json" && !is_compressed(name) && Files::get(name).is_some()
}

/// The file at a path, in the best encoding the browser takes.
pub fn file(path: &str, headers: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    if !has(name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let found = [("br", "br"), ("gz", "gzip")]
        .into_iter()
        .filter(|(_, encoding)| takes(headers, encoding))
        .find_map(|(ending, encoding)| Some((Files::get(&format!("{name}.{ending}"))?, Some(encoding))))
        .or_else(|| Some((Files::get(name)?, None)));
    let Some((file, encoding)) = found else { return StatusCode::NOT_FOUND.into_response() };
    respond(name, file, encoding)
}

/// Whether the browser takes an encoding.
pub fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some(encoding) && words.next() != Some("q=0")
    })
}

fn respond(name: &str, file: EmbeddedFile, encoding: Option<&'static str>) -> Response {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind.as_ref()) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, if name.starts_with("pkg/") { FOR_EVER } else { FOR_AN_HOUR });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn is_compressed(name: &str) -> bool {
    [".br", ".gz"].iter().any(|ending| name.ends_with(ending))
}
