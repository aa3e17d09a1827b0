//! What providers publish about themselves, kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Refusal;

/// How long a value is used before it is fetched again.
const FRESH: Duration = Duration::from_hours(1);

/// How long a value may still be used while it cannot be fetched again: a provider whose discovery
/// is down for a day goes on being used.
const USABLE: Duration = Duration::from_hours(24);

/// How often a value is fetched before its time, at most.
const BETWEEN_EARLY_FETCHES: Duration = Duration::from_mins(1);

/// More providers than any profile list has; beyond it, the memory starts over.
const MOST: usize = 64;

/// Values by address. For one address one fetch runs at a time; those who ask meanwhile share what
/// comes of it, be it a value or a failure. A failure is never kept.
#[derive(Debug)]
pub(crate) struct Cache<V> {
    slots: Mutex<HashMap<String, Slot<V>>>,
}

type Slot<V> = Arc<tokio::sync::Mutex<Kept<V>>>;

#[derive(Debug)]
struct Kept<V> {
    value: Option<(Instant, V)>,
    failure: Option<(Instant, Refusal)>,
    fetched_early: Option<Instant>,
}

impl<V: Clone> Cache<V> {
    /// The kept value, or what `fetch` brings.
    pub(crate) async fn get(
        &self,
        address: &str,
        fetch: impl AsyncFnOnce() -> Result<V, Refusal>,
    ) -> Result<V, Refusal> {
        let asked = Instant::now();
        let slot = self.slot(address);
        let mut kept = slot.lock().await;
        match &kept.value {
            Some((at, value)) if at.elapsed() < FRESH => Ok(value.clone()),
            _ => kept.fetch(asked, fetch).await,
        }
    }

    /// What `fetch` brings, because the kept value is known to lack something; the kept value
    /// where that was tried a moment ago.
    pub(crate) async fn get_newer(
        &self,
        address: &str,
        fetch: impl AsyncFnOnce() -> Result<V, Refusal>,
    ) -> Result<V, Refusal> {
        let asked = Instant::now();
        let slot = self.slot(address);
        let mut kept = slot.lock().await;
        let early = kept.fetched_early;
        if let Some((_, value)) = &kept.value
            && early.is_some_and(|at| at.elapsed() < BETWEEN_EARLY_FETCHES)
        {
            return Ok(value.clone());
        }
        kept.fetched_early = Some(asked);
        kept.fetch(asked, fetch).await
    }

    fn slot(&self, address: &str) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(address) {
            slots.clear();
        }
        let slot = slots.entry(address.to_owned()).or_default();
        Arc::clone(slot)
    }
}

impl<V: Clone> Kept<V> {
    async fn fetch(
        &mut self,
        asked: Instant,
        fetch: impl AsyncFnOnce() -> Result<V, Refusal>,
    ) -> Result<V, Refusal> {
        let outcome = match &self.failure {
            // Somebody else's fetch failed while we waited for it.
            Some((at, failure)) if *at >= asked => Err(failure.clone()),
            _ => fetch().await,
        };
        match outcome {
            Ok(value) => {
                self.value = Some((Instant::now(), value.clone()));
                self.failure = None;
                Ok(value)
            }
            Err(failure) => {
                self.failure = Some((Instant::now(), failure.clone()));
                match &self.value {
                    Some((at, value)) if at.elapsed() < USABLE && passes_by_itself(&failure) => {
                        Ok(value.clone())
                    }
                    _ => Err(failure),
                }
            }
        }
    }
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self {
            value: None,
            failure: None,
            fetched_early: None,
        }
    }
}

fn passes_by_itself(failure: &Refusal) -> bool {
    matches!(failure, Refusal::Later { .. } | Refusal::Garbled(_))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn down() -> Refusal {
        Refusal::Garbled("down".to_owned())
    }

    #[tokio::test]
    async fn a_value_is_fetched_once() {
        let cache = Cache::default();
        assert_eq!(cache.get("a", async || Ok(1)).await.unwrap(), 1);
        assert_eq!(cache.get("a", async || Ok(2)).await.unwrap(), 1);
        assert_eq!(cache.get("b", async || Ok(3)).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = Cache::default();
        cache
            .get("a", async || Err::<u32, _>(down()))
            .await
            .unwrap_err();
        assert_eq!(cache.get("a", async || Ok(2)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn those_who_wait_share_one_failure() {
        let cache = Cache::<u32>::default();
        let fetches = AtomicU32::new(0);
        let fetch = async || {
            fetches.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Err(down())
        };
        let (one, two) = tokio::join!(cache.get("a", fetch), cache.get("a", fetch));
        assert!(one.is_err() && two.is_err());
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_value_is_fetched_early_once_a_minute_at_most() {
        let cache = Cache::default();
        assert_eq!(cache.get("a", async || Ok(1)).await.unwrap(), 1);
        assert_eq!(cache.get_newer("a", async || Ok(2)).await.unwrap(), 2);
        assert_eq!(cache.get_newer("a", async || Ok(3)).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_value_outlives_the_failure_to_fetch_it_again() {
        let cache = Cache::default();
        assert_eq!(cache.get("a", async || Ok(1)).await.unwrap(), 1);
        assert_eq!(cache.get_newer("a", async || Err(down())).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let cache = Cache::default();
        for number in 0..1000 {
            let address = number.to_string();
            cache.get(&address, async || Ok(number)).await.unwrap();
        }
        assert!(cache.slots.lock().unwrap().len() <= MOST);
    }
}
