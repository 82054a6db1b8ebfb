//! Counts what boards rest on before anybody asks: a server that has just started keeps nothing, and the first look at a
//! board over a long history would take seconds.

use std::collections::HashSet;
use taskgauge_model::gauge::{Filters, Gauge};
use taskgauge_store::{Scope, Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Asks the gauges of every board for every datasource once, one after the other, so that people who ask meanwhile do
/// not wait for more than one of them. What fails is asked again by whoever looks.
pub async fn count(store: Store, stop: CancellationToken) {
    match stop.run_until_cancelled(every_board(&store)).await {
        Some(Ok(())) => tracing::info!("boards are counted ahead"),
        Some(Err(error)) => tracing::warn!(%error, "boards could not be counted ahead"),
        None => {}
    }
}

async fn every_board(store: &Store) -> Result<(), StoreError> {
    let content = store.content().await?;
    let mut seen = HashSet::new();
    let boards = content.dashboards.iter().filter(|entry| !entry.is_removed);
    let tiles = boards.flat_map(|entry| &entry.value.tiles);
    let ids = tiles.flat_map(|tile| std::iter::once(&tile.gauge).chain(&tile.or));
    let gauges: Vec<&Gauge> = ids
        .filter(|id| seen.insert(id.as_str()))
        .filter_map(|id| content.gauge(id))
        .filter(|entry| !entry.is_removed)
        .map(|entry| &entry.value)
        .collect();
    for source in store.datasources().await? {
        for gauge in &gauges {
            let at = store.clock().now();
            store.answers(source.id, &[gauge], &Filters::default(), &Scope::All, at).await;
        }
    }
    Ok(())
}
