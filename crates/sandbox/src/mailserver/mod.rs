//! The mail server: IMAP with OAuth logins over mailboxes in memory.

use std::net::SocketAddr;
use std::time::Duration;

use crate::TokenBook;

/// How the mail server behaves when all is well.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one capability"
)]
pub struct MailServerOptions {
    /// Where to listen with implicit TLS (port 0 for any).
    pub listen_tls: SocketAddr,
    /// Where to listen without, with STARTTLS offered.
    pub listen_plain: Option<SocketAddr>,
    /// Offers `SASL-IR`.
    pub sasl_ir: bool,
    /// Offers `AUTH=XOAUTH2`.
    pub xoauth2: bool,
    /// Offers `AUTH=OAUTHBEARER`.
    pub oauthbearer: bool,
    /// Offers `IDLE`.
    pub idle: bool,
    /// Offers `MOVE` and `UIDPLUS`.
    pub r#move: bool,
    /// Shared mailboxes: (mailbox, user who has access besides).
    pub shared: Vec<(String, String)>,
}

/// What goes wrong on demand. Each happens `times` times, or until cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImapFault {
    /// AUTHENTICATE answers an error challenge and `NO`, whatever the token.
    RefuseToken,
    /// AUTHENTICATE answers `OK`, the next command `BAD User is authenticated but not connected.`
    NotConnected,
    /// `NO [UNAVAILABLE]` to AUTHENTICATE.
    Unavailable,
    /// `NO [ALERT] Too many simultaneous connections. (Failure)` to AUTHENTICATE.
    TooManyConnections,
    /// The connection is closed after so many bytes of the answer to a FETCH.
    TruncateFetch(u64),
    /// Every answer is delayed by so much.
    Slow(Duration),
    /// `* BYE Session invalidated - AccessTokenExpired` on the next command.
    TokenExpiredBye,
    /// Garbage instead of an answer to SELECT.
    Garbage,
    /// Bytes are sent behind the answer to STARTTLS, before the handshake (injection).
    StartTlsInjection,
    /// The line after the greeting never ends.
    EndlessLine,
    /// A FETCH answer announces a literal of so many bytes.
    HugeLiteral(u64),
    /// UIDVALIDITY changes at the next SELECT.
    NewUidValidity,
}

/// A running mail server; stops when dropped.
#[derive(Debug)]
pub struct MailServer {
    _private: (),
}

impl MailServer {
    /// Starts one on loopback, with a certificate for `localhost` and `127.0.0.1` made on the spot.
    pub async fn start(options: MailServerOptions, tokens: TokenBook) -> std::io::Result<Self> {
        todo!()
    }

    /// Where implicit TLS listens.
    pub fn tls_address(&self) -> SocketAddr {
        todo!()
    }

    /// Where the plain listener listens.
    pub fn plain_address(&self) -> Option<SocketAddr> {
        todo!()
    }

    /// Its certificate in PEM, for whoever is to trust it.
    pub fn certificate_pem(&self) -> String {
        todo!()
    }

    /// Puts a message into a folder of a mailbox (both made where they are missing); says its UID.
    pub fn deliver(&self, mailbox: &str, folder: &str, raw: &[u8]) -> u32 {
        todo!()
    }

    /// What a folder holds: UID, flags and bytes, ascending by UID.
    pub fn contents(&self, mailbox: &str, folder: &str) -> Vec<(u32, Vec<String>, Vec<u8>)> {
        todo!()
    }

    /// Lets a fault happen `times` times (`None`: until cleared).
    pub fn fault(&self, fault: ImapFault, times: Option<u32>) {
        todo!()
    }

    /// All is well again.
    pub fn clear_faults(&self) {
        todo!()
    }

    /// How many logins have succeeded, by mechanism name.
    pub fn logins(&self) -> Vec<(String, u64)> {
        todo!()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        todo!()
    }

    /// Ends all connections as a server that goes down.
    pub fn drop_connections(&self) {
        todo!()
    }
}
