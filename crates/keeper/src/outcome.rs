//! What a provider's refusal means for the grant. Pure.

use std::time::Duration;

use jiff::Timestamp;
use mailgrant_base::{Backoff, Random};
use mailgrant_oauth::Refusal;

use crate::schedule::after;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// No provider is believed that it wants to be left alone for longer than this.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// What follows from a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The grant is over: a person must authorise again.
    End {
        /// The provider's words.
        reason: String,
    },
    /// The registration is refused: said at the provider, once. The grant stays.
    BlameProfile {
        /// The provider's words.
        reason: String,
    },
    /// Nobody's fault. The grant stays, and it is tried again.
    TryLater {
        /// What happened.
        why: String,
        /// What the provider asked for.
        asked: Option<Duration>,
    },
}

/// The verdict over a refusal of a renewal.
pub(crate) fn verdict(refusal: &Refusal) -> Verdict {
    match refusal {
        Refusal::NeedsPerson(said) => Verdict::End {
            reason: said.to_string(),
        },
        Refusal::Profile(said) => Verdict::BlameProfile {
            reason: said.to_string(),
        },
        Refusal::Later { retry_after, .. } => Verdict::TryLater {
            why: refusal.to_string(),
            asked: *retry_after,
        },
        Refusal::Garbled(_) => Verdict::TryLater {
            why: refusal.to_string(),
            asked: None,
        },
    }
}

/// When to try again after `failures` earlier failures.
pub(crate) fn retry_at(
    failures: u32,
    asked: Option<Duration>,
    now: Timestamp,
    random: &dyn Random,
) -> Timestamp {
    let wait = Backoff::wait(FIRST, LONGEST, failures, random);
    let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
    after(now, wait.max(asked))
}
