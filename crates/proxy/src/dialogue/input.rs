//! What a client has sent and nobody has read yet. Passwords pass through it: it is wiped.

use bytes::Bytes;
use zeroize::{Zeroize as _, Zeroizing};

/// How much is read at once.
const READ: usize = 4096;

/// The buffer between the socket and a dialogue.
#[derive(Default)]
pub struct Input {
    buffer: Zeroizing<Vec<u8>>,
    /// So many bytes at the beginning are known to hold no line end.
    scanned: usize,
}

/// A line that is longer than it may be.
#[derive(Debug)]
pub(super) struct TooLong;

impl Input {
    /// Where to put what is read; not more than there is room for without growing.
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.buffer.reserve(READ);
        &mut self.buffer
    }

    /// Whether all that came has been read.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// What was not read, for whoever goes on with the connection.
    pub fn take_rest(&mut self) -> Bytes {
        self.scanned = 0;
        Bytes::from(std::mem::take(&mut *self.buffer))
    }

    /// The next line without its end (CRLF; a bare LF is borne with), once it is complete.
    pub(super) fn line(&mut self, longest: usize) -> Result<Option<Zeroizing<Vec<u8>>>, TooLong> {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(found) = unseen.iter().position(|&byte| byte == b'\n') else {
            self.scanned = self.buffer.len();
            // A CR at the end may be the line end's.
            return if self.buffer.len() > longest + 1 {
                Err(TooLong)
            } else {
                Ok(None)
            };
        };
        let mut line = self.take(self.scanned + found + 1);
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.len() > longest {
            return Err(TooLong);
        }
        Ok(Some(line))
    }

    /// The next bytes, once so many are there.
    pub(super) fn exactly(&mut self, count: usize) -> Option<Zeroizing<Vec<u8>>> {
        (self.buffer.len() >= count).then(|| self.take(count))
    }

    fn take(&mut self, count: usize) -> Zeroizing<Vec<u8>> {
        self.scanned = 0;
        let Some(head) = self.buffer.get_mut(..count) else {
            return Zeroizing::default();
        };
        let taken = Zeroizing::new(head.to_vec());
        head.zeroize();
        self.buffer.drain(..count);
        taken
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({} bytes)", self.buffer.len())
    }
}
