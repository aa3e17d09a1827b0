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

const FIRST: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(1);

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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use mailgrant_base::SeededRandom;

    use super::*;

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

    #[test]
    fn one_claim_holds_off_all_others_and_the_wait_grows_to_an_hour() {
        let holds = Holds::default();
        let random = SeededRandom::new(1);
        let mut now = START;
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(holds.claim('p', 1, now, &random), Ok(()));
            let until = holds.claim('p', 1, now, &random).unwrap_err();
            let longest = SignedDuration::from_mins(minutes);
            let wait = until.duration_since(now);
            assert!(wait >= longest / 2 && wait <= longest, "{wait:?}");
            now = until;
        }
    }

    #[test]
    fn a_changed_profile_or_a_success_ends_the_wait() {
        let holds = Holds::default();
        let random = SeededRandom::new(1);
        holds.claim('p', 1, START, &random).unwrap();
        assert_eq!(holds.claim('p', 2, START, &random), Ok(()));
        assert!(holds.claim('p', 2, START, &random).is_err());
        holds.clear(&'p');
        assert_eq!(holds.until(&'p', 2), None);
    }

    #[test]
    fn looking_under_a_newer_version_forgets_the_hold() {
        let holds = Holds::default();
        holds.claim('p', 1, START, &SeededRandom::new(1)).unwrap();
        assert!(holds.until(&'p', 1).is_some());
        assert_eq!(holds.until(&'p', 2), None);
        assert!(holds.lock().is_empty());
    }
}
