//! Each fault as its documentation has it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::peer::{Peer, xoauth2};
use super::{ANN, TOKEN, server};
use crate::ImapFault;

const RAW: &[u8] = b"Subject: x\r\n\r\nbody\r\n";

#[tokio::test]
async fn logins_are_refused_in_each_way_as_often_as_asked() {
    let (server, _) = server().await;
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    let login = format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN));
    server.fault(ImapFault::Unavailable, Some(1));
    server.fault(ImapFault::TooManyConnections, Some(1));
    server.fault(ImapFault::RefuseToken, Some(1));
    assert_eq!(
        peer.ask(&login).await,
        ["a NO [UNAVAILABLE] Temporary authentication failure"]
    );
    assert_eq!(
        peer.ask(&login).await,
        ["a NO [ALERT] Too many simultaneous connections. (Failure)"]
    );
    peer.say(&login).await;
    let challenge = r#"{"status":"401","schemes":"bearer","scope":"mail"}"#;
    assert_eq!(
        peer.line().await,
        format!("+ {}", BASE64_STANDARD.encode(challenge))
    );
    peer.say("").await;
    assert_eq!(
        peer.line().await,
        "a NO [AUTHENTICATIONFAILED] Authentication failed."
    );
    assert!(peer.ask(&login).await[0].starts_with("a OK "));
}

#[tokio::test]
async fn an_authenticated_session_may_not_be_connected() {
    let (server, _) = server().await;
    server.fault(ImapFault::NotConnected, Some(1));
    let mut peer = Peer::ann(&server).await;
    for command in ["a NOOP", "a SELECT INBOX", "a LIST \"\" \"*\""] {
        assert_eq!(
            peer.ask(command).await,
            ["a BAD User is authenticated but not connected."]
        );
    }
    assert_eq!(
        peer.ask("b CAPABILITY").await[1],
        "b OK CAPABILITY completed"
    );
    let mut peer = Peer::ann(&server).await;
    assert_eq!(peer.ask("a NOOP").await, ["a OK completed"]);
}

#[tokio::test]
async fn a_fetch_breaks_off_after_so_many_bytes() {
    let (server, _) = server().await;
    server.deliver(ANN, "INBOX", RAW);
    for length in [0, 1, 35, 1000] {
        let mut peer = Peer::in_inbox(&server).await;
        server.fault(ImapFault::TruncateFetch(length), Some(1));
        peer.say("a UID FETCH 1 BODY.PEEK[]").await;
        let whole = b"* 1 FETCH (UID 1 BODY[] {20}\r\nSubject: x\r\n\r\nbody\r\n)\r\n";
        let end = whole.len().min(usize::try_from(length).unwrap());
        assert_eq!(peer.until_closed().await, &whole[..end]);
    }
}

#[tokio::test]
async fn answers_are_slow() {
    let (server, _) = server().await;
    let mut peer = Peer::ann(&server).await;
    let delay = Duration::from_millis(50);
    server.fault(ImapFault::Slow(delay), None);
    let begun = Instant::now();
    peer.ask("a NOOP").await;
    peer.ask("b NOOP").await;
    assert!(begun.elapsed() >= 2 * delay);
}

#[tokio::test]
async fn a_session_is_invalidated_on_the_next_command_and_while_idling() {
    let (server, _) = server().await;
    let mut peer = Peer::ann(&server).await;
    server.fault(ImapFault::TokenExpiredBye, Some(1));
    peer.say("a NOOP").await;
    let bye = b"* BYE Session invalidated - AccessTokenExpired\r\n";
    assert_eq!(peer.until_closed().await, bye);
    let mut peer = Peer::in_inbox(&server).await;
    peer.say("a IDLE").await;
    peer.line().await;
    server.fault(ImapFault::TokenExpiredBye, Some(1));
    assert_eq!(peer.until_closed().await, bye);
}

#[tokio::test]
async fn select_answers_garbage_and_no_more() {
    let (server, _) = server().await;
    let mut peer = Peer::ann(&server).await;
    server.fault(ImapFault::Garbage, Some(1));
    peer.say("a SELECT INBOX").await;
    let garbage = b"\x00\xff* )(}{99999999999999999999} SELECT\r\n\x80\x80 =?\r\n";
    assert_eq!(peer.bytes(garbage.len()).await, garbage);
    assert_eq!(peer.ask("b NOOP").await, ["b OK completed"]);
}

#[tokio::test]
async fn bytes_are_injected_between_starttls_and_the_handshake() {
    let (server, _) = server().await;
    server.fault(ImapFault::StartTlsInjection, Some(1));
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    peer.say("a STARTTLS").await;
    let answer = b"a OK Begin TLS negotiation now\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n";
    assert_eq!(peer.bytes(answer.len()).await, answer);
    // The handshake is possible all the same: the client has to notice by itself.
    let mut peer = peer.secured(&server).await;
    assert_eq!(peer.ask("b NOOP").await, ["b OK NOOP completed"]);
}

