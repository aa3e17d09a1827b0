//! A certificate for `localhost` and `127.0.0.1` that its owner alone is asked to trust.

use rcgen::{CertifiedKey, generate_simple_self_signed};

/// A self-signed certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Certificate {
    /// A fresh certificate for loopback.
    pub fn for_loopback() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate can be made");
        Self {
            certificate: cert.pem(),
            key: signing_key.serialize_pem(),
        }
    }
}
