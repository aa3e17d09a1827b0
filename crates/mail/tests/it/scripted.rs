//! A server that says what a test has written down, and remembers what it heard.

use std::path::Path;

use mailgrant_mail::{DeliveryPoint, MailServer, Security};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;

/// What the server does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// Sends this.
    Say(&'static str),
    /// Hears one line that begins so, and answers this.
    Line(&'static str, &'static str),
    /// Hears lines up to one of a single dot.
    Message,
    /// Hears whatever comes until the client leaves.
    Rest,
    /// Hears nothing more, and stays.
    Sleep,
    /// Leaves.
    Leave,
}

/// A server for one connection.
pub(crate) struct Scripted {
    point: DeliveryPoint,
    heard: JoinHandle<Vec<u8>>,
    _dir: Option<TempDir>,
}

/// How a client gets there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Lmtp,
    LmtpSocket,
    Smtp,
}

impl Scripted {
    pub(crate) async fn start(way: Way, turns: impl Into<Vec<Turn>>) -> Self {
        let turns = turns.into();
        if let Way::LmtpSocket = way {
            let dir = TempDir::with_prefix("mailgrant-lmtp-").unwrap();
            let path = dir.path().join("lmtp");
            let listener = UnixListener::bind(&path).unwrap();
            return Self {
                point: DeliveryPoint::LmtpSocket(path),
                heard: tokio::spawn(async move {
                    let (client, _) = listener.accept().await.unwrap();
                    play(client, &turns).await
                }),
                _dir: Some(dir),
            };
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = MailServer::for_delivery("127.0.0.1", port, Security::Plain).unwrap();
        Self {
            point: match way {
                Way::Smtp => DeliveryPoint::Smtp(server),
                _ => DeliveryPoint::Lmtp(server),
            },
            heard: tokio::spawn(async move {
                let (client, _) = listener.accept().await.unwrap();
                play(client, &turns).await
            }),
            _dir: None,
        }
    }

    pub(crate) fn point(&self) -> &DeliveryPoint {
        &self.point
    }

    /// The path of its socket.
    pub(crate) fn path(&self) -> &Path {
        match &self.point {
            DeliveryPoint::LmtpSocket(path) => path,
            other => panic!("{other} is no socket"),
        }
    }

    /// All that it has heard, once it is through with its turns.
    pub(crate) async fn heard(self) -> String {
        String::from_utf8(self.heard.await.unwrap()).unwrap()
    }
}

async fn play(client: impl AsyncRead + AsyncWrite + Unpin, turns: &[Turn]) -> Vec<u8> {
    let mut client = BufReader::new(client);
    let mut heard = Vec::new();
    for turn in turns {
        match turn {
            Turn::Say(words) => client.write_all(words.as_bytes()).await.unwrap(),
            Turn::Line(begin, answer) => {
                let before = heard.len();
                client.read_until(b'\n', &mut heard).await.unwrap();
                let line = String::from_utf8_lossy(&heard[before..]);
                assert!(line.starts_with(begin), "{line:?} in place of {begin:?}");
                client.write_all(answer.as_bytes()).await.unwrap();
            }
            Turn::Message => loop {
                let before = heard.len();
                client.read_until(b'\n', &mut heard).await.unwrap();
                if &heard[before..] == b".\r\n" {
                    break;
                }
                assert!(heard.len() > before, "the message has no end");
            },
            Turn::Rest => while client.read_until(b'\n', &mut heard).await.unwrap_or(0) > 0 {},
            Turn::Sleep => std::future::pending().await,
            Turn::Leave => return heard,
        }
    }
    heard
}
