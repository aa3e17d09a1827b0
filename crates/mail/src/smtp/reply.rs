//! Replies out of lines (RFC 5321, section 4.2).

use bytes::{Bytes, BytesMut};

use crate::MailError;
use crate::imap::{LONGEST_WORDS, shown};
use crate::lines::Lines;
use crate::machine::Incoming;
use crate::verdict::{Peer, Refusal};

/// More lines are no reply to anything that is asked here.
const MOST_LINES: usize = 200;

/// A reply: its code, and what stands behind it in each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<Bytes>,
}

impl Reply {
    /// Whether the command was carried out.
    pub(super) fn is_ok(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// All that was said, in one line, fit to be shown. An enhanced code (RFC 2034) stands in each
    /// line of a reply, and is shown once.
    pub(crate) fn said(&self) -> String {
        let mut said = self.code.to_string().into_bytes();
        let mut enhanced: Option<&[u8]> = None;
        for line in &self.lines {
            let (word, rest) = crate::imap::split_word(line);
            let repeated = enhanced == Some(word);
            if enhanced.is_none() && is_enhanced_code(word) {
                enhanced = Some(word);
            }
            said.push(b' ');
            said.extend_from_slice(if repeated { rest } else { line });
        }
        shown(&said, LONGEST_WORDS)
    }

    /// This reply as a refusal: 4yz passes by itself (RFC 5321, section 4.2.1).
    pub(super) fn refusal(&self) -> Refusal {
        Refusal {
            said: self.said(),
            passes: (400..500).contains(&self.code),
        }
    }

    /// One line of a reply: its code, whether it is the last, its text.
    fn line(line: &Bytes) -> Option<(u16, bool, Bytes)> {
        let code = std::str::from_utf8(line.get(..3)?).ok()?;
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let last = match line.get(3) {
            None | Some(b' ') => true,
            Some(b'-') => false,
            Some(_) => return None,
        };
        let text = line.slice(line.len().min(4)..);
        Some((code.parse().ok()?, last, text))
    }
}

/// `5.7.8` (RFC 3463, section 2).
fn is_enhanced_code(word: &[u8]) -> bool {
    let mut parts = word.split(|&byte| byte == b'.');
    let numbers = parts
        .by_ref()
        .take(3)
        .filter(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    numbers.count() == 3 && parts.next().is_none()
}

/// Reads one server's replies.
#[derive(Debug)]
pub(crate) struct Replies {
    lines: Lines,
    /// The lines of a reply that goes on.
    begun: Option<Reply>,
}

impl Replies {
    /// Whether all that came has been read: nothing may be left when TLS begins, nor when a command
    /// goes out.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.begun.is_none()
    }

    /// The next reply; `None` until more has been read.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, MailError> {
        self.next_or("it sent something that is not SMTP")
    }

    /// The first reply of a server, which may be none of SMTP.
    pub(super) fn greeting(&mut self) -> Result<Option<Reply>, MailError> {
        self.next_or("it did not greet as an SMTP server")
    }

    fn next_or(&mut self, not_smtp: &'static str) -> Result<Option<Reply>, MailError> {
        while let Some(line) = self.lines.next()? {
            let Some((code, last, text)) = Reply::line(&line) else {
                return Err(self.peer().protocol(not_smtp));
            };
            let lines = Vec::new();
            let mut reply = self.begun.take().unwrap_or(Reply { code, lines });
            if reply.code != code {
                return Err(self.peer().protocol(not_smtp));
            }
            if reply.lines.len() == MOST_LINES {
                return Err(self.peer().protocol("its reply has no end"));
            }
            reply.lines.push(text);
            if last {
                return Ok(Some(reply));
            }
            self.begun = Some(reply);
        }
        Ok(None)
    }
}

impl Incoming for Replies {
    fn new(peer: Peer, longest: usize) -> Self {
        Self {
            lines: Lines::new(peer, longest),
            begun: None,
        }
    }

    fn peer(&self) -> &Peer {
        self.lines.peer()
    }

    fn room(&mut self) -> &mut BytesMut {
        self.lines.room()
    }

    fn into_unread(self) -> Bytes {
        self.lines.into_unread()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(text: &str) -> Replies {
        let mut replies = Replies::new(Peer::new("smtp.example.com:587"), 1000);
        replies.room().extend_from_slice(text.as_bytes());
        replies
    }

    #[test]
    fn a_reply_has_one_line_or_many() {
        let mut replies = replies("220 hello\r\n250-one\r\n250-two three\r\n250\r\n2");
        let reply = replies.next().unwrap().unwrap();
        assert_eq!((reply.code, reply.said().as_str()), (220, "220 hello"));
        let reply = replies.next().unwrap().unwrap();
        assert_eq!(reply.lines, ["one", "two three", ""]);
        assert_eq!(replies.next().unwrap(), None);
        assert!(!replies.is_empty());
    }

    #[test]
    fn what_gmail_says_in_two_lines_is_shown_as_one_sentence() {
        let mut replies = replies(
            "535-5.7.8 Username and Password not accepted. For more information, go to\r\n\
             535 5.7.8  https://support.google.com/mail/?p=BadCredentials x-y.1 - gsmtp\r\n",
        );
        assert_eq!(
            replies.next().unwrap().unwrap().said(),
            "535 5.7.8 Username and Password not accepted. For more information, go to  \
             https://support.google.com/mail/?p=BadCredentials x-y.1 - gsmtp"
        );
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for text in [
            "* OK imap\r\n",
            "+OK pop3\r\n",
            "25 short\r\n",
            "2500 long\r\n",
            "+25 x\r\n",
            "\r\n",
            "250-one\r\n251 two\r\n",
        ] {
            assert!(replies(text).next().is_err(), "{text}");
        }
        assert!(replies(&"250-x\r\n".repeat(1000)).next().is_err());
    }

    #[test]
    fn enhanced_codes_have_three_numbers() {
        for (word, is) in [("5.7.139", true), ("5.7", false), ("5.7.8.1", false)] {
            assert_eq!(is_enhanced_code(word.as_bytes()), is, "{word}");
        }
        assert!(!is_enhanced_code(b"a.b.c") && !is_enhanced_code(b"1..2"));
    }
}
