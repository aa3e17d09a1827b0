//! The pump between a socket and a conversation: the only file of the crate that owns a socket.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use rustls::ProtocolVersion;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::machine::{Incoming, Machine, Step};
use crate::opening::{LoggingIn, Opening, Securing};
use crate::sasl::Credentials;
use crate::verdict::Peer;
use crate::{Limits, MailError, MailServer, Security, Trust};

/// Connects, secures the connection, logs in and proves that the mailbox opens, all of it within
/// the time that an opening may take.
pub(crate) async fn open<S, L>(
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
    credentials: Credentials,
) -> Result<(Wire<L::Reader>, L::Done), MailError>
where
    S: Securing,
    L: LoggingIn<Secured = S::Done, Reader = S::Reader>,
{
    let token = credentials.token.clone();
    let opening = async {
        let mut wire = Wire::connect(server, trust, limits).await?;
        let mut machine = Opening::<S, L>::with(server, credentials);
        let done = wire.run(&mut machine).await?;
        Ok((wire, done))
    };
    let opened = within(limits.opening, server, opening).await;
    opened.map_err(|error| error.without(&token))
}

/// Bounds work that the server could draw out by talking slowly.
pub(crate) async fn within<T>(
    limit: Duration,
    server: impl Display,
    work: impl Future<Output = Result<T, MailError>>,
) -> Result<T, MailError> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        let why = format!("it talked on, and was not done after {seconds} seconds");
        Err(Peer::new(server).closed(why))
    })
}

/// A connection, whatever it is made of.
pub trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for S {}

/// A connection to a server, and what has been read from it.
pub(crate) struct Wire<R> {
    stream: Stream,
    reader: R,
    /// Whose certificate is asked for; a socket on this machine has none.
    certified: Option<(MailServer, Trust)>,
    limits: Limits,
    tls_version: Option<String>,
}

enum Stream {
    Plain(TcpStream),
    /// Of this machine alone.
    Local(UnixStream),
    Tls(Box<dyn Socket>),
    /// Between the two; stays where the handshake fails.
    Gone,
}

impl Stream {
    fn socket(&mut self) -> Option<&mut dyn Socket> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            Self::Local(local) => Some(local),
            Self::Tls(stream) => Some(stream),
            Self::Gone => None,
        }
    }
}

impl<R: Incoming> Wire<R> {
    /// Connects, with TLS from the first byte where the server is set so.
    pub(crate) async fn connect(
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
    ) -> Result<Self, MailError> {
        let addresses = resolve(server, limits).await?;
        let mut wire = Self::connect_to(&addresses, server, trust, limits).await?;
        if server.security == Security::Tls {
            wire.upgrade().await?;
        }
        Ok(wire)
    }

    /// Connects to the first of these addresses that takes it, without TLS yet.
    pub(crate) async fn connect_to(
        addresses: &[SocketAddr],
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
    ) -> Result<Self, MailError> {
        let peer = Peer::new(server);
        let connect = in_time(limits.connect, TcpStream::connect(addresses));
        let tcp = connect.await.map_err(|why| peer.connect(why))?;
        // A command is one small write: it is not to wait for another.
        let _ = tcp.set_nodelay(true);
        Ok(Self {
            stream: Stream::Plain(tcp),
            reader: R::new(peer, limits.line),
            certified: Some((server.clone(), trust.clone())),
            limits,
            tls_version: None,
        })
    }

    /// Connects to a socket of this machine, which needs no TLS.
    pub(crate) async fn connect_local(path: &Path, limits: Limits) -> Result<Self, MailError> {
        let peer = Peer::new(path.display());
        let connecting = async { UnixStream::connect(path).await.map_err(in_local_words) };
        let connected = in_time(limits.connect, connecting).await;
        let local = connected.map_err(|why| peer.connect(why))?;
        Ok(Self {
            stream: Stream::Local(local),
            reader: R::new(peer, limits.line),
            certified: None,
            limits,
            tls_version: None,
        })
    }

