//! Keys as they come in files: PEM, PKCS#12, and the JSON of Google's service accounts.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::ClientKey;

/// No key file is longer.
const LONGEST: usize = 1024 * 1024;

/// What a key file holds.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The key, with its certificate where the file has one.
    pub key: ClientKey,
    /// The client id that goes with it, where the file says so: a Google service account's address.
    pub client_id: Option<String>,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error(
        "there is no private key in it; a file in PEM has a line “BEGIN PRIVATE KEY”, other files \
         are read as PKCS#12 (.pfx, .p12) or as the JSON of a Google service account"
    )]
    NoKey,
    /// There are several, and nothing says which one is meant.
    #[error("there is more than one private key in it; leave the one that is to be used")]
    SeveralKeys,
    /// Some other kind of key.
    #[error(
        "its key is damaged, or of a kind that cannot be used here; RSA with 2048 bits or more and \
         EC on the curve P-256 can"
    )]
    Unsupported,
    /// Encrypted, and no password was given.
    #[error("its key is encrypted; give the file that holds its password too")]
    PasswordNeeded,
    /// Encrypted with another password, or damaged.
    #[error("its key does not open with this password, or is damaged")]
    WrongPassword,
    /// Encrypted in a way of long ago.
    #[error(
        "its key is encrypted in an old way that is not read here; convert it with `openssl pkcs8 \
         -topk8 -in OLD -out NEW`"
    )]
    OldEncryption,
    /// Something that is no certificate.
    #[error("one of its certificates cannot be read")]
    UnreadableCertificate,
    /// A certificate for another key.
    #[error("the certificate belongs to another key; give the two that were made together")]
    OtherCertificate,
    /// Something that is none of the formats.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// No key could be made.
    #[error("no key could be made: {0}")]
    NotMade(String),
}

impl ClientKey {
    /// Reads a key file: PEM (PKCS#8, PKCS#1 or SEC1, plain or PKCS#8 encrypted, with certificates
    /// or without), PKCS#12, or the JSON of a Google service account.
    pub fn read(bytes: &[u8], password: Option<&SecretString>) -> Result<KeyFile, KeyError> {
        if bytes.len() > LONGEST {
            return Err(KeyError::Unreadable("it is too long for a key".to_owned()));
        }
        let only = |key| KeyFile {
            key,
            client_id: None,
        };
        match bytes.trim_ascii_start() {
            [b'{', ..] => read_json(bytes),
            text if is_pem(text) => read_pem(bytes, password).map(only),
            [0x30, ..] => read_pkcs12(bytes, password).map(only),
            _ => Err(KeyError::NoKey),
        }
    }

    /// The key of [`private_key`](Self::private_key) and
    /// [`certificates_pem`](Self::certificates_pem) put together again.
    pub fn of_parts(
        private_key: &SecretString,
        certificates: Option<&str>,
        key_id: Option<String>,
    ) -> Result<Self, KeyError> {
        let key = read_pem(private_key.expose_secret().as_bytes(), None)?;
        let key = match certificates {
            Some(certificates) => key.with_certificates(certificates.as_bytes())?,
            None => key,
        };
        Ok(Self { key_id, ..key })
    }

    /// The same key with other certificates, in PEM, or one in DER.
    pub fn with_certificates(self, bytes: &[u8]) -> Result<Self, KeyError> {
        let certificates = match bytes {
            [0x30, ..] => vec![CertificateDer::from(bytes.to_vec())],
            _ => CertificateDer::pem_slice_iter(bytes)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| KeyError::UnreadableCertificate)?,
        };
        if certificates.is_empty() {
            return Err(KeyError::UnreadableCertificate);
        }
        let parts = read_pem(self.private_key.expose_secret().as_bytes(), None)?;
        let pkcs8 = parts.pkcs8()?;
        Self::new(&pkcs8, certificates, self.key_id)
    }

    fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = self.private_key.expose_secret().as_bytes();
        let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(text)
            .map_err(|error| KeyError::Unreadable(error.to_string()))?;
        Ok(der.into())
    }
}

