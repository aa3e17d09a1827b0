//! A server of raw bytes: it says what it was told to say, be it HTTP or not, and remembers what it
//! was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

use crate::{Access, ClientCredential, EndpointOverrides, HttpClient, Profile, ProviderKind};

pub(crate) fn http_client() -> HttpClient {
    HttpClient::new(Duration::from_secs(10)).unwrap()
}

/// A profile with nothing but a kind and a public client.
pub(crate) fn profile(kind: ProviderKind) -> Profile {
    Profile {
        kind,
        client_id: "client".to_owned(),
        access: Access::Delegated,
        credential: ClientCredential::None,
        second_credential: None,
        tenant: None,
        issuer: None,
        endpoints: EndpointOverrides::default(),
        scopes: None,
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    Close,
    Hang,
    Repeat,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::with(200, "Content-Type: application/json", body)
    }

    pub(crate) fn refusal(body: &str) -> Self {
        Self::with(400, "Content-Type: application/json", body)
    }

    pub(crate) fn status(status: u16, header: &str) -> Self {
        Self::with(status, header, "")
    }

    pub(crate) fn with(status: u16, header: &str, body: &str) -> Self {
        let break_after = if header.is_empty() { "" } else { "\r\n" };
        let length = body.len();
        Self::bytes(format!(
            "HTTP/1.1 {status} X\r\n{header}{break_after}Connection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    pub(crate) fn bytes(text: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: text.into(),
            then: Then::Close,
        }
    }

    /// Says this, then nothing, and keeps the line open.
    pub(crate) fn hanging(text: &str) -> Self {
        Self {
            bytes: text.into(),
            then: Then::Hang,
        }
    }

    /// Says the head once and the body for ever.
    pub(crate) fn endless() -> Self {
        Self {
            bytes: b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n".to_vec(),
            then: Then::Repeat,
        }
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }
}

pub(crate) struct TestServer {
    address: SocketAddr,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (next, heard) = (Arc::clone(&replies), Arc::clone(&received));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (next, heard) = (Arc::clone(&next), Arc::clone(&heard));
                tokio::spawn(async move {
                    let _ = serve(stream, &next, &heard).await;
                });
            }
        });
        Self {
            address,
            replies,
            received,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub(crate) fn queue(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    replies: &Mutex<VecDeque<Reply>>,
    received: &Mutex<Vec<Received>>,
) -> std::io::Result<()> {
    let request = receive(&mut stream).await?;
    received.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().pop_front();
    let reply = reply.unwrap_or_else(|| Reply::status(500, ""));
    stream.write_all(&reply.bytes).await?;
    match reply.then {
        Then::Close => stream.shutdown().await,
        Then::Hang => stream.read_to_end(&mut Vec::new()).await.map(drop),
        Then::Repeat => loop {
            stream.write_all(&[b' '; 8192]).await?;
        },
    }
}

async fn receive(stream: &mut TcpStream) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                let line = head.lines().next().unwrap_or_default().to_owned();
                let (head, body) = (head.to_owned(), body.to_owned());
                return Ok(Received { line, head, body });
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
