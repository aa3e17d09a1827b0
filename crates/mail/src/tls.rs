//! Whom to believe: certificate verification.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;

/// The certificate authorities that mail servers are verified with.
#[derive(Debug, Clone)]
pub struct Trust {
    config: Arc<rustls::ClientConfig>,
}

impl Trust {
    /// The system's certificate authorities.
    pub fn system() -> Result<Self, rustls::Error> {
        todo!()
    }

    /// The system's, and these besides (an operator's own authority; the demo's certificate).
    pub fn system_and(extra: Vec<CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        todo!()
    }
}
