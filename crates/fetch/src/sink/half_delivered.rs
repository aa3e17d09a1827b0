//! Who of several recipients has a message that another has not taken yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// No more messages are remembered: the first ones make room. Nobody says here that a message will
/// not come again, because somebody has thrown it away.
const MOST: usize = 10_000;

/// By the message's key, those who have it. It is in memory alone: where Mailgrant is restarted in
/// between, they get the message once more.
#[derive(Debug, Clone, Default)]
pub(crate) struct HalfDelivered(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    took: HashMap<String, Vec<String>>,
    /// The keys in the order in which they came.
    order: VecDeque<String>,
}

impl HalfDelivered {
    pub(super) fn who_took(&self, key: &str) -> Vec<String> {
        self.lock().took.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn add(&self, key: &str, took: Vec<String>) {
        if took.is_empty() {
            return;
        }
        let mut known = self.lock();
        if !known.took.contains_key(key) {
            known.order.push_back(key.to_owned());
        }
        known.took.entry(key.to_owned()).or_default().extend(took);
        while known.order.len() > MOST
            && let Some(first) = known.order.pop_front()
        {
            known.took.remove(&first);
        }
    }

    pub(super) fn forget(&self, key: &str) {
        let mut known = self.lock();
        if known.took.remove(key).is_some() {
            known.order.retain(|other| other != key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_too_many_make_room() {
        let known = HalfDelivered::default();
        let took = |who: &str| vec![who.to_owned()];
        for number in 0..MOST {
            known.add(&number.to_string(), took("a"));
        }
        known.add("1", took("b"));
        known.forget("0");
        known.add("one more", took("a"));
        assert_eq!(known.who_took("1"), ["a", "b"]);
        known.add("another", took("a"));
        assert!(known.who_took("1").is_empty());
        assert_eq!(known.who_took("another"), ["a"]);
    }
}
