//! Somebody between Mailgrant and an IMAP server in plain text, who hears when a message is appended and
//! what becomes of it.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::victim::{Place, Victim};

/// Passes everything on to a server; gives the port where it listens.
pub(super) async fn start(to: SocketAddr, victim: Victim) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let victim = victim.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(to).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let asked = Heard {
                    word: b" APPEND ",
                    before: &[Place::Offered],
                    behind: &[],
                };
                let told = Heard {
                    word: b"[APPENDUID ",
                    before: &[Place::Taken],
                    behind: &[Place::Answered],
                };
                tokio::join!(
                    pass_on(from_client, to_server, &victim, asked),
                    pass_on(from_server, to_client, &victim, told),
                );
            });
        }
    });
    port
}

/// What is listened for, and what has happened before it is passed on and behind that.
struct Heard {
    word: &'static [u8],
    before: &'static [Place],
    behind: &'static [Place],
}

/// Ends where either of them does. What a killed process has said is passed on.
async fn pass_on(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    victim: &Victim,
    heard: Heard,
) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let said = &piece[..count];
        let is_said = said
            .windows(heard.word.len())
            .any(|word| word == heard.word);
        let reaches = |places: &[Place]| {
            for place in places.iter().filter(|_| is_said) {
                victim.reaches(*place);
            }
        };
        reaches(heard.before);
        if to.write_all(said).await.is_err() {
            return;
        }
        reaches(heard.behind);
    }
    let _ = to.shutdown().await;
}
