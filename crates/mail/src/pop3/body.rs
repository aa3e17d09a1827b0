//! A message's bytes out of a multi-line answer (RFC 1939, section 3): a dot in front of a line that
//! begins with one is taken away, and a line with nothing but a dot is the end.
//!
//! Only CRLF ends a line here. A sender can write `LF . LF` into a message, and a server that looks
//! for CRLF sends it as it is: whoever took it for the end would take the rest of that message for
//! the server's answers.

use bytes::Bytes;

use crate::input::Input;

/// How far into a message the bytes have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    LineStart,
    /// Behind a dot at the beginning of a line, which is no part of the message.
    Dot,
    /// Behind that dot and a CR: the end, if LF follows.
    DotCr,
    Line,
    /// In a line, behind a CR that has been handed out.
    Cr,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Bytes(Bytes),
    End,
}

impl Body {
    /// Behind the first line of the answer.
    pub(super) const BEGIN: Self = Self::LineStart;

    /// What has come of the message; `None` until more has been read.
    pub(super) fn next(&mut self, input: &mut Input) -> Option<Part> {
        loop {
            let &first = input.unread().first()?;
            match (*self, first) {
                (Self::LineStart, b'.') => {
                    input.up_to(1);
                    *self = Self::Dot;
                }
                (Self::Dot, b'\r') => {
                    input.up_to(1);
                    *self = Self::DotCr;
                }
                (Self::DotCr, b'\n') => {
                    input.up_to(1);
                    return Some(Part::End);
                }
                (Self::DotCr, _) => {
                    *self = Self::Cr;
                    return Some(Part::Bytes(Bytes::from_static(b"\r")));
                }
                (Self::LineStart | Self::Dot | Self::Line | Self::Cr, _) => {
                    let (count, after) = run(input.unread(), *self == Self::Cr);
                    *self = after;
                    return input.up_to(count as u64).map(Part::Bytes);
                }
            }
        }
    }
}

/// How many of these bytes, within a line at first, belong to the message as they are: up to the next
/// line that begins with a dot, or to where it is not known yet whether one does.
fn run(bytes: &[u8], behind_cr: bool) -> (usize, Body) {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == b'\n') {
        let (lf, next) = (from + found, from + found + 1);
        let ends_line = match lf.checked_sub(1) {
            Some(before) => bytes[before] == b'\r',
            None => behind_cr,
        };
        match bytes.get(next) {
            Some(b'.') | None if ends_line => return (next, Body::LineStart),
            _ => from = next,
        }
    }
    let after = if bytes.ends_with(b"\r") {
        Body::Cr
    } else {
        Body::Line
    };
    (bytes.len(), after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of these bytes in pieces of these sizes, what is left, and whether it ended.
    fn read(bytes: &[u8], sizes: &[usize]) -> (Vec<u8>, Vec<u8>, bool) {
        let mut input = Input::new(10);
        let (mut body, mut message, mut rest) = (Body::BEGIN, Vec::new(), bytes);
        let mut sizes = sizes.iter().cycle();
        loop {
            match body.next(&mut input) {
                Some(Part::Bytes(bytes)) => message.extend_from_slice(&bytes),
                Some(Part::End) => return (message, [input.unread(), rest].concat(), true),
                None if rest.is_empty() => return (message, input.unread().to_vec(), false),
                None => {
                    let size = sizes.next().copied().unwrap_or(1).min(rest.len());
                    input.room().extend_from_slice(&rest[..size]);
                    rest = &rest[size..];
                }
            }
        }
    }

    /// As a server sends a message.
    fn stuffed(message: &[u8]) -> Vec<u8> {
        let mut stuffed = Vec::new();
        for (place, &byte) in message.iter().enumerate() {
            let line_start = place == 0 || message[..place].ends_with(b"\r\n");
            if byte == b'.' && line_start {
                stuffed.push(b'.');
            }
            stuffed.push(byte);
        }
        stuffed
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            4 => prop::sample::select(b".\r\n".to_vec()),
            1 => any::<u8>(),
        ];
        prop::collection::vec(byte, 0..60).prop_map(|mut message| {
            if !message.is_empty() {
                message.extend_from_slice(b"\r\n");
            }
            message
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_message_comes_back_byte_for_byte_and_what_is_behind_it_is_left(
            message in message(),
            behind in prop::sample::select(vec!["", "+OK\r\n", ".\r\n", "\n"]),
            sizes in prop::collection::vec(1..9_usize, 1..6),
        ) {
            let said = [&stuffed(&message)[..], b".\r\n", behind.as_bytes()].concat();
            let whole = (message, behind.as_bytes().to_vec(), true);
            prop_assert_eq!(read(&said, &[usize::MAX]), whole.clone());
            prop_assert_eq!(read(&said, &sizes), whole);
        }

        #[test]
        fn noise_is_the_same_in_pieces_of_every_size(
            noise in message(),
            sizes in prop::collection::vec(1..9_usize, 1..6),
        ) {
            prop_assert_eq!(read(&noise, &sizes), read(&noise, &[usize::MAX]));
        }
    }

    #[test]
    fn only_a_dot_between_two_crlf_is_the_end() {
        for (said, message) in [
            (".\r\n", ""),
            ("\r\n.\r\n", "\r\n"),
            ("..\r\n.\r\n", ".\r\n"),
            ("...\r\n.\r\n", "..\r\n"),
            ("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n"),
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"),
            ("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n"),
            // A server that does not double its dots.
            (".a\r\n.\r\n", "a\r\n"),
            (".\nb\r\n.\r\n", "\nb\r\n"),
            (".\rb\r\n.\r\n", "\rb\r\n"),
            (".\r\r\n.\r\n", "\r\r\n"),
        ] {
            let whole = (message.as_bytes().to_vec(), Vec::new(), true);
            assert_eq!(read(said.as_bytes(), &[usize::MAX]), whole, "{said:?}");
        }
        for endless in [
            "",
            ".",
            ".\r",
            "a\r\n.",
            "a\r\n.\r",
            "a\r\n..\r\n",
            "a.\r\n",
        ] {
            assert!(!read(endless.as_bytes(), &[usize::MAX]).2, "{endless:?}");
        }
    }
}
