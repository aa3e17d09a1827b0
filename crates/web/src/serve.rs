//! The listener: HTTP, or HTTPS where a certificate is given.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mailgrant_base::{Diagnose, Diagnosis, Fault, Tasks, files, files::FileError};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::patient::Patient;

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
        match self {
            Self::Bind { address, source } => {
                let what = format!("Mailgrant cannot listen on {address}.");
                let next = match source.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        "Another program listens there: stop it, or set another address."
                    }
                    std::io::ErrorKind::PermissionDenied => {
                        "Ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE): set another port, or give it."
                    }
                    std::io::ErrorKind::AddrNotAvailable => {
                        "This machine does not have that address: set one that it has."
                    }
                    _ => "Look at what the operating system said, or set another address.",
                };
                Diagnosis::new(Fault::Operator, what, next).said(source.to_string())
            }
            Self::File(error) => error.diagnosis(),
            Self::Certificate { path, why } => Diagnosis::new(
                Fault::Operator,
                format!(
                    "The TLS certificate or key in {} cannot be used.",
                    path.display()
                ),
                "Give a certificate chain and the key that belongs to it, both as PEM files.",
            )
            .said(why),
        }
    }
}

impl Listen {
    /// Binds the address and reads the certificate: all that can fail, before anything starts.
    pub async fn bind(&self) -> Result<Bound, ServeError> {
        let tls = self.tls.as_ref().map(TlsFiles::read).transpose()?;
        let listener =
            TcpListener::bind(self.address)
                .await
                .map_err(|source| ServeError::Bind {
                    address: self.address,
                    source,
                })?;
        Ok(Bound { listener, tls })
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Arc<ServerConfig>, ServeError> {
        let unusable = |path: &Path, why: String| ServeError::Certificate {
            path: path.to_owned(),
            why,
        };
        let chain = CertificateDer::pem_slice_iter(&files::read(&self.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            let why = "the file holds no certificate in PEM form".to_owned();
            return Err(unusable(&self.certificate, why));
        }
        let key = PrivateKeyDer::from_pem_slice(&files::read(&self.key)?)
            .map_err(|error| unusable(&self.key, error.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&self.certificate, error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&self.key, error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A bound listener.
#[derive(Debug)]
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

/// More connections than this wait in the operating system's queue.
const MOST_CONNECTIONS: usize = 1024;

/// How long a client may take for its TLS handshake, for the headers of each request, and to go on
/// reading an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the requests in hand may take once the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait where no connection can be taken (no file descriptors left).
const OUT_OF_BREATH: Duration = Duration::from_millis(200);

/// Cancelled when the server stops; every request carries it, for answers without an end.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(pub(crate) CancellationToken);

/// Serves until `stopping`, then finishes the requests in hand.
pub async fn serve(bound: Bound, router: Router, stopping: CancellationToken) {
    let tls = bound.tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let connections = Tasks::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, bound.listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(OUT_OF_BREATH).await;
                continue;
            }
        };
        let connection = Connection {
            peer,
            router: router.clone(),
            stopping: connections.stopping(),
        };
        let tls = tls.clone();
        connections.spawn("connection", async move {
            connection.secure_and_serve(stream, tls).await;
            drop(place);
        });
    }
    drop(bound.listener);
    if !connections.stop(GRACE).await {
        tracing::warn!("some requests were cut off because they took too long to finish");
    }
}

struct Connection {
    peer: SocketAddr,
    router: Router,
    stopping: CancellationToken,
}

impl Connection {
    async fn secure_and_serve(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            return self.serve(stream).await;
        };
        match timeout(PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer, "TLS handshake took too long"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let stream = Patient::new(stream, PATIENCE);
        let router = self.router;
        let stopping = Stopping(self.stopping.clone());
        let peer = self.peer;
        let service = tower::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(stopping.clone());
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
