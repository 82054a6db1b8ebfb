//! Answers: their bodies, and how their bytes are handed over.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};

use super::{Shared, Slot};
use crate::world::World;

/// An answer before it is written.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) retry_after: Option<u32>,
}

impl Reply {
    pub(super) const fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, kind: "application/json; charset=utf-8", retry_after: None }
    }
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
    }
    pub(super) fn errors(status: u16, text: impl Into<String>) -> Self {
        Self::json(status, &json!({"errors": [text.into()]}))
    }
    pub(super) fn message(status: u16, text: impl Into<String>) -> Self {
        Self::json(status, &json!({"Message": text.into()}))
    }
    pub(super) fn wrong_verb(method: &Method) -> Self {
        Self::message(405, format!("The requested resource does not support http method '{method}'."))
    }
    pub(super) const fn empty(status: u16) -> Self {
        Self::bytes(status, Vec::new())
    }
}

/// What happens to the bytes of an answer.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Transfer {
    Whole,
    Truncated,
    Reset,
}

/// Writes an answer; the slot is held until its bytes are handed to the connection.
pub(super) fn write(shared: &Shared, reply: Reply, slot: Option<Slot>, transfer: Transfer) -> Response {
    let now = shared.read(World::now);
    let whole = reply.body.len();
    let broken = || Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let body = Bytes::from(reply.body);
    let chunks: Vec<Result<Bytes, std::io::Error>> = match transfer {
        Transfer::Whole => vec![Ok(body)],
        Transfer::Truncated => vec![Ok(body.slice(..whole / 2)), broken()],
        Transfer::Reset => vec![broken()],
    };
    let mut chunks = chunks.into_iter();
    let stream = stream::poll_fn(move |_| {
        // The stream owns the slot: it is freed when the connection has taken the last chunk and drops the body.
        let _held = &slot;
        std::task::Poll::Ready(chunks.next())
    });
    let mut response = Response::new(if whole == 0 && transfer == Transfer::Whole {
        Body::empty()
    } else {
        Body::from_stream(stream)
    });
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole));
    if whole > 0 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.kind));
    }
    // The tenant's clock, not this machine's: clients take their watermark from it.
    if let Ok(date) = HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        headers.insert(header::DATE, date);
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
