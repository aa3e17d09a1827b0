//! Many messages, many connections, any bytes.

use super::peer::Peer;
use super::{ANN, server};

#[tokio::test]
async fn five_thousand_messages_are_served_whole() {
    const COUNT: usize = 5000;
    let (server, _) = server().await;
    let raw = b"x".repeat(10 * 1024);
    for _ in 0..COUNT {
        server.deliver(ANN, "INBOX", &raw);
    }
    let mut peer = Peer::in_inbox(&server).await;
    peer.say("a UID FETCH 1:* (UID BODY.PEEK[])").await;
    for uid in 1..=COUNT {
        let line = format!("* {uid} FETCH (UID {uid} BODY[] {{10240}}");
        assert_eq!(peer.line().await, line);
        assert!(peer.bytes(raw.len()).await == raw);
        assert_eq!(peer.line().await, ")");
    }
    assert_eq!(peer.line().await, "a OK FETCH completed");
}

#[tokio::test]
async fn many_sessions_idle_side_by_side() {
    let (server, _) = server().await;
    let mut peers = Vec::new();
    for _ in 0..200 {
        let mut peer = Peer::in_inbox(&server).await;
        peer.say("a IDLE").await;
        peer.line().await;
        peers.push(peer);
    }
    assert_eq!(server.connections(), 200);
    server.deliver(ANN, "INBOX", b"x");
    for peer in &mut peers {
        assert_eq!(peer.line().await, "* 1 EXISTS");
    }
}

#[tokio::test]
async fn no_bytes_of_a_client_bring_the_server_down() {
    let (server, _) = server().await;
    let mut random = fastrand::Rng::with_seed(7);
    let pieces: [&[u8]; 16] = [
        b"a ",
        b"UID ",
        b"FETCH ",
        b"1:*",
        b" ",
        b"(",
        b")",
        b"[",
        b"]<0.1>",
        b"\"",
        b"\\",
        b"{3+}\r\n",
        b"BODY",
        b"STORE ",
        b"\r\n",
        b"\xff\x00",
    ];
    for _ in 0..50 {
        let mut peer = Peer::in_inbox(&server).await;
        let mut bytes: Vec<u8> = (0..200)
            .flat_map(|_| pieces[random.usize(..pieces.len())].iter().copied())
            .collect();
        bytes.extend_from_slice(b"\r\nxxx\r\nxxx\r\nz LOGOUT\r\n");
        peer.send(&bytes).await;
    }
    assert_eq!(
        Peer::ann(&server).await.ask("a NOOP").await,
        ["a OK completed"]
    );
}
