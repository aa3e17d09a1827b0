//! Who must wait after a provider refused Mailgrant's registration.
//!
//! While the registration is refused, asking again is pointless until somebody corrects it, at the
//! provider perhaps, which nobody tells us. So a single probe goes out now and then, further and
//! further apart. A changed profile ends the wait at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mailgrant_base::{Backoff, Random};

use crate::schedule::after;

const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);

/// Keys that must wait. An entry goes when its key succeeds, or when it is looked up under a newer
/// version of the provider's profile.
pub(crate) struct Holds<K>(Mutex<HashMap<K, Hold>>);

struct Hold {
    /// The version of the provider's profile that was refused.
    version: i64,
    until: Timestamp,
    backoff: Backoff,
}

impl Hold {
    fn new(version: i64, now: Timestamp) -> Self {
        Self {
            version,
            until: now,
            backoff: Backoff::new(FIRST, LONGEST),
        }
    }
}

impl<K> Default for Holds<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Holds<K> {
    /// Until when this key must wait under this version of the profile.
    pub(crate) fn until(&self, key: &K, version: i64) -> Option<Timestamp> {
        let mut holds = self.lock();
        match holds.get(key) {
            Some(hold) if hold.version == version => Some(hold.until),
            Some(_) => {
                holds.remove(key);
                None
            }
            None => None,
        }
    }

    /// Claims the next attempt: whoever gets it makes all others wait, longer each time. `Err`
    /// says until when there is nothing to claim. The first is free.
    pub(crate) fn claim(
        &self,
        key: K,
        version: i64,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), Timestamp> {
        let mut holds = self.lock();
        let hold = holds.entry(key).or_insert_with(|| Hold::new(version, now));
        if hold.version != version {
            *hold = Hold::new(version, now);
        }
        if hold.until > now {
            return Err(hold.until);
        }
        hold.until = after(now, hold.backoff.next(random, None));
        Ok(())
    }

    /// It works again.
    pub(crate) fn clear(&self, key: &K) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
