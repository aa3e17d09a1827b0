//! The sealing key, and sealing: XChaCha20-Poly1305, each value bound to its table, row and column.

use std::path::Path;

use mailgrant_base::{Random, files::FileError};
use secrecy::SecretBox;

/// A 256-bit sealing key.
#[derive(Debug)]
pub struct Key(SecretBox<[u8; 32]>);

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The contents are no key.
    #[error(
        "{0} is not a sealing key: expected the line `mailgrant-key-1:` and 43 characters of base64url"
    )]
    Malformed(String),
    /// The key file can be read by others.
    #[error("the key file {0} can be read by other users (mode {1:o}); it must be 0600")]
    TooOpen(String, u32),
}

impl Key {
    /// Reads a key from text: `mailgrant-key-1:` and 32 bytes in base64url without padding.
    /// `source` names where it came from, for the error.
    pub fn parse(text: &str, source: &str) -> Result<Self, KeyError> {
        todo!()
    }

    /// Reads a key file, which must be the owner's alone (mode 0600).
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        todo!()
    }

    /// Makes a new key file (mode 0600, durable). Fails where the file exists.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, KeyError> {
        todo!()
    }
}
