//! Greeting, capabilities, STARTTLS, AUTHENTICATE.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::peer::{Peer, oauthbearer, xoauth2};
use super::{ANN, TOKEN, server, server_with};
use crate::{Accepts, MailServerOptions};

const AFTER_LOGIN: &str = "IMAP4rev1 LITERAL+ ID ENABLE IDLE NOTIFY LIST-EXTENDED LIST-STATUS CONDSTORE UIDPLUS MOVE UNSELECT";

#[tokio::test]
async fn capabilities_change_with_tls_and_with_login() {
    let (server, _) = server().await;
    let mut peer = Peer::plain(&server).await;
    let offered =
        format!("{AFTER_LOGIN} SASL-IR STARTTLS LOGINDISABLED AUTH=OAUTHBEARER AUTH=XOAUTH2");
    assert_eq!(
        peer.line().await,
        format!("* OK [CAPABILITY {offered}] Mailgrant sandbox ready")
    );
    assert_eq!(
        peer.ask("a STARTTLS").await,
        ["a OK Begin TLS negotiation now"]
    );
    let mut peer = peer.secured(&server).await;
    assert_eq!(
        peer.ask("b CAPABILITY").await,
        [
            format!("* CAPABILITY {}", offered.replace("STARTTLS ", "")),
            "b OK CAPABILITY completed".to_owned()
        ]
    );
    assert_eq!(peer.ask("c STARTTLS").await, ["c BAD TLS is on already"]);
    let login = format!("d AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN));
    assert_eq!(
        peer.ask(&login).await,
        [format!("d OK [CAPABILITY {AFTER_LOGIN}] Logged in")]
    );
    assert_eq!(peer.ask("e NOOP").await, ["e OK completed"]);
    assert_eq!(server.logins(), [("XOAUTH2".to_owned(), 1)]);
}

#[tokio::test]
async fn options_take_capabilities_away() {
    let (server, _) = server_with(MailServerOptions {
        sasl_ir: false,
        xoauth2: false,
        idle: false,
        notify: false,
        list_status: false,
        condstore: false,
        r#move: false,
        literal_plus: false,
        starttls: false,
        announce_capabilities: false,
        ..MailServerOptions::default()
    })
    .await;
    let mut peer = Peer::plain(&server).await;
    assert_eq!(peer.line().await, "* OK Mailgrant sandbox ready");
    assert_eq!(
        peer.ask("a CAPABILITY").await[0],
        "* CAPABILITY IMAP4rev1 ID ENABLE UNSELECT LOGINDISABLED AUTH=OAUTHBEARER"
    );
    for (command, answer) in [
        ("b STARTTLS", "b BAD STARTTLS is not possible here"),
        (
            "b AUTHENTICATE XOAUTH2",
            "b NO [CANNOT] Unsupported authentication mechanism",
        ),
        (
            "b AUTHENTICATE OAUTHBEARER eA==",
            "b BAD SASL-IR is not offered",
        ),
    ] {
        assert_eq!(peer.ask(command).await, [answer]);
    }
    peer.say("c AUTHENTICATE OAUTHBEARER").await;
    assert_eq!(peer.line().await, "+ ");
    peer.say(&oauthbearer(ANN, TOKEN)).await;
    assert_eq!(peer.line().await, "c OK AUTHENTICATE completed");
    peer.ask("d SELECT INBOX").await;
    for command in ["e IDLE", "e UID MOVE 1 INBOX", "e UID EXPUNGE 1"] {
        assert_eq!(peer.ask(command).await, ["e BAD Unknown command"]);
    }
}

#[tokio::test]
async fn implicit_tls_serves_both_mechanisms_with_and_without_initial_response() {
    let (server, _) = server().await;
    for (name, response) in [
        ("XOAUTH2", xoauth2(ANN, TOKEN)),
        ("OAUTHBEARER", oauthbearer(ANN, TOKEN)),
        ("OAUTHBEARER", {
            BASE64_STANDARD.encode(format!("n,,\x01auth=Bearer {TOKEN}\x01\x01"))
        }),
    ] {
        let mut peer = Peer::tls(&server).await;
        peer.line().await;
        let answers = peer.ask(&format!("a AUTHENTICATE {name} {response}")).await;
        assert!(answers[0].starts_with("a OK "));

        let mut peer = Peer::tls(&server).await;
        peer.line().await;
        peer.say(&format!("a AUTHENTICATE {name}")).await;
        assert_eq!(peer.line().await, "+ ");
        peer.say(&response).await;
        assert!(peer.line().await.starts_with("a OK "));
    }
    let counts = [("OAUTHBEARER".to_owned(), 4), ("XOAUTH2".to_owned(), 2)];
    assert_eq!(server.logins(), counts);
}

#[tokio::test]
async fn a_refused_token_is_told_by_a_challenge_that_has_to_be_answered() {
    let (server, tokens) = server().await;
    tokens.revoke(TOKEN);
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    for (login, challenge, dismissal) in [
        (
            format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, TOKEN)),
            r#"{"status":"401","schemes":"bearer","scope":"mail"}"#,
            "",
        ),
        (
            format!("a AUTHENTICATE OAUTHBEARER {}", oauthbearer(ANN, TOKEN)),
            r#"{"status":"invalid_token","schemes":"bearer","scope":"mail"}"#,
            "AQ==",
        ),
    ] {
        let challenge = format!("+ {}", BASE64_STANDARD.encode(challenge));
        peer.say(&login).await;
        assert_eq!(peer.line().await, challenge);
        peer.say(dismissal).await;
        assert_eq!(
            peer.line().await,
            "a NO [AUTHENTICATIONFAILED] Authentication failed."
        );
        peer.say(&login).await;
        assert_eq!(peer.line().await, challenge);
        peer.say(&xoauth2(ANN, TOKEN)).await;
        assert_eq!(peer.line().await, "a BAD Invalid SASL argument");
        peer.say(&login).await;
        assert_eq!(peer.line().await, challenge);
        peer.say("*").await;
        assert_eq!(peer.line().await, "a BAD AUTHENTICATE cancelled");
    }
    assert_eq!(server.logins(), []);
}