#[tokio::test]
async fn what_a_client_sends_behind_starttls_is_thrown_away() {
    let (server, _) = server().await;
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    peer.send(b"a STARTTLS\r\nb NOOP\r\n").await;
    assert_eq!(peer.line().await, "a OK Begin TLS negotiation now");
    let mut peer = peer.secured(&server).await;
    assert_eq!(peer.ask("c NOOP").await, ["c OK NOOP completed"]);
}

#[tokio::test]
async fn a_line_after_the_greeting_never_ends() {
    let (server, _) = server().await;
    server.fault(ImapFault::EndlessLine, Some(1));
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    assert_eq!(peer.bytes(3_000_000).await, vec![b'x'; 3_000_000]);
    drop(peer);
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    assert_eq!(peer.ask("a NOOP").await, ["a OK NOOP completed"]);
}

#[tokio::test]
async fn a_huge_literal_is_announced_and_comes() {
    let (server, _) = server().await;
    server.deliver(ANN, "INBOX", RAW);
    let mut peer = Peer::in_inbox(&server).await;
    server.fault(ImapFault::HugeLiteral(10_000_001), Some(1));
    peer.say("a UID FETCH 1 BODY.PEEK[]").await;
    assert_eq!(peer.line().await, "* 1 FETCH (UID 1 BODY[] {10000001}");
    peer.bytes(10_000_001).await;
    assert_eq!(peer.line().await, ")");
    assert_eq!(peer.line().await, "a OK FETCH completed");
    server.fault(ImapFault::HugeLiteral(u64::MAX), Some(1));
    peer.say("b UID FETCH 1 BODY.PEEK[]").await;
    assert_eq!(
        peer.line().await,
        "* 1 FETCH (UID 1 BODY[] {18446744073709551615}"
    );
}

#[tokio::test]
async fn uid_validity_changes_and_ends_other_sessions() {
    let (server, _) = server().await;
    for _ in 0..3 {
        server.deliver(ANN, "INBOX", RAW);
    }
    let mut other = Peer::in_inbox(&server).await;
    other.ask("a UID STORE 1 +FLAGS.SILENT \\Deleted").await;
    other.ask("b EXPUNGE").await;
    server.fault(ImapFault::NewUidValidity, Some(1));
    let mut peer = Peer::ann(&server).await;
    let answers = peer.ask("a SELECT INBOX").await;
    assert!(answers.contains(&"* OK [UIDVALIDITY 2] UIDs valid".to_owned()));
    assert!(answers.contains(&"* OK [UIDNEXT 3] Next UID".to_owned()));
    assert_eq!(peer.ask("b UID SEARCH ALL").await[0], "* SEARCH 1 2");
    other.say("c NOOP").await;
    assert_eq!(other.line().await, "* BYE The folder has changed");
}

#[tokio::test]
async fn connections_are_counted_and_dropped() {
    let (server, _) = server().await;
    let mut peers = [Peer::ann(&server).await, Peer::in_inbox(&server).await];
    assert_eq!(server.connections(), 2);
    server.drop_connections();
    for peer in &mut peers {
        assert!(peer.until_closed().await.is_empty());
    }
    let mut peer = Peer::ann(&server).await;
    assert_eq!(peer.ask("a NOOP").await, ["a OK completed"]);
}

#[tokio::test]
async fn a_server_that_is_dropped_listens_no_more() {
    let (server, _) = server().await;
    let address = server.plain_address().unwrap();
    let mut peer = Peer::ann(&server).await;
    drop(server);
    assert!(peer.until_closed().await.is_empty());
    // A connection that the system took just before is closed without a word.
    if let Ok(mut late) = TcpStream::connect(address).await {
        assert!(!matches!(late.read(&mut [0; 1]).await, Ok(1..)));
    }
}

#[tokio::test]
async fn an_append_is_refused_before_its_message_where_the_client_waits() {
    let (server, _) = server().await;
    let mut peer = Peer::ann(&server).await;
    let refusal = ImapFault::RefuseAppend("NO [OVERQUOTA] Mailbox is full".to_owned());
    server.fault(refusal.clone(), Some(1));
    let refused = ["a NO [OVERQUOTA] Mailbox is full"];
    assert_eq!(peer.ask("a APPEND INBOX {20}").await, refused);
    server.fault(refusal, Some(1));
    assert_eq!(peer.ask("a APPEND INBOX {1+}\r\nx").await, refused);
    assert!(server.contents(ANN, "INBOX").is_empty());
    assert_eq!(peer.ask("b NOOP").await, ["b OK completed"]);
}

#[tokio::test]
async fn the_server_hangs_up_behind_the_message_of_an_append() {
    for keeps in [false, true] {
        let (server, _) = server().await;
        let mut peer = Peer::ann(&server).await;
        server.fault(
            ImapFault::HangUpAppend {
                keeps,
                then: Some(Box::new(ImapFault::Unavailable)),
            },
            Some(1),
        );
        peer.say("a APPEND INBOX {1+}\r\nx").await;
        assert!(peer.until_closed().await.is_empty());
        assert_eq!(server.contents(ANN, "INBOX").len(), usize::from(keeps));
        let mut peer = Peer::plain(&server).await;
        peer.line().await;
        let login = format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN));
        assert!(peer.ask(&login).await[0].starts_with("a NO [UNAVAILABLE]"));
    }
}
