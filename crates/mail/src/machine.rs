//! What every conversation is: bytes in, actions out.

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::MailError;
use crate::verdict::Peer;

/// What a conversation wants next.
#[must_use = "a conversation whose wish is not fulfilled never goes on"]
pub(crate) enum Step<T> {
    /// More bytes from the server, into [`Incoming::room`].
    NeedInput,
    /// These bytes sent.
    Output(Vec<u8>),
    /// TLS on the connection, before anything else is read or sent.
    UpgradeTls,
    /// Nothing: here is what came of it.
    Done(T),
}

/// What has come from a server, read in the way of its protocol.
pub(crate) trait Incoming {
    /// Nothing has come yet; a line of more than `longest` bytes is given up on.
    fn new(peer: Peer, longest: usize) -> Self;

    /// The server in errors.
    fn peer(&self) -> &Peer;

    /// Where the driver puts what it reads.
    fn room(&mut self) -> &mut BytesMut;

    /// What has come and was not read, for whoever goes on with the connection.
    fn into_unread(self) -> Bytes;
}

/// A conversation with the server: opening, one command, one fetch. It never blocks and knows no
/// socket and no clock.
pub(crate) trait Machine {
    /// What it reads with.
    type Reader: Incoming;
    /// What comes of it.
    type Done;

    /// Goes on with what has been read. To be called again after each action until it is done.
    fn step(&mut self, reader: &mut Self::Reader) -> Result<Step<Self::Done>, MailError>;
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
