//! Answers that were computed before: once per change of data, not once per viewer.
//!
//! A key holds everything an answer depends on: the gauge itself, the filters, whose rows may be seen, the versions of
//! the entities behind its datasets, settings and permissions, and the minute it was asked for. What changed therefore
//! never has to be thrown out: nobody asks for it any more, and it makes room.

use super::{Context, plan::Plan};
use crate::{Scope, StoreError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use taskgauge_model::gauge::{Answer, Filters, Gauge};

/// Answers kept at most; some kilobytes each.
const KEPT: usize = 4_000;

/// Everything an answer depends on, hashed.
pub(super) type Key = [u8; 32];

/// The answers of one process.
#[derive(Default)]
pub(crate) struct Answers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_key: HashMap<Key, Answer>,
    order: VecDeque<Key>,
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers").field("kept", &self.lock().order.len()).finish()
    }
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer kept under a key.
    pub fn get(&self, key: &Key) -> Option<Answer> {
        self.lock().by_key.get(key).cloned()
    }

    /// Keeps an answer; the oldest one makes room.
    pub fn keep(&self, key: Key, answer: Answer) {
        let mut kept = self.lock();
        if kept.by_key.insert(key, answer).is_none() {
            kept.order.push_back(key);
        }
        while kept.order.len() > KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.by_key.remove(&oldest);
            }
        }
    }
}

/// The key of an answer.
pub(super) fn key(
    context: &Context,
    plan: &Plan<'_>,
    gauge: &Gauge,
    filters: &Filters,
    scope: &Scope,
    at: DateTime<Utc>,
) -> Result<Key, StoreError> {
    #[derive(Serialize)]
    struct Parts<'a> {
        datasource: i64,
        gauge: &'a Gauge,
        filters: &'a Filters,
        companies: Option<&'a [i64]>,
        workspace: &'a str,
        versions: Vec<(&'a str, i64)>,
        minute: i64,
    }
    let mut versions: Vec<(&str, i64)> = plan
        .layers
        .iter()
        .flat_map(|layer| &layer.dataset.entities)
        .map(|entity| (entity.as_str(), context.versions.get(entity).copied().unwrap_or_default()))
        .collect();
    versions.sort_unstable();
    versions.dedup();
    let parts = Parts {
        datasource: context.datasource.0,
        gauge,
        filters,
        companies: scope.companies(),
        workspace: &context.workspace,
        versions,
        minute: at.timestamp().div_euclid(60),
    };
    let text = serde_json::to_vec(&parts)
        .map_err(|error| StoreError::Invalid(format!("The gauge cannot be written down: {error}.")))?;
    Ok(Sha256::digest(&text).into())
}
