//! Who of several recipients has a message that another has not taken yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// No more messages are remembered.
const MOST: usize = 10_000;

/// By the message's key, those who have it. It is in memory alone: where Mailgrant is restarted in
/// between, they get the message once more.
#[derive(Debug, Clone, Default)]
pub(crate) struct HalfDelivered(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl HalfDelivered {
    pub(super) fn who_took(&self, key: &str) -> Vec<String> {
        self.lock().get(key).cloned().unwrap_or_default()
    }

    pub(super) fn add(&self, key: &str, took: Vec<String>) {
        let mut all = self.lock();
        if !took.is_empty() && (all.len() < MOST || all.contains_key(key)) {
            all.entry(key.to_owned()).or_default().extend(took);
        }
    }

    pub(super) fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
