//! Where Dovecot's submission passes mail on to: an SMTP server that shows what it took and hands it
//! to Dovecot's own LMTP, as the mail system around it would. What that does not take is lost.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A running relay; takes no more connections when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    port: u16,
    stop: Arc<AtomicBool>,
    taken: Taken,
}

type Taken = Arc<Mutex<Vec<Vec<u8>>>>;

impl Relay {
    /// For the LMTP server that listens at this socket.
    pub(crate) fn start(lmtp: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port can be had");
        let port = listener.local_addr().expect("it has an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let taken = Taken::default();
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (lmtp, kept) = (lmtp.clone(), Arc::clone(&kept));
                thread::spawn(move || serve(&client, &lmtp, &kept));
            }
        });
        Self { port, stop, taken }
    }

    /// The messages that it took, in their order.
    pub(crate) fn taken(&self) -> Vec<Vec<u8>> {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It waits for a client: here is the last one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Until the client leaves, or breaks off.
fn serve(client: &TcpStream, lmtp: &Path, taken: &Taken) -> Option<()> {
    let mut lines = BufReader::new(client);
    let say = |line: &str| {
        let mut to = client;
        to.write_all(format!("{line}\r\n").as_bytes()).ok()
    };
    say("220 relay")?;
    let mut recipients = Vec::new();
    loop {
        let line = line(&mut lines)?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_slice() {
            b"DATA" => {
                say("354 go on")?;
                let message = message(&mut lines)?;
                // The answer comes first: it is a relay.
                say("250 taken")?;
                let _ = pass_on(lmtp, &recipients, &message);
                taken
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(message);
                recipients.clear();
            }
            b"RCPT" => {
                let line = String::from_utf8_lossy(&line);
                let path = line.get("RCPT TO:".len()..).unwrap_or_default();
                let address = path.split('>').next().unwrap_or_default();
                recipients.push(address.trim_start_matches('<').to_owned());
                say("250 relay")?;
            }
            // What Dovecot is told that it offers it must offer: else Dovecot dies of it.
            b"EHLO" => say("250-relay\r\n250-8BITMIME\r\n250 SIZE")?,
            b"QUIT" => return say("221 bye"),
            _ => say("250 relay")?,
        }
    }
}

fn message(lines: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let line = line(lines)?;
        if line == b".\r\n" {
            return Some(message);
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// A line with its end.
fn line(lines: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = lines.read_until(b'\n', &mut line).ok()?;
    (read > 0).then_some(line)
}

/// Hands a message over.
fn pass_on(lmtp: &Path, recipients: &[String], message: &[u8]) -> std::io::Result<()> {
    let stream = UnixStream::connect(lmtp)?;
    let mut answers = BufReader::new(&stream).lines();
    let mut say = |line: &[u8]| -> std::io::Result<()> {
        (&stream).write_all(&[line, b"\r\n"].concat())?;
        // Of an answer with several lines the last one has no dash.
        while answers
            .next()
            .transpose()?
            .is_some_and(|line| line.as_bytes().get(3) == Some(&b'-'))
        {}
        Ok(())
    };
    // What is read first is the greeting: each answer is read one command late.
    say(b"LHLO relay")?;
    say(b"MAIL FROM:<>")?;
    for recipient in recipients {
        say(format!("RCPT TO:<{recipient}>").as_bytes())?;
    }
    say(b"DATA")?;
    let mut stuffed = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.push(b'.');
    say(&stuffed)?;
    for _ in recipients {
        say(b"NOOP")?;
    }
    say(b"QUIT")
}
