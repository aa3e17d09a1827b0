//! POP3 over the INBOX of IMAP.

use super::peer::{Peer, xoauth2};
use super::{ANN, TOKEN, server_with};
use crate::{ImapFault, LineFault, MailServer, MailServerOptions, UniqueIds};

const MESSAGES: [&[u8]; 3] = [b"A: one\r\n\r\n.\r\n", b"no end", b"A: three\r\n\r\n"];

/// A server with three messages in Ann's INBOX.
async fn server() -> MailServer {
    let options = MailServerOptions::default().with_every_protocol();
    let server = server_with(options).await.0;
    for message in MESSAGES {
        server.deliver(ANN, "INBOX", message);
    }
    server
}

/// Ann, logged in.
async fn ann(server: &MailServer) -> Peer {
    let mut peer = Peer::at(server.pop3_address()).await;
    peer.line().await;
    assert_eq!(one(&mut peer, "AUTH XOAUTH2").await, "+ ");
    let said = one(&mut peer, &xoauth2(ANN, TOKEN)).await;
    assert_eq!(said, "+OK Logged in");
    peer
}

/// Says a line and hears one.
async fn one(peer: &mut Peer, line: &str) -> String {
    peer.say(line).await;
    peer.line().await
}

/// Says a line and hears all up to a lone dot.
async fn many(peer: &mut Peer, line: &str) -> Vec<String> {
    peer.say(line).await;
    let mut lines = Vec::new();
    loop {
        match peer.line().await {
            line if line == "." => return lines,
            line => lines.push(line),
        }
    }
}

fn uids(server: &MailServer) -> Vec<u32> {
    let contents = server.contents(ANN, "INBOX").into_iter();
    contents.map(|(uid, ..)| uid).collect()
}

#[tokio::test]
async fn the_inbox_is_listed_with_sizes_and_unique_ids() {
    let server = server().await;
    let mut peer = ann(&server).await;
    assert_eq!(one(&mut peer, "STAT").await, "+OK 3 33");
    assert_eq!(
        many(&mut peer, "LIST").await,
        ["+OK 3 messages (33 octets)", "1 13", "2 8", "3 12"]
    );
    assert_eq!(
        many(&mut peer, "uidl").await[1..],
        ["1 1.1", "2 1.2", "3 1.3"]
    );
    assert_eq!(one(&mut peer, "LIST 2").await, "+OK 2 8");
    assert_eq!(one(&mut peer, "UIDL 3").await, "+OK 3 1.3");
    for command in [
        "LIST 4", "UIDL 0", "RETR x", "RETR", "DELE -1", "TOP 9 0", "TOP 1",
    ] {
        let said = one(&mut peer, command).await;
        assert!(said.starts_with("-ERR"), "{command}: {said}");
    }
    assert_eq!(one(&mut peer, "NOOP").await, "+OK");
}

#[tokio::test]
async fn a_header_is_to_be_had_alone_and_with_some_lines() {
    let server = server().await;
    server.deliver(ANN, "INBOX", b"A: b\r\n\r\n1\r\n2\r\n3\r\n");
    let mut peer = ann(&server).await;
    assert_eq!(many(&mut peer, "TOP 4 0").await, ["+OK", "A: b", ""]);
    assert_eq!(
        many(&mut peer, "TOP 4 2").await,
        ["+OK", "A: b", "", "1", "2"]
    );
    let whole = ["+OK", "A: b", "", "1", "2", "3"];
    assert_eq!(many(&mut peer, "TOP 4 9").await, whole);
    assert_eq!(many(&mut peer, "TOP 2 0").await, ["+OK", "no end"]);
}

#[tokio::test]
async fn unique_ids_may_be_no_more_than_places_or_contents() {
    for unique_ids in [UniqueIds::Places, UniqueIds::Contents] {
        let options = MailServerOptions {
            unique_ids,
            ..MailServerOptions::default().with_every_protocol()
        };
        let server = server_with(options).await.0;
        for message in [b"A: one\r\n\r\n", b"A: two\r\n\r\n", b"A: two\r\n\r\n"] {
            server.deliver(ANN, "INBOX", message);
        }
        let ids = async || {
            let lines = many(&mut ann(&server).await, "UIDL").await;
            let id = |line: &String| line.split_once(' ').unwrap().1.to_owned();
            lines[1..].iter().map(id).collect::<Vec<_>>()
        };
        let before = ids().await;
        server.expunge(ANN, "INBOX", 1);
        let after = ids().await;
        if unique_ids == UniqueIds::Contents {
            assert_eq!(before[1], before[2]);
            assert_eq!(after, before[1..]);
        } else {
            assert_eq!(before, ["1", "2", "3"]);
            assert_eq!(after, ["1", "2"]);
        }
    }
}

#[tokio::test]
async fn nothing_is_to_be_had_before_a_login() {
    let server = server().await;
    let mut peer = Peer::at(server.pop3_address()).await;
    peer.line().await;
    for command in ["STAT", "LIST", "UIDL", "RETR 1", "DELE 1", "RSET", "NOOP"] {
        assert_eq!(one(&mut peer, command).await, "-ERR Not now", "{command}");
    }
    assert_eq!(one(&mut peer, "QUIT").await, "+OK Good-bye");
}

