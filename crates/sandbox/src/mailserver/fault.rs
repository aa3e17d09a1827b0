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
    /// A FETCH answer announces a literal of a megabyte and sends it one byte at a time, so much time
    /// apart.
    DripFetch(Duration),
    /// A FETCH gives whole messages where a part was asked for.
    NoParts,
    /// The parts of messages that FETCH gives are others than they were.
    OtherParts,
    /// The connection is closed in place of an answer to a FETCH, once a session has had so many.
    FetchesInSession(u32),
    /// A FETCH leaves the message with this UID out of its answer, and is `OK` all the same.
    LeaveOut(u32),
    /// APPEND is answered with exactly this (`NO [OVERQUOTA] …`), before its message where the client
    /// waits with that.
    RefuseAppend(String),
    /// The connection is closed once the message of an APPEND has come, in place of an answer.
    HangUpAppend {
        /// The message is in the folder all the same.
        keeps: bool,
        /// What goes wrong from then on, until cleared.
        then: Option<Box<ImapFault>>,
    },
    /// UIDVALIDITY changes at the next SELECT, and all messages get new UIDs.
    NewUidValidity,
    /// A command that the client has sent whole is answered with exactly this (`NO …`, `BAD …`).
    Answer {
        /// How it begins, in capitals: `NOTIFY`, `LIST`.
        command: String,
        /// What follows the tag.
        text: String,
    },
    /// STATUS and LIST-STATUS say exactly this of every folder: `UIDNEXT 3 UIDVALIDITY 1`.
    FalseStatus(String),
    /// `* OK [NOTIFICATIONOVERFLOW]` in place of the next notice of NOTIFY, and no more of them.
    NotificationOverflow,
    /// The greeting is exactly this line.
    Greeting(String),
    /// AUTHENTICATE is answered with exactly this (`NO …`, `BAD …`), whatever the token; behind an
    /// error challenge of this JSON where one is given.
    LoginAnswer {
        /// The JSON of the error challenge, not yet in base64.
        challenge: Option<String>,
        /// What follows the tag.
        text: String,
    },
    /// The login succeeds, and the next command but CAPABILITY, ID and LOGOUT is answered with
    /// exactly this (`NO …`, `BAD …`; `BYE …` comes without a tag, and ends the session).
    FirstAnswer(String),
    /// The capabilities name no mechanism, the next time they are told.
    NoMechanism,
    /// The greeting comes one byte at a time, so much time apart, and never ends.
    Drip(Duration),
}

/// What goes wrong on demand in POP3 and SMTP, whose answers are lines. Each happens `times` times,
/// or until cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFault {
    /// The greeting is exactly this line.
    Greeting(String),
    /// AUTH is answered with exactly these lines, whatever the token; behind an error challenge of
    /// this JSON where one is given.
    LoginAnswer {
        /// The JSON of the error challenge, not yet in base64.
        challenge: Option<String>,
        /// The lines, without their ends.
        lines: Vec<String>,
    },
    /// The login succeeds, and the next command is answered with exactly these lines.
    FirstAnswer(Vec<String>),
    /// What is offered names no mechanism, the next time it is told.
    NoMechanism,
    /// Bytes are sent behind the answer to STARTTLS, before the handshake (injection).
    StartTlsInjection,
    /// The line after the greeting never ends.
    EndlessLine,
    /// The greeting comes one byte at a time, so much time apart, and never ends.
    Drip(Duration),
    /// A command is answered with exactly these lines, whatever its arguments.
    Answer {
        /// Its name in capitals: `UIDL`.
        command: String,
        /// The lines, without their ends.
        lines: Vec<String>,
    },
    /// POP3: RETR of the message with this number is refused.
    RefuseMessage(u32),
    /// POP3: the connection is closed after so many bytes of the answer to RETR.
    TruncateMessage(u64),
    /// POP3: QUIT is refused, and nothing is deleted.
    RefuseQuit,
    /// POP3: the connection is closed in place of an answer to QUIT.
    SilentQuit {
        /// What was marked as deleted is deleted first.
        deletes: bool,
    },
    /// SMTP: a message is taken, and arrives nowhere.
    LoseMessage,
}

/// What goes wrong on demand in an API. Each happens `times` times, or until cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiFault {
    /// A request is refused.
    Refuse {
        /// Which: its method and address have this in them.
        to: String,
        /// The HTTP status.
        status: u16,
        /// The API's own word for it.
        code: String,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// The place from which changes are asked for is no longer known.
    ForgottenPlace,
    /// The connection is closed after so many bytes of a message.
    TruncateMessage(usize),
    /// The link to the next page leads elsewhere.
    ForeignLink,
}

/// The faults that are waiting to happen.
#[derive(Debug)]
pub(super) struct Faults<F> {
    pending: Mutex<Vec<Pending<F>>>,
}

#[derive(Debug)]
struct Pending<F> {
    fault: F,
    /// How often it will still happen; `None`: until cleared.
    times: Option<u32>,
}

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self {
            pending: Mutex::default(),
        }
    }
}

impl<F: PartialEq> Faults<F> {
    pub(super) fn add(&self, fault: F, times: Option<u32>) {
        if times != Some(0) {
            self.lock().push(Pending { fault, times });
        }
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Whether this very fault happens now; if so it has happened once more.
    pub(super) fn strikes(&self, fault: &F) -> bool {
        self.take(|pending| (pending == fault).then_some(()))
            .is_some()
    }

    /// What `pick` makes of the first fault that it wants; that one has happened once more.
    pub(super) fn take<T>(&self, pick: impl Fn(&F) -> Option<T>) -> Option<T> {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Pending<F>>> {
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