    /// Whom it is connected to, as long as TLS has not begun.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.stream {
            Stream::Plain(tcp) => tcp.peer_addr().ok(),
            Stream::Local(_) | Stream::Tls(_) | Stream::Gone => None,
        }
    }

    /// The version of TLS, once it has begun: `TLS 1.3`.
    pub(crate) fn tls_version(&self) -> Option<&str> {
        self.tls_version.as_deref()
    }

    pub(crate) fn reader(&mut self) -> &mut R {
        &mut self.reader
    }

    pub(crate) fn peer(&self) -> &Peer {
        self.reader.peer()
    }

    /// Runs a conversation to its end.
    pub(crate) async fn run<M: Machine<Reader = R>>(
        &mut self,
        machine: &mut M,
    ) -> Result<M::Done, MailError> {
        loop {
            if let Some(done) = self.advance(machine).await? {
                return Ok(done);
            }
            self.read_in_time().await?;
        }
    }

    /// Runs a conversation to where TLS has to begin; what else it comes to is an error.
    pub(crate) async fn run_to_tls<M: Machine<Reader = R>>(
        &mut self,
        machine: &mut M,
    ) -> Result<(), MailError> {
        loop {
            match machine.step(&mut self.reader)? {
                Step::UpgradeTls => return Ok(()),
                Step::Output(bytes) => self.write(&bytes).await?,
                Step::NeedInput => self.read_in_time().await?,
                Step::Done(_) => return Err(self.peer().protocol("it did not begin TLS")),
            }
        }
    }

    /// Says good-bye; errors no longer matter.
    pub(crate) async fn part<M: Machine<Reader = R>>(mut self, mut machine: M) {
        let limit = self.limits.connect;
        let _ = timeout(limit, self.run(&mut machine)).await;
    }

    /// Runs a conversation in which the server owes no answer; `None` when it is not done by then.
    pub(crate) async fn run_until<M: Machine<Reader = R>>(
        &mut self,
        machine: &mut M,
        until: Instant,
    ) -> Result<Option<M::Done>, MailError> {
        loop {
            if let Some(done) = self.advance(machine).await? {
                return Ok(Some(done));
            }
            if !self.read_until(until).await? {
                return Ok(None);
            }
        }
    }

    /// Does what a conversation wants; `None` when it needs more from the server.
    async fn advance<M: Machine<Reader = R>>(
        &mut self,
        machine: &mut M,
    ) -> Result<Option<M::Done>, MailError> {
        loop {
            match machine.step(&mut self.reader)? {
                Step::Done(done) => return Ok(Some(done)),
                Step::Output(bytes) => self.write(&bytes).await?,
                Step::UpgradeTls => self.upgrade().await?,
                Step::NeedInput => return Ok(None),
            }
        }
    }

    /// Reads what comes while an answer is due.
    async fn read_in_time(&mut self) -> Result<(), MailError> {
        if self.read_until(Instant::now() + self.limits.answer).await? {
            return Ok(());
        }
        let seconds = self.limits.answer.as_secs();
        let why = format!("it said nothing for {seconds} seconds");
        Err(self.peer().closed(why))
    }

    /// Reads what comes; `false` when nothing did until then.
    async fn read_until(&mut self, until: Instant) -> Result<bool, MailError> {
        let room = self.reader.room();
        let read = match self.stream.socket() {
            Some(socket) => timeout_at(until, socket.read_buf(room)).await,
            None => Ok(Ok(0)),
        };
        match read {
            Err(_) => Ok(false),
            Ok(Ok(0)) => Err(self.peer().closed("it hung up")),
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => Err(self.peer().closed(words(&error))),
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), MailError> {
        let limit = self.limits.answer;
        let written = match self.stream.socket() {
            Some(socket) => {
                let write = async {
                    socket.write_all(bytes).await?;
                    socket.flush().await
                };
                in_time(limit, write).await
            }
            None => Err("the connection is gone".to_owned()),
        };
        written.map_err(|why| self.peer().closed(why))
    }

    /// The connection, for somebody who goes on with it himself, and what was not read yet.
    pub(crate) fn into_parts(self) -> Result<(Box<dyn Socket>, Bytes), MailError> {
        let stream: Box<dyn Socket> = match self.stream {
            Stream::Plain(tcp) => Box::new(tcp),
            Stream::Local(local) => Box::new(local),
            Stream::Tls(stream) => stream,
            Stream::Gone => return Err(self.reader.peer().closed("the connection is gone")),
        };
        Ok((stream, self.reader.into_unread()))
    }

    /// Ends the connection without a word, where whatever is said would be taken for something else.
    pub(crate) fn hang_up(&mut self) {
        self.stream = Stream::Gone;
    }

    /// Begins TLS.
    pub(crate) async fn upgrade(&mut self) -> Result<(), MailError> {
        let Stream::Plain(tcp) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(self.peer().protocol("TLS was asked for twice"));
        };
        let Some((server, trust)) = &self.certified else {
            return Err(self.peer().protocol("TLS was asked for on a local socket"));
        };
        let name = ServerName::try_from(server.host.clone())
            .map_err(|error| self.tls(error.to_string()))?;
        let handshake = TlsConnector::from(trust.config()).connect(name, tcp);
        // Large, and soon over: it is not to be in every session's future.
        let handshake = Box::pin(handshake);
        match timeout(self.limits.connect, handshake).await {
            Ok(Ok(stream)) => {
                let version = stream.get_ref().1.protocol_version();
                self.tls_version = version.map(tls_version);
                self.stream = Stream::Tls(Box::new(stream));
                Ok(())
            }
            Ok(Err(error)) => Err(self.tls(tls_words(&error))),
            Err(_) => Err(self.tls("the handshake took too long".to_owned())),
        }
    }

    fn tls(&self, why: String) -> MailError {
        self.peer().tls(why)
    }
}

