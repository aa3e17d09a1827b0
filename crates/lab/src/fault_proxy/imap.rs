//! Where an IMAP server's responses begin and end (RFC 9051, section 4.3: literals).

/// Cuts a stream into whole responses.
#[derive(Debug, Default)]
pub(super) struct Responses {
    buffer: Vec<u8>,
    /// As far as it has been looked through: at the beginning of a line, or behind a literal.
    looked: usize,
}

impl Responses {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next one, with its end of line.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let rest = self.buffer.get(self.looked..)?;
            let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let literal = literal(&rest[..end]);
            self.looked += end + 2;
            if let Some(size) = literal {
                self.looked += size;
                continue;
            }
            let behind = self.buffer.split_off(self.looked);
            self.looked = 0;
            return Some(std::mem::replace(&mut self.buffer, behind));
        }
    }
}

/// The size of the literal that a line announces at its end: `… {310}`.
fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
}

/// Whether this is an answer about a message: `* 7 FETCH (…`.
pub(super) fn is_fetch(response: &[u8]) -> bool {
    let mut words = response.splitn(4, |byte| *byte == b' ');
    words.next() == Some(b"*") && words.nth(1) == Some(b"FETCH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_with_its_line_and_not_within_a_literal() {
        let first = b"* 1 FETCH (BODY[] {8}\r\na\r\nb\r\n{2 UID 7)\r\n";
        let all = [first.as_slice(), b"a1 OK done\r\n"].concat();
        for size in 1..all.len() {
            let mut responses = Responses::default();
            let mut found = Vec::new();
            for chunk in all.chunks(size) {
                responses.take(chunk);
                while let Some(response) = responses.next() {
                    found.push(response);
                }
            }
            assert_eq!(found, [first.as_slice(), b"a1 OK done\r\n"], "{size}");
            assert!(is_fetch(&found[0]) && !is_fetch(&found[1]));
        }
    }
}
