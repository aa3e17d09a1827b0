//! The mail server: IMAP4rev1 (RFC 3501) with OAuth logins over mailboxes in memory.
//!
//! From the wire inwards: [`listener`] accepts and secures connections, [`connection`] reads lines
//! and writes answers, [`command`] understands them, [`session`] carries them out against the
//! [`store`]. [`fault`] decides where one of them misbehaves; [`handle`] is what tests hold.

mod command;
mod connection;
mod fault;
mod fetch;
mod handle;
mod listener;
mod options;
mod sasl;
mod scanner;
mod search;
mod sequence;
mod session;
mod store;
mod tls;
mod transcript;

#[cfg(test)]
mod tests;

pub use fault::ImapFault;
pub use handle::MailServer;
pub use options::{Accepts, MailServerOptions};
pub use store::StoredMessage;
