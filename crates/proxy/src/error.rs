//! Why the proxy cannot listen.

use std::path::PathBuf;

use mailgrant_base::{Diagnose, Diagnosis, Fault, files::FileError};

/// Why the proxy cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A listener's address or socket cannot be had.
    #[error("the proxy cannot listen on {listener}: {source}")]
    Bind {
        /// Which.
        listener: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A listener with TLS, and no certificate.
    #[error("{listener} needs a certificate")]
    NoCertificate {
        /// Which.
        listener: String,
    },
    /// The certificate or its key cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The certificate or its key cannot be used.
    #[error("the proxy's certificate {path} cannot be used: {why}", path = path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl Diagnose for ProxyError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Bind { listener, source } => {
                let what = format!("The proxy cannot listen on {listener}.");
                let next = match source.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        "Another program listens there: stop it, or set another address in \
                         `proxy_listen`."
                    }
                    std::io::ErrorKind::PermissionDenied => {
                        "Ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE), and a \
                         socket's folder must be writable: give it, or set another address in \
                         `proxy_listen`."
                    }
                    std::io::ErrorKind::AddrNotAvailable => {
                        "This machine does not have that address: set one that it has in \
                         `proxy_listen`."
                    }
                    _ => "Look at what the operating system said, or set another `proxy_listen`.",
                };
                Diagnosis::new(Fault::Operator, what, next).said(source.to_string())
            }
            Self::NoCertificate { listener } => Diagnosis::new(
                Fault::Operator,
                format!("The proxy's listener {listener} has no certificate."),
                "Set `proxy_certificate` and `proxy_key`, or `tls_certificate` and `tls_key` for the \
                 pages and the proxy together.",
            ),
            Self::File(error) => error.diagnosis(),
            Self::Certificate { path, why } => Diagnosis::new(
                Fault::Operator,
                format!(
                    "The proxy's certificate or key in {} cannot be used.",
                    path.display()
                ),
                "Give a certificate chain and the key that belongs to it, both as PEM files.",
            )
            .said(why),
        }
    }
}
