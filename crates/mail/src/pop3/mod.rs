//! POP3 (RFC 1939) as a client: greeting, CAPA (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034), STAT.
//!
//! [`reply`] understands lines, [`securing`] goes from the greeting to TLS, [`logging_in`] from
//! there to the proof, and [`Pop3Session`] runs them on a socket.

mod command;
mod logging_in;
mod reply;
mod securing;
mod session;
#[cfg(test)]
mod tests;

pub use logging_in::Pop3Opened;
pub use session::Pop3Session;

pub(crate) use logging_in::LoggingIn;
pub(crate) use securing::Securing;

/// From the greeting to the proof that the mailbox opens.
pub(crate) type Opening = crate::opening::Opening<Securing, LoggingIn>;
