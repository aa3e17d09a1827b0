//! A server that mail is handed to, by LMTP (RFC 2033) or SMTP (RFC 5321): it greets by whichever
//! name it is greeted, and takes everything.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::outcome::{Arrived, print_of};
use super::victim::{Place, Victim};

/// What a receiver has. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    /// Keeps no message whose key it has already.
    knows_keys: bool,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    arrived: Vec<Arrived>,
    keys: HashSet<String>,
}

impl Inbox {
    pub(super) fn new(knows_keys: bool) -> Self {
        Self {
            knows_keys,
            kept: Arc::default(),
        }
    }

    /// Keeps a message, as an application that stores it with its key in one transaction.
    pub(super) fn keep(&self, key: Option<String>, message: &[u8]) {
        let mut kept = self.kept.lock().unwrap();
        let known = key.as_ref().is_some_and(|key| kept.keys.contains(key));
        if known && self.knows_keys {
            return;
        }
        kept.keys.extend(key.clone());
        kept.arrived.push(Arrived {
            key,
            print: print_of(message),
        });
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.kept.lock().unwrap().arrived.clone()
    }
}

/// Starts a server on any port.
pub(super) async fn start(inbox: Inbox, victim: Victim) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, inbox.clone(), victim.clone()));
        }
    });
    address
}

/// Ends where the client does.
async fn serve(stream: TcpStream, inbox: Inbox, victim: Victim) -> Option<()> {
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    to.write_all(b"220 receiver\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            "LHLO" | "EHLO" => b"250-receiver\r\n250 8BITMIME\r\n",
            "DATA" => {
                to.write_all(b"354 go on\r\n").await.ok()?;
                victim.reaches(Place::Offered);
                let (key, message) = message(&mut from).await?;
                inbox.keep(key, &message);
                victim.reaches(Place::Taken);
                to.write_all(b"250 2.0.0 taken\r\n").await.ok()?;
                victim.reaches(Place::Answered);
                continue;
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        to.write_all(answer).await.ok()?;
    }
}

/// A whole message without its dots and without the lines that were put before it, and its key.
async fn message(
    from: &mut (impl tokio::io::AsyncBufRead + Unpin),
) -> Option<(Option<String>, Vec<u8>)> {
    let (mut key, mut message) = (None, Vec::new());
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some((key, message));
        }
        // All messages begin like this; what stands before it was put there on the way.
        if message.is_empty() && !line.starts_with(b"From: ") {
            if let Some(value) = line.strip_prefix(b"X-Mailgrant-Key: ") {
                key = Some(String::from_utf8(value.trim_ascii().to_vec()).unwrap());
            }
            continue;
        }
        message.extend(line.strip_prefix(b".").unwrap_or(&line));
    }
}
