//! Logins in every protocol, to the sandbox and to Dovecot.

use mailgrant_mail::sasl::Mechanism;
use mailgrant_mail::{MailError, Pop3Session, Protocol, Security, Session, SmtpSession};
use mailgrant_sandbox::{ImapFault, LineFault, MailServerOptions};

use crate::world::{USER, World, limits, token};

const SECURITIES: [Security; 3] = [Security::Tls, Security::StartTls, Security::Plain];

async fn each_mechanism_opens_the_mailbox(world: World) {
    world.deliver(&[b"Subject: one\r\n\r\n"]);
    for protocol in Protocol::ALL {
        for security in SECURITIES {
            for mechanism in Mechanism::BY_PREFERENCE {
                let login = world.log_in(protocol, security, mechanism, token()).await;
                let mut session = login.unwrap_or_else(|error| {
                    panic!("{protocol:?} {security:?}: {error}\n{}", world.log())
                });
                match &mut session {
                    Session::Imap(session) => {
                        assert_eq!(session.opened().mechanism, mechanism);
                        let folders = session.folders().await.unwrap();
                        assert!(folders.contains(&"INBOX".to_owned().into()));
                    }
                    Session::Pop3(session) => {
                        assert_eq!(session.opened().mechanism, mechanism);
                        assert_eq!(session.opened().messages, 1);
                    }
                    Session::Smtp(session) => {
                        assert_eq!(session.opened().mechanism, mechanism);
                        assert!(
                            session
                                .opened()
                                .largest_message()
                                .is_none_or(|size| size > 0)
                        );
                    }
                }
                session.end().await;
            }
        }
    }
}

async fn a_wrong_token_is_refused_with_what_the_server_said(world: World) {
    let wrong = "wr0ng-token-of-nobody";
    for protocol in Protocol::ALL {
        for mechanism in Mechanism::BY_PREFERENCE {
            let login = world
                .log_in(protocol, Security::Tls, mechanism, wrong.into())
                .await;
            let error = login.unwrap_err();
            assert!(
                matches!(&error, MailError::LoginRefused { said, challenge: Some(_), .. }
                    if !said.is_empty()),
                "{error:?}\n{}",
                world.log()
            );
            assert!(!format!("{error:?}").contains("wr0ng"));
        }
    }
}

#[tokio::test]
async fn in_the_sandbox_each_mechanism_opens_the_mailbox() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    Box::pin(each_mechanism_opens_the_mailbox(world)).await;
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn in_dovecot_each_mechanism_opens_the_mailbox() {
    let world = World::dovecot("xoauth2 oauthbearer").await;
    Box::pin(each_mechanism_opens_the_mailbox(world)).await;
}

#[tokio::test]
async fn the_sandbox_refuses_a_wrong_token() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    a_wrong_token_is_refused_with_what_the_server_said(world).await;
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_refuses_a_wrong_token() {
    let world = World::dovecot("xoauth2 oauthbearer").await;
    a_wrong_token_is_refused_with_what_the_server_said(world).await;
}

#[tokio::test]
async fn the_best_mechanism_is_taken_where_none_is_named() {
    let world = World::sandbox("oauthbearer").await;
    let (trust, token) = (world.trust(), token());
    let server = world.speaking(Protocol::Pop3, Security::StartTls);
    let session = Pop3Session::open(&server, &trust, limits(), USER, &token).await;
    assert_eq!(session.unwrap().opened().mechanism, Mechanism::OAuthBearer);
    let server = world.speaking(Protocol::Smtp, Security::StartTls);
    let session = SmtpSession::open(&server, &trust, limits(), USER, &token).await;
    assert_eq!(session.unwrap().opened().mechanism, Mechanism::OAuthBearer);
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_not_tried() {
    let world = World::sandbox("oauthbearer").await;
    for protocol in Protocol::ALL {
        let login = world.log_in(protocol, Security::Tls, Mechanism::XOAuth2, token());
        let error = login.await.unwrap_err();
        assert!(
            matches!(&error, MailError::Missing { missing, .. } if missing.contains("XOAUTH2")),
            "{error:?}"
        );
    }
    assert!(!world.log().contains("AUTH XOAUTH2"), "{}", world.log());
}

#[tokio::test]
async fn the_very_words_of_a_refusal_arrive_without_the_token() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let echo = "no such bearer s4ndb0x-token here";
    let challenge = Some(r#"{"status":"400","scope":"https://mail.google.com/"}"#.to_owned());
    let server = world.server();
    let (text, lines) = (format!("NO {echo}"), |word| vec![format!("{word} {echo}")]);
    server.fault(
        ImapFault::LoginAnswer {
            challenge: challenge.clone(),
            text,
        },
        None,
    );
    let answer = |word| LineFault::LoginAnswer {
        challenge: challenge.clone(),
        lines: lines(word),
    };
    server.pop3_fault(answer("-ERR"), None);
    server.smtp_fault(answer("535"), None);
    for protocol in Protocol::ALL {
        let login = world.log_in(protocol, Security::Tls, Mechanism::XOAuth2, token());
        let MailError::LoginRefused {
            said, challenge, ..
        } = login.await.unwrap_err()
        else {
            panic!("{protocol:?}")
        };
        assert!(said.ends_with("no such bearer … here"), "{said}");
        assert_eq!(challenge.unwrap().status, "400");
    }
}

#[tokio::test]
async fn a_login_whose_first_command_fails_is_not_connected() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    let server = world.server();
    let text = "BAD User is authenticated but not connected.".to_owned();
    server.fault(ImapFault::FirstAnswer(text), None);
    server.pop3_fault(LineFault::FirstAnswer(vec!["-ERR no".to_owned()]), None);
    server.smtp_fault(LineFault::FirstAnswer(vec!["550 no".to_owned()]), None);
    for protocol in Protocol::ALL {
        let login = world.log_in(protocol, Security::Tls, Mechanism::XOAuth2, token());
        let error = login.await.unwrap_err();
        assert!(matches!(error, MailError::NotConnected { .. }), "{error:?}");
    }
}
