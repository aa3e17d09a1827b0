//! From the greeting to TLS.

use super::{Opening, opening, token};
use crate::talk::Talk;
use crate::{MailError, MailServer, Security};

const EHLO: &str = "EHLO [127.0.0.1]\r\n";

#[test]
fn what_is_offered_is_asked_before_anything_else() {
    for security in [Security::Tls, Security::Plain] {
        opening(security, |talk| {
            talk.waits()
                .server("220-smtp.example.com ESMTP\r\n220 at your service\r\n")
                .client(EHLO)
                .waits()
                .server("250-smtp.example.com\r\n250-SIZE 1000\r\n")
                .waits()
                .server("250 AUTH OAUTHBEARER XOAUTH2\r\n");
            let sent = talk.sends();
            assert!(sent.starts_with("AUTH XOAUTH2 "), "{sent}");
        });
    }
}

#[test]
fn starttls_comes_first_and_extensions_are_asked_again_behind_it() {
    opening(Security::StartTls, |talk| {
        talk.server("220 hello\r\n")
            .client(EHLO)
            .server("250-smtp.example.com\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n")
            .client("STARTTLS\r\n")
            .waits()
            .server("220 go\r\n")
            .tls()
            .client(EHLO)
            .server("250-smtp.example.com\r\n250 AUTH OAUTHBEARER\r\n");
        let sent = talk.sends();
        assert!(sent.starts_with("AUTH OAUTHBEARER "), "{sent}");
    });
}

#[test]
fn without_starttls_no_token_goes_out() {
    opening(Security::StartTls, |talk| {
        let error = talk
            .server("220 hello\r\n")
            .client(EHLO)
            .server("250-smtp.example.com\r\n250 AUTH XOAUTH2\r\n")
            .fails();
        assert!(
            matches!(&error, MailError::Missing { missing, .. } if missing == "STARTTLS"),
            "{error:?}"
        );
    });
    for (answer, later) in [("454 TLS not available\r\n", true), ("501 no\r\n", false)] {
        opening(Security::StartTls, |talk| {
            let error = talk
                .server("220 hello\r\n")
                .client(EHLO)
                .server("250-x\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n")
                .client("STARTTLS\r\n")
                .server(answer)
                .fails();
            match &error {
                MailError::Later { .. } => assert!(later),
                MailError::Refused { command, .. } => assert!(!later && command == "STARTTLS"),
                other => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn bytes_between_starttls_and_tls_are_refused() {
    for injected in ["250-x\r\n250 AUTH XOAUTH2\r\n", "250-", "x"] {
        opening(Security::StartTls, |talk| {
            let error = talk
                .server("220 hello\r\n")
                .client(EHLO)
                .server("250-x\r\n250 STARTTLS\r\n")
                .client("STARTTLS\r\n")
                .server(format!("220 go\r\n{injected}"))
                .fails();
            assert!(
                error.to_string().contains("between STARTTLS and TLS"),
                "{error}"
            );
        });
    }
}

#[test]
fn without_tls_a_token_goes_to_loopback_only() {
    let elsewhere = MailServer {
        host: "smtp.example.com".to_owned(),
        port: 587,
        security: Security::Plain,
    };
    let token = token();
    let error = Talk::with(Opening::new(&elsewhere, "u", &token))
        .server("220 hello\r\n")
        .fails();
    assert!(matches!(error, MailError::Missing { .. }), "{error:?}");
}

#[test]
fn a_server_that_is_busy_is_told_from_one_that_refuses() {
    for (greeting, later) in [
        ("421 4.3.2 Service not available\r\n", true),
        ("451 4.7.0 Timeout waiting for client input\r\n", true),
        ("554 5.7.1 go away\r\n", false),
    ] {
        opening(Security::Tls, |talk| {
            let error = talk.server(greeting).fails();
            assert_eq!(matches!(error, MailError::Later { .. }), later, "{error:?}");
        });
    }
}

#[test]
fn what_does_not_greet_like_smtp_is_no_smtp_server() {
    for greeting in ["* OK imap\r\n", "+OK pop3\r\n", "22 x\r\n", "\r\n"] {
        opening(Security::Tls, |talk| {
            let error = talk.server(greeting).fails();
            assert!(error.to_string().contains("did not greet"), "{error:?}");
        });
    }
}

#[test]
fn what_has_no_end_is_not_listened_to() {
    opening(Security::Tls, |talk| {
        let error = talk.server("220 ").server([b'x'; 1000]).fails();
        assert!(error.to_string().contains("too long"), "{error}");
    });
    opening(Security::Tls, |talk| {
        let error = talk
            .server("220 hello\r\n")
            .client(EHLO)
            .server("250-X\r\n".repeat(1000))
            .fails();
        assert!(error.to_string().contains("no end"), "{error}");
    });
}