#[tokio::test]
async fn messages_come_with_their_dots_doubled_and_an_end() {
    let server = server().await;
    let mut peer = ann(&server).await;
    let said = many(&mut peer, "RETR 1").await;
    assert_eq!(said, ["+OK 13 octets", "A: one", "", ".."]);
    assert_eq!(many(&mut peer, "RETR 2").await, ["+OK 8 octets", "no end"]);
    // All at once.
    peer.send(b"RETR 2\r\nNOOP\r\nRETR 3\r\n").await;
    let expected = b"+OK 8 octets\r\nno end\r\n.\r\n+OK\r\n+OK 12 octets\r\nA: three\r\n\r\n.\r\n";
    assert_eq!(peer.bytes(expected.len()).await, expected);
}

#[tokio::test]
async fn what_is_marked_is_deleted_at_quit_and_not_before() {
    let server = server().await;
    let mut peer = ann(&server).await;
    one(&mut peer, "DELE 1").await;
    one(&mut peer, "RSET").await;
    assert!(one(&mut peer, "DELE 2").await.starts_with("+OK"));
    for command in ["DELE 2", "RETR 2", "LIST 2"] {
        assert!(one(&mut peer, command).await.starts_with("-ERR"));
    }
    assert_eq!(one(&mut peer, "STAT").await, "+OK 2 25");
    assert_eq!(many(&mut peer, "UIDL").await[1..], ["1 1.1", "3 1.3"]);
    assert_eq!(uids(&server), [1, 2, 3]);
    assert_eq!(one(&mut peer, "QUIT").await, "+OK Good-bye");
    assert_eq!(uids(&server), [1, 3]);
    let mut peer = ann(&server).await;
    assert_eq!(many(&mut peer, "UIDL").await[1..], ["1 1.1", "2 1.3"]);
}

#[tokio::test]
async fn a_session_that_ends_without_quit_deletes_nothing() {
    let server = server().await;
    let mut peer = ann(&server).await;
    one(&mut peer, "DELE 1").await;
    server.drop_connections();
    assert_eq!(peer.line().await, "");
    assert_eq!(uids(&server), [1, 2, 3]);
}

#[tokio::test]
async fn a_session_sees_the_inbox_as_it_was_at_login() {
    let server = server().await;
    let mut early = ann(&server).await;
    server.deliver(ANN, "INBOX", b"new\r\n");
    let mut other = ann(&server).await;
    one(&mut other, "DELE 1").await;
    one(&mut other, "QUIT").await;
    assert_eq!(one(&mut early, "STAT").await, "+OK 3 33");
    assert_eq!(many(&mut early, "RETR 1").await[1], "A: one");
    one(&mut early, "DELE 3").await;
    one(&mut early, "QUIT").await;
    assert_eq!(uids(&server), [2, 4]);
}

#[tokio::test]
async fn a_new_uidvalidity_gives_new_unique_ids_and_deletes_nothing() {
    let server = server().await;
    let mut early = ann(&server).await;
    one(&mut early, "DELE 1").await;
    server.fault(ImapFault::NewUidValidity, Some(1));
    Peer::in_inbox(&server).await;
    one(&mut early, "QUIT").await;
    assert_eq!(uids(&server), [1, 2, 3]);
    let mut peer = ann(&server).await;
    assert_eq!(one(&mut peer, "UIDL 1").await, "+OK 1 2.1");
}

#[tokio::test]
async fn each_way_of_not_quitting_is_had_on_demand() {
    for (fault, said, left) in [
        (
            LineFault::RefuseQuit,
            "-ERR Some deleted messages not removed",
            3,
        ),
        (LineFault::SilentQuit { deletes: false }, "", 3),
        (LineFault::SilentQuit { deletes: true }, "", 2),
    ] {
        let server = server().await;
        server.pop3_fault(fault, Some(1));
        let mut peer = ann(&server).await;
        one(&mut peer, "DELE 1").await;
        assert_eq!(one(&mut peer, "QUIT").await, said);
        assert_eq!(uids(&server).len(), left);
    }
}

#[tokio::test]
async fn any_command_is_answered_with_any_words_on_demand() {
    let server = server().await;
    let lines = ["+OK", "1 twice", "1 twice", "."].map(str::to_owned);
    let fault = LineFault::Answer {
        command: "UIDL".to_owned(),
        lines: lines.to_vec(),
    };
    server.pop3_fault(fault, Some(1));
    let mut peer = ann(&server).await;
    assert_eq!(one(&mut peer, "STAT").await, "+OK 3 33");
    assert_eq!(many(&mut peer, "UIDL").await, lines[..3]);
    assert_eq!(many(&mut peer, "UIDL").await.len(), 4);
}

#[tokio::test]
async fn a_message_is_refused_or_broken_off_on_demand() {
    let server = server().await;
    server.pop3_fault(LineFault::RefuseMessage(2), Some(1));
    server.pop3_fault(LineFault::TruncateMessage(20), Some(1));
    let mut peer = ann(&server).await;
    assert!(one(&mut peer, "RETR 2").await.starts_with("-ERR"));
    peer.say("RETR 1").await;
    assert_eq!(peer.until_closed().await, b"+OK 13 octets\r\nA: on");
}
