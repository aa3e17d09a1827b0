//! The signing keys.

use std::io;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::persona::Persona;

/// The name of the first key; later ones have a number.
const KEY_ID: &str = "sandbox";

/// The key that signs, and all that are published.
pub(super) struct Keys {
    persona: Persona,
    signing: SigningKey,
    published: Vec<Jwk>,
    made: usize,
}

/// A key for ES256 (RFC 7518, section 3.4): made in no time, where an RSA key costs every test
/// a moment. Microsoft and Google sign with RS256, so their personas do.
pub(super) struct SigningKey {
    id: String,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl Keys {
    pub(super) fn generate(persona: Persona) -> io::Result<Self> {
        let signing = SigningKey::generate(persona, KEY_ID)?;
        let published = vec![signing.public()?];
        Ok(Self {
            persona,
            signing,
            published,
            made: 1,
        })
    }

    /// Signs with a new key from now on. The old ones stay published, or not.
    pub(super) fn rotate(&mut self, keep_old: bool) -> io::Result<()> {
        self.made += 1;
        let signing = SigningKey::generate(self.persona, &format!("{KEY_ID}-{}", self.made))?;
        if !keep_old {
            self.published.clear();
        }
        self.published.push(signing.public()?);
        self.signing = signing;
        Ok(())
    }

    /// The public halves, as the keys endpoint publishes them (RFC 7517).
    pub(super) fn published(&self) -> JwkSet {
        JwkSet {
            keys: self.published.clone(),
        }
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> io::Result<String> {
        self.signing.sign(claims)
    }

    /// Signs with a key of the same name that nobody has published.
    pub(super) fn sign_falsely(&self, claims: &impl Serialize) -> io::Result<String> {
        SigningKey::generate(self.persona, &self.signing.id)?.sign(claims)
    }
}

impl SigningKey {
    fn generate(persona: Persona, id: &str) -> io::Result<Self> {
        let (algorithm, private) = match persona {
            Persona::Plain => {
                let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
                    .map_err(io::Error::other)?;
                let private = EncodingKey::from_ec_der(pair.serialized_der());
                (Algorithm::ES256, private)
            }
            Persona::Microsoft | Persona::Google => {
                let size = rcgen::RsaKeySize::_2048;
                let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)
                    .map_err(io::Error::other)?;
                let private = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes())
                    .map_err(io::Error::other)?;
                (Algorithm::RS256, private)
            }
        };
        Ok(Self {
            id: id.to_owned(),
            algorithm,
            private,
        })
    }

    fn public(&self) -> io::Result<Jwk> {
        let mut public =
            Jwk::from_encoding_key(&self.private, self.algorithm).map_err(io::Error::other)?;
        public.common.key_id = Some(self.id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(public)
    }

    fn sign(&self, claims: &impl Serialize) -> io::Result<String> {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(io::Error::other)
    }
}
