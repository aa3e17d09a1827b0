//! How fast the mail comes that was there before: by its last slices, pauses not counted.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// By the slices of so much time, and by so many at least: some come in a breath, some in minutes.
const TIME: Duration = Duration::from_mins(1);
const SLICES: usize = 10;

/// How fast slices come one after the other.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    slices: VecDeque<(u64, Duration)>,
    /// When the last one ended, or this one began.
    since: Option<Instant>,
}

impl Pace {
    /// A slice begins now, unless it began when the last one ended.
    pub(crate) fn begin(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Nothing is fetched until the next slice begins.
    pub(crate) fn pause(&mut self) {
        self.since = None;
    }

    /// A slice of so many messages has ended. Gives how many come in an hour.
    pub(crate) fn slice(&mut self, messages: usize) -> Option<u64> {
        let now = Instant::now();
        let since = self.since.replace(now)?;
        self.add(messages as u64, now.duration_since(since))
    }

    fn add(&mut self, messages: u64, took: Duration) -> Option<u64> {
        self.slices.push_back((messages, took));
        let mut took: Duration = self.slices.iter().map(|(_, took)| took).sum();
        while self.slices.len() > SLICES
            && let Some((_, oldest)) = self.slices.front()
            && took.saturating_sub(*oldest) >= TIME
        {
            took -= *oldest;
            self.slices.pop_front();
        }
        let messages: u64 = self.slices.iter().map(|(messages, _)| messages).sum();
        let took = u64::try_from(took.as_millis()).ok()?.max(1);
        messages.checked_mul(3_600_000)?.checked_div(took)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slices_count_and_those_before_are_forgotten() {
        let mut pace = Pace::default();
        let seconds = Duration::from_secs;
        assert_eq!(pace.add(200, seconds(2)), Some(360_000));
        assert_eq!(pace.add(200, seconds(6)), Some(180_000));
        for _ in 0..SLICES {
            pace.add(100, seconds(10));
        }
        assert_eq!(pace.add(100, seconds(10)), Some(36_000));
        // Ten slices that came in a breath are not the whole of the last minute.
        for _ in 0..SLICES {
            pace.add(100, Duration::from_millis(1));
        }
        let per_hour = pace.add(100, Duration::from_millis(1)).unwrap();
        assert!(per_hour < 200_000, "{per_hour}");
    }

    #[test]
    fn what_has_not_begun_has_no_pace() {
        let mut pace = Pace::default();
        assert_eq!(pace.slice(200), None);
        pace.pause();
        assert_eq!(pace.slice(200), None);
        pace.begin();
        assert!(pace.slice(200).is_some());
    }
}
