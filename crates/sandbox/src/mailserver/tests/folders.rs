//! LIST, STATUS, CREATE, SELECT, APPEND.

use super::peer::Peer;
use super::{ANN, server};

const RAW: &[u8] = b"Subject: x\r\n\r\nbody\r\n";

#[tokio::test]
async fn folders_are_made_listed_and_counted() {
    let (server, _) = server().await;
    server.deliver(ANN, "Tickets/&AOQ-lt", RAW);
    server.deliver(ANN, "INBOX", RAW);
    let mut peer = Peer::ann(&server).await;
    assert_eq!(
        peer.ask("a CREATE \"With \\\"quotes\\\"\"").await,
        ["a OK CREATE completed"]
    );
    assert_eq!(
        peer.ask("b CREATE inbox").await,
        ["b NO [ALREADYEXISTS] There is a folder of that name"]
    );
    assert_eq!(
        peer.ask("c LIST \"\" \"*\"").await,
        [
            r#"* LIST () "/" "INBOX""#,
            r#"* LIST () "/" "Tickets/&AOQ-lt""#,
            r#"* LIST () "/" "With \"quotes\"""#,
            "c OK LIST completed",
        ]
    );
    assert_eq!(
        peer.ask("d LIST \"\" \"\"").await[0],
        r#"* LIST (\Noselect) "/" """#
    );
    assert_eq!(
        peer.ask("e STATUS inbox (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)")
            .await,
        [
            r#"* STATUS "inbox" (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1 UNSEEN 1 RECENT 0)"#,
            "e OK STATUS completed",
        ]
    );
    assert_eq!(
        peer.ask("f STATUS Nowhere (MESSAGES)").await,
        ["f NO [NONEXISTENT] No such folder"]
    );
}

#[tokio::test]
async fn select_tells_all_that_a_client_needs() {
    let (server, _) = server().await;
    server.deliver(ANN, "INBOX", RAW);
    server.deliver(ANN, "INBOX", RAW);
    let mut peer = Peer::ann(&server).await;
    let told = [
        r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)",
        r"* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] Flags permitted",
        "* 2 EXISTS",
        "* 0 RECENT",
        "* OK [UIDVALIDITY 1] UIDs valid",
        "* OK [UIDNEXT 3] Next UID",
        "* OK [HIGHESTMODSEQ ",
        "* OK [UNSEEN 1] First unseen",
        "a OK [READ-WRITE] SELECT completed",
    ];
    let answers = peer.ask("a SELECT inbox").await;
    assert_eq!(answers.len(), told.len());
    for (answer, told) in answers.iter().zip(told) {
        assert!(answer.starts_with(told), "{answer}");
    }
    let read_only = peer.ask("b EXAMINE INBOX").await;
    assert_eq!(read_only[1], "* OK [PERMANENTFLAGS ()] Flags permitted");
    assert_eq!(read_only[8], "b OK [READ-ONLY] EXAMINE completed");
    assert_eq!(
        peer.ask("c STORE 1 +FLAGS (\\Seen)").await,
        ["c NO The folder is open for reading only"]
    );
    assert_eq!(
        peer.ask("d SELECT Nowhere").await,
        ["d NO [NONEXISTENT] No such folder"]
    );
    assert_eq!(
        peer.ask("e FETCH 1 FLAGS").await,
        ["e BAD Select a folder first"]
    );
}

#[tokio::test]
async fn append_keeps_every_byte_with_both_kinds_of_literal() {
    let (server, _) = server().await;
    let raw = b"Subject: \xff\r\n\r\nbare\nlf, bare\rcr, nul\0, ) {3}\r\nno end";
    let mut peer = Peer::ann(&server).await;
    peer.say(&format!("a APPEND INBOX (\\seen Work) {{{}}}", raw.len()))
        .await;
    assert_eq!(peer.line().await, "+ Go on");
    peer.send(raw).await;
    peer.say("").await;
    assert_eq!(peer.line().await, "a OK [APPENDUID 1 1] APPEND completed");
    let date = "\"01-Feb-2026 10:00:00 +0100\"";
    peer.say(&format!("b APPEND inbox {date} {{{}+}}", raw.len()))
        .await;
    peer.send(raw).await;
    peer.say("").await;
    assert_eq!(peer.line().await, "b OK [APPENDUID 1 2] APPEND completed");
    let flags = vec!["\\Seen".to_owned(), "Work".to_owned()];
    assert_eq!(
        server.contents(ANN, "INBOX"),
        [(1, flags, raw.to_vec()), (2, vec![], raw.to_vec())]
    );
    peer.say("c APPEND Nowhere {1+}\r\nx").await;
    assert_eq!(peer.line().await, "c NO [TRYCREATE] No such folder");
}

#[tokio::test]
async fn what_is_too_long_ends_the_session() {
    let (server, _) = server().await;
    let mut peer = Peer::ann(&server).await;
    peer.say("a APPEND INBOX {99999999999}").await;
    assert_eq!(
        peer.until_closed().await,
        b"* BYE [TOOBIG] Literal too large\r\n"
    );
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    peer.send(&vec![b'x'; 256 * 1024 + 1]).await;
    assert_eq!(peer.line().await, "* BYE Line too long");
}
