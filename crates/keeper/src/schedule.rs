//! When a token is due to be renewed. Pure.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Random;
use mailgrant_vault::{AccountId, GrantState};

/// A grant is used at least this often, even if no token of it is needed: the shortest life of an
/// unused refresh token among the big providers is 90 days, of some small ones 30.
const LONGEST_IDLE: SignedDuration = SignedDuration::from_hours(20 * 24);

/// A renewal ahead of need never follows the one before sooner than this, however short the
/// provider makes its tokens.
const SHORTEST: SignedDuration = SignedDuration::from_secs(30);

/// A kept token is handed out only while at least this much of its life is left: it must last for
/// a login. A tenth of the life where that is shorter.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// All that decides when an account is due.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The grant's state.
    pub(crate) state: GrantState,
    /// When its refresh token was used last, or a person authorised it.
    pub(crate) last_used: Option<Timestamp>,
    /// When its access token ends, if there is one.
    pub(crate) expires_at: Option<Timestamp>,
    /// Not before this: after failures.
    pub(crate) retry_at: Option<Timestamp>,
    /// The account is paused: its grant is kept alive, but it needs no access token.
    pub(crate) account_paused: bool,
    /// The provider is paused: nothing is asked of it.
    pub(crate) provider_paused: bool,
}

impl Standing {
    /// When it is due, if ever. `jitter` is the account's own number from 0 to 1.
    pub(crate) fn due(&self, jitter: f64) -> Option<Timestamp> {
        if self.state != GrantState::Active || self.provider_paused {
            return None;
        }
        let used = self.last_used.unwrap_or(Timestamp::UNIX_EPOCH);
        // From 85% to 100% of the longest idle time.
        let idle = plus(used, LONGEST_IDLE.mul_f64(0.85 + 0.15 * jitter));
        let due = if self.account_paused {
            idle
        } else {
            self.needed(used, jitter).min(idle)
        };
        Some(self.retry_at.map_or(due, |retry_at| due.max(retry_at)))
    }

    /// When the access token should be replaced: after 70% to 85% of its life.
    fn needed(&self, used: Timestamp, jitter: f64) -> Timestamp {
        let Some(expires_at) = self.expires_at else {
            return plus(used, SHORTEST);
        };
        let life = expires_at.duration_since(used).max(SignedDuration::ZERO);
        plus(used, life.mul_f64(0.70 + 0.15 * jitter).max(SHORTEST))
    }
}

/// Whether a kept token is still good to be handed out.
pub(crate) fn lives(issued_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> bool {
    let life = expires_at.duration_since(issued_at);
    expires_at.duration_since(now) > (life / 10).clamp(SignedDuration::ZERO, MARGIN)
}

/// `wait` from `now`.
pub(crate) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).map_or(Timestamp::MAX, |wait| plus(now, wait))
}

fn plus(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Spreads accounts over time: each has a number of its own that stays the same while the process
/// runs, so that what was due once is due still at the next look.
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(random: &dyn Random) -> Self {
        let mut seed = [0; 8];
        random.fill(&mut seed);
        Self(u64::from_le_bytes(seed))
    }

    /// The account's number, from 0 (included) to 1 (excluded).
    pub(crate) fn of(&self, account: AccountId) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.0, account).hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use mailgrant_base::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    const USED: Timestamp = Timestamp::constant(1_767_225_600, 0);
    const DAY: i64 = 24 * 3600;

    fn seconds(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn active(life: i64) -> Standing {
        Standing {
            state: GrantState::Active,
            last_used: Some(USED),
            expires_at: Some(USED + seconds(life)),
            retry_at: None,
            account_paused: false,
            provider_paused: false,
        }
    }

    proptest! {
        #[test]
        fn a_token_is_replaced_in_the_last_third_of_its_life_but_before_its_end(
            life in 60..20 * DAY,
            jitter in 0.0..1.0,
        ) {
            let due = active(life).due(jitter).unwrap().duration_since(USED);
            prop_assert!(due >= seconds(life).mul_f64(0.69).max(SHORTEST));
            prop_assert!(due <= seconds(life).mul_f64(0.86).max(SHORTEST));
        }

        #[test]
        fn every_living_grant_is_used_within_twenty_days_whatever_its_token_says(
            life in proptest::option::of(-DAY..400 * DAY),
            account_paused in any::<bool>(),
            jitter in 0.0..1.0,
        ) {
            let standing = Standing {
                expires_at: life.map(|life| USED + seconds(life)),
                account_paused,
                ..active(0)
            };
            let due = standing.due(jitter).unwrap().duration_since(USED);
            prop_assert!(due >= SHORTEST);
            prop_assert!(due <= seconds(20 * DAY));
        }

        #[test]
        fn a_paused_account_is_renewed_for_its_grant_alone(life in 60..DAY, jitter in 0.0..1.0) {
            let standing = Standing { account_paused: true, ..active(life) };
            let due = standing.due(jitter).unwrap().duration_since(USED);
            prop_assert!(due >= seconds(16 * DAY));
        }

        #[test]
        fn nothing_is_due_before_its_retry(
            life in 60..DAY,
            retry in 0..30 * DAY,
            jitter in 0.0..1.0,
        ) {
            let retry_at = USED + seconds(retry);
            let standing = Standing { retry_at: Some(retry_at), ..active(life) };
            prop_assert!(standing.due(jitter).unwrap() >= retry_at);
        }

        #[test]
        fn a_token_in_the_first_nine_tenths_of_its_life_is_handed_out_and_an_ended_one_never(
            life in 1_i64..30 * DAY,
            age in 0_i64..60 * DAY,
        ) {
            let handed_out = lives(USED, USED + seconds(life), USED + seconds(age));
            if age >= life {
                prop_assert!(!handed_out);
            }
            if age < life * 9 / 10 {
                prop_assert!(handed_out);
            }
            if life - age > 60 {
                prop_assert!(handed_out);
            }
        }
    }

    #[test]
    fn nothing_is_due_without_an_active_grant_or_with_a_paused_provider() {
        for state in [
            GrantState::Pending,
            GrantState::NeedsAuthorization,
            GrantState::Revoked,
        ] {
            let standing = Standing {
                state,
                ..active(3600)
            };
            assert_eq!(standing.due(0.5), None);
        }
        let standing = Standing {
            provider_paused: true,
            ..active(3600)
        };
        assert_eq!(standing.due(0.5), None);
    }

    #[test]
    fn an_account_keeps_its_own_place_in_time() {
        let jitter = Jitter::new(&SeededRandom::new(3));
        let places: Vec<_> = (0..1000).map(|id| jitter.of(AccountId(id))).collect();
        assert!(places.iter().all(|place| (0.0..1.0).contains(place)));
        assert!(places.iter().filter(|place| **place < 0.5).count() > 400);
        assert!(places.iter().filter(|place| **place >= 0.5).count() > 400);
        let again: Vec<_> = (0..1000).map(|id| jitter.of(AccountId(id))).collect();
        assert_eq!(places, again);
    }
}
