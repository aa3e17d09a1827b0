//! What every conversation is: bytes in, actions out.

use std::fmt;

use super::Reader;
use crate::MailError;

/// What a conversation wants next.
#[must_use = "a conversation whose wish is not fulfilled never goes on"]
pub(crate) enum Step<T> {
    /// More bytes from the server, into [`Reader::room`].
    NeedInput,
    /// These bytes sent.
    Output(Vec<u8>),
    /// TLS on the connection, before anything else is read or sent.
    UpgradeTls,
    /// Nothing: here is what came of it.
    Done(T),
}

/// A conversation with the server: opening, one command, one fetch. It never blocks and knows no
/// socket and no clock.
pub(crate) trait Machine {
    /// What comes of it.
    type Done;

    /// Goes on with what has been read. To be called again after each action until it is done.
    fn step(&mut self, reader: &mut Reader) -> Result<Step<Self::Done>, MailError>;
}

/// Output may hold a token, so it is never shown.
impl<T> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedInput => f.write_str("NeedInput"),
            Self::Output(bytes) => write!(f, "Output({} bytes)", bytes.len()),
            Self::UpgradeTls => f.write_str("UpgradeTls"),
            Self::Done(_) => f.write_str("Done"),
        }
    }
}