#[tokio::test]
async fn a_token_opens_its_own_mailbox_and_shared_ones_only() {
    let (server, tokens) = server_with(MailServerOptions {
        shared: vec![("desk@example.org".to_owned(), ANN.to_owned())],
        ..MailServerOptions::default()
    })
    .await;
    tokens.issue("token-of-bob", "bob@example.org", "mail", 3600);
    server.deliver("desk@example.org", "INBOX", b"Subject: desk\r\n\r\n");
    for (mailbox, token, opens) in [
        (ANN, TOKEN, true),
        ("ANN@Example.ORG", TOKEN, true),
        ("Desk@example.org", TOKEN, true),
        ("bob@example.org", TOKEN, false),
        ("desk@example.org", "token-of-bob", false),
        (ANN, "token-of-bob", false),
    ] {
        let mut peer = Peer::plain(&server).await;
        peer.line().await;
        let login = format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(mailbox, token));
        peer.say(&login).await;
        let answer = peer.line().await;
        assert_eq!(answer.starts_with("a OK "), opens, "{mailbox}: {answer}");
        if opens {
            let messages = usize::from(mailbox.starts_with("Desk"));
            let answers = peer.ask("b STATUS INBOX (MESSAGES)").await;
            let status = format!("* STATUS \"INBOX\" (MESSAGES {messages})");
            assert_eq!(answers[0], status);
        }
    }
}

#[tokio::test]
async fn nothing_but_a_login_is_possible_before_login() {
    let (server, _) = server_with(MailServerOptions {
        login_without_tls: false,
        ..MailServerOptions::default()
    })
    .await;
    let mut peer = Peer::plain(&server).await;
    assert!(!peer.line().await.contains("AUTH="));
    for (command, answer) in [
        ("a SELECT INBOX", "a BAD Log in first"),
        ("a NOOP", "a OK NOOP completed"),
        (
            "a LOGIN ann password",
            "a NO [PRIVACYREQUIRED] Passwords are not accepted here",
        ),
        (
            "a AUTHENTICATE XOAUTH2 eA==",
            "a NO [PRIVACYREQUIRED] STARTTLS first",
        ),
        ("a NONSENSE", "a BAD Unknown command"),
        ("", "* BAD Missing argument"),
    ] {
        peer.say(command).await;
        assert_eq!(peer.line().await, answer);
    }
    assert_eq!(
        peer.ask("z LOGOUT").await,
        ["* BYE Good-bye", "z OK LOGOUT completed"]
    );
    assert!(peer.until_closed().await.is_empty());
}

