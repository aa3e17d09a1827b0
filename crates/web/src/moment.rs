//! Instants in words.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An instant as a page shows it: relative words, with the exact instant behind them.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "moment.html")]
pub(crate) struct Moment {
    machine: String,
    exact: String,
    words: String,
}

impl Moment {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let exact = at.to_zoned_datetime(TimeZone::UTC);
        Self {
            machine: at.to_string(),
            exact: exact.strftime("%-d %B %Y, %H:%M:%S UTC").to_string(),
            words: words(at, now),
        }
    }

    /// The exact instant in words.
    pub(crate) fn exact(&self) -> &str {
        &self.exact
    }
}

fn words(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    let (past, distance) = (seconds >= 0, seconds.unsigned_abs());
    let amount = match distance {
        0..60 => return if past { "just now" } else { "in a moment" }.to_owned(),
        60..3_600 => count(distance / 60, "minute"),
        3_600..172_800 => count(distance / 3_600, "hour"),
        _ => count(distance / 86_400, "day"),
    };
    if past {
        format!("{amount} ago")
    } else {
        format!("in {amount}")
    }
}

fn count(number: u64, unit: &str) -> String {
    match number {
        1 => format!("1 {unit}"),
        _ => format!("{number} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn after(seconds: i64) -> String {
        let at = Timestamp::constant(1_767_225_600, 0);
        words(at, at + SignedDuration::from_secs(seconds))
    }

    #[test]
    fn past_and_future_are_told_in_the_unit_that_people_would_use() {
        assert_eq!(after(59), "just now");
        assert_eq!(after(60), "1 minute ago");
        assert_eq!(after(3 * 3_600), "3 hours ago");
        assert_eq!(after(47 * 3_600), "47 hours ago");
        assert_eq!(after(48 * 3_600), "2 days ago");
        assert_eq!(after(-5), "in a moment");
        assert_eq!(after(-59 * 60), "in 59 minutes");
    }

    #[test]
    fn the_exact_instant_stands_behind_the_words() {
        let at = Timestamp::constant(1_767_225_600, 5);
        assert_eq!(
            Moment::new(at, at).to_string(),
            "<time datetime=\"2026-01-01T00:00:00Z\" title=\"1 January 2026, 00:00:00 UTC\">just now</time>"
        );
    }
}
