//! Where Dovecot's submission passes mail on to: an SMTP server that hands it to Dovecot's own LMTP, as
//! the mail system around it would. What that does not take is lost.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A running relay; takes no more connections when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    port: u16,
    stop: Arc<AtomicBool>,
}

impl Relay {
    /// For the LMTP server that listens at this socket.
    pub(crate) fn start(lmtp: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port can be had");
        let port = listener.local_addr().expect("it has an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let lmtp = lmtp.clone();
                thread::spawn(move || serve(&client, &lmtp));
            }
        });
        Self { port, stop }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it, so that it looks.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Until the client leaves, or breaks off.
fn serve(client: &TcpStream, lmtp: &Path) -> Option<()> {
    let mut lines = BufReader::new(client).lines();
    let say = |line: &str| {
        let mut to = client;
        to.write_all(format!("{line}\r\n").as_bytes()).ok()
    };
    say("220 relay")?;
    let mut recipients = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                say("354 go on")?;
                let text = lines.by_ref().map_while(Result::ok);
                let text: Vec<String> = text.take_while(|line| line != ".").collect();
                // The answer comes first: it is a relay.
                say("250 taken")?;
                let _ = pass_on(lmtp, &recipients, &text);
                recipients.clear();
            }
            "RCPT" => {
                let path = line.get("RCPT TO:".len()..).unwrap_or_default();
                let address = path.split('>').next().unwrap_or_default();
                recipients.push(address.trim_start_matches('<').to_owned());
                say("250 relay")?;
            }
            // What Dovecot is told that it offers it must offer: else Dovecot dies of it.
            "EHLO" => say("250-relay\r\n250-8BITMIME\r\n250 SIZE")?,
            "QUIT" => return say("221 bye"),
            _ => say("250 relay")?,
        }
    }
    Some(())
}

/// Hands a message over; its lines are those of the wire.
fn pass_on(lmtp: &Path, recipients: &[String], text: &[String]) -> std::io::Result<()> {
    let stream = UnixStream::connect(lmtp)?;
    let mut answers = BufReader::new(&stream).lines();
    let mut say = |line: &str| -> std::io::Result<()> {
        (&stream).write_all(format!("{line}\r\n").as_bytes())?;
        // Of an answer with several lines the last one has no dash.
        while answers
            .next()
            .transpose()?
            .is_some_and(|line| line.as_bytes().get(3) == Some(&b'-'))
        {}
        Ok(())
    };
    // What is read first is the greeting: each answer is read one command late.
    say("LHLO relay")?;
    say("MAIL FROM:<>")?;
    for recipient in recipients {
        say(&format!("RCPT TO:<{recipient}>"))?;
    }
    say("DATA")?;
    say(&format!("{}\r\n.", text.join("\r\n")))?;
    for _ in recipients {
        say("NOOP")?;
    }
    say("QUIT")
}
