//! How slowly a server may send messages: one that drips a byte now and then is never silent, and would
//! hold a mailbox for ever.

use std::time::Duration;

/// The least that a server has to send in a second, on average, in bytes.
const LEAST_IN_A_SECOND: u64 = 2 * 1024;

/// How long a server has been waited for in a fetch, and what has come.
#[derive(Debug)]
pub(super) struct Pace {
    /// How long it may take whatever it sends.
    grace: Duration,
    waited: Duration,
    received: u64,
}

impl Pace {
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            waited: Duration::ZERO,
            received: 0,
        }
    }

    /// How much longer it may be waited for the next bytes.
    pub(super) fn left(&self) -> Duration {
        let earned = Duration::from_secs(self.received / LEAST_IN_A_SECOND);
        self.grace
            .saturating_add(earned)
            .saturating_sub(self.waited)
    }

    /// It was waited for so long, and so many bytes came.
    pub(super) fn came(&mut self, waited: Duration, bytes: usize) {
        self.waited = self.waited.saturating_add(waited);
        self.received = self.received.saturating_add(bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_earned_by_bytes_and_spent_by_waiting() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(60 * second);
        assert_eq!(pace.left(), 60 * second);
        for _ in 0..600 {
            pace.came(second, 2048);
        }
        assert_eq!(pace.left(), 60 * second);
        for _ in 0..59 {
            pace.came(second, 1);
        }
        assert_eq!(pace.left(), second);
        pace.came(Duration::MAX, 0);
        assert_eq!(pace.left(), Duration::ZERO);
    }
}
