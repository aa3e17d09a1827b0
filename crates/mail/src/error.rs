//! What can go wrong with a mail server.

use std::time::Duration;

use mailgrant_base::{Diagnose, Diagnosis, Fault};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Challenge;
use crate::answers::{self, Meaning, Row};

/// A dialogue with a mail server that failed. `server` is `host:port`, the path of a socket on this
/// machine, or the web address of an API that mail is read by.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MailError {
    /// No connection: name resolution, refused, unreachable, timed out.
    #[error("cannot connect to {server}: {why}")]
    Connect {
        /// Which server.
        server: String,
        /// What happened, in words.
        why: String,
    },
    /// TLS failed: a certificate that cannot be believed, or no TLS at all on that port.
    #[error("no secure connection to {server}: {why}")]
    Tls {
        /// Which server.
        server: String,
        /// What happened, in words.
        why: String,
    },
    /// The server lacks something that is needed: STARTTLS, an OAuth mechanism.
    #[error("{server} does not offer {missing}")]
    Missing {
        /// Which server.
        server: String,
        /// What is missing.
        missing: String,
    },
    /// The server refused the token.
    #[error("{server} refused the login: {said}")]
    LoginRefused {
        /// Which server.
        server: String,
        /// The server's words after `NO`.
        said: String,
        /// The decoded error challenge, where one was sent.
        challenge: Option<Challenge>,
    },
    /// The login was accepted but the mailbox cannot be opened ("User is authenticated but not
    /// connected").
    #[error("{server} accepted the login but does not open the mailbox: {said}")]
    NotConnected {
        /// Which server.
        server: String,
        /// The server's words.
        said: String,
    },
    /// The server refused a command for a reason that may pass (`[UNAVAILABLE]`, `[INUSE]`,
    /// `[LIMIT]`, `[OVERQUOTA]`, too many connections).
    #[error("{server} asks to try later: {said}")]
    Later {
        /// Which server.
        server: String,
        /// The server's words.
        said: String,
        /// For how long it asks to be left alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// The server refused a command for good: a folder that does not exist, no right to it.
    #[error("{server} refused {command}: {said}")]
    Refused {
        /// Which server.
        server: String,
        /// The command, without its arguments' secrets: `SELECT "Tickets"`.
        command: String,
        /// The server's words.
        said: String,
    },
    /// The connection ended: `BYE`, a reset, silence past the limit. `token_ended` when the server
    /// says that the session is over because its token is: normal, to be resumed.
    #[error("{server} ended the connection: {why}")]
    Closed {
        /// Which server.
        server: String,
        /// `BYE` text or what happened to the connection.
        why: String,
        /// The session ended because its access token did.
        token_ended: bool,
    },
    /// The message that was to be handed over cannot be read whole here. The server has not got it:
    /// it was never told that the message was at its end.
    #[error("the message for {server} was not handed over: {why}")]
    Unread {
        /// Which server.
        server: String,
        /// What happened, in words.
        why: String,
    },
    /// The server does not speak the protocol.
    #[error("{server} broke the protocol: {why}")]
    Protocol {
        /// Which server.
        server: String,
        /// What was wrong.
        why: String,
    },
}

/// Words by which servers say that there are too many connections to a mailbox, or too many logins.
const TOO_MANY: [&str; 8] = [
    "too many simultaneous connections",
    "too many connections",
    "maximum number of connections",
    "concurrent connections limit",
    "mailboxconcurrency limit",
    "too many concurrent requests",
    "too many login",
    "sender thread limit",
];

impl MailError {
    /// The server's words, where they say that there are too many connections to the mailbox.
    pub fn too_many_connections(&self) -> Option<&str> {
        let said = self.said()?;
        let lower = said.to_ascii_lowercase();
        let known = TOO_MANY.iter().any(|words| lower.contains(words));
        known.then_some(said)
    }

    /// The server's own words, where it said any.
    fn said(&self) -> Option<&str> {
        match self {
            Self::LoginRefused { said, .. }
            | Self::NotConnected { said, .. }
            | Self::Later { said, .. }
            | Self::Refused { said, .. } => Some(said),
            Self::Closed { why, .. } => Some(why),
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Missing { .. }
            | Self::Unread { .. }
            | Self::Protocol { .. } => None,
        }
    }

