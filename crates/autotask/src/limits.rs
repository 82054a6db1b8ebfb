//! What Autotask counts together, whoever in this process asks: requests in flight at one entity under one integration
//! code, and requests by the hour.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, timeout_at},
};

/// The longest interval of a pace. Autotask counts by the hour, so a longer one has no use.
const MAX_INTERVAL: Duration = Duration::from_hours(1);

/// How long requests to an entity go one by one after the server found too many in flight there: others use the same
/// integration code.
const ALONE: Duration = Duration::from_mins(1);

/// The limits of all clients of one connector. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    concurrency: usize,
    accounts: Arc<Mutex<Held<u64, Account>>>,
    /// Keyed anew for every connector: the code itself is not kept.
    hasher: RandomState,
}

impl Limits {
    /// Limits with so many places at each entity, and at least one.
    pub(crate) fn new(concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.clamp(1, Semaphore::MAX_PERMITS),
            accounts: Arc::default(),
            hasher: RandomState::new(),
        }
    }

    /// The account of an integration code at an origin. It lasts as long as somebody holds it.
    pub(crate) fn account(&self, origin: &str, integration_code: &str) -> Arc<Account> {
        let key = self.hasher.hash_one((origin, integration_code));
        hold(&mut lock(&self.accounts), key, || Account {
            concurrency: self.concurrency,
            entities: Mutex::default(),
            crowded_until: Mutex::default(),
            interval: watch::Sender::default(),
            last_start: tokio::sync::Mutex::default(),
        })
    }
}

/// One integration code at one origin.
#[derive(Debug)]
pub(crate) struct Account {
    concurrency: usize,
    /// By entity, in lower case.
    entities: Mutex<Held<String, Semaphore>>,
    /// By entity, in lower case: until when its requests go one by one.
    crowded_until: Mutex<HashMap<String, Instant>>,
    /// The least time between two starts.
    interval: watch::Sender<Option<Duration>>,
    /// Locked by the request that starts next, while it waits for its moment; the others queue for the lock.
    last_start: tokio::sync::Mutex<Option<Instant>>,
}

/// A place in flight at an entity, until it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Account {
    /// Waits until one request to an entity may start: for a place at the entity, then for the pace.
    ///
    /// In this order, since a request that waited for its place after its moment would start together with others.
    pub(crate) async fn start(&self, entity: &str) -> Place {
        let entity = entity.to_ascii_lowercase();
        let is_crowded = lock(&self.crowded_until).get(&entity).is_some_and(|until| Instant::now() < *until);
        let taken = if is_crowded { u32::try_from(self.concurrency).unwrap_or(u32::MAX) } else { 1 };
        let places = hold(&mut lock(&self.entities), entity, || Semaphore::new(self.concurrency));
        // The semaphore is never closed, so this cannot fail; were it closed, going on without a place is harmless.
        let permit = places.acquire_many_owned(taken).await.ok();
        self.keep_pace().await;
        Place { _permit: permit }
    }

    /// Lets requests to an entity go one by one for a while.
    pub(crate) fn crowded(&self, entity: &str) {
        lock(&self.crowded_until).insert(entity.to_ascii_lowercase(), Instant::now() + ALONE);
    }

    /// The least time between two starts from now on; `None` for no limit. Who waits already is told.
    pub(crate) fn set_pace(&self, interval: Option<Duration>) {
        self.interval.send_replace(interval.map(|interval| interval.min(MAX_INTERVAL)));
    }

    /// Waits until the interval since the last start has passed, and starts. Who gives up while waiting has not
    /// started, and delays nobody.
    async fn keep_pace(&self) {
        let mut last_start = self.last_start.lock().await;
        let mut interval = self.interval.subscribe();
        loop {
            let pace = *interval.borrow_and_update();
            let (Some(last), Some(gap)) = (*last_start, pace) else { break };
            if timeout_at(last + gap, interval.changed()).await.is_err() {
                break;
            }
        }
        *last_start = Some(Instant::now());
    }
}

/// Values that last as long as somebody else holds them.
type Held<K, V> = HashMap<K, Weak<V>>;

/// The value of a key, made where nobody holds one. Making one is the occasion to forget those that nobody holds any
/// more, so that there are never many of them.
fn hold<K: Eq + Hash, V>(held: &mut Held<K, V>, key: K, make: impl FnOnce() -> V) -> Arc<V> {
    if let Some(value) = held.get(&key).and_then(Weak::upgrade) {
        return value;
    }
    held.retain(|_, value| value.strong_count() > 0);
    let value = Arc::new(make());
    held.insert(key, Arc::downgrade(&value));
    value
}

