//! POP3 and SMTP, which answer in lines.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::peer::{Peer, oauthbearer, xoauth2};
use super::{ANN, TOKEN, server_with};
use crate::{ImapFault, LineFault, MailServer, MailServerOptions};

async fn server() -> MailServer {
    let options = MailServerOptions::default().with_every_protocol();
    server_with(options).await.0
}

/// Says a line and hears one.
async fn one(peer: &mut Peer, line: &str) -> String {
    peer.say(line).await;
    peer.line().await
}

#[tokio::test]
async fn pop3_logs_in_in_two_lines_and_counts_the_mailbox() {
    let server = server().await;
    server.deliver(ANN, "INBOX", b"Subject: one\r\n\r\n");
    let mut peer = Peer::at(server.pop3_address()).await;
    assert_eq!(peer.line().await, "+OK Mailgrant sandbox ready");
    assert_eq!(one(&mut peer, "CAPA").await, "+OK");
    let mut offers = Vec::new();
    while offers.last().is_none_or(|line| line != ".") {
        offers.push(peer.line().await);
    }
    assert_eq!(
        offers,
        [
            "UIDL",
            "RESP-CODES",
            "PIPELINING",
            "STLS",
            "SASL OAUTHBEARER XOAUTH2",
            "."
        ]
    );
    assert_eq!(
        one(&mut peer, "STLS").await,
        "+OK Begin TLS negotiation now"
    );
    let mut peer = peer.secured(&server).await;
    let response = xoauth2(ANN, TOKEN);
    let in_one_line = format!("AUTH XOAUTH2 {response}");
    assert!(one(&mut peer, &in_one_line).await.starts_with("-ERR"));
    assert!(one(&mut peer, "STAT").await.starts_with("-ERR"));
    assert_eq!(one(&mut peer, "AUTH XOAUTH2").await, "+ ");
    assert_eq!(one(&mut peer, &response).await, "+OK Logged in");
    assert_eq!(one(&mut peer, "STAT").await, "+OK 1 16");
    assert_eq!(one(&mut peer, "QUIT").await, "+OK Good-bye");
    assert_eq!(server.logins(), [("XOAUTH2".to_owned(), 1)]);
    assert!(!server.transcript().join("\n").contains(TOKEN));
}

#[tokio::test]
async fn smtp_wants_to_be_hailed_again_behind_tls() {
    let server = server().await;
    let mut peer = Peer::at(server.submission_address()).await;
    assert!(peer.line().await.starts_with("220 "));
    assert!(one(&mut peer, "AUTH XOAUTH2").await.starts_with("503 "));
    assert_eq!(one(&mut peer, "EHLO x").await, "250-localhost");
    assert_eq!(peer.line().await, "250-SIZE 157286400");
    assert_eq!(peer.line().await, "250-STARTTLS");
    assert_eq!(peer.line().await, "250 AUTH OAUTHBEARER XOAUTH2");
    assert!(one(&mut peer, "STARTTLS").await.starts_with("220 "));
    let mut peer = peer.secured(&server).await;
    assert!(one(&mut peer, "AUTH XOAUTH2").await.starts_with("503 "));
    one(&mut peer, "EHLO x").await;
    assert_eq!(peer.line().await, "250-SIZE 157286400");
    assert_eq!(peer.line().await, "250 AUTH OAUTHBEARER XOAUTH2");
    let login = format!("AUTH OAUTHBEARER {}", oauthbearer(ANN, TOKEN));
    assert!(one(&mut peer, &login).await.starts_with("235 "));
    assert!(one(&mut peer, "NOOP").await.starts_with("250 "));
    assert!(one(&mut peer, "MAIL FROM:<a@b>").await.starts_with("250 "));
    assert!(one(&mut peer, "QUIT").await.starts_with("221 "));
}

#[tokio::test]
async fn a_wrong_token_is_told_by_a_challenge() {
    let server = server().await;
    let mut peer = Peer::at(server.submission_address()).await;
    peer.line().await;
    one(&mut peer, "EHLO x").await;
    while peer.line().await.starts_with("250-") {}
    let login = format!("AUTH XOAUTH2 {}", xoauth2(ANN, "wrong"));
    assert!(one(&mut peer, &login).await.starts_with("334 ey"));
    assert!(one(&mut peer, "").await.starts_with("535 "));
}

#[tokio::test]
async fn any_answer_can_be_had() {
    let server = server().await;
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    server.smtp_fault(LineFault::Greeting("220 smtp.test".to_owned()), Some(1));
    server.smtp_fault(LineFault::NoMechanism, Some(1));
    server.smtp_fault(
        LineFault::LoginAnswer {
            challenge: Some("{}".to_owned()),
            lines: lines(&["535-5.7.8 no", "535 5.7.8 never"]),
        },
        Some(1),
    );
    server.smtp_fault(LineFault::FirstAnswer(lines(&["550 no"])), Some(1));
    let mut peer = Peer::at(server.submission_address()).await;
    assert_eq!(peer.line().await, "220 smtp.test");
    one(&mut peer, "EHLO x").await;
    peer.line().await;
    assert_eq!(peer.line().await, "250 STARTTLS");
    let login = format!("AUTH XOAUTH2 {}", xoauth2(ANN, TOKEN));
    assert_eq!(
        one(&mut peer, &login).await,
        format!("334 {}", BASE64_STANDARD.encode("{}"))
    );
    assert_eq!(one(&mut peer, "").await, "535-5.7.8 no");
    assert_eq!(peer.line().await, "535 5.7.8 never");
    assert!(one(&mut peer, &login).await.starts_with("235 "));
    assert_eq!(one(&mut peer, "NOOP").await, "550 no");
    assert!(one(&mut peer, "NOOP").await.starts_with("250 "));
}

#[tokio::test]
async fn any_answer_can_be_had_over_imap_too() {
    let server = server().await;
    let text = |text: &str| text.to_owned();
    server.fault(
        ImapFault::Greeting(text("* OK The service is ready")),
        Some(1),
    );
    for challenge in [None, Some(text("{}"))] {
        let text = text("NO AUTHENTICATE failed.");
        server.fault(ImapFault::LoginAnswer { challenge, text }, Some(1));
    }
    server.fault(ImapFault::FirstAnswer(text("BAD not connected")), Some(1));
    server.fault(ImapFault::NoMechanism, Some(1));
    let mut peer = Peer::plain(&server).await;
    assert_eq!(peer.line().await, "* OK The service is ready");
    assert!(!peer.ask("a CAPABILITY").await[0].contains("AUTH="));
    let login = |tag| format!("{tag} AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN));
    assert_eq!(peer.ask(&login("b")).await, ["b NO AUTHENTICATE failed."]);
    assert_eq!(one(&mut peer, &login("c")).await, "+ e30=");
    assert_eq!(one(&mut peer, "").await, "c NO AUTHENTICATE failed.");
    assert!(peer.ask(&login("d")).await[0].starts_with("d OK"));
    assert_eq!(peer.ask("e NOOP").await, ["e BAD not connected"]);
    assert_eq!(peer.ask("f NOOP").await, ["f OK completed"]);
}