    /// What the table knows of the server's words. A token's end explains an end of the session, and
    /// no refusal of a fresh one.
    fn known(&self) -> Option<&'static Row> {
        let row = match self {
            Self::LoginRefused {
                said, challenge, ..
            } => answers::of_login(said, challenge.as_ref()),
            other => answers::of_words(other.said()?),
        };
        let ended = matches!(self, Self::Closed { .. });
        row.filter(|row| ended || row.meaning != Meaning::TokenEnded)
    }

    /// The same without what could be the token: a server may say back what it was told.
    pub(crate) fn without(mut self, token: &SecretString) -> Self {
        match &mut self {
            Self::LoginRefused { said, .. }
            | Self::NotConnected { said, .. }
            | Self::Later { said, .. }
            | Self::Refused { said, .. }
            | Self::Closed { why: said, .. }
            | Self::Protocol { why: said, .. } => *said = redacted(said, token),
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Missing { .. }
            | Self::Unread { .. } => {}
        }
        if let Self::LoginRefused {
            challenge: Some(challenge),
            ..
        } = &mut self
        {
            challenge.status = redacted(&challenge.status, token);
            for said in [&mut challenge.scope, &mut challenge.openid_configuration] {
                *said = said.as_ref().map(|said| redacted(said, token));
            }
        }
        self
    }

    fn fault_and_next(&self) -> (Fault, &'static str) {
        match self {
            Self::Connect { .. } => (
                Fault::Server,
                "Check host and port of the account; Mailgrant tries again by itself.",
            ),
            Self::Tls { .. } => (
                Fault::Operator,
                "Check host, port and security of the account. If the certificate is your own \
                 authority's, name that with the setting `trust`.",
            ),
            Self::Missing { missing, .. } if missing.starts_with("UIDL") => (
                Fault::Operator,
                "Ask whoever runs the mail server to switch UIDL on, or fetch the account's mail \
                 over IMAP.",
            ),
            Self::Missing { .. } => (
                Fault::Operator,
                "Check host, port and security of the account; the server must offer OAuth logins.",
            ),
            Self::LoginRefused { server, .. } if is_api(server) => (
                Fault::Operator,
                "Check that the provider's scopes have `graph` (Microsoft) or `gmail-api` (Google), \
                 then authorize the account again.",
            ),
            Self::NotConnected { server, .. } if is_api(server) => (
                Fault::Operator,
                "Check that the provider's scopes have `graph` (Microsoft) or `gmail-api` (Google), \
                 that they were consented to, and that who signed in may open the mailbox.",
            ),
            Self::LoginRefused { .. } => (
                Fault::Operator,
                "Check that the scopes are those for IMAP, that IMAP is switched on for the \
                 mailbox, and that the person who signed in has access to it.",
            ),
            Self::NotConnected { .. } => (
                Fault::Owner,
                "Give the person who signed in full access to the mailbox, and check that it has a \
                 licence and IMAP switched on. If it came suddenly, wait: the server may be busy.",
            ),
            Self::Refused { command, .. } if is_of_pop3(command) => (
                Fault::Server,
                "Ask whoever runs the mail server what its words mean; what it does not hand out or \
                 delete stays there.",
            ),
            Self::Refused { server, .. } if is_api(server) => (
                Fault::Operator,
                "Check the account's folders, and that the provider's scopes (`graph`, `gmail-api`) \
                 let Mailgrant change the mailbox.",
            ),
            Self::Refused { .. } => (
                Fault::Operator,
                "Check the account's folders: `mailgrant account show` has them.",
            ),
            Self::Later { .. } | Self::Closed { .. } => (
                Fault::Server,
                "Nothing is to be done: Mailgrant tries again by itself.",
            ),
            Self::Unread { .. } => (
                Fault::Operator,
                "Look at the disk that Mailgrant's data lies on; Mailgrant tries again by itself.",
            ),
            Self::Protocol { .. } => (
                Fault::Server,
                "Check that this is the account's mail server; Mailgrant tries again by itself.",
            ),
        }
    }
}

