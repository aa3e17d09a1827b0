//! From the greeting to TLS.

use secrecy::SecretString;

use crate::imap::Opening;
use crate::talk::Talk;
use crate::{MailError, MailServer, Security};

const CAPABLE: &str = "IMAP4rev1 SASL-IR AUTH=XOAUTH2";

pub(super) fn server(security: Security) -> MailServer {
    let (host, port) = match security {
        Security::Tls => ("imap.example.com", 993),
        Security::StartTls => ("imap.example.com", 143),
        Security::Plain => ("127.0.0.1", 143),
    };
    MailServer::new(host, port, security).unwrap()
}

/// Everything that is sent holds this token only where a test expects it.
pub(super) fn token() -> SecretString {
    SecretString::from("t0ken")
}

/// The initial response for user `u` with [`token`] by XOAUTH2.
pub(super) const XOAUTH2: &str = "dXNlcj11AWF1dGg9QmVhcmVyIHQwa2VuAQE=";

/// Runs a dialogue with a server that is secured so.
pub(super) fn opening(security: Security, dialogue: impl FnOnce(&mut Talk<Opening>)) {
    let (server, token) = (server(security), token());
    dialogue(&mut Talk::with(Opening::new(&server, "u", &token)));
}

#[test]
fn a_server_that_tells_all_in_its_greeting_is_logged_in_to_at_once() {
    opening(Security::Tls, |talk| {
        talk.waits()
            .server(format!("* OK [CAPABILITY {CAPABLE}] hello\r\n"))
            .client(&format!("a1 AUTHENTICATE XOAUTH2 {XOAUTH2}\r\n"));
    });
}

#[test]
fn a_server_that_tells_nothing_is_asked() {
    opening(Security::Tls, |talk| {
        talk.server("* OK hello\r\n")
            .client("a1 CAPABILITY\r\n")
            .waits()
            .server(format!("* CAPABILITY {CAPABLE}\r\n"))
            .waits()
            .server("a1 OK done\r\n")
            .client(&format!("a2 AUTHENTICATE XOAUTH2 {XOAUTH2}\r\n"));
    });
}

#[test]
fn a_server_that_does_not_let_its_capabilities_be_asked_is_refused() {
    opening(Security::Tls, |talk| {
        talk.server("* OK hello\r\n")
            .client("a1 CAPABILITY\r\n")
            .server("a1 BAD what?\r\n");
        let error = talk.fails();
        assert!(
            matches!(&error, MailError::Refused { command, said, .. }
                if command == "CAPABILITY" && said == "what?"),
            "{error:?}"
        );
    });
}

