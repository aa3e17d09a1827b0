//! IMAP (RFC 9051, RFC 3501) as a client.
//!
//! From the wire inwards: [`input`] holds what has come, [`reader`] makes responses of it (messages
//! pass through in chunks), a [`machine`] holds one conversation – [`opening`] from greeting to
//! proof, [`command`], [`fetching`], [`idling`] – and [`ImapSession`] runs them on a socket.

mod command;
mod fetch_items;
mod fetching;
mod idling;
mod input;
mod machine;
mod names;
mod opening;
mod reader;
mod response;
mod session;
mod status;
#[cfg(test)]
mod tests;
mod types;
mod uid_set;

pub use session::ImapSession;
pub use types::{
    Capabilities, FetchEvent, FolderStatus, IdleEvent, Limits, MessageUid, Opened, UidValidity,
};

pub(crate) use command::Tags;
pub(crate) use fetching::Fetching;
pub(crate) use machine::{Machine, Step};
pub(crate) use opening::Opening;
pub(crate) use reader::Reader;
pub(crate) use status::Status;
pub(crate) use uid_set::sets;
