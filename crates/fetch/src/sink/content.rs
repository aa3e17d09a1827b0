//! What of a message's bytes makes a difference to a server that takes it.

use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::Body;
use super::staged::blocking;

/// What of a message's bytes makes a difference on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    /// There is a NUL in it.
    pub(super) has_nul: bool,
    /// How many lines end without CR.
    pub(super) bare_line_ends: u64,
    /// What it is whichever way its lines end.
    pub(super) text: [u8; 32],
}

impl Content {
    pub(super) async fn of(body: &Body) -> io::Result<Self> {
        match body {
            Body::Memory(bytes) => Ok(Reading::default().and(bytes).end()),
            Body::File(path) => {
                let path = path.clone();
                blocking(move || Self::of_file(&path)).await
            }
        }
    }

    fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let mut piece = vec![0; 64 * 1024];
        let mut content = Reading::default();
        loop {
            let count = file.read(&mut piece)?;
            match piece.get(..count) {
                Some(bytes) if count > 0 => content = content.and(bytes),
                _ => return Ok(content.end()),
            }
        }
    }
}

/// What was read of it so far.
#[derive(Default)]
struct Reading {
    has_nul: bool,
    bare_line_ends: u64,
    last: u8,
    text: Text,
}

impl Reading {
    fn and(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.has_nul |= byte == 0;
            self.bare_line_ends += u64::from(byte == b'\n' && self.last != b'\r');
            self.last = byte;
        }
        self.text.update(bytes);
        self
    }

    fn end(self) -> Content {
        Content {
            has_nul: self.has_nul,
            bare_line_ends: self.bare_line_ends,
            text: self.text.digest(),
        }
    }
}

/// SHA-256 of a message without the CR of its line ends.
#[derive(Default)]
pub(super) struct Text {
    digest: Sha256,
    /// A CR of which it is not known yet whether it belongs to a line end.
    open: bool,
}

impl Text {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let Some(first) = bytes.first() else {
            return;
        };
        if std::mem::take(&mut self.open) && *first != b'\n' {
            self.digest.update(b"\r");
        }
        let (whole, open) = bytes
            .strip_suffix(b"\r")
            .map_or((bytes, false), |whole| (whole, true));
        self.open = open;
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(line) => {
                    self.digest.update(line);
                    self.digest.update(b"\n");
                }
                None => self.digest.update(line),
            }
        }
    }

    pub(super) fn digest(mut self) -> [u8; 32] {
        if self.open {
            self.digest.update(b"\r");
        }
        self.digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_counted_across_pieces() {
        let whole = b"\na\r\nb\nc\r\r\n\n";
        let read = |bytes: &[u8]| Reading::default().and(bytes).end();
        let expected = read(whole);
        assert_eq!((expected.bare_line_ends, expected.has_nul), (3, false));
        for cut in 0..=whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(Reading::default().and(one).and(other).end(), expected);
        }
        assert!(read(b"a\0").has_nul);
        assert_eq!(expected.text, read(b"\na\nb\nc\r\r\n\n").text);
        assert_ne!(expected.text, read(b"\na\nb\nc\n\n").text);
        assert_ne!(read(b"a\r").text, read(b"a").text);
    }

    #[tokio::test]
    async fn a_file_is_looked_at_as_memory_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let bytes = b"a\n\r\n".repeat(50_000);
        mailgrant_base::files::create_private(&path, &bytes).unwrap();
        let (file, memory) = (Body::File(path), Body::Memory(bytes));
        let file = Content::of(&file).await.unwrap();
        assert_eq!(file, Content::of(&memory).await.unwrap());
        assert_eq!(file.bare_line_ends, 50_000);
    }
}
