//! From the greeting to TLS.

use super::{Opening, opening, token};
use crate::talk::Talk;
use crate::{MailError, MailServer, Security};

#[test]
fn what_is_offered_is_asked_before_anything_else() {
    for security in [Security::Tls, Security::Plain] {
        opening(security, |talk| {
            talk.waits()
                .server("+OK hello <1.2@pop.example.com>\r\n")
                .client("CAPA\r\n")
                .waits()
                .server("+OK\r\nTOP\r\nSASL PLAIN XOAUTH2\r\n")
                .waits()
                .server(".\r\n")
                .client("AUTH XOAUTH2\r\n");
        });
    }
}

#[test]
fn stls_comes_first_and_capabilities_are_asked_again_behind_it() {
    opening(Security::StartTls, |talk| {
        talk.server("+OK hello\r\n")
            .client("CAPA\r\n")
            .server("+OK\r\nSTLS\r\nSASL XOAUTH2\r\n.\r\n")
            .client("STLS\r\n")
            .waits()
            .server("+OK begin\r\n")
            .tls()
            .client("CAPA\r\n")
            .server("+OK\r\nSASL OAUTHBEARER\r\n.\r\n")
            .client("AUTH OAUTHBEARER\r\n");
    });
}

#[test]
fn without_stls_no_token_goes_out() {
    opening(Security::StartTls, |talk| {
        let error = talk
            .server("+OK hello\r\n")
            .client("CAPA\r\n")
            .server("+OK\r\nSASL XOAUTH2\r\n.\r\n")
            .fails();
        assert!(
            matches!(&error, MailError::Missing { missing, .. } if missing.starts_with("STLS")),
            "{error:?}"
        );
    });
    opening(Security::StartTls, |talk| {
        let error = talk
            .server("+OK hello\r\n")
            .client("CAPA\r\n")
            .server("+OK\r\nSTLS\r\nSASL XOAUTH2\r\n.\r\n")
            .client("STLS\r\n")
            .server("-ERR not today\r\n")
            .fails();
        assert!(
            matches!(&error, MailError::Refused { command, .. } if command == "STLS"),
            "{error:?}"
        );
    });
}

#[test]
fn bytes_between_stls_and_tls_are_refused() {
    for injected in ["+OK\r\nSASL XOAUTH2\r\n.\r\n", "x"] {
        opening(Security::StartTls, |talk| {
            let error = talk
                .server("+OK hello\r\n")
                .client("CAPA\r\n")
                .server("+OK\r\nSTLS\r\n.\r\n")
                .client("STLS\r\n")
                .server(format!("+OK begin\r\n{injected}"))
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
        host: "pop.example.com".to_owned(),
        port: 110,
        security: Security::Plain,
    };
    let token = token();
    let error = Talk::with(Opening::new(&elsewhere, "u", &token))
        .server("+OK hello\r\n")
        .fails();
    assert!(matches!(error, MailError::Missing { .. }), "{error:?}");
}

#[test]
fn a_server_that_is_busy_is_told_from_one_that_refuses() {
    for (greeting, later) in [
        ("-ERR [SYS/TEMP] Server Unavailable. 21\r\n", true),
        ("-ERR [IN-USE] locked\r\n", true),
        ("-ERR go away\r\n", false),
    ] {
        opening(Security::Tls, |talk| {
            let error = talk.server(greeting).fails();
            assert_eq!(matches!(error, MailError::Later { .. }), later, "{error:?}");
        });
    }
}

#[test]
fn what_does_not_greet_like_pop3_is_no_pop3_server() {
    for greeting in ["* OK imap\r\n", "220 smtp ESMTP\r\n", "+ go on\r\n", "\r\n"] {
        opening(Security::Tls, |talk| {
            let error = talk.server(greeting).fails();
            assert!(error.to_string().contains("did not greet"), "{error:?}");
        });
    }
}

#[test]
fn what_has_no_end_is_not_listened_to() {
    opening(Security::Tls, |talk| {
        let error = talk.server("+OK ").server([b'x'; 1000]).fails();
        assert!(error.to_string().contains("too long"), "{error}");
    });
    opening(Security::Tls, |talk| {
        let error = talk
            .server("+OK hello\r\n")
            .client("CAPA\r\n")
            .server("+OK\r\n")
            .server("X\r\n".repeat(1000))
            .fails();
        assert!(error.to_string().contains("no end"), "{error}");
    });
}

#[test]
fn a_server_that_does_not_let_its_capabilities_be_asked_is_refused() {
    opening(Security::Tls, |talk| {
        let error = talk
            .server("+OK hello\r\n")
            .client("CAPA\r\n")
            .server("-ERR what?\r\n")
            .fails();
        assert!(
            matches!(&error, MailError::Refused { command, .. } if command == "CAPA"),
            "{error:?}"
        );
    });
}
