//! A server for local delivery (LMTP, RFC 2033) that answers as a test wants.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mailgrant_mail::{MailServer, Security};
use mailgrant_vault::{EnvelopeSender, RelayPlace, RelaySink};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What came: sender, recipient, message.
pub(super) type Letter = (String, String, Vec<u8>);

#[derive(Debug, Default)]
struct State {
    letters: Vec<Letter>,
    connections: usize,
    /// What is answered behind a message, by recipient.
    verdicts: HashMap<String, String>,
    /// A line that the server hangs up at when it comes in a message.
    hang_up_at: Option<String>,
}

/// The server.
pub(super) struct LocalDelivery {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
}

impl LocalDelivery {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { state, address }
    }

    pub(super) fn sink(&self, recipients: &[&str]) -> RelaySink {
        let port = self.address.port();
        let server = MailServer::for_delivery("127.0.0.1", port, Security::Plain).unwrap();
        RelaySink {
            at: RelayPlace::Server(server),
            recipients: recipients.iter().map(ToString::to_string).collect(),
            sender: EnvelopeSender::Nobody,
            headers: false,
        }
    }

    /// What the server says of mail for this recipient from now on.
    pub(super) fn say(&self, recipient: &str, reply: &str) {
        let mut state = self.state.lock().unwrap();
        state
            .verdicts
            .insert(recipient.to_owned(), reply.to_owned());
    }

    pub(super) fn hang_up_at(&self, line: &str) {
        self.state.lock().unwrap().hang_up_at = Some(line.to_owned());
    }

    pub(super) fn letters(&self) -> Vec<Letter> {
        self.state.lock().unwrap().letters.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }
}

/// Ends where the client does.
async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Option<()> {
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    let (mut sender, mut recipients) = (String::new(), Vec::new());
    to.write_all(b"220 hello\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let path = || {
            let inner = line
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'));
            inner.map(|(path, _)| path.to_owned()).unwrap_or_default()
        };
        let answer = match line.get(..4).unwrap_or_default() {
            "LHLO" => "250-hello\r\n250 8BITMIME\r\n".to_owned(),
            "MAIL" => {
                (sender, recipients) = (path(), Vec::new());
                "250 yes\r\n".to_owned()
            }
            "RCPT" if path() == "nobody" => "550 5.1.1 no such user\r\n".to_owned(),
            "RCPT" => {
                recipients.push(path());
                "250 yes\r\n".to_owned()
            }
            "DATA" => {
                to.write_all(b"354 go on\r\n").await.ok()?;
                let message = data(&mut from, &state).await?;
                let mut state = state.lock().unwrap();
                let mut answers = String::new();
                for recipient in &recipients {
                    let usual = || format!("250 2.0.0 {recipient} has it");
                    let reply = state.verdicts.get(recipient).cloned().unwrap_or_else(usual);
                    if reply.starts_with('2') {
                        let letter = (sender.clone(), recipient.clone(), message.clone());
                        state.letters.push(letter);
                    }
                    answers.push_str(&reply);
                    answers.push_str("\r\n");
                }
                answers
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        };
        to.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// A message without its dots.
async fn data(
    from: &mut (impl tokio::io::AsyncBufRead + Unpin),
    state: &Mutex<State>,
) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(message);
        }
        let hang_up = state.lock().unwrap().hang_up_at.clone();
        if hang_up.is_some_and(|at| line.starts_with(at.as_bytes())) {
            return None;
        }
        message.extend(line.strip_prefix(b".").unwrap_or(&line));
    }
}
