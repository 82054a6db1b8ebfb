//! The simulator's own calls, for browser tests and the command line.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::{Delivery, Shared};
use crate::world::World;

fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({"error": why.into()}))).into_response()
}

pub(crate) async fn handle(shared: &Arc<Shared>, parts: &Parts, path: &str, body: &[u8]) -> Response {
    let value = || {
        let read = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice::<Value>(body) };
        read.map_err(|error| Box::new(refuse(StatusCode::BAD_REQUEST, error.to_string())))
    };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["switches"]) => Json(shared.switches.get()).into_response(),
        (&Method::POST, ["switches"]) => match value() {
            Ok(changes) => match shared.switches.patch(&changes) {
                Ok(()) => Json(shared.switches.get()).into_response(),
                Err(why) => refuse(StatusCode::BAD_REQUEST, why),
            },
            Err(refusal) => *refusal,
        },
        (&Method::DELETE, ["switches"]) => {
            shared.switches.reset();
            Json(shared.switches.get()).into_response()
        }
        (&Method::GET, ["log"]) => Json(shared.log()).into_response(),
        (&Method::DELETE, ["log"]) => {
            shared.clear_log();
            Json(json!({})).into_response()
        }
        (&Method::POST, ["advance"]) => match value() {
            Ok(span) => {
                let seconds = span["seconds"].as_i64().unwrap_or(0)
                    + span["minutes"].as_i64().unwrap_or(0) * 60
                    + span["hours"].as_i64().unwrap_or(0) * 3_600
                    + span["days"].as_i64().unwrap_or(0) * 86_400;
                let now = shared.write(|world| {
                    world.advance(chrono::TimeDelta::seconds(seconds));
                    world.now()
                });
                Json(json!({"now": now.to_rfc3339()})).into_response()
            }
            Err(refusal) => *refusal,
        },
        (&Method::POST, ["edit"]) => match value() {
            Ok(edits) => {
                let edits = edits.as_array().cloned().unwrap_or_else(|| vec![edits]);
                let done: Result<Vec<Value>, String> =
                    shared.write(|world| edits.iter().map(|edit| apply(world, edit)).collect());
                done.map_or_else(
                    |why| refuse(StatusCode::BAD_REQUEST, why),
                    |done| Json(done).into_response(),
                )
            }
            Err(refusal) => *refusal,
        },
        (&Method::POST, ["deliver"]) => {
            let sent = super::outbox::deliver(shared).await;
            Json(sent.iter().map(attempt).collect::<Vec<_>>()).into_response()
        }
        (&Method::GET, ["rows", entity]) => {
            Json(shared.read(|world| world.rows(entity).collect::<Vec<_>>())).into_response()
        }
        (&Method::GET, ["rows", entity, id]) => {
            let row = id.parse().ok().and_then(|id| shared.read(|world| world.get(entity, id)));
            row.map_or_else(|| refuse(StatusCode::NOT_FOUND, "no such row"), |row| Json(row).into_response())
        }
        (&Method::GET, ["now"]) => Json(json!({"now": shared.read(World::now).to_rfc3339()})).into_response(),
        _ => refuse(StatusCode::NOT_FOUND, "see the simulator's README for its calls"),
    }
}

fn attempt(sent: &Delivery) -> Value {
    json!({
        "url": sent.url, "body": String::from_utf8_lossy(&sent.body), "signature": sent.signature, "status": sent.status,
    })
}

/// One edit, by the person it names: `{"entity", "row"}` writes, `{"entity", "delete": id}` deletes.
fn apply(world: &mut World, edit: &Value) -> Result<Value, String> {
    world.act_as(edit["person"].as_i64());
    let done = write_or_delete(world, edit);
    world.act_as(None);
    done
}

fn write_or_delete(world: &mut World, edit: &Value) -> Result<Value, String> {
    let entity = edit["entity"].as_str().ok_or("an edit names its entity")?;
    if let Some(id) = edit["delete"].as_i64() {
        return Ok(json!({"deleted": world.delete(entity, id)}));
    }
    let row = edit["row"].as_object().cloned().ok_or("an edit has a row, or the id to delete")?;
    world.upsert(entity, row).map(|id| json!({"id": id}))
}
