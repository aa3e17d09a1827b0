//! What callers of a session see.

use bytes::Bytes;

/// A message's UID in its folder (RFC 9051, section 2.3.1.1): never 0.
pub type MessageUid = u32;

/// A folder's UIDVALIDITY: when it changes, all UIDs are meaningless.
pub type UidValidity = u32;

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
    /// `LITERAL-` (RFC 7888).
    pub literal_minus: bool,
    /// `BINARY` (RFC 3516): messages with NUL bytes can be appended.
    pub binary: bool,
    /// The largest message that can be appended to any folder, in bytes (RFC 7889), where the server
    /// says one.
    pub append_limit: Option<u64>,
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
