//! FETCH, STORE, COPY, MOVE, EXPUNGE, SEARCH, CLOSE.

use super::peer::Peer;
use super::{ANN, server};
use crate::MailServer;

const RAW: &[u8] = b"Subject: x\r\n\r\nbody\r\n";

async fn with_messages(count: usize) -> (MailServer, Peer) {
    let (server, _) = server().await;
    for _ in 0..count {
        server.deliver(ANN, "INBOX", RAW);
    }
    let peer = Peer::in_inbox(&server).await;
    (server, peer)
}

fn uids(server: &MailServer, folder: &str) -> Vec<u32> {
    let contents = server.contents(ANN, folder);
    contents.into_iter().map(|(uid, _, _)| uid).collect()
}

#[tokio::test]
async fn fetch_answers_byte_for_byte() {
    let (server, mut peer) = with_messages(2).await;
    peer.say("a UID FETCH 1 BODY.PEEK[]").await;
    let expected = b"* 1 FETCH (UID 1 BODY[] {20}\r\nSubject: x\r\n\r\nbody\r\n)\r\n\
        a OK FETCH completed\r\n";
    assert_eq!(peer.bytes(expected.len()).await, expected);
    peer.say("b FETCH 2 (RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[]<18.99> BODY.PEEK[]<50.1>)")
        .await;
    let expected = b"* 2 FETCH (RFC822.SIZE 20 BODY[HEADER] {14}\r\nSubject: x\r\n\r\n \
        BODY[]<18> {2}\r\n\r\n BODY[]<50> {0}\r\n)\r\nb OK FETCH completed\r\n";
    assert_eq!(peer.bytes(expected.len()).await, expected);
    assert!(
        server
            .contents(ANN, "INBOX")
            .iter()
            .all(|it| it.1.is_empty())
    );
    let answers = peer.ask("c FETCH 2 FAST").await;
    assert!(
        answers[0].starts_with("* 2 FETCH (FLAGS () INTERNALDATE \""),
        "{answers:?}"
    );
    assert!(
        answers[0].ends_with(" +0000\" RFC822.SIZE 20)"),
        "{answers:?}"
    );
}

#[tokio::test]
async fn reading_a_body_without_peek_marks_it_seen() {
    let (server, mut peer) = with_messages(1).await;
    peer.say("a UID FETCH 1 (BODY[])").await;
    let expected = b"* 1 FETCH (UID 1 BODY[] {20}\r\nSubject: x\r\n\r\nbody\r\n \
        FLAGS (\\Seen))\r\na OK FETCH completed\r\n";
    assert_eq!(peer.bytes(expected.len()).await, expected);
    assert_eq!(server.contents(ANN, "INBOX")[0].1, ["\\Seen"]);
}

#[tokio::test]
async fn uids_that_are_gone_are_not_answered_but_numbers_are_an_error() {
    let (_server, mut peer) = with_messages(2).await;
    assert_eq!(
        peer.ask("a UID FETCH 7:9 FLAGS").await,
        ["a OK FETCH completed"]
    );
    assert_eq!(
        peer.ask("b UID FETCH 9:* FLAGS").await,
        ["* 2 FETCH (UID 2 FLAGS ())", "b OK FETCH completed"]
    );
    assert_eq!(
        peer.ask("c FETCH 3 FLAGS").await,
        ["c BAD No message of that number"]
    );
}

#[tokio::test]
async fn store_changes_flags_and_tells_other_sessions() {
    let (server, mut peer) = with_messages(2).await;
    let mut other = Peer::in_inbox(&server).await;
    assert_eq!(
        peer.ask("a STORE 1:2 +FLAGS (\\Seen \\Flagged)").await,
        [
            "* 1 FETCH (FLAGS (\\Seen \\Flagged))",
            "* 2 FETCH (FLAGS (\\Seen \\Flagged))",
            "a OK STORE completed",
        ]
    );
    assert_eq!(
        peer.ask("b UID STORE 2 -FLAGS.SILENT (\\Seen)").await,
        ["b OK STORE completed"]
    );
    assert_eq!(
        other.ask("c NOOP").await,
        [
            "* 1 FETCH (UID 1 FLAGS (\\Seen \\Flagged))",
            "* 2 FETCH (UID 2 FLAGS (\\Flagged))",
            "c OK completed",
        ]
    );
    assert_eq!(
        peer.ask("d UID STORE 1 FLAGS Work").await[0],
        "* 1 FETCH (UID 1 FLAGS (Work))"
    );
}