#[test]
fn a_server_that_says_bye_is_told_from_one_that_is_busy() {
    opening(Security::Tls, |talk| {
        let error = talk.server("* BYE go away\r\n").fails();
        assert!(
            matches!(&error, MailError::Closed { why, token_ended: false, .. }
                if why == "BYE go away"),
            "{error:?}"
        );
    });
    for busy in [
        "* BYE [UNAVAILABLE] later\r\n",
        "* BYE Too many simultaneous connections\r\n",
        "* NO [UNAVAILABLE] later\r\n",
    ] {
        opening(Security::Tls, |talk| {
            let error = talk.server(busy).fails();
            assert!(matches!(error, MailError::Later { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_server_that_takes_everybody_as_logged_in_is_refused() {
    for security in [Security::Tls, Security::StartTls, Security::Plain] {
        opening(security, |talk| {
            let greeting = format!("* PREAUTH [CAPABILITY {CAPABLE} STARTTLS] come in\r\n");
            let error = talk.server(greeting).fails();
            assert!(error.to_string().contains("PREAUTH"), "{error}");
        });
    }
}

#[test]
fn what_does_not_greet_like_imap_is_no_imap_server() {
    for greeting in [
        "220 smtp.example.com ESMTP\r\n",
        "+OK POP3 ready\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        "* CAPABILITY IMAP4rev1\r\n",
        "a1 OK done\r\n",
        "* 1 FETCH (UID 1 BODY[] {5000}\r\n",
        "\r\n",
        "\0\0\n",
    ] {
        opening(Security::Tls, |talk| {
            let error = talk.server(greeting).fails();
            assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_greeting_that_never_ends_is_not_listened_to() {
    opening(Security::Tls, |talk| {
        let error = talk.server("* OK ").server([b'x'; 1000]).fails();
        assert!(error.to_string().contains("too long"), "{error}");
    });
}

#[test]
fn starttls_comes_first_and_capabilities_are_asked_again_behind_it() {
    opening(Security::StartTls, |talk| {
        talk.server(format!("* OK [CAPABILITY {CAPABLE} STARTTLS] hello\r\n"))
            .client("a1 STARTTLS\r\n")
            .waits()
            .server("a1 OK begin\r\n")
            .tls()
            .client("a2 CAPABILITY\r\n")
            .server("* CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER\r\na2 OK done\r\n")
            .client("a3 AUTHENTICATE OAUTHBEARER\r\n");
    });
}

#[test]
fn what_is_offered_in_the_answer_to_starttls_itself_does_not_count() {
    opening(Security::StartTls, |talk| {
        talk.server("* OK hello\r\n")
            .client("a1 CAPABILITY\r\n")
            .server("* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n")
            .client("a2 STARTTLS\r\n")
            .server(format!(
                "* CAPABILITY {CAPABLE}\r\na2 OK [CAPABILITY {CAPABLE}] begin\r\n"
            ))
            .tls()
            .client("a3 CAPABILITY\r\n");
    });
}

#[test]
fn without_starttls_no_token_goes_out() {
    opening(Security::StartTls, |talk| {
        let error = talk
            .server(format!("* OK [CAPABILITY {CAPABLE}] hello\r\n"))
            .fails();
        assert!(
            matches!(&error, MailError::Missing { missing, .. } if missing == "STARTTLS"),
            "{error:?}"
        );
    });
}

#[test]
fn when_starttls_is_refused_no_token_goes_out() {
    for answer in ["a1 NO not today\r\n", "a1 BAD what?\r\n"] {
        opening(Security::StartTls, |talk| {
            let error = talk
                .server(format!("* OK [CAPABILITY {CAPABLE} STARTTLS] hello\r\n"))
                .client("a1 STARTTLS\r\n")
                .server(answer)
                .fails();
            assert!(
                matches!(&error, MailError::Refused { command, .. } if command == "STARTTLS"),
                "{error:?}"
            );
        });
    }
}

#[test]
fn bytes_between_starttls_and_tls_are_refused() {
    for injected in ["* OK\r\n", "a2 OK [CAPABILITY AUTH=XOAUTH2] x\r\n", "x"] {
        opening(Security::StartTls, |talk| {
            let error = talk
                .server(format!("* OK [CAPABILITY {CAPABLE} STARTTLS] hello\r\n"))
                .client("a1 STARTTLS\r\n")
                .server(format!("a1 OK begin\r\n{injected}"))
                .fails();
            assert!(
                error.to_string().contains("between STARTTLS and TLS"),
                "{error}"
            );
        });
    }
}

#[test]
fn an_answer_to_another_command_is_no_answer() {
    opening(Security::StartTls, |talk| {
        let error = talk
            .server(format!("* OK [CAPABILITY {CAPABLE} STARTTLS] hello\r\n"))
            .client("a1 STARTTLS\r\n")
            .server("a2 OK begin\r\n")
            .fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    });
}

#[test]
fn without_tls_a_token_goes_to_loopback_only() {
    opening(Security::Plain, |talk| {
        talk.server(format!("* OK [CAPABILITY {CAPABLE}] hello\r\n"))
            .client(&format!("a1 AUTHENTICATE XOAUTH2 {XOAUTH2}\r\n"));
    });
    let elsewhere = MailServer {
        host: "imap.example.com".to_owned(),
        port: 143,
        security: Security::Plain,
    };
    let token = token();
    let error = Talk::with(Opening::new(&elsewhere, "u", &token))
        .server(format!("* OK [CAPABILITY {CAPABLE}] hello\r\n"))
        .fails();
    assert!(matches!(error, MailError::Missing { .. }), "{error:?}");
}
