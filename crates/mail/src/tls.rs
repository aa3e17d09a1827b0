//! Whom to believe: certificate verification.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use crate::certificate::Recording;

/// The certificate authorities that mail servers are verified with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Trust {
    /// The system's certificate authorities.
    pub fn system() -> Result<Self, rustls::Error> {
        Self::system_and(Vec::new())
    }

    /// The system's, and these besides (an operator's own authority; the demo's certificate).
    pub fn system_and(extra: Vec<CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))?;
        Self::with(Arc::new(verifier))
    }

    fn with(verifier: Arc<dyn ServerCertVerifier>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier))
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            verifier,
        })
    }

    /// The same trust, which besides keeps what certificates it was shown.
    pub(crate) fn recording(&self) -> Result<(Self, Arc<Recording>), rustls::Error> {
        let recording = Arc::new(Recording::of(Arc::clone(&self.verifier)));
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Recording>::clone(&recording);
        Ok((Self::with(verifier)?, recording))
    }

    /// For other connections that believe the same: a webhook's.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}
