//! What a provider's refusal means for the grant. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Backoff, Random};
use mailgrant_oauth::Refusal;

use crate::schedule::after;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(15);

/// No wait that is noted is longer: no provider is believed that it wants to be left alone for more.
pub(crate) const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// In characters: longer than the longest sentence with Microsoft's identifiers behind it.
const LONGEST_WORDS: usize = 1500;

const LONGEST_ASKED: Duration = LONGEST_WAIT.unsigned_abs();

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
            reason: bounded(said.to_string()),
        },
        Refusal::Profile(said) => Verdict::BlameProfile {
            reason: bounded(said.to_string()),
        },
        Refusal::Later { retry_after, .. } => Verdict::TryLater {
            why: bounded(refusal.to_string()),
            asked: *retry_after,
        },
        Refusal::Garbled(_) => Verdict::TryLater {
            why: bounded(refusal.to_string()),
            asked: None,
        },
    }
}

/// Words that are stored with the grant: whatever a provider says, they stay short.
fn bounded(mut words: String) -> String {
    if let Some((end, _)) = words.char_indices().nth(LONGEST_WORDS) {
        words.truncate(end);
        words.push('…');
    }
    words
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

#[cfg(test)]
mod tests {
    use mailgrant_base::SeededRandom;
    use mailgrant_oauth::Said;
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn said() -> impl Strategy<Value = Said> {
        (".{0,20}", proptest::option::of(".{0,40}")).prop_map(|(error, description)| Said {
            error,
            description,
            status: Some(400),
            ..Said::default()
        })
    }

    fn refusal() -> impl Strategy<Value = Refusal> {
        prop_oneof![
            said().prop_map(Refusal::NeedsPerson),
            said().prop_map(Refusal::Profile),
            (".{0,40}", proptest::option::of(any::<u64>())).prop_map(|(why, seconds)| {
                Refusal::Later {
                    why,
                    retry_after: seconds.map(Duration::from_secs),
                    known: None,
                }
            }),
            ".{0,40}".prop_map(Refusal::Garbled),
        ]
    }

    proptest! {
        #[test]
        fn only_a_provider_that_asks_for_a_person_ends_a_grant(refusal in refusal()) {
            let ends = matches!(verdict(&refusal), Verdict::End { .. });
            prop_assert_eq!(ends, matches!(refusal, Refusal::NeedsPerson(_)));
        }

        #[test]
        fn what_is_stored_of_a_refusal_is_short(text in ".{0,4000}", place in 0..4) {
            let said = Said { error: text.clone(), ..Said::default() };
            let refusal = match place {
                0 => Refusal::NeedsPerson(said),
                1 => Refusal::Profile(said),
                2 => Refusal::Later { why: text, retry_after: None, known: None },
                _ => Refusal::Garbled(text),
            };
            let (Verdict::End { reason: words }
            | Verdict::BlameProfile { reason: words }
            | Verdict::TryLater { why: words, .. }) = verdict(&refusal);
            prop_assert!(words.chars().count() <= LONGEST_WORDS + 1);
        }

        #[test]
        fn only_a_refused_registration_is_the_profiles_fault(refusal in refusal()) {
            let blames = matches!(verdict(&refusal), Verdict::BlameProfile { .. });
            prop_assert_eq!(blames, matches!(refusal, Refusal::Profile(_)));
        }

        #[test]
        fn a_retry_waits_its_backoff_and_what_was_asked_but_never_longer_than_a_day(
            failures in any::<u32>(),
            asked in proptest::option::of(any::<u64>().prop_map(Duration::from_secs)),
            seed in any::<u64>(),
        ) {
            let at = retry_at(failures, asked, START, &SeededRandom::new(seed));
            let wait = Duration::try_from(at.duration_since(START)).unwrap();
            prop_assert!(wait >= FIRST / 2);
            prop_assert!(wait >= asked.unwrap_or_default().min(LONGEST_ASKED));
            prop_assert!(wait <= LONGEST.max(asked.unwrap_or_default()).min(LONGEST_ASKED));
        }
    }
}
