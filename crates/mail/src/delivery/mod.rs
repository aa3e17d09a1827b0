//! Handing a message over: to an LMTP server (RFC 2033), which answers for each recipient, or to an
//! SMTP server (RFC 5321), which answers for all of them at once. Nobody logs in, unless the connection
//! was one of an [`SmtpSession`](crate::SmtpSession) before (submission, RFC 6409).
//!
//! [`Envelope`] says from whom and to whom, [`DeliveryPoint`] where. [`asking`] goes from MAIL to the
//! server's word that it waits for the message, [`stuffing`] writes the message as it has to stand on
//! the wire, [`verdict`] reads what became of it, and [`DeliverySession`] runs them on a socket.

mod asking;
mod envelope;
mod point;
mod session;
mod stuffing;
#[cfg(test)]
mod tests;
mod verdict;

pub use envelope::{Envelope, EnvelopeError};
pub use point::DeliveryPoint;
pub use session::DeliverySession;
pub use verdict::Delivered;

pub(crate) use asking::{Asked, Asking};
pub(crate) use verdict::AwaitVerdict;