impl<R: Incoming> std::fmt::Debug for Wire<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wire({})", self.peer().name())
    }
}

/// The addresses of a server's name.
pub(crate) async fn resolve(
    server: &MailServer,
    limits: Limits,
) -> Result<Vec<SocketAddr>, MailError> {
    let peer = Peer::new(server);
    let look_up = lookup_host((server.host.as_str(), server.port));
    let found = in_time(limits.connect, look_up).await;
    let addresses: Vec<SocketAddr> = found.map_err(|why| peer.connect(why))?.collect();
    if addresses.is_empty() {
        return Err(peer.connect("its name has no address"));
    }
    Ok(addresses)
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, String> {
    match timeout(limit, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err(format!("no answer for {} seconds", limit.as_secs())),
    }
}

/// What the operating system said, in words.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens on that port".to_owned(),
        io::ErrorKind::ConnectionReset => "the connection was reset".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was cut off".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to that host".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Why a socket of this machine does not open, in words.
fn in_local_words(error: io::Error) -> io::Error {
    let kind = error.kind();
    match kind {
        io::ErrorKind::NotFound => io::Error::new(kind, "there is no such socket"),
        io::ErrorKind::PermissionDenied => {
            io::Error::new(kind, "Mailgrant's user may not write to that socket")
        }
        io::ErrorKind::ConnectionRefused => io::Error::other("nobody listens on that socket"),
        _ => error,
    }
}

/// A version of TLS as people write it.
fn tls_version(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Why a handshake failed, by name.
fn tls_words(error: &io::Error) -> String {
    use rustls::CertificateError as Bad;
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(bad)) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired".to_owned(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "its certificate is not valid yet".to_owned()
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "its certificate is for another name".to_owned()
            }
            Bad::UnknownIssuer | Bad::BadSignature => {
                "its certificate is self-signed or from an authority that is not trusted here"
                    .to_owned()
            }
            other => format!("its certificate cannot be believed: {other}"),
        },
        Some(rustls::Error::InvalidMessage(_)) => {
            "it does not speak TLS on this port; perhaps it wants STARTTLS".to_owned()
        }
        Some(other) => other.to_string(),
        None => words(error),
    }
}
