//! Keeping Postgres running: it is started again when it ends by itself.

use super::{Cluster, ClusterOptions};
use std::time::Duration;
use tokio::{sync::oneshot, task::JoinHandle};

/// How often it is looked whether Postgres still runs.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pause after a start that did not succeed.
const START_AGAIN: Duration = Duration::from_secs(5);

impl Cluster {
    /// Starts Postgres again whenever it ends by itself, for as long as the answer lives: after a crash, after somebody
    /// ended it, and once a full disk has room again.
    pub fn kept_running(self, options: ClusterOptions) -> KeptRunning {
        let (stop, stopped) = oneshot::channel();
        KeptRunning { stop, keeper: tokio::spawn(self.keep(options, stopped)) }
    }

    async fn keep(mut self, options: ClusterOptions, mut stopped: oneshot::Receiver<()>) {
        let mut pause = LOOK_AGAIN;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = LOOK_AGAIN;
            let runs = self.owned.as_mut().is_some_and(|owned| matches!(owned.watchdog.try_wait(), Ok(None)));
            if runs {
                continue;
            }
            // The lock has to be free for the next start.
            self.owned = None;
            match Self::start(&options).await {
                Ok(again) => {
                    tracing::warn!("Postgres had ended and runs again");
                    self = again;
                }
                Err(error) => {
                    tracing::error!(%error, "Postgres has ended and cannot be started");
                    pause = START_AGAIN;
                }
            }
        }
        self.stop().await;
    }
}

/// A cluster that is started again when it ends by itself. Dropping it shuts it down in the background.
#[derive(Debug)]
pub struct KeptRunning {
    stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

impl KeptRunning {
    /// Shuts Postgres down and answers when it has ended.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "what keeps Postgres running has broken");
        }
    }
}
