//! A message as it stands on the wire, in whatever pieces it is read (RFC 5321, sections 2.3.8 and
//! 4.5.2): lines end with CRLF and nothing else, a dot that begins one is doubled, a line of a single
//! dot comes behind the last.
//!
//! Some servers end a message at `LF . LF`, `CR . CR` or a mixture of both, and what stands behind
//! that, written by the message's author, is then a command ("SMTP smuggling", CVE-2023-51764 and its
//! kin). So neither goes out alone. A bare LF becomes CRLF, for so messages are stored on Unix. A bare
//! CR becomes a space, as in Postfix (`cleanup_replace_stray_cr_lf`): as a line end it could make a
//! header field out of another one's text.

/// Writes one message.
#[derive(Debug)]
pub(super) struct Stuffing {
    /// Nothing of the present line has been written.
    at_line_start: bool,
    /// A CR has been read, and whatever comes next says what it is.
    after_cr: bool,
}

impl Stuffing {
    pub(super) fn new() -> Self {
        Self {
            at_line_start: true,
            after_cr: false,
        }
    }

    /// Appends the next piece of the message to `out`: at most one byte more than twice as many.
    pub(super) fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some((&first, behind)) = rest.split_first() {
            if first == b'\n' {
                self.after_cr = false;
                self.at_line_start = true;
                out.extend_from_slice(b"\r\n");
                rest = behind;
                continue;
            }
            self.settle_cr(out);
            if first == b'\r' {
                self.after_cr = true;
                rest = behind;
                continue;
            }
            if first == b'.' && self.at_line_start {
                out.push(b'.');
            }
            let ends = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (text, behind) = rest.split_at(ends.unwrap_or(rest.len()));
            out.extend_from_slice(text);
            self.at_line_start = false;
            rest = behind;
        }
    }

    /// Appends the end of the message.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        self.settle_cr(out);
        if !self.at_line_start {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }

    /// A CR that no LF follows.
    fn settle_cr(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.after_cr) {
            out.push(b' ');
            self.at_line_start = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stuffing, mut out) = (Stuffing::new(), Vec::new());
        for piece in pieces {
            let before = out.len();
            stuffing.write(piece, &mut out);
            assert!(out.len() - before <= 2 * piece.len() + 1);
        }
        stuffing.finish(&mut out);
        out
    }

    /// What a server by the RFC makes of it; `None` when the message does not end where the bytes do.
    fn unstuffed(wire: &[u8]) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        let mut rest = wire;
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n")? + 2;
            let (line, behind) = rest.split_at(end);
            if line == b".\r\n" {
                return behind.is_empty().then_some(message);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            rest = behind;
        }
    }

    #[test]
    fn lines_and_their_dots_are_written_as_the_rfc_has_them() {
        for (message, wire) in [
            ("a\r\nb\r\n", "a\r\nb\r\n.\r\n"),
            ("a\nb\n", "a\r\nb\r\n.\r\n"),
            ("no end", "no end\r\n.\r\n"),
            ("", ".\r\n"),
            ("\r\n", "\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("..a\n.b\na.b", "...a\r\n..b\r\na.b\r\n.\r\n"),
            ("a\r", "a \r\n.\r\n"),
            ("a\rb\r\n", "a b\r\n.\r\n"),
            ("a\r\r\nb", "a \r\nb\r\n.\r\n"),
        ] {
            let written = stuffed(&[message.as_bytes()]);
            assert_eq!(String::from_utf8(written).unwrap(), wire, "{message:?}");
        }
    }

    #[test]
    fn whatever_servers_have_taken_for_the_end_does_not_go_out_before_it() {
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r.\r\n",
            "\r\n.\r",
            "\r\n.\n",
            "\n.\r",
            "\r\n.\r\n",
        ] {
            let message = format!("a{end}MAIL FROM:<evil@example.com>\r\n");
            let wire = String::from_utf8(stuffed(&[message.as_bytes()])).unwrap();
            let smuggled = wire.lines().position(|line| line == ".");
            assert_eq!(smuggled, Some(wire.lines().count() - 1), "{wire:?}");
        }
    }

    /// Messages that are little else than dots and line ends.
    fn messages() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            4 => Just(b'.'), 4 => Just(b'\r'), 4 => Just(b'\n'), 1 => Just(0), 2 => any::<u8>()
        ];
        proptest::collection::vec(byte, 0..60)
    }

    /// The same lines with the RFC's ends, written without haste.
    fn meant(message: &[u8]) -> Vec<u8> {
        let text: String = message.iter().copied().map(char::from).collect();
        let mut text = text.replace("\r\n", "\n").replace('\r', " ");
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let text = text.replace('\n', "\r\n");
        text.chars().map(|c| u8::try_from(c).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_server_reads_what_was_meant_and_cr_and_lf_go_together(message in messages()) {
            let wire = stuffed(&[&message]);
            for (index, byte) in wire.iter().enumerate() {
                match byte {
                    b'\r' => prop_assert_eq!(wire.get(index + 1), Some(&b'\n')),
                    b'\n' => prop_assert_eq!(wire[index - 1], b'\r'),
                    _ => {}
                }
            }
            prop_assert_eq!(unstuffed(&wire), Some(meant(&message)));
        }

        #[test]
        fn the_pieces_that_a_message_comes_in_make_no_difference(
            message in messages(), sizes in proptest::collection::vec(1usize..5, 1..5),
        ) {
            let (mut pieces, mut rest) = (Vec::new(), message.as_slice());
            for size in sizes.iter().copied().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            prop_assert_eq!(stuffed(&pieces), stuffed(&[&message]));
        }
    }
}
