//! The certificate, made on the spot.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::options::Certificate;

/// A fresh self-signed certificate: how to accept TLS with it, and itself in PEM.
pub(super) fn fresh(kind: Certificate) -> io::Result<(TlsAcceptor, String)> {
    let names = match kind {
        Certificate::Valid | Certificate::Expired => vec!["localhost".into(), "127.0.0.1".into()],
        Certificate::OtherName => vec!["mail.example.net".into()],
    };
    let mut parameters = CertificateParams::new(names).map_err(io::Error::other)?;
    if kind == Certificate::Expired {
        parameters.not_before = date_time_ymd(2019, 2, 2);
        parameters.not_after = date_time_ymd(2020, 2, 2);
    }
    let key_pair = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = parameters
        .self_signed(&key_pair)
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key_pair.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok((TlsAcceptor::from(Arc::new(config)), certificate.pem()))
}
