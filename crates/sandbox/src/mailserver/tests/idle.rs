//! IDLE, and waiting for what clients do.

use super::peer::Peer;
use super::{ANN, server};

#[tokio::test]
async fn new_mail_is_pushed_to_every_session_that_idles() {
    let (server, _) = server().await;
    let mut peers = [Peer::in_inbox(&server).await, Peer::in_inbox(&server).await];
    for peer in &mut peers {
        peer.say("a IDLE").await;
        assert_eq!(peer.line().await, "+ idling");
    }
    server.deliver(ANN, "Elsewhere", b"x");
    server.deliver(ANN, "INBOX", b"x");
    for peer in &mut peers {
        let pushed = peer.line().await;
        assert!(pushed.ends_with(" EXISTS"), "{pushed}");
    }
    server.deliver(ANN, "INBOX", b"y");
    for peer in &mut peers {
        assert_eq!(peer.line().await, "* 2 EXISTS");
        peer.say("DONE").await;
        assert_eq!(peer.line().await, "a OK IDLE terminated");
    }
}

#[tokio::test]
async fn mail_that_came_before_idle_is_told_as_it_begins() {
    let (server, _) = server().await;
    let mut peer = Peer::in_inbox(&server).await;
    server.deliver(ANN, "INBOX", b"x");
    peer.say("a IDLE").await;
    assert_eq!(peer.line().await, "* 1 EXISTS");
    assert_eq!(peer.line().await, "+ idling");
    peer.say("NOOP").await;
    assert_eq!(peer.line().await, "a BAD DONE was expected");
}

#[tokio::test]
async fn tests_can_wait_for_what_a_client_does() {
    let (server, _) = server().await;
    server.deliver(ANN, "INBOX", b"x");
    let mut peer = Peer::in_inbox(&server).await;
    let seen = server.wait_for(ANN, "INBOX", |messages| messages[0].has_flag("\\seen"));
    let marking = async {
        peer.ask("a STORE 1 +FLAGS \\Seen").await;
        peer.ask("b COPY 1 INBOX").await;
    };
    tokio::join!(seen, marking);
    server
        .wait_for(ANN, "INBOX", |messages| messages.len() == 2)
        .await;
}
