//! SMTP submission (RFC 6409) as a client: greeting, EHLO (RFC 5321), STARTTLS (RFC 3207), AUTH
//! (RFC 4954), NOOP.
//!
//! [`reply`] makes replies of lines, [`securing`] goes from the greeting to TLS, [`logging_in`] from
//! there to the proof, and [`SmtpSession`] runs them on a socket.

mod command;
mod logging_in;
mod reply;
mod securing;
mod session;
#[cfg(test)]
mod tests;

pub use logging_in::SmtpOpened;
pub use session::SmtpSession;

pub(crate) use command::Command;
pub(crate) use logging_in::LoggingIn;
pub(crate) use reply::{Replies, Reply};
pub(crate) use securing::{Hail, Securing};

/// From the greeting to the proof that the server takes orders.
pub(crate) type Opening = crate::opening::Opening<Securing, LoggingIn>;
