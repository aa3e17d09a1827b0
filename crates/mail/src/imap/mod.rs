//! IMAP (RFC 9051, RFC 3501) as a client.
//!
//! From the wire inwards: [`reader`] makes responses of what has come (messages pass through in
//! chunks), a [`machine`](crate::machine) holds one conversation – [`securing`] from greeting to
//! TLS, [`logging_in`] from there to the proof, [`command`], [`fetching`], [`appending`], [`idling`],
//! [`statuses`] – and [`ImapSession`] runs them on a socket.

mod appending;
mod command;
mod fetch_items;
mod fetching;
mod folder_mark;
mod idling;
mod likeness;
mod logging_in;
mod names;
mod news;
mod notify;
mod pace;
mod reader;
mod response;
mod search;
mod securing;
mod session;
mod special_use;
mod status;
mod statuses;
#[cfg(test)]
mod tests;
mod types;
mod uid_set;

pub use appending::{Append, AppendUid, Appended, Flag};
pub use folder_mark::FolderMark;
pub use likeness::Likeness;
pub use news::News;
pub use search::Search;
pub use session::ImapSession;
pub use special_use::SpecialUse;
pub use types::{
    Capabilities, FetchEvent, FolderStatus, IdleEvent, ListedFolder, MessageUid, Opened,
    UidValidity,
};

use crate::machine::{Incoming, Machine, Step};

pub(crate) use appending::{AskAppend, Wanted};
pub(crate) use command::Tags;
pub(crate) use fetching::Fetching;
pub(crate) use logging_in::{LoggingIn, Login};
pub(crate) use reader::Reader;
pub(crate) use securing::Securing;
pub(crate) use status::{LONGEST_WORDS, Status, shown, split_word};
pub(crate) use uid_set::sets;

/// From the greeting to the proof that the mailbox opens.
pub(crate) type Opening = crate::opening::Opening<Securing, LoggingIn>;
