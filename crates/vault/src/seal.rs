//! Sealing: XChaCha20-Poly1305, each value bound to its table, row and column.
//!
//! ```text
//! 1 byte    format, now 1
//! 4 bytes   which key: the first bytes of a hash of it
//! 24 bytes  random nonce
//! n bytes   the value, encrypted
//! 16 bytes  tag over the value, this header, and the place
//! ```

use std::fmt::Write as _;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use mailgrant_base::Random;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{Key, VaultError};

const FORMAT: u8 = 1;
const NONCE_AT: usize = 5;
const SEALED_AT: usize = 29;

/// A column that holds sealed values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

/// Seals `plain` for one row of a place.
pub(crate) fn seal(
    key: &Key,
    random: &dyn Random,
    place: Place,
    row: &str,
    plain: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let mut sealed = vec![FORMAT];
    sealed.extend(key_id(key));
    let mut nonce = [0; 24];
    random.fill(&mut nonce);
    sealed.extend(nonce);
    let ciphertext = cipher(key)
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: &bound_to(place, row, &sealed[..NONCE_AT]),
            },
        )
        .map_err(|_| VaultError::Unexpected("a value is too long to be sealed".to_owned()))?;
    sealed.extend(ciphertext);
    Ok(sealed)
}

/// Opens what was sealed for exactly this row of this place.
pub(crate) fn open(
    key: &Key,
    place: Place,
    row: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let damaged = || VaultError::Damaged {
        table: place.table,
        column: place.column,
        row: row.to_owned(),
    };
    let (header, ciphertext) = sealed.split_at_checked(SEALED_AT).ok_or_else(damaged)?;
    let (which, nonce) = header.split_at(NONCE_AT);
    if which[0] != FORMAT || which[1..] != key_id(key) {
        return Err(damaged());
    }
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| damaged())?;
    cipher(key)
        .decrypt(
            &XNonce::from(nonce),
            Payload {
                msg: ciphertext,
                aad: &bound_to(place, row, which),
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| damaged())
}

/// SHA-256 of a secret that only has to be recognised.
pub(crate) fn hash(secret: &SecretString) -> Vec<u8> {
    Sha256::digest(secret.expose_secret().as_bytes()).to_vec()
}

/// Bytes as hexadecimal digits: for row names.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(
        String::with_capacity(2 * bytes.len()),
        |mut digits, byte| {
            // A string takes whatever is written to it.
            let _ = write!(digits, "{byte:02x}");
            digits
        },
    )
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// Tells keys apart without telling anything of them.
fn key_id(key: &Key) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(b"mailgrant sealing key\0")
        .chain_update(key.bytes())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn bound_to(place: Place, row: &str, header: &[u8]) -> Vec<u8> {
    [
        header,
        place.table.as_bytes(),
        b"\0",
        place.column.as_bytes(),
        b"\0",
        row.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use mailgrant_base::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    const HERE: Place = Place {
        table: "grants",
        column: "refresh_token",
    };

    fn key(seed: u64) -> Key {
        let folder = tempfile::tempdir().unwrap();
        Key::create(&folder.path().join("key"), &SeededRandom::new(seed)).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place_and_under_its_own_key() {
        let (right, wrong, random) = (key(1), key(2), SeededRandom::new(3));
        let sealed = seal(&right, &random, HERE, "7", b"secret").unwrap();
        assert_eq!(
            open(&right, HERE, "7", &sealed).unwrap().as_slice(),
            b"secret"
        );
        let other_column = Place {
            column: "token",
            ..HERE
        };
        let other_table = Place {
            table: "providers",
            ..HERE
        };
        assert!(open(&right, HERE, "8", &sealed).is_err());
        assert!(open(&right, other_column, "7", &sealed).is_err());
        assert!(open(&right, other_table, "7", &sealed).is_err());
        assert!(open(&wrong, HERE, "7", &sealed).is_err());
    }

    #[test]
    fn no_two_seals_of_one_value_are_alike() {
        let (key, random) = (key(1), SeededRandom::new(3));
        let first = seal(&key, &random, HERE, "7", b"secret").unwrap();
        assert_ne!(first, seal(&key, &random, HERE, "7", b"secret").unwrap());
    }

    proptest! {
        #[test]
        fn one_changed_byte_anywhere_is_noticed(
            plain in proptest::collection::vec(any::<u8>(), 0..64),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let (key, random) = (key(1), SeededRandom::new(3));
            let mut sealed = seal(&key, &random, HERE, "7", &plain).unwrap();
            let opened = open(&key, HERE, "7", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(open(&key, HERE, "7", &sealed).is_err());
        }

        #[test]
        fn rubbish_is_damaged_and_nothing_worse(
            rubbish in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let damaged = open(&key(1), HERE, "7", &rubbish);
            let is_damaged = matches!(damaged, Err(VaultError::Damaged { .. }));
            prop_assert!(is_damaged);
        }
    }
}
