//! Events between processes, over `NOTIFY taskgauge`.

use crate::{Store, StoreError};
use sqlx::{PgConnection, postgres::PgListener};
use std::time::Duration;
use taskgauge_model::run::Event;
use tokio::sync::broadcast;

/// The channel that every Taskgauge process listens on.
pub(crate) const CHANNEL: &str = "taskgauge";
/// How many events a slow receiver may fall behind before it misses some.
const BACKLOG: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Sends an event when the transaction commits.
pub(crate) async fn send(connection: &mut PgConnection, event: &Event) -> Result<(), StoreError> {
    sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(payload(event)?).execute(connection).await?;
    Ok(())
}

/// An event as it is sent.
pub(crate) fn payload(event: &Event) -> Result<String, StoreError> {
    serde_json::to_string(event)
        .map_err(|error| StoreError::Invalid(format!("An event cannot be written: {error}.")))
}

/// The events of every process that shares the database. Listening ends when this is dropped.
#[derive(Debug)]
pub struct Events {
    sender: broadcast::Sender<Event>,
    task: tokio::task::JoinHandle<()>,
}

impl Events {
    /// A receiver of everything from now on. One that falls behind misses events and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Store {
    /// Listens on one connection of its own and reconnects when it breaks. Events sent while it is broken are lost,
    /// so receivers must also look for themselves now and then.
    pub async fn events(&self) -> Result<Events, StoreError> {
        let listener = self.listen().await?;
        let (sender, _) = broadcast::channel(BACKLOG);
        let task = tokio::spawn(forward(self.clone(), listener, sender.clone()));
        Ok(Events { sender, task })
    }

    async fn listen(&self) -> Result<PgListener, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}

async fn forward(store: Store, mut listener: PgListener, sender: broadcast::Sender<Event>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.recv().await {
            Ok(notification) => {
                pause = FIRST_PAUSE;
                match serde_json::from_str::<Event>(notification.payload()) {
                    // An error means that nobody listens right now.
                    Ok(event) => drop(sender.send(event)),
                    // Another version of Taskgauge may send events that this one does not know.
                    Err(error) => tracing::debug!(%error, "skipped an event"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "lost the connection that listens for events");
                loop {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    if let Ok(again) = store.listen().await {
                        listener = again;
                        break;
                    }
                }
            }
        }
    }
}
