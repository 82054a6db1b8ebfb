//! Pages of boards, kept whole and compressed: made once per change, minute and person, then sent as they are.
//!
//! Making such a page costs a hundred times what sending it does, most of it drawing HTML and compressing it. What a
//! page rests on is part of its key (`app/src/api/kept.rs`), and so is who asks: the name stands on it, and what the
//! role allows. A nonce holds for one answer, so a kept page has none: its policy names our scripts by their hashes.

use super::{ServerState, guard};
use crate::site;
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    io::{self, Write as _},
};
use taskgauge_app::api::{
    RequestCx, UiError,
    boards::{answered, filters_from},
    kept::{Keep, Kept, Names, key},
};
use taskgauge_model::ids::DatasourceId;
use taskgauge_store::users::Session;

/// Bytes of pages that a process keeps.
pub const BYTES: u64 = 64 * 1024 * 1024;
/// Largest page, in bytes.
const PAGE_MAX: usize = 16 * 1024 * 1024;
/// Longest query of an address whose page is kept.
const QUERY_MAX: usize = 1_000;
/// Brotli's quality, of 11.
const BROTLI_QUALITY: i32 = 6;
/// The window of brotli that browsers take, as a power of 2.
const BROTLI_WINDOW: i32 = 22;
/// Bytes that brotli takes at once.
const BROTLI_BUFFER: usize = 64 * 1024;

/// The pages that this process keeps.
pub type Pages = Kept<Page>;

/// A page as it is sent.
pub struct Page {
    body: Bytes,
    encoding: Encoding,
    policy: HeaderValue,
    is_whole: bool,
}

impl Keep for Page {
    fn bytes(&self) -> usize {
        self.body.len() + self.policy.len()
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Encoding {
    Brotli,
    Gzip,
    Plain,
}

impl Encoding {
    fn best(headers: &HeaderMap) -> Encoding {
        match () {
            () if site::takes(headers, "br") => Encoding::Brotli,
            () if site::takes(headers, "gzip") => Encoding::Gzip,
            () => Encoding::Plain,
        }
    }

    const fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Brotli => Some("br"),
            Encoding::Gzip => Some("gzip"),
            Encoding::Plain => None,
        }
    }

    fn encode(self, text: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Encoding::Plain => Ok(text.to_vec()),
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text)?;
                encoder.finish()
            }
            Encoding::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    lgwin: BROTLI_WINDOW,
                    size_hint: text.len(),
                    ..Default::default()
                };
                let mut out = Vec::new();
                let mut encoder = brotli::CompressorWriter::with_params(&mut out, BROTLI_BUFFER, &parameters);
                encoder.write_all(text)?;
                drop(encoder);
                Ok(out)
            }
        }
    }
}

/// The board that an address shows, if its page can be kept.
struct Asked {
    id: String,
    source: Option<DatasourceId>,
    pairs: Vec<(String, String)>,
}

impl Asked {
    fn of(method: &Method, uri: &Uri) -> Option<Asked> {
        let id = uri.path().strip_prefix("/dashboards/").filter(|id| !id.contains('/'))?;
        let query = uri.query().unwrap_or_default();
        if method != Method::GET || query.len() > QUERY_MAX {
            return None;
        }
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // Why a form was refused is for who sent it.
        if pairs.iter().any(|(name, _)| name.starts_with("__")) {
            return None;
        }
        let source = pairs.iter().find(|(name, _)| name == "source").and_then(|(_, id)| id.parse().ok());
        Some(Asked { id: id.to_owned(), source, pairs })
    }
}

