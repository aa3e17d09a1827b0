//! How a retry waits.

use std::time::Duration;

use crate::Random;

/// Exponential waiting with full jitter between a first and a longest wait.
///
/// The wait before attempt `n` is drawn evenly from half to all of `first * 2^n`, at most
/// `longest`: spread enough that a thousand mailboxes do not come back in the same second, never
/// so short that a failing peer is hammered.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// A backoff that has seen no failure yet.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            failures: 0,
        }
    }

    /// Records a failure and says how long to wait. `asked` is what the other side asked for
    /// (`Retry-After`), which is never undercut.
    pub fn next(&mut self, random: &dyn Random, asked: Option<Duration>) -> Duration {
        let wait = Self::wait(self.first, self.longest, self.failures, random);
        self.failures = self.failures.saturating_add(1);
        asked.map_or(wait, |asked| asked.max(wait))
    }

    /// How long to wait after `failures` earlier failures, for those who keep that count on disk.
    pub fn wait(
        first: Duration,
        longest: Duration,
        failures: u32,
        random: &dyn Random,
    ) -> Duration {
        let ceiling = first.saturating_mul(1 << failures.min(20)).min(longest);
        ceiling.mul_f64(0.5 + random.fraction() / 2.0)
    }

    /// How many failures there were since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Records a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over_after_a_success() {
        let random = SeededRandom::new(7);
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, second * 60);
        for ceiling in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = backoff.next(&random, None);
            assert!(
                wait >= second * ceiling / 2 && wait <= second * ceiling,
                "{wait:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next(&random, None) <= second);
    }

    #[test]
    fn what_the_other_side_asked_for_is_never_undercut() {
        let random = SeededRandom::new(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let asked = Duration::from_mins(5);
        assert_eq!(backoff.next(&random, Some(asked)), asked);
    }
}
