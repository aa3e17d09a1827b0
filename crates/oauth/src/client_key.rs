//! Keys with which Mailgrant proves that it is the registered application.

mod generate;
mod pem;
mod read;

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use secrecy::SecretString;
use x509_parser::prelude::{FromDer as _, X509Certificate};

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

    /// The key of a file, and the certificates, fitted together.
    fn new(
        pkcs8: &[u8],
        mut certificates: Vec<CertificateDer<'static>>,
        key_id: Option<String>,
    ) -> Result<Self, KeyError> {
        let (algorithm, pkcs8, public) = normalised(pkcs8)?;
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

/// Which algorithm it is for, the key as plain PKCS#8, and the public key's bits as a certificate
/// has them.
fn normalised(
    pkcs8: &[u8],
) -> Result<(KeyAlgorithm, zeroize::Zeroizing<Vec<u8>>, Vec<u8>), KeyError> {
    if let Ok(key) = rsa::KeyPair::from_pkcs8(pkcs8) {
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Unsupported)?;
        let public = key.public_key().as_ref().to_vec();
        return Ok((KeyAlgorithm::Rsa, der.as_ref().to_vec().into(), public));
    }
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
        .map_err(|_| KeyError::Unsupported)?;
    let der = key.to_pkcs8v1().map_err(|_| KeyError::Unsupported)?;
    let public = key.public_key().as_ref().to_vec();
    Ok((KeyAlgorithm::EcP256, der.as_ref().to_vec().into(), public))
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
