//! POP3 (RFC 1939) as a client: greeting, CAPA (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), and the
//! mailbox: UIDL and LIST, RETR, DELE.
//!
//! [`reply`] understands lines, [`securing`] goes from the greeting to TLS, [`logging_in`] from
//! there to the proof that the mailbox opens; [`listing`] says what is in it and [`retrieving`]
//! streams messages, whose bytes [`body`] makes out. [`Pop3Session`] runs them on a socket.

mod body;
mod command;
mod listing;
mod logging_in;
mod reply;
mod retrieving;
mod securing;
mod session;
#[cfg(test)]
mod tests;

pub use listing::Pop3Message;
pub use logging_in::Pop3Opened;
pub use retrieving::RetrieveEvent;
pub use session::Pop3Session;

pub(crate) use listing::Listing;
pub(crate) use logging_in::LoggingIn;
pub(crate) use retrieving::Retrieving;
pub(crate) use securing::Securing;

/// From the greeting to the proof that the mailbox opens.
pub(crate) type Opening = crate::opening::Opening<Securing, LoggingIn>;
