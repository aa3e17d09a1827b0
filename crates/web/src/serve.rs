//! The listener: HTTP, or HTTPS where a certificate is given.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use mailgrant_base::{Diagnose, Diagnosis, files::FileError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// The certificate, for HTTPS.
    pub tls: Option<TlsFiles>,
}

/// A certificate chain and its key, as PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The certificate or its key cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The certificate or its key cannot be used.
    #[error("the certificate {path} cannot be used: {why}", path = path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl Diagnose for ServeError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}

impl Listen {
    /// Binds the address and reads the certificate: all that can fail, before anything starts.
    pub async fn bind(&self) -> Result<Bound, ServeError> {
        todo!()
    }
}

/// A bound listener.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
}

/// Serves until `stopping`, then finishes the requests in hand.
pub async fn serve(bound: Bound, router: Router, stopping: CancellationToken) {
    todo!()
}
