//! The proxy's certificate, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mailgrant_base::{Diagnose as _, files};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::info;
use zeroize::Zeroizing;

use crate::ProxyError;

/// How often the files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A certificate chain and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: TlsFiles,
    present: RwLock<Present>,
}

#[derive(Debug)]
struct Present {
    certified: Arc<CertifiedKey>,
    /// What it was read from.
    pem: Pem,
}

#[derive(PartialEq, Eq)]
struct Pem {
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Certificates {
    pub(crate) fn read(files: &TlsFiles) -> Result<Arc<Self>, ProxyError> {
        let pem = Pem::read(files)?;
        let certified = pem.certified(files)?;
        let present = RwLock::new(Present { certified, pem });
        let files = files.clone();
        Ok(Arc::new(Self { files, present }))
    }

    /// What TLS begins with; who connects later gets what has been read by then.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, ProxyError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.files.certificate, error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again from time to time. Where they cannot be used, the one that is there
    /// stays.
    pub(crate) async fn keep(self: Arc<Self>, stopping: CancellationToken) {
        let mut told = None;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
            match self.look() {
                Ok(false) => {}
                Ok(true) => {
                    told = None;
                    info!(certificate = %self.files.certificate.display(), "a new certificate is in use");
                }
                // A renewal may write one file after the other.
                Err(failure) => {
                    let words = failure.to_string();
                    if told.replace(words.clone()).as_ref() == Some(&words) {
                        continue;
                    }
                    failure.diagnosis().log("the proxy's certificate");
                }
            }
        }
    }

    /// Reads the files again; says whether there is something new in use.
    pub(crate) fn look(&self) -> Result<bool, ProxyError> {
        let pem = Pem::read(&self.files)?;
        if self.with(|present| present.pem == pem) {
            return Ok(false);
        }
        let certified = pem.certified(&self.files)?;
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        *present = Present { certified, pem };
        Ok(true)
    }

    fn with<T>(&self, work: impl FnOnce(&Present) -> T) -> T {
        work(&self.present.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, ProxyError> {
        Ok(Self {
            chain: files::read(&files.certificate)?,
            key: Zeroizing::new(files::read(&files.key)?),
        })
    }

    fn certified(&self, files: &TlsFiles) -> Result<Arc<CertifiedKey>, ProxyError> {
        let chain = CertificateDer::pem_slice_iter(&self.chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(&files.certificate, error.to_string()))?;
        if chain.is_empty() {
            let why = "the file holds no certificate in PEM form".to_owned();
            return Err(unusable(&files.certificate, why));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| unusable(&files.key, error.to_string()))?;
        // Checks that they belong together.
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map(Arc::new)
            .map_err(|error| unusable(&files.key, error.to_string()))
    }
}

fn unusable(path: &Path, why: String) -> ProxyError {
    ProxyError::Certificate {
        path: path.to_owned(),
        why,
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.with(|present| Arc::clone(&present.certified)))
    }
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pem")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a fresh certificate; what was there goes.
    fn renew(files: &TlsFiles) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        write(&files.certificate, &made.cert.pem());
        write(&files.key, &made.signing_key.serialize_pem());
    }

    fn write(path: &Path, text: &str) {
        let _ = std::fs::remove_file(path);
        files::create_private(path, text.as_bytes()).unwrap();
    }

    fn in_use(certificates: &Certificates) -> Vec<u8> {
        certificates.with(|present| present.certified.cert[0].to_vec())
    }

    #[test]
    fn a_renewed_certificate_is_used_and_one_that_is_half_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("cert.pem"),
            key: folder.path().join("key.pem"),
        };
        assert!(matches!(
            Certificates::read(&files),
            Err(ProxyError::File(_))
        ));
        renew(&files);
        let certificates = Certificates::read(&files).unwrap();
        let first = in_use(&certificates);
        assert!(!certificates.look().unwrap());

        let former_key = files::read_to_string(&files.key).unwrap();
        renew(&files);
        let new_key = files::read_to_string(&files.key).unwrap();
        // The one file is there, the other not yet.
        write(&files.key, &former_key);
        let half = certificates.look().unwrap_err();
        assert!(matches!(half, ProxyError::Certificate { .. }), "{half}");
        assert_eq!(in_use(&certificates), first);

        write(&files.key, &new_key);
        assert!(certificates.look().unwrap());
        assert_ne!(in_use(&certificates), first);
        write(&files.certificate, "nothing");
        assert!(certificates.look().is_err());
        assert!(!in_use(&certificates).is_empty());
    }
}
