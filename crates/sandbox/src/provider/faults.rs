//! What goes wrong on demand.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong on demand. Each stays until cleared, or for so many times.
///
/// Where several faults wait for the token endpoint, [`Slow`](Self::Slow) comes first, then the
/// oldest of those that replace the answer, then what changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// The token endpoint refuses with this OAuth error and description (400, or 401 for
    /// `invalid_client`).
    Refuse {
        /// `invalid_grant`, `invalid_client`…
        error: String,
        /// The description.
        description: String,
    },
    /// The token endpoint answers exactly this, as JSON: a refusal in a provider's own shape.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The token endpoint answers with this status and no JSON; with `Retry-After` if given.
    Status {
        /// The HTTP status.
        status: u16,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// The token endpoint waits so long before it answers.
    Slow(Duration),
    /// The token endpoint closes the connection in the middle of its answer. The work behind the
    /// answer has been done: a refresh token that rotates has rotated, and its successor is lost.
    Truncate,
    /// The answer of the token endpoint is HTML where JSON was due.
    Html,
    /// The answer of the token endpoint never ends.
    Endless,
    /// Refresh answers bring no refresh token even though rotation is on (the old one is kept
    /// valid).
    OmitRefreshToken,
    /// The answer to a code brings no refresh token, as where offline access was not asked for.
    NoOfflineAccess,
    /// Token answers do not say how long the access token lives.
    OmitExpiresIn,
    /// Consent grants these scopes, whatever was asked for.
    NarrowScope(String),
    /// The consent page answers `access_denied` whatever is pressed.
    DenyConsent,
    /// The callback carries another issuer in `iss`.
    WrongIss,
    /// The callback carries no `iss`, although discovery promises it.
    MissingIss,
    /// The `id_token` carries another nonce.
    WrongNonce,
    /// The `id_token` is signed by a key that the provider does not publish.
    ForeignKey,
    /// Discovery answers 503.
    DiscoveryDown,
    /// The signing keys answer 503.
    KeysDown,
}

/// The faults that wait to happen, oldest first.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<Waiting>>);

#[derive(Debug)]
struct Waiting {
    fault: ProviderFault,
    /// `None`: until cleared.
    times: Option<u32>,
}

impl Faults {
    pub(super) fn add(&self, fault: ProviderFault, times: Option<u32>) {
        self.lock().push(Waiting { fault, times });
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether this fault is due; if so, one of its times is used up.
    pub(super) fn happens(&self, fault: &ProviderFault) -> bool {
        self.take(|waiting| waiting == fault).is_some()
    }

    /// The oldest fault that `matches`; one of its times is used up.
    pub(super) fn take(&self, matches: impl Fn(&ProviderFault) -> bool) -> Option<ProviderFault> {
        let mut waiting = self.lock();
        waiting.retain(|waiting| waiting.times != Some(0));
        let found = waiting.iter_mut().find(|waiting| matches(&waiting.fault))?;
        found.times = found.times.map(|times| times - 1);
        Some(found.fault.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_it_was_asked_for() {
        let faults = Faults::default();
        faults.add(ProviderFault::Html, Some(2));
        faults.add(ProviderFault::Truncate, Some(0));
        assert!(faults.happens(&ProviderFault::Html));
        assert!(faults.happens(&ProviderFault::Html));
        assert!(!faults.happens(&ProviderFault::Html));
        assert!(!faults.happens(&ProviderFault::Truncate));
    }

    #[test]
    fn a_fault_without_number_stays_until_it_is_cleared() {
        let faults = Faults::default();
        faults.add(ProviderFault::Html, None);
        for _ in 0..100 {
            assert!(faults.happens(&ProviderFault::Html));
        }
        faults.clear();
        assert!(!faults.happens(&ProviderFault::Html));
    }

    #[test]
    fn the_oldest_fault_comes_first() {
        let faults = Faults::default();
        faults.add(ProviderFault::Truncate, Some(1));
        faults.add(ProviderFault::Html, Some(1));
        assert_eq!(faults.take(|_| true), Some(ProviderFault::Truncate));
        assert_eq!(faults.take(|_| true), Some(ProviderFault::Html));
        assert_eq!(faults.take(|_| true), None);
    }
}
