//! Keys with which Mailgrant proves that it is the registered application.

mod generate;
mod pem;
mod read;

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use secrecy::SecretString;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

pub use read::{KeyError, KeyFile};

/// A private key, RSA (2048 bits or more) or EC on P-256, with its certificate where there is one.
/// Its parts fit together: the certificate is the key's own.
#[derive(Clone)]
pub struct ClientKey {
    private_key: SecretString,
    algorithm: KeyAlgorithm,
    certificates: Vec<CertificateDer<'static>>,
    key_id: Option<String>,
    expires_at: Option<Timestamp>,
}

/// A certificate's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbprint(Vec<u8>);

impl Thumbprint {
    fn of(algorithm: &'static digest::Algorithm, certificate: &[u8]) -> Self {
        Self(digest::digest(algorithm, certificate).as_ref().to_vec())
    }

    /// As a JWT's header has it.
    pub fn base64url(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0)
    }
}

/// In hexadecimal, as portals show it.
impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA, 2048 bits or more.
    Rsa,
    /// The elliptic curve P-256.
    EcP256,
}

impl ClientKey {
    /// The private key as PKCS#8 in PEM.
    pub fn private_key(&self) -> &SecretString {
        &self.private_key
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key's own certificate, then those above it; empty where there is none.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// The same as PEM.
    pub fn certificates_pem(&self) -> Option<String> {
        let all: String = self
            .certificates
            .iter()
            .map(|certificate| pem::encode("CERTIFICATE", certificate).to_string())
            .collect();
        (!all.is_empty()).then_some(all)
    }

    /// The name by which the provider knows the key (`kid`).
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// When the certificate ends (`notAfter`).
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The certificate's SHA-256: what `x5t#S256` carries, and portals show in hexadecimal.
    pub fn thumbprint_sha256(&self) -> Option<Thumbprint> {
        let certificate = self.certificates.first()?;
        Some(Thumbprint::of(&digest::SHA256, certificate))
    }

    /// The certificate's SHA-1, by which portals name it; nothing rests on it.
    pub fn thumbprint_sha1(&self) -> Option<Thumbprint> {
        let certificate = self.certificates.first()?;
        Some(Thumbprint::of(
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            certificate,
        ))
    }

    /// The key of a file, and the certificates, fitted together.
    fn new(
        pkcs8: &[u8],
        mut certificates: Vec<CertificateDer<'static>>,
        key_id: Option<String>,
    ) -> Result<Self, KeyError> {
        let Normalised {
            algorithm,
            pkcs8,
            public,
        } = Normalised::of(pkcs8)?;
        let mut expires_at = None;
        if !certificates.is_empty() {
            let mut own = None;
            for (index, certificate) in certificates.iter().enumerate() {
                let (_, parsed) = X509Certificate::from_der(certificate)
                    .map_err(|_| KeyError::UnreadableCertificate)?;
                if parsed.public_key().subject_public_key.data.as_ref() == public {
                    let not_after = parsed.validity().not_after.timestamp();
                    let not_after = Timestamp::from_second(not_after);
                    own = Some((index, not_after.unwrap_or(Timestamp::MAX)));
                    break;
                }
            }
            let (index, not_after) = own.ok_or(KeyError::OtherCertificate)?;
            certificates[..=index].rotate_right(1);
            expires_at = Some(not_after);
        }
        Ok(Self {
            private_key: pem::encode("PRIVATE KEY", &pkcs8).as_str().into(),
            algorithm,
            certificates,
            key_id,
            expires_at,
        })
    }
}

/// A private key as plain PKCS#8, whatever PKCS#8 it came in.
struct Normalised {
    algorithm: KeyAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    /// The public key's bits, as a certificate has them.
    public: Vec<u8>,
}

impl Normalised {
    fn of(pkcs8: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = rsa::KeyPair::from_pkcs8(pkcs8) {
            let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Unsupported)?;
            return Ok(Self {
                algorithm: KeyAlgorithm::Rsa,
                pkcs8: der.as_ref().to_vec().into(),
                public: key.public_key().as_ref().to_vec(),
            });
        }
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| KeyError::Unsupported)?;
        let der = key.to_pkcs8v1().map_err(|_| KeyError::Unsupported)?;
        Ok(Self {
            algorithm: KeyAlgorithm::EcP256,
            pkcs8: der.as_ref().to_vec().into(),
            public: key.public_key().as_ref().to_vec(),
        })
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
