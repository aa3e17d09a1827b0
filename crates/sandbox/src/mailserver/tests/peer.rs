//! A client that says what it is told and shows what it hears.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{ANN, TOKEN};
use crate::MailServer;

pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

pub(super) struct Peer {
    stream: Box<dyn Transport>,
    input: Vec<u8>,
}

impl Peer {
    pub(super) async fn plain(server: &MailServer) -> Self {
        let address = server.plain_address().unwrap();
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub(super) async fn at(address: Option<std::net::SocketAddr>) -> Self {
        Self::over(TcpStream::connect(address.unwrap()).await.unwrap())
    }

    pub(super) async fn tls(server: &MailServer) -> Self {
        let tcp = TcpStream::connect(server.tls_address()).await.unwrap();
        Self::over(tcp).secured(server).await
    }

    fn over(stream: impl Transport + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            input: Vec::new(),
        }
    }

    /// TLS over what is there, believing the server's own certificate alone.
    pub(super) async fn secured(self, server: &MailServer) -> Self {
        let mut roots = RootCertStore::empty();
        let pem = server.certificate_pem();
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        Self::over(connector.connect(name, self.stream).await.unwrap())
    }

    /// Logged in as Ann, over the plain listener.
    pub(super) async fn ann(server: &MailServer) -> Self {
        let mut peer = Self::plain(server).await;
        peer.line().await;
        let answers = peer
            .ask(&format!("l AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN)))
            .await;
        assert!(answers[0].starts_with("l OK "), "{answers:?}");
        peer
    }

    /// Logged in as Ann with INBOX selected.
    pub(super) async fn in_inbox(server: &MailServer) -> Self {
        let mut peer = Self::ann(server).await;
        let answers = peer.ask("s SELECT INBOX").await;
        assert_eq!(
            answers.last().unwrap(),
            "s OK [READ-WRITE] SELECT completed"
        );
        peer
    }

    pub(super) async fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes()).await;
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Says a command and hears all lines up to its tagged one.
    pub(super) async fn ask(&mut self, command: &str) -> Vec<String> {
        self.say(command).await;
        let tag = format!("{} ", command.split(' ').next().unwrap());
        let mut lines = Vec::new();
        loop {
            let line = self.line().await;
            let last = line.starts_with(&tag);
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// The next line without its end; an empty one where the server has closed.
    pub(super) async fn line(&mut self) -> String {
        while !self.input.contains(&b'\n') {
            if !self.read().await {
                return String::new();
            }
        }
        let end = self.input.iter().position(|&byte| byte == b'\n').unwrap();
        let line: Vec<u8> = self.input.drain(..=end).collect();
        String::from_utf8_lossy(line.strip_suffix(b"\r\n").unwrap()).into_owned()
    }

    pub(super) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.input.len() < count && self.read().await {}
        self.input.drain(..count.min(self.input.len())).collect()
    }

    /// Everything up to the end of the connection.
    pub(super) async fn until_closed(&mut self) -> Vec<u8> {
        while self.read().await {}
        std::mem::take(&mut self.input)
    }

    async fn read(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.input);
        let read = timeout(Duration::from_secs(20), reading).await;
        matches!(read.expect("the server is silent"), Ok(count) if count > 0)
    }
}

pub(super) fn xoauth2(user: &str, token: &str) -> String {
    BASE64_STANDARD.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"))
}

pub(super) fn oauthbearer(user: &str, token: &str) -> String {
    BASE64_STANDARD.encode(format!(
        "n,a={user},\x01host=localhost\x01port=143\x01auth=Bearer {token}\x01\x01"
    ))
}
