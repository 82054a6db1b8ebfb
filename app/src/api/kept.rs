//! What was made before: once per change of what it rests on, for all who ask for it.
//!
//! A thing has two names. Its key holds everything that it rests on, so that nothing ever has to be thrown out: what
//! changed has another key. Its turn holds what is asked for and not what that rests on: of one turn a single thing is
//! made at a time, however many ask and however fast the rows below change. Whoever had to wait asks again what the
//! thing rests on, and finds it made.

use futures::lock::Mutex;
use moka::{Expiry, future::Cache, policy::EvictionPolicy};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What nobody asked for so long makes room.
const IDLE: Duration = Duration::from_mins(10);
/// What is not whole is made anew after so long.
const MOMENT: Duration = Duration::from_secs(5);
/// Things of which one is made at a time; far above what is open at once.
const TURNS: u64 = 10_000;

/// A name, hashed.
pub type Key = [u8; 32];

/// The key of parts; the same parts have the same one, in every process.
pub fn key(parts: &impl Serialize) -> Key {
    // Parts are text and numbers, which can be written down.
    Sha256::digest(serde_json::to_vec(parts).unwrap_or_default()).into()
}

/// The names of a thing, and what was found on the way to them.
pub struct Names<T> {
    /// What is asked for.
    pub turn: Key,
    /// What is asked for and everything it rests on.
    pub key: Key,
    /// What was found.
    pub found: T,
}

/// What can be kept.
pub trait Keep: Send + Sync + 'static {
    /// Bytes it takes, about.
    fn bytes(&self) -> usize;

    /// Whether all of it could be made. What is not whole is kept for a moment only: long enough that a database in
    /// trouble is not asked by everybody, short enough that nobody looks at yesterday's trouble.
    fn is_whole(&self) -> bool {
        true
    }
}

/// How long something is kept.
struct Lasting;

impl<V: Keep> Expiry<Key, Arc<V>> for Lasting {
    fn expire_after_create(&self, _: &Key, value: &Arc<V>, _: Instant) -> Option<Duration> {
        (!value.is_whole()).then_some(MOMENT)
    }
}

/// How often things were asked for, since the process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often one was asked for.
    pub asked: u64,
    /// How often one had to be made.
    pub made: u64,
    /// Bytes that the kept ones take, about.
    pub bytes: u64,
}

/// Things of one kind that this process keeps.
pub struct Kept<V> {
    by_key: Cache<Key, Arc<V>>,
    turns: Cache<Key, Arc<Mutex<()>>>,
    asked: AtomicU64,
    made: AtomicU64,
}

impl<V: Keep> Kept<V> {
    /// Room for so many bytes.
    pub fn new(bytes: u64) -> Kept<V> {
        // A key of this minute is asked for next, however often the last minute's was.
        let by_key = Cache::builder()
            .weigher(|_, value: &Arc<V>| u32::try_from(value.bytes()).unwrap_or(u32::MAX))
            .max_capacity(bytes)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(IDLE)
            .expire_after(Lasting)
            .build();
        let turns = Cache::builder().max_capacity(TURNS).time_to_idle(IDLE).build();
        Kept { by_key, turns, asked: AtomicU64::new(0), made: AtomicU64::new(0) }
    }

    /// The thing of these names, kept or made now. `names` is asked again after each wait. What could not be made is not
    /// kept.
    ///
    /// # Errors
    /// Those of `names` and `make`.
    pub async fn get<T, E, N, M>(&self, names: impl Fn() -> N, make: impl FnOnce(T) -> M) -> Result<Arc<V>, E>
    where
        N: Future<Output = Result<Names<T>, E>>,
        M: Future<Output = Result<V, E>>,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Names { turn, key, .. } = names().await?;
        if let Some(kept) = self.by_key.get(&key).await {
            return Ok(kept);
        }
        let turn = self.turns.get_with(turn, async { Arc::default() }).await;
        let _turn = turn.lock().await;
        let Names { key, found, .. } = names().await?;
        if let Some(kept) = self.by_key.get(&key).await {
            return Ok(kept);
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        let value = Arc::new(make(found).await?);
        self.by_key.insert(key, value.clone()).await;
        Ok(value)
    }

    /// How often things were asked for and made.
    pub fn counts(&self) -> Counts {
        Counts {
            asked: self.asked.load(Ordering::Relaxed),
            made: self.made.load(Ordering::Relaxed),
            bytes: self.by_key.weighted_size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{
        FutureExt as _,
        executor::block_on,
        future::{join_all, pending, ready},
    };
    use std::{convert::Infallible, sync::atomic::AtomicU32};

    impl Keep for String {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    /// Lets everything else go first.
    async fn later() {
        let mut turned = false;
        std::future::poll_fn(|cx| {
            if turned {
                return std::task::Poll::Ready(());
            }
            turned = true;
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }

    fn names<E>(version: u32) -> impl Future<Output = Result<Names<u32>, E>> {
        ready(Ok(Names { turn: key(&"board"), key: key(&("board", version)), found: version }))
    }

    #[test]
    fn who_asks_meanwhile_gets_the_same() {
        let kept = Kept::<String>::new(1_000);
        let make = |version| later().map(move |()| Ok::<_, Infallible>(format!("version {version}")));
        let all = (0..200).map(|_| kept.get(|| names(1), make));
        for got in block_on(join_all(all)) {
            assert_eq!(got.as_deref().map(String::as_str), Ok("version 1"));
        }
        assert_eq!((kept.counts().asked, kept.counts().made), (200, 1));
        let newer = block_on(kept.get(|| names(2), make));
        assert_eq!(newer.as_deref().map(String::as_str), Ok("version 2"));
        assert_eq!(kept.counts().made, 2);
    }

    #[test]
    fn who_waited_gets_what_holds_after_the_wait() {
        let kept = Kept::<String>::new(1_000);
        let version = AtomicU32::new(0);
        // Each change of rows is seen by whoever asks next.
        let all = (0..200).map(|_| {
            kept.get(
                || names(version.load(Ordering::Relaxed)),
                |found| {
                    let version = &version;
                    later().map(move |()| {
                        version.store(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(format!("version {found}"))
                    })
                },
            )
        });
        let got = block_on(join_all(all));
        assert_eq!(got[0].as_deref().map(String::as_str), Ok("version 0"));
        assert!(got[1..].iter().all(|got| got.as_deref().map(String::as_str) == Ok("version 1")));
        assert_eq!(kept.counts().made, 2);
    }

    #[test]
    fn who_fails_or_goes_away_leaves_the_turn_to_the_next() {
        let kept = Kept::<String>::new(1_000);
        let mut gone = Box::pin(kept.get(|| names::<&str>(1), |_| pending()));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        assert_eq!(block_on(kept.get(|| names(1), |_| ready(Err("broken")))), Err("broken"));
        let got = block_on(kept.get(|| names::<&str>(1), |_| ready(Ok("made".to_owned()))));
        assert_eq!(got.as_deref().map(String::as_str), Ok("made"));
    }
}
