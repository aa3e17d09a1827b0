//! The sealing key: where it comes from.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mailgrant_base::{Diagnose, Diagnosis, Fault, Random, files, files::FileError};
use secrecy::{ExposeSecret as _, SecretBox};
use zeroize::Zeroizing;

const PREFIX: &str = "mailgrant-key-1:";

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

impl Diagnose for KeyError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::File(error) => error.diagnosis(),
            Self::Malformed(source) => Diagnosis::new(
                Fault::Operator,
                format!("{source} is not a sealing key."),
                "Give the key that Mailgrant made: one line of `mailgrant-key-1:` and 43 characters. \
                 A new key does not open an existing database.",
            ),
            Self::TooOpen(path, mode) => Diagnosis::new(
                Fault::Operator,
                format!("Other users can read the key file {path} (mode {mode:o})."),
                format!("Run `chmod 600 {path}`."),
            ),
        }
    }
}

impl Key {
    /// Reads a key from text: `mailgrant-key-1:` and 32 bytes in base64url without padding.
    /// `source` names where it came from, for the error.
    pub fn parse(text: &str, source: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(source.to_owned());
        let encoded = text.trim().strip_prefix(PREFIX).ok_or_else(malformed)?;
        let bytes = Zeroizing::new(
            BASE64_URL_SAFE_NO_PAD
                .decode(encoded)
                .map_err(|_| malformed())?,
        );
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| malformed())?;
        Ok(Self(SecretBox::new(Box::new(key))))
    }

    /// Reads a key file, which must be the owner's alone (mode 0600).
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = Zeroizing::new(files::read(path)?);
        #[cfg(unix)]
        if let Some(mode) = mode_of(path).filter(|mode| mode & 0o077 != 0) {
            return Err(KeyError::TooOpen(path.display().to_string(), mode));
        }
        let source = path.display().to_string();
        let text = std::str::from_utf8(&text).map_err(|_| KeyError::Malformed(source.clone()))?;
        Self::parse(text, &source)
    }

    /// Makes a new key file (mode 0600, durable). Fails where the file exists.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, KeyError> {
        let mut key = SecretBox::new(Box::new([0; 32]));
        random.fill(secrecy::ExposeSecretMut::expose_secret_mut(&mut key));
        let encoded = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(key.expose_secret()));
        let line = Zeroizing::new(format!("{PREFIX}{}\n", encoded.as_str()));
        files::create_private(path, line.as_bytes())?;
        Ok(Self(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(test)]
mod tests {
    use mailgrant_base::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_that_was_made_is_read_again_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Key::create(&path, &SeededRandom::new(1)).unwrap();
        assert_eq!(Key::read(&path).unwrap().bytes(), made.bytes());
        let again = Key::create(&path, &SeededRandom::new(2)).unwrap_err();
        assert!(again.to_string().contains("key"), "{again}");
        assert_eq!(Key::read(&path).unwrap().bytes(), made.bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused_with_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Key::create(&path, &SeededRandom::new(1)).unwrap();
        assert_eq!(mode_of(&path), Some(0o600));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Key::read(&path).unwrap_err();
        assert!(matches!(error, KeyError::TooOpen(_, 0o640)), "{error}");
    }

    #[test]
    fn a_key_says_nothing_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = Key::create(&path, &SeededRandom::new(1)).unwrap();
        let shown = format!("{key:?}");
        let line = files::read_to_string(&path).unwrap();
        assert!(!shown.contains(line.trim_start_matches(PREFIX).trim()));
        assert!(!shown.contains(&format!("{:?}", key.bytes())));
    }

    proptest! {
        #[test]
        fn what_is_no_key_is_refused_without_being_shown(text in "\\PC{0,80}") {
            let error = Key::parse(&text, "MAILGRANT_KEY").unwrap_err().to_string();
            prop_assert!(error.starts_with("MAILGRANT_KEY is not a sealing key"));
        }
    }
}
