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
