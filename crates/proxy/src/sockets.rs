//! Sockets that are listened on.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use mailgrant_mail::{Security, Socket};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::{Listener, Place, ProxyError};

/// Whoever may open the socket's folder may connect; what opens a mailbox is an app password.
const MODE: u32 = 0o666;

/// A listener that is bound.
pub struct Bound {
    /// What was asked for.
    pub listener: Listener,
    pub(crate) tls: Option<TlsAcceptor>,
    socket: Listening,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener, Remains),
}

/// Where a client comes from.
#[derive(Debug, Clone)]
pub(crate) struct From {
    /// A client of this machine's socket counts as one from loopback.
    pub(crate) address: IpAddr,
    /// For the log.
    pub(crate) shown: String,
}

impl Bound {
    /// Binds a listener; `tls` is there where it can be asked for.
    pub(crate) async fn new(
        listener: Listener,
        tls: Option<&TlsAcceptor>,
    ) -> Result<Self, ProxyError> {
        let tls = match listener.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => {
                let missing = || ProxyError::NoCertificate {
                    listener: listener.to_string(),
                };
                Some(tls.ok_or_else(missing)?.clone())
            }
        };
        let bound = match &listener.place {
            Place::Tcp(address) => TcpListener::bind(address).await.map(Listening::Tcp),
            Place::Unix(path) => bind_unix(path),
        };
        let socket = bound.map_err(|source| ProxyError::Bind {
            listener: listener.to_string(),
            source,
        })?;
        Ok(Self {
            listener,
            tls,
            socket,
        })
    }

    /// Where it really listens, where that is an address.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        match &self.socket {
            Listening::Tcp(tcp) => tcp.local_addr().ok(),
            Listening::Unix(..) => None,
        }
    }

    /// The next client.
    pub(crate) async fn accept(&self) -> io::Result<(Box<dyn Socket>, From)> {
        match &self.socket {
            Listening::Tcp(tcp) => {
                let (stream, peer) = tcp.accept().await?;
                // A command is one small write: it is not to wait for another.
                let _ = stream.set_nodelay(true);
                let from = From {
                    address: peer.ip().to_canonical(),
                    shown: peer.to_string(),
                };
                Ok((Box::new(stream), from))
            }
            Listening::Unix(unix, remains) => {
                let (stream, _) = unix.accept().await?;
                let from = From {
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    shown: remains.0.display().to_string(),
                };
                Ok((Box::new(stream), from))
            }
        }
    }
}

/// A socket that nobody listens on any more is in the way, and goes.
fn bind_unix(path: &Path) -> io::Result<Listening> {
    let is_socket = path
        .symlink_metadata()
        .is_ok_and(|found| found.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let unix = UnixListener::bind(path)?;
    let remains = Remains(path.to_owned());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    Ok(Listening::Unix(unix, remains))
}

/// What is left of a socket; gone when dropped.
#[derive(Debug)]
struct Remains(PathBuf);

impl Drop for Remains {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bound({})", self.listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(path: &Path) -> Listener {
        format!("imap://{}", path.display()).parse().unwrap()
    }

    #[tokio::test]
    async fn a_socket_that_is_left_over_goes_and_one_that_is_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("imap.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let bound = Bound::new(listener(&path), None).await.unwrap();
        let client = tokio::net::UnixStream::connect(&path).await.unwrap();
        let (_, from) = bound.accept().await.unwrap();
        assert!(from.address.is_loopback());
        drop(client);
        let taken = Bound::new(listener(&path), None).await.unwrap_err();
        assert!(matches!(taken, ProxyError::Bind { .. }), "{taken}");
        drop(bound);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("precious");
        mailgrant_base::files::create_private(&path, b"data").unwrap();
        assert!(Bound::new(listener(&path), None).await.is_err());
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_listener_with_tls_needs_a_certificate() {
        let listener: Listener = "imaps://127.0.0.1:0".parse().unwrap();
        let refused = Bound::new(listener, None).await.unwrap_err();
        assert!(
            matches!(refused, ProxyError::NoCertificate { .. }),
            "{refused}"
        );
    }
}
