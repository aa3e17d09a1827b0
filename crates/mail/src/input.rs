//! What a server has sent and nobody has read yet: handed out as lines and as runs of bytes.

use bytes::{Bytes, BytesMut};

/// How much is asked of the socket at once. Large enough that a message of 10 KB rarely needs two
/// reads, small enough for a thousand sessions.
const READ: usize = 64 * 1024;

/// A line that is longer than the session's limit.
#[derive(Debug)]
pub(crate) struct TooLong;

/// The buffer between the socket and the reader. Never holds more than one line, or one read.
#[derive(Debug)]
pub(crate) struct Input {
    buffer: BytesMut,
    /// So many bytes at the beginning are known to hold no line end.
    scanned: usize,
    longest: usize,
}

impl Input {
    /// An empty buffer that gives up on a line of more than `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            longest,
        }
    }

    /// Where the driver puts what it reads. Chunks that are still in somebody's hands keep their
    /// memory; room is made beside them.
    pub(crate) fn room(&mut self) -> &mut BytesMut {
        if self.buffer.capacity() - self.buffer.len() < READ / 4 {
            self.buffer.reserve(READ);
        }
        &mut self.buffer
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Gives the memory back: a session that waits for hours holds no buffer.
    pub(crate) fn relax(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
            self.scanned = 0;
        }
    }

    /// The next line without its end (CRLF; a bare LF is borne with), once it is complete.
    pub(crate) fn line(&mut self) -> Result<Option<Bytes>, TooLong> {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(found) = unseen.iter().position(|&byte| byte == b'\n') else {
            self.scanned = self.buffer.len();
            // A CR at the end may be the line end's.
            let line = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
            return if line.len() > self.longest {
                Err(TooLong)
            } else {
                Ok(None)
            };
        };
        let end = self.scanned + found;
        self.scanned = 0;
        let mut line = self.buffer.split_to(end + 1).freeze();
        line.truncate(end);
        if line.ends_with(b"\r") {
            line.truncate(end - 1);
        }
        if line.len() > self.longest {
            return Err(TooLong);
        }
        Ok(Some(line))
    }

    /// What has come and is not read yet, for whoever goes on with it.
    pub(crate) fn into_unread(self) -> Bytes {
        self.buffer.freeze()
    }

    /// What has come and is not read yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer
    }

    /// What is there of the next `most` bytes; `None` when nothing is.
    pub(crate) fn up_to(&mut self, most: u64) -> Option<Bytes> {
        if self.buffer.is_empty() || most == 0 {
            return None;
        }
        let count =
            usize::try_from(most).map_or(self.buffer.len(), |most| most.min(self.buffer.len()));
        self.scanned = 0;
        Some(self.buffer.split_to(count).freeze())
    }

    /// As much of a line as fits into `most` bytes, up to and with a space, once so many bytes of it
    /// have come; the line has to begin with `start`. It does not depend on what has come besides.
    pub(crate) fn words(&mut self, start: &[u8], most: usize) -> Option<Bytes> {
        let begin = self.buffer.get(..most)?;
        let begins_so = begin
            .get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        if !begins_so || begin.contains(&b'\n') {
            return None;
        }
        let last_space = begin.iter().rposition(|&byte| byte == b' ')?;
        self.scanned = 0;
        Some(self.buffer.split_to(last_space + 1).freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(bytes: &[u8]) -> Input {
        let mut input = Input::new(20);
        input.room().extend_from_slice(bytes);
        input
    }

    #[test]
    fn lines_end_with_crlf_or_lf() {
        let mut input = holding(b"one\r\ntwo\n\r\nrest");
        assert_eq!(input.line().unwrap().unwrap(), "one");
        assert_eq!(input.line().unwrap().unwrap(), "two");
        assert_eq!(input.line().unwrap().unwrap(), "");
        assert!(input.line().unwrap().is_none());
        input.room().extend_from_slice(b" and\r\n");
        assert_eq!(input.line().unwrap().unwrap(), "rest and");
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_before_and_after_its_end_is_seen() {
        assert!(holding(&[b'x'; 21]).line().is_err());
        assert!(
            holding(&[&[b'x'; 21][..], b"\r\n"].concat())
                .line()
                .is_err()
        );
        let longest = [&[b'x'; 20][..], b"\r\n"].concat();
        for come in 0..=longest.len() {
            assert!(holding(&longest[..come]).line().is_ok());
        }
    }

    #[test]
    fn runs_of_bytes_stop_where_they_are_told_to() {
        let mut input = holding(b"abcdef");
        assert_eq!(input.up_to(4).unwrap(), "abcd");
        assert_eq!(input.up_to(u64::MAX).unwrap(), "ef");
        assert!(input.up_to(4).is_none());
    }

    #[test]
    fn words_come_from_one_line_alone_whatever_has_come_besides() {
        for besides in ["", "\r\n", "\r\na1 OK Search completed"] {
            let mut input = holding(format!("* SEARCH 1 2 34{besides}").as_bytes());
            assert!(input.words(b"* LIST ", 12).is_none());
            assert_eq!(input.words(b"* search ", 12).unwrap(), "* SEARCH 1 ");
            assert!(input.words(b"", 12).is_none());
        }
        let mut input = holding(b"2 34\r\na1 OK Search completed");
        assert_eq!(input.line().unwrap().unwrap(), "2 34");
    }
}
