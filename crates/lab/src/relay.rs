//! Where Dovecot's submission passes mail on to: an SMTP server that says yes and keeps nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
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
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port can be had");
        let port = listener.local_addr().expect("it has an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                thread::spawn(move || serve(&client));
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
fn serve(client: &TcpStream) -> Option<()> {
    let mut lines = BufReader::new(client).lines();
    let say = |line: &str| {
        let mut to = client;
        to.write_all(format!("{line}\r\n").as_bytes()).ok()
    };
    say("220 relay")?;
    while let Some(Ok(line)) = lines.next() {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "DATA" => {
                say("354 go on")?;
                lines
                    .by_ref()
                    .map_while(Result::ok)
                    .find(|line| line == ".")?;
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 relay")?,
        }
    }
    Some(())
}
