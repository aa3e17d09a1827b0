//! Lines and literals on the wire.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::transcript::{Speaker, Transcript};

/// The longest line that a client may send; sets of thousands of UIDs fit.
const LINE: usize = 256 * 1024;
/// The longest literal that a client may send.
const LITERAL: usize = 256 * 1024 * 1024;
/// So many bytes are collected before they are written.
const BATCH: usize = 64 * 1024;

pub(super) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// A connection with one client.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    stream: Stream,
    input: BytesMut,
    /// How much of `input` is known to have no line end.
    searched: usize,
    output: Vec<u8>,
    /// How many bytes may still be written before the connection breaks.
    budget: Option<u64>,
    transcript: Arc<Transcript>,
}

impl Connection {
    pub(super) fn new(number: u64, stream: Stream, transcript: Arc<Transcript>) -> Self {
        Self {
            number,
            stream,
            input: BytesMut::new(),
            searched: 0,
            output: Vec::new(),
            budget: None,
            transcript,
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        matches!(self.stream, Either::Right(_))
    }

    /// TLS from here on. What the client has sent ahead in plain text is thrown away.
    pub(super) async fn upgrade(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let Either::Left(tcp) = self.stream else {
            return Err(io::Error::other("TLS is on already"));
        };
        Ok(Self {
            stream: Either::Right(acceptor.accept(tcp).await?),
            input: BytesMut::new(),
            searched: 0,
            ..self
        })
    }

    /// The next line without its end; `None` where the client is gone. Can be dropped and called
    /// again without loss.
    pub(super) async fn line(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let unseen = &self.input[self.searched..];
            if let Some(place) = unseen.iter().position(|&byte| byte == b'\n') {
                let mut line = self.input.split_to(self.searched + place + 1);
                self.searched = 0;
                line.truncate(line.len() - 1);
                if line.last() == Some(&b'\r') {
                    line.truncate(line.len() - 1);
                }
                return Ok(Some(line.freeze()));
            }
            self.searched = self.input.len();
            if self.searched > LINE {
                self.send("* BYE Line too long").await?;
                self.flush().await?;
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// What follows a command's first line because of literals: the whole command, literals in it
    /// as they came.
    pub(super) async fn rest_of_command(&mut self, first: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut command = first.to_vec();
        let mut announced = announced_literal(first);
        while let Some(literal) = announced {
            if literal.size > LITERAL {
                self.send("* BYE [TOOBIG] Literal too large").await?;
                self.flush().await?;
                return Err(io::ErrorKind::InvalidData.into());
            }
            if literal.waits {
                self.send("+ Go on").await?;
                self.flush().await?;
            }
            command.extend_from_slice(b"\r\n");
            if !self.read_into(&mut command, literal.size).await? {
                return Ok(None);
            }
            let Some(line) = self.line().await? else {
                return Ok(None);
            };
            command.extend_from_slice(&line);
            announced = announced_literal(&line);
        }
        Ok(Some(command))
    }

    async fn read_into(&mut self, command: &mut Vec<u8>, size: usize) -> io::Result<bool> {
        let mut missing = size;
        loop {
            let ready = self.input.split_to(missing.min(self.input.len()));
            command.extend_from_slice(&ready);
            missing -= ready.len();
            if missing == 0 {
                return Ok(true);
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(false);
            }
        }
    }

    /// Notes what the client said, in the words in which the transcript may show it.
    pub(super) fn heard(&self, text: &str) {
        self.transcript.note(self.number, Speaker::Client, text);
    }

    /// Sends a line, or an answer with literals; it may wait in memory until [`flush`](Self::flush).
    pub(super) async fn send(&mut self, answer: impl Into<Answer>) -> io::Result<()> {
        let answer = answer.into();
        self.transcript
            .note(self.number, Speaker::Server, &answer.to_string());
        for part in &answer.0 {
            let bytes: &[u8] = match part {
                Part::Text(text) => text.as_bytes(),
                Part::Literal(bytes) => bytes,
            };
            for chunk in bytes.chunks(BATCH) {
                self.raw(chunk).await?;
            }
        }
        self.raw(b"\r\n").await
    }

    /// Sends bytes as they are.
    pub(super) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.extend_from_slice(bytes);
        if self.output.len() >= BATCH {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Writes all that waits.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let length = self.output.len() as u64;
        let allowed = self.budget.map_or(length, |budget| budget.min(length));
        let end = usize::try_from(allowed).unwrap_or(self.output.len());
        self.stream.write_all(&self.output[..end]).await?;
        self.stream.flush().await?;
        if let Some(budget) = &mut self.budget {
            *budget -= allowed;
            if allowed < length {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
        self.output.clear();
        self.output.shrink_to(BATCH);
        Ok(())
    }

    /// Sends a line that never ends.
    pub(super) async fn endless_line(&mut self) -> io::Result<()> {
        loop {
            self.raw(&[b'x'; 8192]).await?;
        }
    }

    /// Sends a line that never ends, one byte at a time.
    pub(super) async fn drip(&mut self, delay: Duration) -> io::Result<()> {
        loop {
            self.raw(b"x").await?;
            self.flush().await?;
            sleep(delay).await;
        }
    }

    /// Lets the connection break after so many more bytes.
    pub(super) fn break_after(&mut self, bytes: u64) {
        self.budget = Some(bytes);
    }

    /// Says good-bye to the transport; errors no longer matter.
    pub(super) async fn close(&mut self) {
        if self.flush().await.is_ok() {
            self.stream.shutdown().await.ok();
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Announced {
    size: usize,
    /// The client waits until it is told to go on.
    waits: bool,
}

/// Whether the client waits with a literal until it is told to go on.
pub(super) fn waits_with_literal(line: &[u8]) -> bool {
    announced_literal(line).is_some_and(|literal| literal.waits)
}

/// The literal that a line ends with: `{12}`, or `{12+}` which does not wait (RFC 7888).
fn announced_literal(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|&byte| byte == b'{')?;
    let inner = std::str::from_utf8(&inner[open + 1..]).ok()?;
    let (digits, waits) = match inner.strip_suffix('+') {
        Some(digits) => (digits, false),
        None => (inner, true),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| Announced {
        size: digits.parse().unwrap_or(usize::MAX),
        waits,
    })
}

/// A line that the server sends: text, and literals in between.
#[derive(Debug, Default)]
pub(super) struct Answer(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Literal(Bytes),
}

impl Answer {
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    pub(super) fn literal(self, bytes: Bytes) -> Self {
        let mut answer = self.text(format!("{{{}}}\r\n", bytes.len()));
        answer.0.push(Part::Literal(bytes));
        answer
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self::default().text(text)
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::default().text(text)
    }
}

/// In short: a literal's bytes are left out.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text.trim_end_matches("\r\n")),
            Part::Literal(_) => f.write_str("…"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line_only() {
        let size = |line: &[u8]| announced_literal(line).map(|literal| literal.size);
        assert_eq!(size(b"a APPEND x {12}"), Some(12));
        assert_eq!(size(b"a APPEND x {0+}"), Some(0));
        assert!(announced_literal(b"x {1}").is_some_and(|literal| literal.waits));
        assert!(announced_literal(b"x {1+}").is_some_and(|literal| !literal.waits));
        assert_eq!(size(b"x {99999999999999999999999}"), Some(usize::MAX));
        for line in [&b"x {1} y"[..], b"x {}", b"x {+}", b"x {a}", b"}", b"{-1}"] {
            assert_eq!(size(line), None);
        }
    }

    #[test]
    fn an_answer_shows_its_literals_in_short() {
        let answer = Answer::from("* 1 FETCH (BODY[] ")
            .literal(Bytes::from_static(b"secret"))
            .text(")");
        assert_eq!(answer.to_string(), "* 1 FETCH (BODY[] {6}…)");
    }
}