#[tokio::test]
async fn what_is_no_sasl_response_is_refused() {
    let (server, _) = server().await;
    let mut peer = Peer::plain(&server).await;
    peer.line().await;
    let twice = BASE64_STANDARD.encode(xoauth2(ANN, TOKEN));
    for response in ["!", "=", "eA==", &twice, &oauthbearer(ANN, TOKEN)] {
        let answers = peer
            .ask(&format!("a AUTHENTICATE XOAUTH2 {response}"))
            .await;
        assert_eq!(answers, ["a BAD Invalid SASL argument"]);
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_if_the_options_say_so() {
    let (server, tokens) = server().await;
    let mut silent = Peer::ann(&server).await;
    let mut idling = Peer::in_inbox(&server).await;
    idling.say("i IDLE").await;
    assert_eq!(idling.line().await, "+ idling");
    tokens.revoke(TOKEN);
    for peer in [&mut silent, &mut idling] {
        assert_eq!(
            peer.until_closed().await,
            b"* BYE Session invalidated - AccessTokenExpired\r\n"
        );
    }
    let (server, tokens) = server_with(MailServerOptions {
        end_sessions_with_token: false,
        ..MailServerOptions::default()
    })
    .await;
    let mut peer = Peer::ann(&server).await;
    tokens.revoke(TOKEN);
    assert_eq!(peer.ask("a NOOP").await, ["a OK completed"]);
}

#[tokio::test]
async fn the_transcript_shows_the_dialogue_without_the_token() {
    let (server, _) = server().await;
    let secret = "a-very-long-secret-token";
    let (mut peer, book) = (Peer::plain(&server).await, &server);
    peer.line().await;
    peer.say(&format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, secret)))
        .await;
    peer.line().await;
    peer.say("").await;
    peer.line().await;
    peer.say("b AUTHENTICATE XOAUTH2").await;
    peer.line().await;
    peer.say(&xoauth2(ANN, secret)).await;
    peer.line().await;
    let transcript = book.transcript();
    assert!(transcript[0].starts_with("1 S: * OK [CAPABILITY "));
    assert_eq!(
        transcript[1],
        "1 C: a AUTHENTICATE XOAUTH2 <user=ann@example.org auth=Bearer a-ve…>"
    );
    let whole = transcript.join("\n");
    assert!(!whole.contains(secret) && !whole.contains(&xoauth2(ANN, secret)));
}

#[tokio::test]
async fn exchange_refuses_a_token_that_was_made_for_graph_or_without_the_scope() {
    let (server, tokens) = server_with(MailServerOptions {
        accepts: Accepts::Exchange,
        ..MailServerOptions::default()
    })
    .await;
    let imap = "https://outlook.office.com/IMAP.AccessAsUser.All";
    for (token, audience, scope, opens) in [
        ("t1", Some("https://outlook.office.com"), imap, true),
        (
            "t2",
            Some("https://outlook.office365.com"),
            "IMAP.AccessAsApp",
            true,
        ),
        (
            "t3",
            Some("00000003-0000-0000-c000-000000000000"),
            imap,
            false,
        ),
        (
            "t4",
            Some("https://outlook.office.com"),
            "https://outlook.office.com/SMTP.Send",
            false,
        ),
        ("t5", Some("https://outlook.office365.com"), "", false),
        ("t6", None, imap, false),
    ] {
        tokens.issue(token, ANN, scope, 3600);
        if let Some(audience) = audience {
            tokens.restrict(token, audience);
        }
        let mut peer = Peer::plain(&server).await;
        peer.line().await;
        peer.say(&format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(ANN, token)))
            .await;
        let answer = peer.line().await;
        if opens {
            assert!(answer.starts_with("a OK "), "{token}: {answer}");
        } else {
            assert_eq!(answer, "a NO AUTHENTICATE failed.", "{token}");
        }
    }
}
