//! What is told and listed of folders that are not selected.

use super::peer::Peer;
use super::{ANN, server, server_with};
use crate::{ImapFault, MailServerOptions};

const NOTIFY: &str = "a NOTIFY SET (selected (MessageNew MessageExpunge)) \
                      (mailboxes (INBOX Other) (MessageNew MessageExpunge))";

#[tokio::test]
async fn mail_in_another_folder_is_told_during_idle() {
    let (server, _) = server().await;
    server.deliver(ANN, "Other", b"x");
    let mut peer = Peer::in_inbox(&server).await;
    assert_eq!(peer.ask(NOTIFY).await, ["a OK NOTIFY completed"]);
    server.deliver(ANN, "Other", b"y");
    peer.say("b IDLE").await;
    assert_eq!(peer.line().await, "+ idling");
    let told = "* STATUS \"Other\" (MESSAGES 2 UIDNEXT 3 UNSEEN 2)";
    assert_eq!(peer.line().await, told);
    server.deliver(ANN, "Private", b"z");
    server.deliver(ANN, "INBOX", b"z");
    assert_eq!(peer.line().await, "* 1 EXISTS");
    server.fault(ImapFault::NotificationOverflow, Some(1));
    server.deliver(ANN, "Other", b"z");
    let told = peer.line().await;
    assert!(told.starts_with("* OK [NOTIFICATIONOVERFLOW]"), "{told}");
    server.deliver(ANN, "Other", b"z");
    server.deliver(ANN, "INBOX", b"z");
    assert_eq!(peer.line().await, "* 2 EXISTS");
}

#[tokio::test]
async fn folders_are_listed_with_their_use_and_their_state() {
    let options = MailServerOptions {
        special_use: vec![("Spam".to_owned(), "\\Junk".to_owned())],
        condstore: false,
        ..MailServerOptions::default()
    };
    let (server, _) = server_with(options).await;
    server.deliver(ANN, "Spam", b"x");
    let mut peer = Peer::in_inbox(&server).await;
    assert_eq!(
        peer.ask("a LIST \"\" * RETURN (SPECIAL-USE)").await,
        [
            "* LIST () \"/\" \"INBOX\"",
            "* LIST (\\Junk) \"/\" \"Spam\"",
            "a OK LIST completed"
        ]
    );
    assert_eq!(
        peer.ask("b LIST \"\" (Spam) RETURN (STATUS (UIDNEXT MESSAGES))")
            .await,
        [
            "* LIST () \"/\" \"Spam\"",
            "* STATUS \"Spam\" (UIDNEXT 2 MESSAGES 1)",
            "b OK LIST completed"
        ]
    );
    server.fault(ImapFault::FalseStatus("UIDNEXT 9".to_owned()), Some(1));
    assert_eq!(
        peer.ask("c STATUS Spam (UIDNEXT)").await[0],
        "* STATUS \"Spam\" (UIDNEXT 9)"
    );
    let answers = peer.ask("d STATUS Spam (HIGHESTMODSEQ)").await;
    assert_eq!(answers, ["d BAD Unknown status item"]);
}

#[tokio::test]
async fn what_is_not_offered_is_refused() {
    let options = MailServerOptions {
        notify: false,
        list_status: false,
        ..MailServerOptions::default()
    };
    let (server, _) = server_with(options).await;
    let mut peer = Peer::in_inbox(&server).await;
    assert_eq!(peer.ask(NOTIFY).await, ["a BAD Unknown command"]);
    let answers = peer.ask("b LIST \"\" * RETURN (SPECIAL-USE)").await;
    assert_eq!(answers, ["b BAD Too many arguments"]);
    let answer = ImapFault::Answer {
        command: "STATUS".to_owned(),
        text: "NO not now".to_owned(),
    };
    server.fault(answer, Some(1));
    assert_eq!(peer.ask("c STATUS INBOX (UIDNEXT)").await, ["c NO not now"]);
}
