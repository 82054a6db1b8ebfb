//! Callouts of Autotask. Nobody is signed in here: each callout proves itself by its signature, over its bytes as they came.

use super::ServerState;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use std::time::Duration;
use taskgauge_autotask::webhook::SIGNATURE_HEADER;
use taskgauge_model::ids::DatasourceId;
use taskgauge_sync::callouts::Refused;

/// Longest callout. Descriptions and resolutions come along, 8,000 characters each.
pub const BODY_MAX: usize = 256 * 1024;
/// Autotask does not wait longer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A record changed.
pub async fn callout(
    State(state): State<ServerState>,
    Path((datasource, collection)): Path<(DatasourceId, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(state.callouts.receive(datasource, &collection, signature(&headers), &body).await)
}

/// Autotask switched a webhook off.
pub async fn deactivated(
    State(state): State<ServerState>,
    Path((datasource, collection)): Path<(DatasourceId, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(state.callouts.deactivated(datasource, &collection, signature(&headers), &body).await)
}

fn signature(headers: &HeaderMap) -> Option<&str> {
    headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok())
}

/// A status that Autotask sends the callout again for, or not.
fn answer(received: Result<(), Refused>) -> Response {
    match received {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Refused::Unsigned) => StatusCode::UNAUTHORIZED.into_response(),
        Err(Refused::Store(error)) => {
            tracing::warn!(%error, "a callout could not be kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
