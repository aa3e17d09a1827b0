//! The mail server: IMAP4rev1 (RFC 3501) with OAuth logins over mailboxes in memory, POP3 (RFC 1939)
//! over their INBOX, and the logins of SMTP beside it.
//!
//! From the wire inwards: [`listener`] accepts and secures connections, [`connection`] reads lines
//! and writes answers, [`command`] understands them, [`session`] carries them out against the
//! [`store`]; [`line_session`] speaks POP3 and SMTP, in their [`words`], and [`maildrop`] is the INBOX as
//! POP3 shows it. [`api`] shows the same
//! mailboxes as Microsoft Graph and the Gmail API do. [`fault`] decides where one of them misbehaves; [`handle`] is what tests hold.

mod api;
mod command;
mod connection;
mod fault;
mod fetch;
mod handle;
mod line_session;
mod listener;
mod maildrop;
mod options;
mod sasl;
mod scanner;
mod search;
mod sequence;
mod session;
mod store;
mod tls;
mod transcript;
mod words;

#[cfg(test)]
mod tests;

pub use fault::{ApiFault, ImapFault, LineFault};
pub use handle::MailServer;
pub use options::{Accepts, Certificate, MailServerOptions, UniqueIds};
pub use store::StoredMessage;
