//! IMAP (RFC 9051, RFC 3501) as a client.

use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{MailError, MailServer, Trust};

/// A message's UID in its folder (RFC 9051, section 2.3.1.1): never 0.
pub type MessageUid = u32;

/// A folder's UIDVALIDITY: when it changes, all UIDs are meaningless.
pub type UidValidity = u32;

/// Time and size limits of a session.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long connecting, TLS and the greeting may take each.
    pub connect: Duration,
    /// How long the server may stay silent while an answer is due.
    pub answer: Duration,
    /// The longest line, in bytes, that is read before the server is given up on.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(120),
            line: 1 << 20,
        }
    }
}

/// What the server says it can do, after login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one capability of the server"
)]
pub struct Capabilities {
    /// `IDLE` (RFC 2177).
    pub idle: bool,
    /// `MOVE` (RFC 6851).
    pub r#move: bool,
    /// `UIDPLUS` (RFC 4315).
    pub uidplus: bool,
    /// `LITERAL+` (RFC 7888).
    pub literal_plus: bool,
}

/// What `SELECT` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderStatus {
    /// The epoch of its UIDs.
    pub uid_validity: UidValidity,
    /// The UID that the next message will get, where the server says.
    pub uid_next: Option<MessageUid>,
    /// How many messages it has.
    pub exists: u32,
    /// The folder cannot be changed.
    pub read_only: bool,
}

/// A logged-in session.
#[derive(Debug)]
pub struct ImapSession {
    _private: (),
}

/// What opening a session found out, for logs, tests and the account's page.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The mechanism that was used.
    pub mechanism: crate::sasl::Mechanism,
    /// What the server can do.
    pub capabilities: Capabilities,
}

/// A part of a streamed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchEvent {
    /// A message begins; `size` is the exact number of bytes that follow.
    Start {
        /// Its UID.
        uid: MessageUid,
        /// How many bytes follow.
        size: u64,
    },
    /// The next bytes of the message.
    Chunk(Bytes),
    /// The message is complete.
    End,
}

/// What ended an IDLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleEvent {
    /// The folder changed: look for new mail.
    Changed,
    /// The time is over.
    TimeOver,
}

impl ImapSession {
    /// Connects, secures the connection, logs `user` in with `token` and proves with a first
    /// command (`LIST`-like, touching the mailbox) that the mailbox opens. The mechanism is chosen
    /// from the server's capabilities, asked again after STARTTLS.
    pub async fn open(
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
        user: &str,
        token: &SecretString,
    ) -> Result<Self, MailError> {
        todo!()
    }

    /// What opening found out.
    pub fn opened(&self) -> &Opened {
        todo!()
    }

    /// Opens a folder for reading and changing (`SELECT`); `folder` is its name in UTF-8.
    pub async fn select(&mut self, folder: &str) -> Result<FolderStatus, MailError> {
        todo!()
    }

    /// The UIDs of the selected folder from `first` on, ascending.
    pub async fn uids_from(&mut self, first: MessageUid) -> Result<Vec<MessageUid>, MailError> {
        todo!()
    }

    /// Asks for these messages, whole and unchanged (`UID FETCH … (UID BODY.PEEK[])`). What comes is
    /// read with [`next_fetched`](Self::next_fetched) until that says `None`; only then may
    /// another command follow. UIDs that are gone are simply not answered.
    pub async fn start_fetch(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        todo!()
    }

    /// The next part of what was asked for; reading slowly holds the server back.
    pub async fn next_fetched(&mut self) -> Result<Option<FetchEvent>, MailError> {
        todo!()
    }

    /// Sets `\Seen`.
    pub async fn mark_seen(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        todo!()
    }

    /// Moves messages to another folder (`UID MOVE`, else copy, delete and expunge).
    pub async fn move_to(&mut self, uids: &[MessageUid], folder: &str) -> Result<(), MailError> {
        todo!()
    }

    /// Deletes exactly these messages (`\Deleted`, then `UID EXPUNGE`; never another client's).
    pub async fn delete(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        todo!()
    }

    /// Waits for a change of the selected folder, at most `at_most` (below 29 minutes, RFC 2177).
    pub async fn idle(&mut self, at_most: Duration) -> Result<IdleEvent, MailError> {
        todo!()
    }

    /// The names of all folders that can be selected, in UTF-8.
    pub async fn folders(&mut self) -> Result<Vec<String>, MailError> {
        todo!()
    }

    /// Ends the session politely; errors no longer matter.
    pub async fn logout(self) {
        todo!()
    }
}
