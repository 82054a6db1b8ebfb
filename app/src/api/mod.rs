//! Server functions, one file per area. Each extracts, authorises, calls a crate and returns a model type.
#![allow(missing_docs, reason = "the server macro makes structs of arguments, which cannot carry docs")]
#![allow(clippy::unused_async, reason = "a server function is asynchronous even where it need not wait")]

pub mod boards;
#[cfg(feature = "ssr")]
pub mod datasets;
pub mod datasources;
#[cfg(feature = "ssr")]
pub mod kept;
pub mod people;
pub mod posting;
#[cfg(feature = "ssr")]
mod request;
pub mod sources;
#[cfg(feature = "ssr")]
mod ssr;
#[cfg(not(feature = "ssr"))]
#[path = "browser.rs"]
mod ssr;

#[cfg(feature = "ssr")]
pub use request::{AppState, ConnectFlash, RequestCx, answer};
pub use ssr::picture;

use leptos::{prelude::*, server_fn::codec::JsonEncoding};
use serde::{Deserialize, Serialize};

/// What a server function answers to a page, as JSON text: a model value, or why it was refused.
///
/// Pages differ in what they show and not in how it is loaded. With one type for all of them the wasm holds the
/// machinery of loading once, which makes it smaller by a quarter; the type comes back where the page reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(String);

/// Stands before a refusal.
const REFUSED: char = '!';

impl Payload {
    /// Writes a value down.
    pub fn of<T: Serialize>(value: &T) -> Result<Payload, UiError> {
        serde_json::to_string(value)
            .map(Payload)
            .map_err(|_| UiError::Internal { reference: "a page’s data".into() })
    }

    /// Writes down why there is no value.
    pub fn refused(refusal: &UiError) -> Result<Payload, UiError> {
        Payload::of(refusal).map(|Payload(refusal)| Payload(format!("{REFUSED}{refusal}")))
    }

    /// Bytes of the text.
    #[cfg(feature = "ssr")]
    fn len(&self) -> usize {
        self.0.len()
    }

    /// Why there is no value, if there is none.
    pub fn refusal(&self) -> Option<UiError> {
        let text = self.0.strip_prefix(REFUSED)?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| outdated()))
    }

    /// Reads the value that was written down, or why there is none.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, UiError> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None => serde_json::from_str(&self.0).map_err(|_| outdated()),
        }
    }
}

fn outdated() -> UiError {
    UiError::Invalid("The page is older than the server. Reload it.".to_owned())
}

/// The only error a server function returns. It is safe to show: it says what to do and holds no internals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum UiError {
    /// Nobody is signed in, or the session has ended.
    #[error("Your session has ended. Sign in again.")]
    SignedOut,
    /// The role does not allow it.
    #[error("Your role does not allow this. Ask an admin.")]
    Forbidden,
    /// It is not there (any more).
    #[error("{0}")]
    NotFound(String),
    /// What was asked for makes no sense, and this is why.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be done in the present state, and this is why.
    #[error("{0}")]
    Conflict(String),
    /// It may work in a moment.
    #[error("{0}")]
    Unavailable(String),
    /// Something is broken on our side; the log holds the details under the reference.
    #[error("Something went wrong in Taskgauge. The log has the details under {reference}.")]
    Internal {
        /// What to look for in the log.
        reference: String,
    },
    /// The server could not be reached.
    #[error("The server did not answer. Check your connection and try again.")]
    Offline,
}

impl FromServerFnError for UiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => UiError::Offline,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => outdated(),
            _ => UiError::Internal { reference: "the request that failed".to_owned() },
        }
    }
}
