//! From the choice of the mechanism to the proof that the server takes orders.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::{Opening, XOAUTH2, opening, server};
use crate::talk::Talk;
use crate::{MailError, Security};

fn greet(talk: &mut Talk<Opening>, mechanisms: &str) {
    talk.server("220 hello\r\n")
        .client("EHLO [127.0.0.1]\r\n")
        .server(format!(
            "250-smtp.example.com\r\n250-SIZE 157286400\r\n250 AUTH {mechanisms}\r\n"
        ));
}

/// Up to the answer to AUTH.
fn authenticating(mechanism: &str, dialogue: impl FnOnce(&mut Talk<Opening>)) {
    opening(Security::Tls, |talk| {
        greet(talk, mechanism);
        let response = match mechanism {
            "XOAUTH2" => XOAUTH2.to_owned(),
            _ => STANDARD
                .encode("n,a=u,\x01host=smtp.example.com\x01port=465\x01auth=Bearer t0ken\x01\x01"),
        };
        talk.client(&format!("AUTH {mechanism} {response}\r\n"));
        dialogue(talk);
    });
}

#[test]
fn a_login_is_proved_by_a_command() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        authenticating(mechanism, |talk| {
            let opened = talk
                .server("235 2.7.0 Accepted\r\n")
                .client("NOOP\r\n")
                .waits()
                .server("250 2.0.0 OK\r\n")
                .done();
            assert_eq!(opened.mechanism.name(), mechanism);
            assert_eq!(opened.largest_message(), Some(157_286_400));
        });
    }
}

#[test]
fn a_token_that_fits_into_no_line_of_auth_follows_in_its_own() {
    let server = server(Security::Tls);
    // `user=u^Aauth=Bearer …^A^A` in base64 behind `AUTH XOAUTH2 `: 9204 bytes are 12272 letters.
    for (length, fits) in [(9_183, true), (9_184, false)] {
        let token = SecretString::from("t".repeat(length));
        let mut talk = Talk::with(Opening::new(&server, "u", &token));
        greet(&mut talk, "XOAUTH2");
        let sent = talk.sends();
        assert!(sent.len() <= 12_288);
        assert_eq!(sent != "AUTH XOAUTH2\r\n", fits, "{length}: {}", sent.len());
        if !fits {
            let response = talk.waits().server("334 \r\n").sends();
            assert!(response.len() > 12_200 && !response.contains(' '));
            talk.server("235 in\r\n").client("NOOP\r\n");
        }
    }
}

#[test]
fn an_error_challenge_is_answered_as_its_mechanism_wants_it() {
    for (mechanism, dummy) in [("XOAUTH2", "\r\n"), ("OAUTHBEARER", "AQ==\r\n")] {
        authenticating(mechanism, |talk| {
            let challenge =
                STANDARD.encode(r#"{"status":"400","scope":"https://mail.google.com/"}"#);
            let error = talk
                .server(format!("334 {challenge}\r\n"))
                .client(dummy)
                .server("535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 gsmtp\r\n")
                .fails();
            assert!(
                matches!(&error, MailError::LoginRefused { said, challenge: Some(challenge), .. }
                    if said == "535 5.7.8 Username and Password not accepted. gsmtp"
                        && challenge.status == "400"),
                "{error:?}"
            );
        });
    }
}

#[test]
fn a_server_that_challenges_without_end_is_left() {
    authenticating("XOAUTH2", |talk| {
        talk.server("334 e30=\r\n").client("\r\n");
        let error = talk.server("334 e30=\r\n").fails();
        assert!(error.to_string().contains("again and again"), "{error}");
    });
}

#[test]
fn each_way_of_not_letting_in_is_told_from_the_others() {
    for (answer, later) in [
        ("535 5.7.3 Authentication unsuccessful", false),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            false,
        ),
        ("504 5.5.4 Unrecognized authentication type", false),
        ("530 5.7.0 Must issue a STARTTLS command first", false),
        ("538 encryption needed", false),
        ("500 line too long", false),
        ("454 4.7.0 Temporary authentication failure", true),
        ("432 4.7.12 A password transition is needed", true),
        ("421 4.7.66 TLS 1.0 and 1.1 are not supported", true),
    ] {
        authenticating("XOAUTH2", |talk| {
            let error = talk.server(format!("{answer}\r\n")).fails();
            match error {
                MailError::Later { said, .. } => assert!(later && said == answer, "{said}"),
                MailError::LoginRefused { said, .. } => assert!(!later && said == answer, "{said}"),
                other => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn a_login_that_takes_no_orders_is_no_success() {
    for (answer, later) in [("550 5.7.1 no\r\n", false), ("421 4.3.0 bye\r\n", true)] {
        authenticating("XOAUTH2", |talk| {
            talk.server("235 in\r\n").client("NOOP\r\n");
            match talk.server(answer).fails() {
                MailError::NotConnected { .. } => assert!(!later),
                MailError::Later { .. } => assert!(later),
                other => panic!("{other:?}"),
            }
        });
    }
    for answer in ["250 fine\r\n", "354 go on\r\n", "100 x\r\n", "999 x\r\n"] {
        authenticating("XOAUTH2", |talk| {
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
