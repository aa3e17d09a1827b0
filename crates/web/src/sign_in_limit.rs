//! How often a password may be tried: per address, in all, and ever more slowly after failures.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use mailgrant_base::Clock;

const PER_ADDRESS: Quota = Quota::per_minute(NonZeroU32::new(20).unwrap());
const IN_ALL: Quota = Quota::per_minute(NonZeroU32::new(120).unwrap());

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 3;

/// The longest wait after a failure, and how long a failure is remembered.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
const MEMORY: Duration = Duration::from_hours(1);

/// More addresses than this are not remembered; those beyond share the limit of all.
const MOST_ADDRESSES: usize = 10_000;

type Limiter<Key, Store> = RateLimiter<Key, Store, Ticks, NoOpMiddleware<Nanos>>;

/// How often a password may be tried.
pub(crate) struct SignInLimit {
    clock: Arc<dyn Clock>,
    per_address: Limiter<IpAddr, DashMapStateStore<IpAddr>>,
    in_all: Limiter<NotKeyed, InMemoryState>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl SignInLimit {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks(clock.clone());
        Self {
            clock,
            per_address: RateLimiter::new(PER_ADDRESS, DashMapStateStore::default(), ticks.clone()),
            in_all: RateLimiter::new(IN_ALL, InMemoryState::default(), ticks),
            failures: Mutex::default(),
        }
    }

    /// Whether a password may be tried from `address` now; else how long to wait.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<(), Duration> {
        let address = household(address);
        let wait = self.wait_after_failures(address);
        if !wait.is_zero() {
            return Err(wait);
        }
        let now = Ticks(self.clock.clone()).now();
        self.per_address
            .check_key(&address)
            .map_err(|not_until| not_until.wait_time_from(now))?;
        self.in_all
            .check()
            .map_err(|not_until| not_until.wait_time_from(now))
    }

    /// A password was wrong.
    pub(crate) fn failed(&self, address: IpAddr) {
        let now = self.clock.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_ADDRESSES {
            failures.retain(|_, failure| since(failure.last, now) < MEMORY);
            self.per_address.retain_recent();
        }
        let room = failures.len() < MOST_ADDRESSES;
        let address = household(address);
        if let Some(failure) = failures.get_mut(&address) {
            failure.count = failure.count.saturating_add(1);
            failure.last = now;
        } else if room {
            failures.insert(
                address,
                Failures {
                    count: 1,
                    last: now,
                },
            );
        }
    }

    /// A password was right.
    pub(crate) fn succeeded(&self, address: IpAddr) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&household(address));
    }

    fn wait_after_failures(&self, address: IpAddr) -> Duration {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failure) = failures.get(&address) else {
            return Duration::ZERO;
        };
        let passed = since(failure.last, self.clock.now());
        let costly = failure.count.saturating_sub(FREE_FAILURES);
        if passed >= MEMORY || costly == 0 {
            return Duration::ZERO;
        }
        Duration::from_secs(1 << costly.min(20))
            .min(LONGEST_WAIT)
            .saturating_sub(passed)
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// Whoever has one IPv6 address has 2^64 of them.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << 64;
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Our clock as the rate limiter reads it: nanoseconds since 1970.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from(self.0.now().as_nanosecond()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use mailgrant_base::ManualClock;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn limit() -> (Arc<ManualClock>, SignInLimit) {
        let clock = Arc::new(ManualClock::default());
        (clock.clone(), SignInLimit::new(clock))
    }

    #[test]
    fn each_failure_beyond_the_third_doubles_the_wait() {
        let (clock, limit) = limit();
        for expected in [0, 0, 0, 2, 4, 8] {
            limit.failed(HERE);
            let wait = limit.wait_after_failures(HERE);
            assert_eq!(wait, Duration::from_secs(expected));
            clock.advance(SignedDuration::try_from(wait).unwrap());
            assert_eq!(limit.wait_after_failures(HERE), Duration::ZERO);
        }
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let (_, limit) = limit();
        for _ in 0..6 {
            limit.failed(HERE);
        }
        assert!(limit.admit(HERE).is_err());
        limit.succeeded(HERE);
        assert!(limit.admit(HERE).is_ok());
    }

    #[test]
    fn one_address_gets_twenty_tries_a_minute_and_does_not_use_up_those_of_others() {
        let (clock, limit) = limit();
        let admitted = (0..50).filter(|_| limit.admit(HERE).is_ok()).count();
        assert_eq!(admitted, 20);
        assert!(limit.admit("192.0.2.1".parse().unwrap()).is_ok());
        clock.advance(SignedDuration::from_secs(60));
        assert!(limit.admit(HERE).is_ok());
    }

    #[test]
    fn all_addresses_together_are_limited_too() {
        let (_, limit) = limit();
        let admitted = (0..=255)
            .filter(|last| limit.admit(IpAddr::from([192, 0, 2, *last])).is_ok())
            .count();
        assert_eq!(admitted, 120);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let (_, limit) = limit();
        for last in 1..=6_u16 {
            limit.failed(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]));
        }
        assert!(limit.admit("2001:db8::ffff".parse().unwrap()).is_err());
        assert!(limit.admit("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }
}