/// Answers with the kept page of a board; everything else goes on to its route.
pub async fn pages(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let asked = Asked::of(request.method(), request.uri());
    let session = request.extensions().get::<Session>().cloned();
    let Some((asked, session)) = asked.zip(session) else { return next.run(request).await };
    let encoding = Encoding::best(request.headers());
    let uri = request.uri().clone();
    let cx = RequestCx::of_route(state.app.clone(), session);
    let names = || names(&cx, &uri, asked.source, encoding);
    let make = |()| async {
        let response = next.run(request).await;
        let whole = || async {
            let filters = filters_from(asked.pairs.iter().cloned());
            let board = answered::board(&cx, &asked.id, asked.source, &filters).await;
            board.is_ok_and(|board| board.is_whole())
        };
        page(response, encoding, whole).await
    };
    match state.pages.get(names, make).await {
        Ok(page) => respond(&page),
        Err(response) => *response,
    }
}

/// What a page is kept under.
async fn names(
    cx: &RequestCx,
    uri: &Uri,
    source: Option<DatasourceId>,
    encoding: Encoding,
) -> Result<Names<()>, Box<Response>> {
    let standing = cx.store().standing(source).await.map_err(|error| {
        let said = UiError::from(error).to_string();
        Box::new((StatusCode::SERVICE_UNAVAILABLE, said).into_response())
    })?;
    let user = &cx.session.user;
    let person = (user.id, &user.email, &user.name, user.role, cx.scope().companies());
    let asked = (uri.path(), uri.query(), person, encoding);
    let minute = cx.clock().now().timestamp().div_euclid(60);
    Ok(Names { turn: key(&asked), key: key(&(&asked, &standing, minute)), found: () })
}

/// A response as a page that can be kept; as it is where it cannot.
async fn page<W: Future<Output = bool>>(
    response: Response,
    encoding: Encoding,
    is_whole: impl FnOnce() -> W,
) -> Result<Page, Box<Response>> {
    let Some(nonce) = nonce_of(&response) else { return Err(Box::new(response)) };
    let (parts, body) = response.into_parts();
    let html = match to_bytes(body, PAGE_MAX).await {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            return Err(Box::new(StatusCode::INTERNAL_SERVER_ERROR.into_response()));
        }
    };
    let kept = std::str::from_utf8(&html).ok().and_then(|html| without_nonce(html, &nonce));
    let page = kept.and_then(|(html, scripts)| {
        let policy = guard::kept_policy(scripts.iter().map(String::as_str));
        let body = encoding.encode(html.as_bytes()).ok()?.into();
        Some(Page { body, encoding, policy: HeaderValue::from_str(&policy).ok()?, is_whole: true })
    });
    match page {
        Some(page) => Ok(Page { is_whole: is_whole().await, ..page }),
        None => Err(Box::new(Response::from_parts(parts, Body::from(html)))),
    }
}

/// The nonce of a whole page.
fn nonce_of(response: &Response) -> Option<String> {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_page =
        text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with(mime_guess::mime::TEXT_HTML.as_ref()));
    if response.status() != StatusCode::OK || !is_page || response.headers().contains_key(header::SET_COOKIE)
    {
        return None;
    }
    let (_, after) = text(header::CONTENT_SECURITY_POLICY)?.split_once("'nonce-")?;
    Some(after.split_once('\'')?.0.to_owned())
}

/// A page without its nonce, and the hashes of the scripts that had it. Nobody knows the nonce before the page is made,
/// so what others wrote into the page cannot have it, and is not named. `None` where the nonce stands elsewhere, too.
fn without_nonce(html: &str, nonce: &str) -> Option<(String, BTreeSet<String>)> {
    let mark = format!(" nonce=\"{nonce}\"");
    let mut scripts = BTreeSet::new();
    for part in html.split("<script").skip(1) {
        let (tag, after) = part.split_once('>')?;
        let (script, _) = after.split_once("</script")?;
        if tag.contains(&mark) && !script.is_empty() {
            scripts.insert(BASE64_STANDARD.encode(Sha256::digest(script.as_bytes())));
        }
    }
    let html = html.replace(&mark, "");
    (!html.contains(nonce)).then_some((html, scripts))
}

fn respond(page: &Page) -> Response {
    let mut response = Response::new(Body::from(page.body.clone()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = page.encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

#[cfg(test)]
mod tests;