fn is_pem(text: &[u8]) -> bool {
    contains(text, b"-----BEGIN ")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn read_pem(bytes: &[u8], password: Option<&SecretString>) -> Result<ClientKey, KeyError> {
    if contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(KeyError::OldEncryption);
    }
    let mut keys = Vec::new();
    let mut certificates = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = section.map_err(|error| KeyError::Unreadable(error.to_string()))?;
        match kind {
            SectionKind::PrivateKey => keys.push(Zeroizing::new(der)),
            SectionKind::RsaPrivateKey => keys.push(from_pkcs1(&Zeroizing::new(der))?),
            SectionKind::EcPrivateKey => keys.push(from_sec1(&Zeroizing::new(der))?),
            SectionKind::Certificate => certificates.push(CertificateDer::from(der)),
            _ => {}
        }
    }
    keys.extend(decrypted(bytes, password)?);
    match keys.as_slice() {
        [] => Err(KeyError::NoKey),
        [key] => ClientKey::new(key, certificates, None),
        _ => Err(KeyError::SeveralKeys),
    }
}

/// The key of a section “ENCRYPTED PRIVATE KEY” (RFC 5958, section 3).
fn decrypted(
    bytes: &[u8],
    password: Option<&SecretString>,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let text = String::from_utf8_lossy(bytes);
    let Some((_, rest)) = text.split_once(BEGIN) else {
        return Ok(None);
    };
    let password = password.ok_or(KeyError::PasswordNeeded)?;
    let (digits, _) = rest
        .split_once(END)
        .ok_or_else(|| KeyError::Unreadable("a section has no end".to_owned()))?;
    let whole = format!("{BEGIN}{digits}{END}\n");
    let (_, document) = pkcs8::SecretDocument::from_pem(&whole)
        .map_err(|error| KeyError::Unreadable(error.to_string()))?;
    let sealed = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|error| KeyError::Unreadable(error.to_string()))?;
    let opened = sealed
        .decrypt(password.expose_secret())
        .map_err(|_| KeyError::WrongPassword)?;
    Ok(Some(opened.as_bytes().to_vec().into()))
}

fn from_pkcs1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let key = rsa::KeyPair::from_der(der).map_err(|_| KeyError::Unsupported)?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Unsupported)?;
    Ok(der.as_ref().to_vec().into())
}

fn from_sec1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let key = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
    let der = key.and_then(|key| key.to_pkcs8v1().map_err(Into::into));
    Ok(der
        .map_err(|_| KeyError::Unsupported)?
        .as_ref()
        .to_vec()
        .into())
}

fn read_pkcs12(bytes: &[u8], password: Option<&SecretString>) -> Result<ClientKey, KeyError> {
    let given = password.map_or("", |password| password.expose_secret());
    let store = KeyStore::from_pkcs12(bytes, given, Pkcs12ImportPolicy::Relaxed);
    let store = store.map_err(|_| match password {
        Some(_) => KeyError::WrongPassword,
        None => KeyError::PasswordNeeded,
    })?;
    let (_, chain) = store.private_key_chain().ok_or(KeyError::NoKey)?;
    let certificates = chain.certs().iter();
    let certificates = certificates.map(|one| CertificateDer::from(one.as_der().to_vec()));
    ClientKey::new(chain.key().as_der(), certificates.collect(), None)
}

/// The file that Google's console gives for a service account's key.
#[derive(Deserialize)]
struct ServiceAccount {
    private_key: SecretString,
    private_key_id: Option<String>,
    client_email: Option<String>,
}

fn read_json(bytes: &[u8]) -> Result<KeyFile, KeyError> {
    let file: ServiceAccount = serde_json::from_slice(bytes).map_err(|_| {
        let why = "it is JSON, but not that of a Google service account's key";
        KeyError::Unreadable(why.to_owned())
    })?;
    let fits = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let key = read_pem(file.private_key.expose_secret().as_bytes(), None)?;
    Ok(KeyFile {
        key: ClientKey {
            key_id: file.private_key_id.filter(fits),
            ..key
        },
        client_id: file.client_email.filter(fits),
    })
}
