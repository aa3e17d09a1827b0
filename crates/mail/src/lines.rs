//! Lines out of bytes: what POP3 and SMTP answer in.

use bytes::{Bytes, BytesMut};

use crate::MailError;
use crate::input::{Input, TooLong};
use crate::machine::Incoming;
use crate::verdict::Peer;

/// Reads one server's lines, whatever sizes the bytes arrive in.
#[derive(Debug)]
pub(crate) struct Lines {
    peer: Peer,
    input: Input,
}

impl Lines {
    /// Whether all that came has been read: nothing may be left when TLS begins.
    pub(crate) fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    /// The next line without its end; `None` until more has been read.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, MailError> {
        self.input
            .line()
            .map_err(|TooLong| self.peer.protocol("it sent a line that is too long"))
    }

    /// The bytes themselves, for what is not read line by line.
    pub(crate) fn input(&mut self) -> &mut Input {
        &mut self.input
    }
}

impl Incoming for Lines {
    fn new(peer: Peer, longest: usize) -> Self {
        Self {
            peer,
            input: Input::new(longest),
        }
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn room(&mut self) -> &mut BytesMut {
        self.input.room()
    }

    fn into_unread(self) -> Bytes {
        self.input.into_unread()
    }
}
