//! The live stream of a page: a hint for each thing that changed.

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use std::{convert::Infallible, sync::Arc};
use taskgauge_store::notify::Events;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;

/// Server-sent events until the browser goes or the server stops. A browser that falls behind misses hints, which does
/// no harm: each one only says *ask again*.
pub async fn stream(
    State(events): State<Arc<Events>>,
    State(stop): State<CancellationToken>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = BroadcastStream::new(events.subscribe())
        .filter_map(|event| async move {
            let text = serde_json::to_string(&event.ok()?).ok()?;
            Some(Ok(Event::default().data(text)))
        })
        .take_until(stop.cancelled_owned());
    Sse::new(stream).keep_alive(KeepAlive::default())
}
