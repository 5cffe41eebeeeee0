//! Things made on demand and kept while there is room: made once however many ask, and the one that was not used for the
//! longest time dropped first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::Error;

pub(crate) struct Cache<K, V> {
    budget_bytes: u64,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    entries: HashMap<K, Entry<V>>,
    clock: u64,
}

struct Entry<V> {
    cell: Arc<OnceCell<Arc<V>>>,
    bytes: u64,
    used_at: u64,
}

/// What an entry costs besides its own bytes, so that many small ones are bounded too.
const ENTRY_BYTES: u64 = 4096;

impl<K: Clone + Eq + Hash + Send + Sync, V: Send + Sync> Cache<K, V> {
    pub(crate) fn new(budget_bytes: u64) -> Self {
        Self { budget_bytes, state: Mutex::new(State { entries: HashMap::new(), clock: 0 }) }
    }

    /// What is kept under `key`, if it was made.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        let entry = state.entries.get_mut(key)?;
        entry.used_at = now;
        entry.cell.get().cloned()
    }

    /// What is kept under `key`, made by `make` if need be, which also says how many bytes it takes. Those who ask meanwhile wait.
    pub(crate) async fn get_or_make<F>(&self, key: &K, make: F) -> Result<Arc<V>, Error>
    where
        F: Future<Output = Result<(V, u64), Error>> + Send,
    {
        let cell = {
            let mut state = self.lock();
            state.clock += 1;
            let now = state.clock;
            let entry =
                state.entries.entry(key.clone()).or_insert_with(|| Entry { cell: Arc::new(OnceCell::new()), bytes: 0, used_at: now });
            entry.used_at = now;
            Arc::clone(&entry.cell)
        };
        // Also when nobody waits any more.
        let _unmade = ForgetUnmade { cache: self, key };
        let mut bytes = None;
        let made = cell
            .get_or_try_init(|| async {
                let (value, size) = make.await?;
                bytes = Some(size + ENTRY_BYTES);
                Ok(Arc::new(value))
            })
            .await
            .cloned();
        if let (Ok(_), Some(bytes)) = (&made, bytes) {
            self.make_room(key, bytes);
        }
        made
    }

    fn make_room(&self, newest: &K, bytes: u64) {
        let mut state = self.lock();
        if let Some(entry) = state.entries.get_mut(newest) {
            entry.bytes = bytes;
        }
        let mut total: u64 = state.entries.values().map(|entry| entry.bytes).sum();
        while total > self.budget_bytes {
            let oldest =
                state.entries.iter().filter(|(key, entry)| *key != newest && entry.bytes > 0).min_by_key(|(_, entry)| entry.used_at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            total -= state.entries.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }

    fn forget_unmade(&self, key: &K) {
        let mut state = self.lock();
        if state.entries.get(key).is_some_and(|entry| !entry.cell.initialized() && Arc::strong_count(&entry.cell) <= 2) {
            state.entries.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out an entry that failed, or that was given up.
struct ForgetUnmade<'a, K: Clone + Eq + Hash + Send + Sync, V: Send + Sync> {
    cache: &'a Cache<K, V>,
    key: &'a K,
}

impl<K: Clone + Eq + Hash + Send + Sync, V: Send + Sync> Drop for ForgetUnmade<'_, K, V> {
    fn drop(&mut self) {
        self.cache.forget_unmade(self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::ErrorKind;

    #[tokio::test]
    async fn made_once_and_the_oldest_goes_first() {
        let cache = Cache::<&str, u32>::new(3 * ENTRY_BYTES);
        let makes = AtomicU32::new(0);
        let make = || async {
            tokio::task::yield_now().await;
            Ok((makes.fetch_add(1, Ordering::Relaxed), 100))
        };
        let (one, other) = tokio::join!(cache.get_or_make(&"a", make()), cache.get_or_make(&"a", make()));
        assert_eq!((*one.unwrap(), *other.unwrap()), (0, 0));
        cache.get_or_make(&"b", make()).await.unwrap();
        assert!(cache.get(&"a").is_some());
        cache.get_or_make(&"c", make()).await.unwrap();
        assert_eq!((cache.get(&"a").is_some(), cache.get(&"b").is_some(), cache.get(&"c").is_some()), (true, false, true));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = Cache::<&str, u32>::new(0);
        let failure = cache.get_or_make(&"a", async { Err(ErrorKind::Cursor { cursor: String::new() }.into()) }).await;
        assert!(failure.is_err());
        assert_eq!(*cache.get_or_make(&"a", async { Ok((7, 100)) }).await.unwrap(), 7);
        assert!(cache.get(&"a").is_some(), "the newest stays, however large");
    }
    #[tokio::test]
    async fn what_was_given_up_is_not_kept() {
        let cache = Cache::<&str, u32>::new(0);
        let endless = cache.get_or_make(&"a", std::future::pending());
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), endless).await.is_err());
        assert!(cache.lock().entries.is_empty());
    }
}