/// Whether a server is one that speaks no mail protocol.
fn is_api(server: &str) -> bool {
    server.starts_with("https://") || server.starts_with("http://")
}

/// Whether a command that was refused is one that only POP3 has: it has no folders to be checked.
fn is_of_pop3(command: &str) -> bool {
    let name = command.split(' ').next();
    matches!(name, Some("UIDL" | "RETR" | "DELE" | "QUIT"))
}

/// Leaves out each word that has a part of the token, or is long enough to be a login in base64.
fn redacted(words: &str, token: &SecretString) -> String {
    const PART: usize = 12;
    const LOGIN: usize = 40;
    let token = token.expose_secret().as_bytes();
    let betrays = |word: &str| {
        let word = word.as_bytes();
        let mut parts = token.windows(PART.min(token.len().max(1)));
        let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let run = word.split(|byte| !base64(byte)).map(<[u8]>::len).max();
        run.unwrap_or_default() >= LOGIN
            || parts.any(|part| word.windows(part.len()).any(|shown| shown == part))
    };
    let shown = words
        .split(' ')
        .map(|word| if betrays(word) { "…" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

impl Diagnose for MailError {
    fn diagnosis(&self) -> Diagnosis {
        let what = self.to_string();
        let Some(said) = self.said() else {
            let (fault, next) = self.fault_and_next();
            return Diagnosis::new(fault, format!("{what}."), next);
        };
        // The server's words are shown once, apart from ours.
        let what = what.strip_suffix(&format!(": {said}")).unwrap_or(&what);
        let said = match self {
            Self::LoginRefused {
                challenge: Some(challenge),
                ..
            } => format!("{said} ({challenge})"),
            _ => said.to_owned(),
        };
        let happened = format!("{what}.");
        let diagnosis = if let Some(row) = self.known() {
            row.diagnosis(&happened)
        } else {
            let (fault, next) = self.fault_and_next();
            Diagnosis::new(fault, happened, next)
        };
        diagnosis.said(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_look_at_the_folders_of_a_protocol_that_has_none() {
        let refused = |command: &str| MailError::Refused {
            server: "mail.example:995".to_owned(),
            command: command.to_owned(),
            said: "no".to_owned(),
        };
        for command in ["UIDL", "RETR 7", "DELE 7", "QUIT"] {
            let next = refused(command).diagnosis().next;
            assert!(next.contains("whoever runs the mail server"), "{next}");
        }
        for command in ["SELECT \"Tickets\"", "UID FETCH"] {
            let next = refused(command).diagnosis().next;
            assert!(next.contains("folders"), "{next}");
        }
    }

    #[test]
    fn nobody_is_sent_to_imaps_switch_where_mail_is_read_by_an_api() {
        for kind in ["refused", "denied"] {
            let (server, said) = ("https://graph.microsoft.com".to_owned(), kind.to_owned());
            let error = match kind {
                "refused" => MailError::LoginRefused {
                    server,
                    said,
                    challenge: None,
                },
                _ => MailError::NotConnected { server, said },
            };
            let next = error.diagnosis().next;
            assert!(next.contains("`graph`") && !next.contains("IMAP"), "{next}");
        }
    }

    #[test]
    fn what_a_server_says_back_of_the_token_is_not_repeated() {
        let token = SecretString::from("at_0123456789abcdefghij");
        let said = "no at_0123456789abcdefghij, auth=Bearer at_0123456789ab… \
                    dXNlcj1hQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIGF0XzAxMjM0NTY3ODlhYmNkZWZnaGlqAQE= \
                    [AUTHENTICATIONFAILED] AM0PR04CA0001.eurprd04.prod.outlook.com";
        let error = MailError::LoginRefused {
            server: "mail.example:993".to_owned(),
            said: said.to_owned(),
            challenge: Some(Challenge {
                status: "at_0123456789abcdefghij".to_owned(),
                scope: None,
                openid_configuration: None,
            }),
        };
        let shown = format!("{:?}", error.without(&token));
        for secret in ["0123456789ab", "dXNlcj1", "ZGVmZ2hpag"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(
            shown.contains("[AUTHENTICATIONFAILED] AM0PR04CA0001.eurprd04.prod"),
            "{shown}"
        );
    }
}
