//! A sync run as people watch it.

use crate::ids::{DatasourceId, RunId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One sync of one datasource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub datasource: DatasourceId,
    /// First load, everything again, or only what changed.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// When it was asked for.
    pub queued_at: DateTime<Utc>,
    /// When a worker took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed or stopped, as a sentence an admin understands.
    pub problem: Option<String>,
    /// Requests sent to Autotask.
    pub requests: u64,
    /// One per entity, in order.
    pub steps: Vec<Step>,
}

/// What a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Everything, because nothing is there yet or because it was asked for.
    Full,
    /// What changed since the last complete run.
    Incremental,
    /// The same, and every count is compared with Autotask's own.
    Reconcile,
}

/// Where a run or step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waiting for a worker.
    Queued,
    /// At work.
    Running,
    /// Complete.
    Done,
    /// Ended early; `problem` says why.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

impl RunState {
    /// The word stored in Postgres and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Failed => "failed",
            RunState::Cancelled => "cancelled",
        }
    }

    /// The state of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [RunState::Queued, RunState::Running, RunState::Done, RunState::Failed, RunState::Cancelled]
            .into_iter()
            .find(|state| state.word() == word)
    }

    /// Whether it has ended, well or not.
    pub const fn is_over(self) -> bool {
        matches!(self, RunState::Done | RunState::Failed | RunState::Cancelled)
    }
}

/// One entity's part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The entity's name.
    pub entity: String,
    /// What people call it.
    pub label: String,
    /// Where it stands.
    pub state: RunState,
    /// The part that is being read, e.g. `open and 14 days`.
    pub slice: Option<String>,
    /// Rows Autotask said it would send, if asked.
    pub expected: Option<u64>,
    /// Rows read from Autotask.
    pub read: u64,
    /// Rows inserted or changed.
    pub written: u64,
    /// Rows that were already the same.
    pub unchanged: u64,
    /// Rows marked as deleted.
    pub deleted: u64,
    /// Rows set aside because they could not be read.
    pub quarantined: u64,
    /// Requests sent.
    pub requests: u64,
    /// Time spent, in seconds.
    pub seconds: f64,
    /// Why it failed, as a sentence.
    pub problem: Option<String>,
}

impl Step {
    /// Rows a second so far.
    pub fn rate(&self) -> Option<f64> {
        (self.seconds > 0.2 && self.read > 0).then(|| self.read as f64 / self.seconds)
    }

    /// Share done, from 0 to 1, when the total is known.
    pub fn progress(&self) -> Option<f64> {
        match self.expected {
            Some(0) => Some(1.0),
            Some(expected) => Some((self.read as f64 / expected as f64).min(1.0)),
            None => None,
        }
    }

    /// Seconds left at the present rate.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.expected?.saturating_sub(self.read) as f64;
        self.rate().map(|rate| left / rate)
    }
}

/// What the live stream carries, and what a page polls when it cannot stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run moved on.
    Progress {
        /// Whose.
        datasource: DatasourceId,
        /// Which run.
        run: RunId,
    },
    /// Rows of these entities changed.
    Changed {
        /// Whose.
        datasource: DatasourceId,
        /// The entities' names.
        entities: Vec<String>,
    },
    /// A gauge, a dashboard or a wall was changed by a person.
    Edited,
}
