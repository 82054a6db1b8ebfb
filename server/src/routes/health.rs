//! What load balancers and service managers ask.

use super::ServerState;
use axum::{extract::State, http::StatusCode};

/// The process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: the database answers.
pub async fn ready(State(state): State<ServerState>) -> (StatusCode, String) {
    match state.app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}
