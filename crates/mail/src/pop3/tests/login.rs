//! From the choice of the mechanism to the proof that the mailbox opens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Opening, XOAUTH2, opening, server, token};
use crate::sasl::{Credentials, Mechanism};
use crate::talk::Talk;
use crate::{MailError, Security};

fn greet(talk: &mut Talk<Opening>, mechanisms: &str) {
    talk.server("+OK hello\r\n")
        .client("CAPA\r\n")
        .server(format!("+OK\r\nSASL {mechanisms}\r\nUIDL\r\n.\r\n"));
}

/// Up to the answer to the initial response.
fn authenticating(mechanism: &str, dialogue: impl FnOnce(&mut Talk<Opening>)) {
    opening(Security::Tls, |talk| {
        greet(talk, mechanism);
        let response = match mechanism {
            "XOAUTH2" => XOAUTH2.to_owned(),
            _ => STANDARD
                .encode("n,a=u,\x01host=pop.example.com\x01port=995\x01auth=Bearer t0ken\x01\x01"),
        };
        talk.client(&format!("AUTH {mechanism}\r\n"))
            .waits()
            .server("+ \r\n")
            .client(&format!("{response}\r\n"));
        dialogue(talk);
    });
}

#[test]
fn the_token_waits_until_it_is_called_for_and_stat_proves_that_the_mailbox_opens() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        authenticating(mechanism, |talk| {
            let opened = talk
                .server("+OK logged in\r\n")
                .client("STAT\r\n")
                .waits()
                .server("+OK 3 4711\r\n")
                .done();
            assert_eq!((opened.messages, opened.bytes), (3, 4711));
            assert_eq!(opened.mechanism.name(), mechanism);
            assert!(opened.offers.has("UIDL"));
        });
    }
}

#[test]
fn an_error_challenge_is_answered_as_its_mechanism_wants_it() {
    for (mechanism, dummy) in [("XOAUTH2", "\r\n"), ("OAUTHBEARER", "AQ==\r\n")] {
        authenticating(mechanism, |talk| {
            let challenge =
                STANDARD.encode(r#"{"status":"400","scope":"https://mail.google.com/"}"#);
            let error = talk
                .server(format!("+ {challenge}\r\n"))
                .client(dummy)
                .server("-ERR [AUTH] Authentication failure\r\n")
                .fails();
            assert!(
                matches!(&error, MailError::LoginRefused { said, challenge: Some(challenge), .. }
                    if said == "[AUTH] Authentication failure" && challenge.status == "400"),
                "{error:?}"
            );
        });
    }
}

#[test]
fn a_server_that_challenges_without_end_is_left() {
    authenticating("XOAUTH2", |talk| {
        talk.server("+ e30=\r\n").client("\r\n");
        let error = talk.server("+ e30=\r\n").fails();
        assert!(error.to_string().contains("again and again"), "{error}");
    });
}

#[test]
fn each_way_of_not_letting_in_is_told_from_the_others() {
    for (answer, later) in [
        (
            "-ERR Authentication failure: unknown user name or bad password.",
            false,
        ),
        ("-ERR [AUTH] no", false),
        ("-ERR [SYS/PERM] never", false),
        ("-ERR [SYS/TEMP] later", true),
        ("-ERR [IN-USE] Mailbox is locked", true),
        ("-ERR", false),
    ] {
        authenticating("XOAUTH2", |talk| {
            let error = talk.server(format!("{answer}\r\n")).fails();
            match error {
                MailError::Later { .. } => assert!(later, "{answer}"),
                MailError::LoginRefused { .. } => assert!(!later, "{answer}"),
                other => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn a_login_that_opens_no_mailbox_is_no_success() {
    authenticating("XOAUTH2", |talk| {
        let error = talk
            .server("+OK in\r\n")
            .client("STAT\r\n")
            .server("-ERR mailbox does not exist\r\n")
            .fails();
        assert!(matches!(error, MailError::NotConnected { .. }), "{error:?}");
    });
    for answer in ["+OK\r\n", "+OK many\r\n", "+OK 1\r\n", "+ 1 2\r\n"] {
        authenticating("XOAUTH2", |talk| {
            talk.server("+OK in\r\n").client("STAT\r\n");
            let error = talk.server(answer).fails();
            assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_server_that_takes_no_access_tokens_is_named_as_such() {
    for mechanisms in ["PLAIN LOGIN", "", "XOAUTH"] {
        opening(Security::Tls, |talk| {
            greet(talk, mechanisms);
            let error = talk.fails();
            assert!(matches!(error, MailError::Missing { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_mechanism_that_was_named_is_the_only_one_tried() {
    let (server, token) = (server(Security::Tls), token());
    let credentials = Credentials {
        mechanism: Some(Mechanism::OAuthBearer),
        ..Credentials::new("u", &token)
    };
    let mut talk = Talk::with(Opening::with(&server, credentials.clone()));
    greet(&mut talk, "XOAUTH2 OAUTHBEARER");
    talk.client("AUTH OAUTHBEARER\r\n");
    let mut talk = Talk::with(Opening::with(&server, credentials.clone()));
    greet(&mut talk, "XOAUTH2");
    let error = talk.fails();
    assert!(
        matches!(&error, MailError::Missing { missing, .. } if missing.contains("OAUTHBEARER")),
        "{error:?}"
    );
}
