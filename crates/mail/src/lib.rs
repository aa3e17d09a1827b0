//! Connections to mail servers: TLS and STARTTLS, capabilities, SASL login; IMAP, POP3, the login of
//! SMTP submission, and mail handed over by LMTP and SMTP.
//!
//! A dialogue with a server is a machine without a socket: bytes in, actions out. It also asks for
//! the TLS upgrade and for time, so that no driver can get the order greeting → STARTTLS →
//! capabilities → SASL wrong. `drive` is the one place that owns a socket.
//!
//! The way of a login: [`MailServer`] says where, [`Trust`] whom to believe, [`ImapSession::open`]
//! goes there and logs in with an access token; what it returns has already touched the mailbox,
//! because `OK` to `AUTHENTICATE` alone proves nothing. [`Pop3Session`] and [`SmtpSession`] do the
//! same. [`inspect()`] goes there step by step for a doctor, and [`try_login`] with one mechanism.
//!
//! [`Upstream::open`] logs in like them and hands the connection to somebody who goes on himself.
//!
//! The way of a message out: [`DeliverySession::open`] goes to a [`DeliveryPoint`], and
//! [`DeliverySession::deliver`] says for each recipient of the [`Envelope`] what became of it.
//! [`ImapSession::append`] puts one into a folder instead.

pub mod answers;
mod certificate;
mod delivery;
mod drive;
mod error;
pub mod imap;
mod input;
mod inspect;
mod limits;
mod lines;
mod machine;
mod offers;
mod opening;
pub mod pop3;
pub mod rehearsal;
pub mod sasl;
mod server;
pub mod smtp;
#[cfg(test)]
mod talk;
mod tls;
mod upstream;
mod verdict;

pub use certificate::Certificate;
pub use delivery::{Delivered, DeliveryPoint, DeliverySession, Envelope, EnvelopeError};
pub use drive::Socket;
pub use error::MailError;
pub use imap::{
    Append, AppendUid, Appended, Capabilities, FetchEvent, Flag, FolderMark, FolderStatus,
    IdleEvent, ImapSession, Likeness, ListedFolder, MessageUid, News, Opened, Search, SpecialUse,
    UidValidity,
};
pub use inspect::{
    Inspection, Session, Timed, TlsInspection, inspect, inspect_connection, try_login,
};
pub use limits::Limits;
pub use mailgrant_base::Protocol;
pub use offers::Offers;
pub use pop3::{Pop3Message, Pop3Opened, Pop3Session, RetrieveEvent};
pub use sasl::Challenge;
pub use server::{MailServer, Security, ServerError};
pub use smtp::{SmtpOpened, SmtpSession};
pub use tls::Trust;
pub use upstream::{Upstream, UpstreamOpened, smtp_offers};
