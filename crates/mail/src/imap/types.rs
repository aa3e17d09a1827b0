//! What callers of a session see.

use bytes::Bytes;

use super::folder_mark::FolderMark;
use super::special_use::SpecialUse;

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
    /// `NOTIFY` (RFC 5465): it tells of folders that are not selected.
    pub notify: bool,
    /// `LIST-STATUS` (RFC 5819): the states of many folders by one command.
    pub list_status: bool,
    /// `SPECIAL-USE` (RFC 6154): LIST says on request what folders are for.
    pub special_use: bool,
    /// `CONDSTORE` or `QRESYNC` (RFC 7162): folders count their changes.
    pub condstore: bool,
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
    /// The number of its latest change (RFC 7162), where it counts them.
    pub highest_modseq: Option<u64>,
}

impl FolderStatus {
    /// The same as STATUS says it.
    pub fn mark(&self) -> FolderMark {
        FolderMark {
            uid_validity: Some(self.uid_validity),
            uid_next: self.uid_next,
            messages: Some(self.exists),
            highest_modseq: self.highest_modseq,
        }
    }
}

/// A folder of the server's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFolder {
    /// Its name, in UTF-8.
    pub name: String,
    /// What the server says that it is for.
    pub uses: Vec<SpecialUse>,
}

impl From<String> for ListedFolder {
    /// One that is for nothing special, as far as is known.
    fn from(name: String) -> Self {
        Self {
            name,
            uses: Vec::new(),
        }
    }
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
    /// The folder changed, or there is news of another: look for new mail.
    Changed,
    /// Somebody else had something to say.
    Interrupted,
    /// The time is over.
    TimeOver,
}
