//! The signing key.

use std::io;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// The name of the only key.
const KEY_ID: &str = "sandbox";

/// A key for ES256 (RFC 7518, section 3.4): made in no time, where an RSA key costs every test
/// a moment.
pub(super) struct SigningKey {
    private: EncodingKey,
    public: JwkSet,
}

impl SigningKey {
    pub(super) fn generate() -> io::Result<Self> {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(io::Error::other)?;
        let private = EncodingKey::from_ec_der(pair.serialized_der());
        let mut public =
            Jwk::from_encoding_key(&private, Algorithm::ES256).map_err(io::Error::other)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self {
            private,
            public: JwkSet { keys: vec![public] },
        })
    }

    /// The public half, as the keys endpoint publishes it (RFC 7517).
    pub(super) fn public(&self) -> &JwkSet {
        &self.public
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> io::Result<String> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(io::Error::other)
    }
}
