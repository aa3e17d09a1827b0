//! However many ask for the same thing at once, it is done once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, join_all};

/// Work that several wait for; `None` if it panicked.
type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

/// Work under way, by key. Each flight runs in a task of its own, so that whoever stops waiting
/// takes nothing from the others, and takes itself out of the map when it ends, so that nothing is
/// left behind.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, Flight<T>>>>);

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Waits for the flight under this key; starts it where there is none. `None` if it panicked.
    pub(crate) async fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = {
            // Held while the task is spawned: it cannot take itself out before it is in.
            let mut flights = lock(&self.0);
            if let Some(flight) = flights.get(&key) {
                flight.clone()
            } else {
                let landing = Landing(Arc::clone(&self.0), key.clone());
                let work = start();
                let task = tokio::spawn(async move {
                    // Out of the map before the result is told: who asks after that starts anew.
                    let _landing = landing;
                    work.await
                });
                let flight = task.map(Result::ok).boxed().shared();
                flights.insert(key, flight.clone());
                flight
            }
        };
        flight.await
    }

    /// Waits until everything that is under way now has ended.
    pub(crate) async fn ended(&self) {
        let flights: Vec<_> = lock(&self.0).values().cloned().collect();
        join_all(flights).await;
    }
}

/// Takes a flight out of the map, also when it panics.
struct Landing<K: Eq + Hash, T>(Arc<Mutex<HashMap<K, Flight<T>>>>, K);

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        lock(&self.0).remove(&self.1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn many_callers_share_one_flight_and_nothing_is_left_behind() {
        let flights = Flights::<u8, u32>::default();
        let started = Arc::new(AtomicU32::new(0));
        let callers = (0..1000).map(|_| {
            let started = Arc::clone(&started);
            flights.join(1, || async move {
                tokio::task::yield_now().await;
                started.fetch_add(1, Ordering::SeqCst)
            })
        });
        assert!(join_all(callers).await.iter().all(|n| *n == Some(0)));
        assert_eq!(started.load(Ordering::SeqCst), 1);
        assert!(lock(&flights.0).is_empty());
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_does_not_cancel_the_flight_for_the_others() {
        let flights = Arc::new(Flights::<u8, &str>::default());
        let go = Arc::new(Notify::new());
        let first = tokio::spawn({
            let (flights, go) = (Arc::clone(&flights), Arc::clone(&go));
            async move {
                let work = || async move {
                    go.notified().await;
                    "done"
                };
                flights.join(1, work).await
            }
        });
        while lock(&flights.0).is_empty() {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());

        let second = flights.join(1, || async { "a second flight" });
        go.notify_one();
        assert_eq!(second.await, Some("done"));
    }

    #[tokio::test]
    async fn a_panic_reaches_the_callers_as_an_answer_and_frees_the_key() {
        let flights = Flights::<u8, u8>::default();
        assert_eq!(flights.join(1, || async { panic!("broken") }).await, None);
        assert_eq!(flights.join(1, || async { 7 }).await, Some(7));
    }
}
