//! What goes wrong on demand.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong on demand. Each happens `times` times, or until cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapFault {
    /// AUTHENTICATE answers an error challenge and `NO`, whatever the token.
    RefuseToken,
    /// AUTHENTICATE answers `OK`, and from then on every command but CAPABILITY, ID and LOGOUT
    /// `BAD User is authenticated but not connected.`
    NotConnected,
    /// `NO [UNAVAILABLE]` to AUTHENTICATE.
    Unavailable,
    /// `NO [ALERT] Too many simultaneous connections. (Failure)` to AUTHENTICATE.
    TooManyConnections,
    /// The connection is closed after so many bytes of the answer to a FETCH.
    TruncateFetch(u64),
    /// Every answer is delayed by so much.
    Slow(Duration),
    /// `* BYE Session invalidated - AccessTokenExpired` on the next command after login, or within
    /// a second where the client is silent (IDLE).
    TokenExpiredBye,
    /// Garbage instead of an answer to SELECT.
    Garbage,
    /// Bytes are sent behind the answer to STARTTLS, before the handshake (injection).
    StartTlsInjection,
    /// The line after the greeting never ends.
    EndlessLine,
    /// A FETCH answer announces a literal of so many bytes, and so many bytes come.
    HugeLiteral(u64),
    /// A FETCH leaves the message with this UID out of its answer, and is `OK` all the same.
    LeaveOut(u32),
    /// UIDVALIDITY changes at the next SELECT, and all messages get new UIDs.
    NewUidValidity,
}

/// The faults that are waiting to happen.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pending: Mutex<Vec<Pending>>,
}

#[derive(Debug)]
struct Pending {
    fault: ImapFault,
    /// How often it will still happen; `None`: until cleared.
    times: Option<u32>,
}

impl Faults {
    pub(super) fn add(&self, fault: ImapFault, times: Option<u32>) {
        if times != Some(0) {
            self.lock().push(Pending { fault, times });
        }
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether this very fault happens now; if so it has happened once more.
    pub(super) fn strikes(&self, fault: &ImapFault) -> bool {
        self.take(|pending| (pending == fault).then_some(()))
            .is_some()
    }

    /// What `pick` makes of the first fault that it wants; that one has happened once more.
    pub(super) fn take<T>(&self, pick: impl Fn(&ImapFault) -> Option<T>) -> Option<T> {
        let mut pending = self.lock();
        let (place, picked) = pending
            .iter()
            .enumerate()
            .find_map(|(place, waiting)| Some((place, pick(&waiting.fault)?)))?;
        if let Some(times) = &mut pending[place].times {
            *times -= 1;
            if *times == 0 {
                pending.remove(place);
            }
        }
        Some(picked)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_it_was_asked_for() {
        let faults = Faults::default();
        faults.add(ImapFault::Garbage, Some(2));
        faults.add(ImapFault::RefuseToken, None);
        faults.add(ImapFault::Unavailable, Some(0));
        assert!(faults.strikes(&ImapFault::Garbage));
        assert!(faults.strikes(&ImapFault::Garbage));
        assert!(!faults.strikes(&ImapFault::Garbage));
        assert!(!faults.strikes(&ImapFault::Unavailable));
        for _ in 0..100 {
            assert!(faults.strikes(&ImapFault::RefuseToken));
        }
        faults.clear();
        assert!(!faults.strikes(&ImapFault::RefuseToken));
    }
}
