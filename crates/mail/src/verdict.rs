//! What a server's refusal means for the session: one table of response codes, and the known words
//! of [`answers`](crate::answers).

use std::sync::Arc;

use crate::answers;
use crate::imap::Status;
use crate::{Challenge, MailError};

pub(crate) use crate::answers::Meaning;

/// Response codes of RFC 5530 (and `OVERQUOTA`, RFC 9208) that pass by themselves.
const PASSING_CODES: [&str; 6] = [
    "UNAVAILABLE",
    "INUSE",
    "LIMIT",
    "OVERQUOTA",
    "SERVERBUG",
    // A message went while it was asked for.
    "EXPUNGEISSUED",
];

/// What is known of a refusal in these words.
pub(crate) fn of_words(said: &str) -> Option<Meaning> {
    answers::of_words(said).map(|row| row.meaning)
}

/// A refusal, in whatever protocol it was spoken.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The server's words, fit to be shown.
    pub(crate) said: String,
    /// Its code says that it may pass by itself.
    pub(crate) passes: bool,
}

impl Refusal {
    fn meaning(&self) -> Option<Meaning> {
        of_words(&self.said).or(self.passes.then_some(Meaning::Later))
    }
}

impl From<&Status> for Refusal {
    fn from(status: &Status) -> Self {
        let code = status.code.as_deref();
        Self {
            said: status.said.clone(),
            passes: code.is_some_and(|code| PASSING_CODES.contains(&code)),
        }
    }
}

/// The server in errors: turns what it said into them.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    server: Arc<str>,
}

impl Peer {
    pub(crate) fn new(server: impl std::fmt::Display) -> Self {
        Self {
            server: server.to_string().into(),
        }
    }

    /// `host:port`, or a socket's path.
    pub(crate) fn name(&self) -> &str {
        &self.server
    }

    fn server(&self) -> String {
        self.server.as_ref().to_owned()
    }

    pub(crate) fn connect(&self, why: impl Into<String>) -> MailError {
        MailError::Connect {
            server: self.server(),
            why: why.into(),
        }
    }

    pub(crate) fn tls(&self, why: impl Into<String>) -> MailError {
        MailError::Tls {
            server: self.server(),
            why: why.into(),
        }
    }

    pub(crate) fn protocol(&self, why: impl Into<String>) -> MailError {
        MailError::Protocol {
            server: self.server(),
            why: why.into(),
        }
    }

    pub(crate) fn missing(&self, missing: impl Into<String>) -> MailError {
        MailError::Missing {
            server: self.server(),
            missing: missing.into(),
        }
    }

    pub(crate) fn closed(&self, why: impl Into<String>) -> MailError {
        MailError::Closed {
            server: self.server(),
            why: why.into(),
            token_ended: false,
        }
    }

    /// The message that is to be sent to it cannot be read whole.
    pub(crate) fn unread(&self, why: impl Into<String>) -> MailError {
        MailError::Unread {
            server: self.server(),
            why: why.into(),
        }
    }

    /// The server said `BYE`.
    pub(crate) fn bye(&self, status: &Status) -> MailError {
        let refusal = Refusal::from(status);
        let (meaning, said) = (refusal.meaning(), refusal.said);
        let server = self.server();
        match meaning {
            Some(Meaning::Later) => MailError::Later {
                server,
                said,
                retry_after: None,
            },
            Some(Meaning::NotConnected) => MailError::NotConnected { server, said },
            meaning => MailError::Closed {
                server,
                why: format!("BYE {said}"),
                token_ended: meaning == Some(Meaning::TokenEnded),
            },
        }
    }

    /// No to a command.
    pub(crate) fn refused(&self, command: &str, refusal: impl Into<Refusal>) -> MailError {
        let refusal = refusal.into();
        let (meaning, said) = (refusal.meaning(), refusal.said);
        let server = self.server();
        match meaning {
            Some(Meaning::Later) => MailError::Later {
                server,
                said,
                retry_after: None,
            },
            Some(Meaning::NotConnected) => MailError::NotConnected { server, said },
            Some(Meaning::TokenEnded) => MailError::Closed {
                server,
                why: said,
                token_ended: true,
            },
            Some(Meaning::Act) | None => MailError::Refused {
                server,
                command: command.to_owned(),
                said,
            },
        }
    }

    /// No to a login.
    pub(crate) fn login_refused(
        &self,
        refusal: impl Into<Refusal>,
        challenge: Option<Challenge>,
    ) -> MailError {
        match self.refused("AUTHENTICATE", refusal) {
            MailError::Refused { server, said, .. }
            | MailError::Closed {
                server, why: said, ..
            } => MailError::LoginRefused {
                server,
                said,
                challenge,
            },
            other => other,
        }
    }

    /// No to the first command that touches the mailbox.
    pub(crate) fn not_connected(&self, refusal: impl Into<Refusal>) -> MailError {
        match self.refused("STATUS", refusal) {
            MailError::Refused { server, said, .. } => MailError::NotConnected { server, said },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Status {
        Status::read(text.as_bytes()).unwrap()
    }

    fn peer() -> Peer {
        Peer::new("imap.example.com:993")
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for passing in [
            "NO [ALERT] Too many simultaneous connections. (Failure)",
            "NO [UNAVAILABLE] Temporary authentication failure.",
            "NO [UNAVAILABLE] Temporary System Error",
            "NO [INUSE] Mailbox in use",
            "NO [LIMIT] Too much",
            "NO [OVERQUOTA] Full",
            "NO [EXPUNGEISSUED] Some of the requested messages no longer exist",
            "NO [ALERT] Account exceeded command or bandwidth limits. (Failure)",
        ] {
            let status = status(passing);
            assert!(matches!(
                peer().login_refused(&status, None),
                MailError::Later { .. }
            ));
            assert!(matches!(
                peer().refused("X", &status),
                MailError::Later { .. }
            ));
        }
        for lasting in [
            "NO AUTHENTICATE failed.",
            "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
            "NO [ALERT] IMAP access is disabled for your domain.",
            "BAD Invalid SASL argument",
        ] {
            let error = peer().login_refused(&status(lasting), None);
            assert!(matches!(error, MailError::LoginRefused { .. }), "{lasting}");
        }
    }

    #[test]
    fn a_mailbox_that_does_not_open_is_recognised_whatever_is_asked() {
        let bad = status("BAD User is authenticated but not connected.");
        assert!(matches!(
            peer().refused("LIST", &bad),
            MailError::NotConnected { .. }
        ));
        let bye = status("BYE Connection closed. 14");
        assert!(matches!(peer().bye(&bye), MailError::NotConnected { .. }));
    }

    #[test]
    fn a_session_that_ends_with_its_token_says_so() {
        for (said, ended) in [
            ("BYE Session invalidated - AccessTokenExpired", true),
            ("BYE Session expired, please login again.", true),
            ("BYE Server shutting down.", false),
        ] {
            match peer().bye(&status(said)) {
                MailError::Closed { token_ended, .. } => assert_eq!(token_ended, ended),
                other => panic!("{other:?}"),
            }
        }
    }
}