#[tokio::test]
async fn uid_expunge_takes_only_what_it_names() {
    let (server, mut peer) = with_messages(4).await;
    let mut other = Peer::in_inbox(&server).await;
    peer.ask("a UID STORE 1,2,4 +FLAGS.SILENT (\\Deleted)")
        .await;
    assert_eq!(
        peer.ask("b UID EXPUNGE 2:3").await,
        ["* 2 EXPUNGE", "b OK EXPUNGE completed"]
    );
    assert_eq!(uids(&server, "INBOX"), [1, 3, 4]);
    assert_eq!(
        peer.ask("c EXPUNGE").await,
        ["* 3 EXPUNGE", "* 1 EXPUNGE", "c OK EXPUNGE completed"]
    );
    assert_eq!(uids(&server, "INBOX"), [3]);
    let during_fetch = other.ask("d FETCH 3 UID").await;
    assert_eq!(during_fetch, ["* 3 FETCH (UID 3)", "d OK FETCH completed"]);
    assert_eq!(
        other.ask("e UID FETCH 3 UID").await,
        [
            "* 3 FETCH (UID 3)",
            "* 4 EXPUNGE",
            "* 2 EXPUNGE",
            "* 1 EXPUNGE",
            "e OK FETCH completed"
        ]
    );
}

#[tokio::test]
async fn copy_and_move_say_the_new_uids() {
    let (server, mut peer) = with_messages(4).await;
    server.deliver(ANN, "Done", RAW);
    assert_eq!(
        peer.ask("a UID COPY 1,3 Done").await,
        ["a OK [COPYUID 2 1,3 2:3] COPY completed"]
    );
    assert_eq!(
        peer.ask("b UID MOVE 2:3 Done").await,
        [
            "* OK [COPYUID 2 2:3 4:5] Moved",
            "* 3 EXPUNGE",
            "* 2 EXPUNGE",
            "b OK MOVE completed"
        ]
    );
    assert_eq!(uids(&server, "INBOX"), [1, 4]);
    assert_eq!(uids(&server, "Done"), [1, 2, 3, 4, 5]);
    for command in ["c UID COPY 1 Nowhere", "c UID MOVE 1 Nowhere"] {
        assert_eq!(peer.ask(command).await, ["c NO [TRYCREATE] No such folder"]);
    }
    assert_eq!(
        peer.ask("d UID MOVE 99:100 Done").await,
        ["d OK MOVE completed"]
    );
}

#[tokio::test]
async fn search_finds_by_uid_and_flag() {
    let (_server, mut peer) = with_messages(3).await;
    peer.ask("a STORE 1 +FLAGS.SILENT \\Deleted").await;
    peer.ask("b EXPUNGE").await;
    peer.ask("c STORE 1 +FLAGS.SILENT \\Seen").await;
    for (command, found) in [
        ("d UID SEARCH ALL", "* SEARCH 2 3"),
        ("d SEARCH ALL", "* SEARCH 1 2"),
        ("d UID SEARCH UID 3:* UNSEEN", "* SEARCH 3"),
        ("d UID SEARCH SEEN", "* SEARCH 2"),
        ("d UID SEARCH DELETED", "* SEARCH"),
    ] {
        assert_eq!(peer.ask(command).await, [found, "d OK SEARCH completed"]);
    }
    assert_eq!(peer.ask("e SEARCH").await, ["e BAD Missing search key"]);
}

#[tokio::test]
async fn close_expunges_and_unselect_does_not() {
    let (server, mut peer) = with_messages(2).await;
    peer.ask("a STORE 1 +FLAGS.SILENT \\Deleted").await;
    assert_eq!(peer.ask("b UNSELECT").await, ["b OK completed"]);
    assert_eq!(uids(&server, "INBOX"), [1, 2]);
    peer.ask("c EXAMINE INBOX").await;
    peer.ask("d CLOSE").await;
    assert_eq!(uids(&server, "INBOX"), [1, 2]);
    peer.ask("e SELECT INBOX").await;
    assert_eq!(peer.ask("f CLOSE").await, ["f OK completed"]);
    assert_eq!(uids(&server, "INBOX"), [2]);
    assert_eq!(peer.ask("g CLOSE").await, ["g BAD Select a folder first"]);
}
