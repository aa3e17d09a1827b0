//! Messages of which nobody knows whether their sink has them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// No more messages are remembered.
const MOST: usize = 10_000;

/// Their keys. The ledger remembers those whose hand-over was interrupted; this one goes beyond that,
/// to when such a message is handed over again, however late. It is in memory alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubtful(Arc<Mutex<HashSet<String>>>);

impl Doubtful {
    pub(super) fn contains(&self, key: &str) -> bool {
        self.lock().contains(key)
    }

    pub(super) fn add(&self, keys: impl IntoIterator<Item = String>) {
        let mut all = self.lock();
        for key in keys {
            if all.len() < MOST {
                all.insert(key);
            }
        }
    }

    pub(super) fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
