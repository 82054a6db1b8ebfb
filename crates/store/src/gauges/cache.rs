//! Answers that were computed before: once per change of data, not once per viewer.
//!
//! A key holds everything an answer depends on: the gauge itself, the filters, whose rows may be seen, the versions of
//! the entities that its columns read (`reads.rs`), settings and permissions, and the date, or the minute where it rests on
//! the clock. What changed therefore never has to be thrown out: nobody asks for it any more, and it makes room.
//!
//! Whoever asks for what is being computed waits for it instead of computing it again. Where the first caller goes
//! away, the next one computes. Errors are not kept.

use super::{Context, explain::Explanation, plan::Plan};
use crate::{Scope, Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use moka::{future::Cache, policy::EvictionPolicy};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    mem::size_of,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use taskgauge_model::gauge::{Answer, Filters, Gauge};

/// Bytes of answers kept at most.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// An answer that nobody asked for so long makes room.
const IDLE: Duration = Duration::from_mins(10);

/// Explanations kept at most.
const EXPLAINED_MAX: u64 = 1_000;

/// How long a question whose time was up is not asked again, unless what it rests on changes; and how many are known.
const GIVEN_UP: Duration = Duration::from_mins(1);
const GIVEN_UP_MAX: u64 = 1_000;

/// Everything an answer depends on, hashed.
pub(super) type Key = [u8; 32];

/// How often answers were asked for, since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Answers that were asked for.
    pub asked: u64,
    /// Answers that had to be computed.
    pub computed: u64,
    /// Bytes that the kept ones take, about.
    pub bytes: u64,
}

/// The answers of one process, and how they came about.
#[derive(Debug)]
pub(crate) struct Answers {
    given: Kept<Answer>,
    explanations: Kept<Explanation>,
    asked: AtomicU64,
    computed: AtomicU64,
}

impl Default for Answers {
    fn default() -> Self {
        let given = Cache::builder()
            .weigher(|_, answer: &Arc<Answer>| weight(answer))
            .max_capacity(KEPT_BYTES)
            // A new minute's answer is asked for next, however often the last minute's was asked for.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(IDLE)
            .build();
        let explanations = Cache::builder().max_capacity(EXPLAINED_MAX).time_to_idle(IDLE).build();
        Self {
            given: Kept::new(given),
            explanations: Kept::new(explanations),
            asked: AtomicU64::new(0),
            computed: AtomicU64::new(0),
        }
    }
}

impl Answers {
    /// The answer kept under a key, or the one that `compute` makes: once for all who ask meanwhile.
    pub async fn get(
        &self,
        key: Key,
        compute: BoxFuture<'_, Result<Answer, StoreError>>,
    ) -> Result<Arc<Answer>, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let counted = async {
            self.computed.fetch_add(1, Ordering::Relaxed);
            compute.await
        };
        self.given.get(key, counted).await
    }

    /// The explanation kept under the key of its answer, or the one that `compute` makes: once for all who ask meanwhile.
    pub async fn explained(
        &self,
        key: Key,
        compute: BoxFuture<'_, Result<Explanation, StoreError>>,
    ) -> Result<Arc<Explanation>, StoreError> {
        self.explanations.get(key, compute).await
    }
}

/// What was computed before, by key.
#[derive(Debug)]
struct Kept<T: Send + Sync + 'static> {
    kept: Cache<Key, Arc<T>>,
    /// Questions whose time was up a short while ago.
    given_up: Cache<Key, Arc<StoreError>>,
}

impl<T: Send + Sync + 'static> Kept<T> {
    fn new(kept: Cache<Key, Arc<T>>) -> Self {
        let given_up = Cache::builder().max_capacity(GIVEN_UP_MAX).time_to_live(GIVEN_UP).build();
        Self { kept, given_up }
    }

    async fn get(
        &self,
        key: Key,
        compute: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<T>, StoreError> {
        // Asked again at once, it would take as long again, and the board with it.
        if let Some(error) = self.given_up.get(&key).await {
            return Err(error.told_again());
        }
        match self.kept.try_get_with(key, async { compute.await.map(Arc::new) }).await {
            Ok(kept) => Ok(kept),
            Err(error) => {
                if error.is_overlong() {
                    self.given_up.insert(key, error.clone()).await;
                }
                Err(Arc::try_unwrap(error).unwrap_or_else(|shared| shared.told_again()))
            }
        }
    }
}

impl Store {
    /// How often answers were asked for and computed by this process.
    pub fn answer_counts(&self) -> AnswerCounts {
        AnswerCounts {
            asked: self.answers.asked.load(Ordering::Relaxed),
            computed: self.answers.computed.load(Ordering::Relaxed),
            bytes: self.answers.given.kept.weighted_size(),
        }
    }
}

/// What a piece of text or an entry of a map takes besides its letters, in bytes.
pub(super) const PIECE: usize = 48;

/// Bytes of a text, about.
pub(super) const fn bytes_of(text: &str) -> usize {
    text.len() + PIECE
}

/// Bytes of an answer, about: what allocators and maps add is reckoned by a fixed sum for each piece.
fn weight(answer: &Answer) -> u32 {
    let text = |text: &String| bytes_of(text);
    let groups: usize = answer
        .groups
        .iter()
        .map(|group| {
            let values: usize = group.values.keys().map(text).sum();
            text(&group.key) + text(&group.label) + values + PIECE
        })
        .sum();
    let series: usize =
        answer.series.iter().map(|series| text(&series.id) + text(&series.label) + PIECE).sum();
    let table: usize = answer
        .table
        .iter()
        .flat_map(|table| &table.rows)
        .map(|row| {
            let cells: usize = row
                .values
                .iter()
                .map(|value| size_of_val(value) + value.as_str().map_or(0, |text| text.len() + PIECE))
                .sum();
            cells + row.link.as_ref().map_or(0, text) + PIECE
        })
        .sum();
    let bytes = size_of::<Answer>() + answer.note.as_ref().map_or(0, text) + groups + series + table;
    u32::try_from(bytes).unwrap_or(u32::MAX)
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
        moment: Moment,
        is_past: bool,
        awaited: Vec<&'static str>,
    }
    /// When it is asked for: what rests on the clock holds for a minute, all else for a local date.
    #[derive(Serialize)]
    enum Moment {
        Minute(i64),
        Date(NaiveDate),
    }
    let reads = plan.reads(scope);
    let parts = Parts {
        datasource: context.datasource.0,
        gauge,
        filters,
        companies: scope.companies(),
        workspace: &context.workspace,
        versions: reads.entities.iter().map(|entity| (*entity, context.version(entity))).collect(),
        moment: if reads.clock {
            Moment::Minute(at.timestamp().div_euclid(60))
        } else {
            Moment::Date(at.with_timezone(&context.zone).date_naive())
        },
        is_past: context.is_past(plan, at),
        awaited: plan.awaited(context, scope),
    };
    hashed(&parts)
}

/// Parts as a key.
pub(super) fn hashed(parts: &impl Serialize) -> Result<Key, StoreError> {
    let text = serde_json::to_vec(parts)
        .map_err(|error| StoreError::Invalid(format!("The gauge cannot be written down: {error}.")))?;
    Ok(Sha256::digest(&text).into())
}
