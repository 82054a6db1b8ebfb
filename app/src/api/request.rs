//! Who asks, and what the answer is made with.

use super::{Payload, UiError, boards::answered::KeptBoards};
use leptos::prelude::*;
use std::{collections::hash_map::RandomState, hash::BuildHasher, sync::Arc};
use taskgauge_autotask::Connector;
use taskgauge_model::{
    clock::Clock,
    datasource::{Draft, TestOutcome},
};
use taskgauge_render::Renderer;
use taskgauge_store::{Scope, Store, StoreError, users::Session};

/// Bytes of boards that a process keeps.
const BOARD_BYTES: u64 = 64 * 1024 * 1024;

/// What server functions work with; one per process.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub store: Store,
    /// The way to Autotask.
    pub connector: Connector,
    /// Draws charts.
    pub renderer: Renderer,
    /// Boards that were answered before.
    pub boards: Arc<KeptBoards>,
}

impl AppState {
    /// The state of a process that starts.
    pub fn new(store: Store, connector: Connector, renderer: Renderer) -> AppState {
        AppState { store, connector, renderer, boards: Arc::new(KeptBoards::new(BOARD_BYTES)) }
    }
}

/// The outcome of a datasource form that was posted without JavaScript; put into the context of the page that answers.
#[derive(Debug, Clone)]
pub struct ConnectFlash {
    /// What was typed, secrets left out.
    pub draft: Draft,
    /// What the test found; `None` to go on typing.
    pub outcome: Option<TestOutcome>,
    /// Why what was tested could not be saved.
    pub refused: Option<UiError>,
}

/// A request by somebody who is signed in.
pub struct RequestCx {
    /// What to work with.
    pub state: AppState,
    /// Who asks.
    pub session: Session,
    document: bool,
}

impl RequestCx {
    /// The request at hand; refused when nobody is signed in.
    pub fn require() -> Result<RequestCx, UiError> {
        let state = use_context::<AppState>().ok_or_else(|| internal("no state in the request's context"))?;
        let parts = use_context::<http::request::Parts>().ok_or(UiError::SignedOut)?;
        let session = parts.extensions.get::<Session>().cloned().ok_or(UiError::SignedOut)?;
        Ok(RequestCx { state, session, document: !parts.uri.path().starts_with("/api/") })
    }

    /// A request that a route of the server answers by itself.
    pub const fn of_route(state: AppState, session: Session) -> RequestCx {
        RequestCx { state, session, document: true }
    }

    /// Whether the answer goes into a page's first HTML, and not to a page that is open already.
    pub fn is_document(&self) -> bool {
        self.document
    }

    /// Who asks, for the audit log.
    pub fn actor(&self) -> &str {
        &self.session.user.email
    }

    /// Whose rows whoever asks may see: the one place that says so.
    pub const fn scope(&self) -> &Scope {
        &Scope::All
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        self.state.store.clock()
    }
}

/// Does the work of a server function for somebody who is signed in. What it refuses for a reason is an answer like any other, so that browsers do not
/// report a broken server; a form that was posted without wasm needs the refusal itself, to be sent back with it.
pub async fn answer<F, Fut>(work: F) -> Result<Payload, UiError>
where
    F: FnOnce(RequestCx) -> Fut,
    Fut: Future<Output = Result<Payload, UiError>>,
{
    match work(RequestCx::require()?).await {
        Err(refusal) if !matches!(refusal, UiError::Internal { .. }) && !posted_without_wasm() => {
            Payload::refused(&refusal)
        }
        answer => answer,
    }
}

fn posted_without_wasm() -> bool {
    use_context::<http::request::Parts>().is_some_and(|parts| {
        let accepted = parts.headers.get(http::header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
        accepted.is_some_and(|accepted| accepted.contains("text/html"))
            && parts.uri.path().starts_with("/api/")
    })
}

/// Logs what went wrong and gives the reader a reference to find it by.
pub fn internal(error: impl std::fmt::Display) -> UiError {
    // A hasher's seed is random enough to be found in a log.
    let seed = RandomState::new().hash_one(0_u8);
    let reference = format!("{:08x}", seed & 0xffff_ffff);
    tracing::error!(%reference, %error, "a request failed");
    UiError::Internal { reference }
}

impl From<StoreError> for UiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound { .. } => UiError::NotFound(error.to_string()),
            StoreError::Conflict { .. } => UiError::Conflict(error.to_string()),
            StoreError::Invalid(_) => UiError::Invalid(error.to_string()),
            StoreError::Unreachable(_) | StoreError::TimedOut(_) | StoreError::DiskFull(_) => {
                tracing::warn!(%error, "the database did not answer");
                UiError::Unavailable(error.to_string())
            }
            _ => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                internal(format!("{error} {source}"))
            }
        }
    }
}
