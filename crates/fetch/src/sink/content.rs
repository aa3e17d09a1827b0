//! What of a message's bytes makes a difference to a server that takes it.

use std::io::{self, Read as _};
use std::path::Path;

use super::Body;
use super::staged::blocking;

/// What of a message's bytes makes a difference on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// There is a NUL in it.
    pub(super) has_nul: bool,
    /// How many lines end without CR.
    pub(super) bare_line_ends: u64,
    last: u8,
}

impl Content {
    pub(super) async fn of(body: &Body) -> io::Result<Self> {
        match body {
            Body::Memory(bytes) => Ok(Self::default().and(bytes)),
            Body::File(path) => {
                let path = path.clone();
                blocking(move || Self::of_file(&path)).await
            }
        }
    }

    fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = std::fs::File::open(path)?;
        let mut piece = vec![0; 64 * 1024];
        let mut content = Self::default();
        loop {
            let count = file.read(&mut piece)?;
            match piece.get(..count) {
                Some(bytes) if count > 0 => content = content.and(bytes),
                _ => return Ok(content),
            }
        }
    }

    fn and(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.has_nul |= byte == 0;
            self.bare_line_ends += u64::from(byte == b'\n' && self.last != b'\r');
            self.last = byte;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_counted_across_pieces() {
        let whole = b"\na\r\nb\nc\r\r\n\n";
        let expected = Content::default().and(whole);
        assert_eq!((expected.bare_line_ends, expected.has_nul), (3, false));
        for cut in 0..=whole.len() {
            let (one, other) = whole.split_at(cut);
            assert_eq!(Content::default().and(one).and(other), expected);
        }
        assert!(Content::default().and(b"a\0").has_nul);
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
