//! What is kept in memory of the database's rows: looked up on every request, read on few.
//!
//! A value is fresh for a while, should the announcement of a change be lost, and is then read anew by the first who asks
//! for it, while the others go on with what there is. While the database is away, what there is stays good for longer:
//! calls go on for accounts that have been called for lately. What nobody may see any more is let go of at once
//! ([`Kept::forget`]), and then a read that began before doesn't bring it back.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use tokio::time::{Instant, timeout};

use crate::error::{Error, Kind, Result};
use crate::store::reach;

/// How long a value is good for at most without having been read anew, which is while the database is away.
const LONGEST: Duration = Duration::from_secs(600);

/// How long whoever has a value waits for a fresh one.
const PATIENCE: Duration = Duration::from_secs(1);

/// When a value is read again that could not be read.
const AGAIN: Duration = Duration::from_secs(5);

/// Values by their keys. Clones share them.
pub struct Kept<K, V> {
    values: Cache<K, Arc<Entry<V>>>,
    fresh: Duration,
    /// How often something has been let go of.
    forgotten: Arc<AtomicU64>,
}

struct Entry<V> {
    value: V,
    /// When it is to be read anew.
    due: Mutex<Instant>,
}

impl<V> Entry<V> {
    fn new(value: V, fresh: Duration) -> Arc<Self> {
        Arc::new(Entry { value, due: Mutex::new(Instant::now() + fresh) })
    }

    /// Whether it is to be read anew, by whoever is told so.
    fn is_due(&self) -> bool {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_due = *due <= now;
        if is_due {
            *due = now + AGAIN;
        }
        is_due
    }
}

impl<K, V> Kept<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Keeps up to `most` values, each `fresh` for so long.
    pub fn new(most: u64, fresh: Duration) -> Self {
        let values = Cache::builder().max_capacity(most).time_to_live(LONGEST).build();
        Kept { values, fresh, forgotten: Arc::default() }
    }

    /// The value of `key`; `read` reads it where it isn't kept. Those who ask at once read once.
    pub async fn get<F>(&self, key: K, read: impl Fn() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>>,
    {
        let before = self.forgotten.load(Ordering::Acquire);
        let Some(entry) = self.values.get(&key).await else {
            let reading = async { once_more(&read).await.map(|value| Entry::new(value, self.fresh)) };
            let read = self.values.try_get_with_by_ref(&key, reading).await;
            let entry = read.map_err(|error: Arc<Error>| (*error).clone())?;
            if self.forgotten.load(Ordering::Acquire) != before {
                self.values.invalidate(&key).await; // it may be from before the change
            }
            return Ok(entry.value.clone());
        };
        if !entry.is_due() || !reach::may_look() {
            return Ok(entry.value.clone());
        }
        match timeout(PATIENCE, once_more(&read)).await {
            Ok(Ok(value)) => {
                reach::back();
                if self.forgotten.load(Ordering::Acquire) == before {
                    self.values.insert(key, Entry::new(value.clone(), self.fresh)).await;
                }
                Ok(value)
            }
            Ok(Err(error)) if error.kind() != Kind::Unavailable => {
                self.values.invalidate(&key).await;
                Err(error)
            }
            Ok(Err(_)) | Err(_) => {
                reach::away();
                Ok(entry.value.clone())
            }
        }
    }

    /// Lets go of a value.
    pub async fn forget(&self, key: &K) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.values.invalidate(key).await;
    }

    /// Lets go of the values of all keys that are meant.
    pub async fn forget_where(&self, is_meant: impl Fn(&K) -> bool) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        let keys: Vec<K> =
            self.values.iter().map(|(key, _)| (*key).clone()).filter(|key| is_meant(key)).collect();
        for key in keys {
            self.values.invalidate(&key).await;
        }
    }

    /// Lets go of everything.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.values.invalidate_all();
    }
}

/// Reads, and once more where that fails: a connection that broke off while it lay idle is noticed only when it is used,
/// and is then replaced. A database that is away takes its time over failing, and isn't asked twice.
async fn once_more<V, F: Future<Output = Result<V>>>(read: &impl Fn() -> F) -> Result<V> {
    let begun = Instant::now();
    match read().await {
        Err(error) if error.kind() == Kind::Unavailable && begun.elapsed() < PATIENCE => read().await,
        outcome => outcome,
    }
}

impl<K, V> Clone for Kept<K, V> {
    fn clone(&self) -> Self {
        Kept { values: self.values.clone(), fresh: self.fresh, forgotten: self.forgotten.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const FRESH: Duration = Duration::from_secs(30);

    fn unavailable() -> Error {
        Error::new(Kind::Unavailable, "The database is away.")
    }

    /// Rows of a database that counts how often it is asked.
    #[derive(Default)]
    struct Rows {
        asked: AtomicUsize,
        answers: Mutex<Vec<Result<&'static str>>>,
    }

    impl Rows {
        fn answering(answers: impl IntoIterator<Item = Result<&'static str>>) -> Rows {
            let mut answers: Vec<_> = answers.into_iter().collect();
            answers.reverse();
            Rows { asked: AtomicUsize::new(0), answers: Mutex::new(answers) }
        }

        async fn read(&self) -> Result<&'static str> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.answers.lock().unwrap().pop().unwrap_or_else(|| Err(unavailable()))
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_read_once_while_it_is_fresh_and_then_anew() {
        let kept = Kept::new(10, FRESH);
        let rows = Rows::answering([Ok("first"), Ok("second")]);
        for _ in 0..3 {
            assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "first");
        }
        tokio::time::advance(FRESH).await;
        assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "second");
        assert_eq!(rows.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_broke_off_is_not_the_callers_business() {
        let kept = Kept::new(10, FRESH);
        let rows = Rows::answering([Err(unavailable()), Ok("there")]);
        assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "there");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_stays_good_while_the_database_is_away_and_nothing_else_is() {
        let kept = Kept::new(10, FRESH);
        let rows = Rows::answering([Ok("kept")]);
        kept.get(1, || rows.read()).await.unwrap();
        tokio::time::advance(FRESH * 3).await;
        assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "kept");
        assert_eq!(kept.get(2, || rows.read()).await.unwrap_err().kind(), Kind::Unavailable);
        let asked = rows.asked();
        assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "kept");
        assert_eq!(rows.asked(), asked, "it isn't asked for every request");
        reach::back();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_more_when_it_is_read_anew_is_let_go_of() {
        let kept = Kept::new(10, FRESH);
        let gone = || Err(Error::not_found("gone"));
        let rows = Rows::answering([Ok("there"), gone(), gone()]);
        kept.get(1, || rows.read()).await.unwrap();
        tokio::time::advance(FRESH).await;
        for _ in 0..2 {
            assert_eq!(kept.get(1, || rows.read()).await.unwrap_err().kind(), Kind::NotFound);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_began_before_a_change_does_not_bring_back_what_it_changed() {
        let kept = Kept::new(10, FRESH);
        let rows = Rows::answering([Ok("before"), Ok("after")]);
        let slow = || async {
            let found = rows.read().await;
            kept.forget(&1).await;
            found
        };
        assert_eq!(kept.get(1, slow).await.unwrap(), "before");
        assert_eq!(kept.get(1, || rows.read()).await.unwrap(), "after");
    }
}
