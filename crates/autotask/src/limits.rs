//! What Autotask counts together, whoever in this process asks: requests in flight at one entity under one integration
//! code, and requests by the hour.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// The limits of all clients of one connector. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    accounts: Arc<Mutex<HashMap<u64, Weak<Account>>>>,
    /// Keyed anew in every process: the code itself is not kept.
    hasher: RandomState,
}

impl Limits {
    /// The account of an integration code at an API address. It lasts as long as somebody holds it.
    pub(crate) fn account(&self, origin: &str, integration_code: &str, concurrency: usize) -> Arc<Account> {
        let key = self.hasher.hash_one((origin, integration_code));
        let mut accounts = lock(&self.accounts);
        if let Some(account) = accounts.get(&key).and_then(Weak::upgrade) {
            return account;
        }
        accounts.retain(|_, account| account.strong_count() > 0);
        let account = Arc::new(Account { concurrency, places: Mutex::default(), pace: Mutex::default() });
        accounts.insert(key, Arc::downgrade(&account));
        account
    }
}

/// One integration code at one API address.
#[derive(Debug)]
pub(crate) struct Account {
    concurrency: usize,
    /// By entity, in lower case.
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
    pace: Mutex<Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    interval: Option<Duration>,
    /// When the next request may start.
    next: Option<Instant>,
}

impl Account {
    /// Waits for a place at an entity. It is taken until the answer is dropped.
    pub(crate) async fn enter(&self, entity: &str) -> Option<OwnedSemaphorePermit> {
        let places = lock(&self.places)
            .entry(entity.to_ascii_lowercase())
            .or_insert_with(|| Arc::new(Semaphore::new(self.concurrency)))
            .clone();
        // The semaphore is never closed, so this cannot fail; were it closed, going on without a place is harmless.
        places.acquire_owned().await.ok()
    }

    /// Waits for the moment at which the pace allows a request to start.
    pub(crate) async fn wait_for_start(&self) {
        if let Some(start) = self.start() {
            sleep_until(start).await;
        }
    }

    /// The least time between the starts of two requests from now on; `None` for no limit.
    pub(crate) fn set_pace(&self, interval: Option<Duration>) {
        let mut pace = lock(&self.pace);
        pace.interval = interval;
        if interval.is_none() {
            pace.next = None;
        }
    }

    /// Hands out the next start.
    fn start(&self) -> Option<Instant> {
        let mut pace = lock(&self.pace);
        let interval = pace.interval?;
        let start = pace.next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        pace.next = Some(start + interval);
        Some(start)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks can leave a half-made value behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const ORIGIN: &str = "https://webservices5.autotask.net";

    #[tokio::test]
    async fn a_code_has_two_places_at_an_entity_however_many_clients_use_it() {
        let limits = Limits::default();
        let (one, other) = (limits.account(ORIGIN, "CODE", 2), limits.clone().account(ORIGIN, "CODE", 2));
        let first = one.enter("Tickets").await;
        let _second = other.enter("tickets").await;
        assert!(one.enter("Tickets").now_or_never().is_none());
        assert!(one.enter("Companies").now_or_never().is_some(), "another entity");
        assert!(limits.account(ORIGIN, "OTHER", 2).enter("Tickets").now_or_never().is_some());
        assert!(
            limits
                .account("https://webservices6.autotask.net", "CODE", 2)
                .enter("Tickets")
                .now_or_never()
                .is_some()
        );
        drop(first);
        assert!(other.enter("Tickets").now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_spaces_the_starts() {
        let account = Limits::default().account(ORIGIN, "CODE", 2);
        let began = Instant::now();
        for _ in 0..3 {
            account.wait_for_start().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        account.set_pace(Some(Duration::from_secs(2)));
        for _ in 0..3 {
            account.wait_for_start().await;
        }
        assert_eq!(began.elapsed().as_secs(), 4);
        account.set_pace(None);
        account.wait_for_start().await;
        assert_eq!(began.elapsed().as_secs(), 4);
    }

    #[test]
    fn accounts_nobody_holds_are_forgotten() {
        let limits = Limits::default();
        for number in 0..1_000 {
            drop(limits.account(ORIGIN, &number.to_string(), 2));
        }
        assert_eq!(lock(&limits.accounts).len(), 1);
    }
}
