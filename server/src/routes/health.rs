//! What load balancers and service managers ask.

use super::ServerState;
use axum::{extract::State, http::StatusCode};
use std::time::Duration;

/// Longest time the database may take to say that it is there; who asks waits for a few seconds at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// The process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: the database answers.
pub async fn ready(State(state): State<ServerState>) -> (StatusCode, String) {
    match tokio::time::timeout(PATIENCE, state.app.store.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok".to_owned()),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The database did not answer in time.".to_owned()),
    }
}
