//! What can go wrong with a mail server.

use mailgrant_base::{Diagnose, Diagnosis};
use serde::Deserialize;

/// The JSON that a server sends when it refuses a token (XOAUTH2 and RFC 7628, section 3.2.2),
/// decoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Challenge {
    /// `invalid_token`, or an HTTP status such as `400` or `401` as text.
    pub status: String,
    /// The scope that would do.
    pub scope: Option<String>,
    /// Where the provider describes itself (RFC 7628).
    #[serde(rename = "openid-configuration")]
    pub openid_configuration: Option<String>,
}

/// A dialogue with a mail server that failed. `server` is always `host:port`.
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
    /// The server does not speak the protocol.
    #[error("{server} broke the protocol: {why}")]
    Protocol {
        /// Which server.
        server: String,
        /// What was wrong.
        why: String,
    },
}

impl Diagnose for MailError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}
