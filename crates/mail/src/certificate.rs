//! What a server shows of itself in a TLS handshake, whether it is believed or not.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde::Serialize;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::imap::{LONGEST_WORDS, shown};

/// So many of a server's certificates are read; a chain has three or four.
const MOST_CERTIFICATES: usize = 10;

/// So many names are shown of one certificate.
const MOST_NAMES: usize = 100;

/// What a certificate says (RFC 5280). Only to be shown: it may have been sent by anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Whom it is for, as a distinguished name: `CN=outlook.com, O=Microsoft Corporation`.
    pub subject: String,
    /// Who vouches for that.
    pub issuer: String,
    /// The host names and addresses that it is valid for; a name may begin with `*.`.
    pub names: Vec<String>,
    /// From when on it is valid, where that can be read.
    pub not_before: Option<Timestamp>,
    /// Until when it is valid, where that can be read.
    pub not_after: Option<Timestamp>,
}

impl Certificate {
    /// Reads one; `None` when it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        let names = match certificate.subject_alternative_name() {
            Ok(Some(names)) => names.value.general_names.iter(),
            _ => [].iter(),
        };
        let time = |seconds| Timestamp::from_second(seconds).ok();
        Some(Self {
            subject: plain(&certificate.subject().to_string()),
            issuer: plain(&certificate.issuer().to_string()),
            names: names.filter_map(name).take(MOST_NAMES).collect(),
            not_before: time(validity.not_before.timestamp()),
            not_after: time(validity.not_after.timestamp()),
        })
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(plain(name)),
        GeneralName::IPAddress(bytes) => {
            if let Ok(four) = <[u8; 4]>::try_from(*bytes) {
                return Some(std::net::Ipv4Addr::from(four).to_string());
            }
            let sixteen = <[u8; 16]>::try_from(*bytes).ok()?;
            Some(std::net::Ipv6Addr::from(sixteen).to_string())
        }
        _ => None,
    }
}

fn plain(text: &str) -> String {
    shown(text.as_bytes(), LONGEST_WORDS)
}

/// Verifies as another does, and keeps what was shown. It believes nothing that the other does
/// not: where verification fails there is no connection that anybody could log in over.
#[derive(Debug)]
pub(crate) struct Recording {
    inner: Arc<dyn ServerCertVerifier>,
    seen: Mutex<Vec<Certificate>>,
}

impl Recording {
    pub(crate) fn of(inner: Arc<dyn ServerCertVerifier>) -> Self {
        Self {
            inner,
            seen: Mutex::default(),
        }
    }

    /// The chain that was shown last, the server's own certificate first.
    pub(crate) fn seen(&self) -> Vec<Certificate> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain = chain
            .take(MOST_CERTIFICATES)
            .filter_map(|der| Certificate::read(der));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = chain.collect();
        let inner = &self.inner;
        inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls_pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn a_certificate_tells_whom_it_is_for_and_how_long() {
        let pem = mailgrant_lab::Certificate::for_loopback().certificate;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let certificate = Certificate::read(&der).unwrap();
        assert_eq!(certificate.names, ["localhost", "127.0.0.1"]);
        assert_eq!(certificate.subject, certificate.issuer);
        assert!(certificate.not_before < certificate.not_after);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(bytes in any::<Vec<u8>>(), at: usize, byte: u8) {
            let _ = Certificate::read(&bytes);
            let pem = mailgrant_lab::Certificate::for_loopback().certificate;
            let mut der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
            let at = at % der.len();
            der[at] = byte;
            let _ = Certificate::read(&der);
        }
    }
}