/// Takes a lock of this crate, also after a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks can leave a half-made value behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const ORIGIN: &str = "https://webservices5.autotask.net";
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn a_code_has_two_places_at_an_entity_however_many_clients_use_it() {
        let limits = Limits::new(2);
        let (one, other) = (limits.account(ORIGIN, "CODE"), limits.clone().account(ORIGIN, "CODE"));
        let first = one.start("Tickets").await;
        let _second = other.start("tickets").await;
        assert!(one.start("Tickets").now_or_never().is_none());
        assert!(one.start("Companies").now_or_never().is_some(), "another entity");
        assert!(limits.account(ORIGIN, "OTHER").start("Tickets").now_or_never().is_some(), "another code");
        let elsewhere = limits.account("https://webservices6.autotask.net", "CODE");
        assert!(elsewhere.start("Tickets").now_or_never().is_some(), "another origin");
        drop(first);
        assert!(other.start("Tickets").now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_server_found_too_many_they_go_one_by_one_for_a_while() {
        let account = Limits::new(2).account(ORIGIN, "CODE");
        account.crowded("Tickets");
        let first = account.start("tickets").await;
        assert!(account.start("Tickets").now_or_never().is_none());
        assert!(account.start("Companies").now_or_never().is_some(), "another entity");
        drop(first);
        tokio::time::advance(ALONE).await;
        let _first = account.start("Tickets").await;
        assert!(account.start("Tickets").now_or_never().is_some());
    }

    #[tokio::test]
    async fn any_concurrency_can_be_asked_for() {
        for concurrency in [0, usize::MAX] {
            let _place = Limits::new(concurrency).account(ORIGIN, "CODE").start("Tickets").await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_spaces_the_starts_at_all_entities() {
        let limits = Limits::new(2);
        let (one, other) = (limits.account(ORIGIN, "CODE"), limits.account(ORIGIN, "CODE"));
        let began = Instant::now();
        for _ in 0..3 {
            drop(one.start("Tickets").await);
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "there is none at first");

        one.set_pace(Some(2 * SECOND));
        let start = async |account: &Account, entity| {
            drop(account.start(entity).await);
            began.elapsed().as_secs()
        };
        let starts = tokio::join!(start(&one, "Tickets"), start(&other, "Companies"), start(&one, "Version"));
        assert_eq!(starts, (2, 4, 6));
        assert_eq!(start(&limits.account(ORIGIN, "OTHER"), "Tickets").await, 6, "another code");
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(start(&other, "Tickets").await, 66, "time without requests is not waited for again");
        assert_eq!(start(&other, "Tickets").await, 68, "and is not made up for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_pace_counts_at_once() {
        let account = Limits::new(2).account(ORIGIN, "CODE");
        let began = Instant::now();
        drop(account.start("Tickets").await);
        // Longer than anything: it must neither overflow nor be final.
        account.set_pace(Some(Duration::MAX));
        let waiting = async {
            drop(account.start("Tickets").await);
            began.elapsed().as_secs()
        };
        let change = async {
            tokio::time::sleep(3 * SECOND).await;
            account.set_pace(Some(5 * SECOND));
        };
        assert_eq!(tokio::join!(waiting, change).0, 5);
        account.set_pace(None);
        drop(account.start("Tickets").await);
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_delays_nobody() {
        let account = Limits::new(2).account(ORIGIN, "CODE");
        let began = Instant::now();
        account.set_pace(Some(5 * SECOND));
        drop(account.start("Tickets").await);
        for _ in 0..10 {
            assert!(account.start("Tickets").now_or_never().is_none());
        }
        drop(account.start("Tickets").await);
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test]
    async fn what_nobody_holds_is_forgotten() {
        let limits = Limits::new(2);
        let kept = limits.account(ORIGIN, "KEPT");
        let place = kept.start("Kept").await;
        for number in 0..1_000 {
            drop(limits.account(ORIGIN, &number.to_string()));
            drop(kept.start(&number.to_string()).await);
        }
        assert_eq!(lock(&limits.accounts).len(), 2);
        assert_eq!(lock(&kept.entities).len(), 2);
        // What is held is the same as before.
        assert!(Arc::ptr_eq(&kept, &limits.account(ORIGIN, "KEPT")));
        let _second = kept.start("Kept").await;
        assert!(kept.start("Kept").now_or_never().is_none());
        drop(place);
    }
}
