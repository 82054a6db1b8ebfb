//! Server functions, one file per area. Each extracts, authorises, calls a crate and returns a model type.
#![allow(missing_docs, reason = "the server macro makes structs of arguments, which cannot carry docs")]

pub mod boards;
pub mod datasets;
pub mod datasources;
pub mod people;
#[cfg(feature = "ssr")]
mod request;
#[cfg(feature = "ssr")]
mod ssr;
#[cfg(not(feature = "ssr"))]
#[path = "browser.rs"]
mod ssr;

#[cfg(feature = "ssr")]
pub use request::{AppState, ConnectFlash, RequestCx};
pub use ssr::{picture, prepare_pictures};

use leptos::{prelude::*, server_fn::codec::JsonEncoding};
use serde::{Deserialize, Serialize};

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
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                UiError::Invalid("The page is older than the server. Reload it.".to_owned())
            }
            _ => UiError::Internal { reference: "the request that failed".to_owned() },
        }
    }
}
