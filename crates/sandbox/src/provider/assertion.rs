//! Signed assertions (RFC 7523, section 3): read and judged.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::registration::PublicKeys;

/// The algorithms that are taken: all with a public key.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far two clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// An assertion that has been read, and not yet judged.
pub(super) struct Assertion<'a> {
    text: &'a str,
    header: Header,
    pub(super) claims: Claims,
}

/// What an assertion says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) exp: Option<i64>,
    pub(super) nbf: Option<i64>,
    pub(super) iat: Option<i64>,
    pub(super) jti: String,
    pub(super) scope: Option<String>,
}

/// One audience or several (RFC 7519, section 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What is wrong with an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    Unreadable,
    Algorithm,
    /// None of the registered keys is named.
    UnknownKey,
    Signature,
    Audience,
    /// It is over, or has not begun.
    Time,
    /// It lives longer than it may.
    TooLong,
    Missing(&'static str),
    Replayed,
}

impl<'a> Assertion<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Defect> {
        let header = jsonwebtoken::decode_header(text).map_err(|_| Defect::Unreadable)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Defect::Algorithm);
        }
        let data = jsonwebtoken::dangerous::insecure_decode::<Claims>(text)
            .map_err(|_| Defect::Unreadable)?;
        Ok(Self {
            text,
            header,
            claims: data.claims,
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.header.alg
    }

    /// Whether one of these keys, the one that is named, has signed it.
    pub(super) fn check_signature(&self, keys: &PublicKeys) -> Result<(), Defect> {
        let candidates = match keys {
            PublicKeys::Jwks(json) => self.named_in(json),
            PublicKeys::Certificate(pem) => self.named_by(pem),
        };
        if candidates.is_empty() {
            return Err(Defect::UnknownKey);
        }
        let mut validation = Validation::new(self.header.alg);
        // Its claims are judged below, by the provider's own clock.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let signed = |key| jsonwebtoken::decode::<Claims>(self.text, key, &validation).is_ok();
        if candidates.iter().any(signed) {
            Ok(())
        } else {
            Err(Defect::Signature)
        }
    }

    /// Whether it is meant for one of these and is alive; it may live for `longest` seconds.
    pub(super) fn check_claims(
        &self,
        audiences: &[String],
        now: i64,
        longest: i64,
    ) -> Result<(), Defect> {
        let claims = &self.claims;
        if !audiences
            .iter()
            .any(|audience| claims.aud.contains(audience))
        {
            return Err(Defect::Audience);
        }
        let exp = claims.exp.ok_or(Defect::Missing("exp"))?;
        let iat = claims.iat.ok_or(Defect::Missing("iat"))?;
        let begins = claims.nbf.unwrap_or(iat).max(iat);
        if exp + LEEWAY <= now || begins > now + LEEWAY {
            return Err(Defect::Time);
        }
        if exp - iat > longest {
            return Err(Defect::TooLong);
        }
        Ok(())
    }

    fn named_in(&self, json: &str) -> Vec<DecodingKey> {
        let Ok(set) = serde_json::from_str::<JwkSet>(json) else {
            return Vec::new();
        };
        let wanted = self.header.kid.as_deref();
        let named = set
            .keys
            .iter()
            .filter(|key| wanted.is_none() || key.common.key_id.as_deref() == wanted);
        named
            .filter_map(|key| DecodingKey::from_jwk(key).ok())
            .collect()
    }

    fn named_by(&self, pem: &str) -> Vec<DecodingKey> {
        let named = self.header.x5t_s256.is_some() && self.header.x5t_s256 == thumbprint(pem);
        if !named {
            return Vec::new();
        }
        let key = DecodingKey::from_rsa_pem(pem.as_bytes())
            .or_else(|_| DecodingKey::from_ec_pem(pem.as_bytes()));
        key.into_iter().collect()
    }
}

impl Audience {
    pub(super) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the assertion is no signed JWT"),
            Self::Algorithm => f.write_str("the assertion is not signed with a public key"),
            Self::UnknownKey => f.write_str("the assertion names no key that is registered"),
            Self::Signature => f.write_str("the signature of the assertion is wrong"),
            Self::Audience => f.write_str("the assertion is meant for somebody else"),
            Self::Time => f.write_str("the assertion is over or has not begun"),
            Self::TooLong => f.write_str("the assertion lives for too long"),
            Self::Missing(claim) => write!(f, "the assertion has no `{claim}`"),
            Self::Replayed => f.write_str("the assertion has been used before"),
        }
    }
}

/// The certificate's `x5t#S256` (RFC 7515, section 4.1.8).
fn thumbprint(pem: &str) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)))
}
