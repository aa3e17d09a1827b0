//! From the choice of the mechanism to the proof that the mailbox opens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::opening::{XOAUTH2, opening};
use crate::imap::Opening;
use crate::sasl::Mechanism;
use crate::talk::Talk;
use crate::{MailError, Security};

/// What is offered behind the login.
const SERVES: &str = "IMAP4rev1 IDLE UIDPLUS move";

fn greet(talk: &mut Talk<Opening>, offers: &str) {
    talk.server(format!("* OK [CAPABILITY IMAP4rev1 {offers}] hello\r\n"));
}

/// Up to the AUTHENTICATE by XOAUTH2 that is to be answered.
fn authenticating(dialogue: impl FnOnce(&mut Talk<Opening>)) {
    opening(Security::Tls, |talk| {
        greet(talk, "SASL-IR AUTH=XOAUTH2");
        talk.client(&format!("a1 AUTHENTICATE XOAUTH2 {XOAUTH2}\r\n"));
        dialogue(talk);
    });
}

#[test]
fn the_mechanism_is_one_that_the_server_offers() {
    for (offers, sent) in [
        ("AUTH=XOAUTH2", "XOAUTH2"),
        ("AUTH=OAUTHBEARER", "OAUTHBEARER"),
        ("AUTH=OAUTHBEARER AUTH=PLAIN AUTH=XOAUTH2", "XOAUTH2"),
        ("auth=PLAIN auth=oauthbearer", "OAUTHBEARER"),
    ] {
        opening(Security::Tls, |talk| {
            greet(talk, offers);
            talk.client(&format!("a1 AUTHENTICATE {sent}\r\n"));
        });
    }
}

#[test]
fn a_server_that_takes_no_access_tokens_is_named_as_such() {
    for offers in [
        "",
        "SASL-IR AUTH=PLAIN AUTH=LOGIN",
        "AUTH=XOAUTH",
        "XOAUTH2",
    ] {
        opening(Security::Tls, |talk| {
            greet(talk, offers);
            assert_eq!(
                talk.fails().to_string(),
                "imap.example.com:993 does not offer a login with access tokens \
                 (AUTH=XOAUTH2 or AUTH=OAUTHBEARER)"
            );
        });
    }
}

#[test]
fn without_sasl_ir_the_token_waits_until_it_is_called_for() {
    for (mechanism, response) in [
        ("XOAUTH2", XOAUTH2.to_owned()),
        (
            "OAUTHBEARER",
            STANDARD
                .encode("n,a=u,\x01host=imap.example.com\x01port=993\x01auth=Bearer t0ken\x01\x01"),
        ),
    ] {
        opening(Security::Tls, |talk| {
            greet(talk, &format!("AUTH={mechanism}"));
            talk.client(&format!("a1 AUTHENTICATE {mechanism}\r\n"))
                .waits()
                .server("+ \r\n")
                .client(&format!("{response}\r\n"))
                .waits();
        });
    }
}

#[test]
fn a_call_for_the_token_may_be_a_plus_alone() {
    opening(Security::Tls, |talk| {
        greet(talk, "AUTH=XOAUTH2");
        talk.client("a1 AUTHENTICATE XOAUTH2\r\n")
            .server("+\r\n")
            .client(&format!("{XOAUTH2}\r\n"));
    });
}

#[test]
fn an_error_challenge_is_answered_as_its_mechanism_wants_and_carried_in_the_error() {
    let challenge = STANDARD.encode(
        r#"{"status":"invalid_token","scope":"mail","openid-configuration":"https://id.example/"}"#,
    );
    for (mechanism, answer) in [("XOAUTH2", "\r\n"), ("OAUTHBEARER", "AQ==\r\n")] {
        opening(Security::Tls, |talk| {
            greet(talk, &format!("AUTH={mechanism}"));
            talk.client(&format!("a1 AUTHENTICATE {mechanism}\r\n"))
                .server("+ \r\n");
            assert!(talk.step().is_ok(), "the token goes out");
            talk.waits()
                .server(format!("+ {challenge}\r\n"))
                .client(answer)
                .waits()
                .server("a1 NO [AUTHENTICATIONFAILED] no\r\n");
            let MailError::LoginRefused {
                said,
                challenge: Some(challenge),
                ..
            } = talk.fails()
            else {
                panic!("the challenge is lost");
            };
            assert_eq!(said, "[AUTHENTICATIONFAILED] no");
            assert_eq!(challenge.status, "invalid_token");
            assert_eq!(challenge.scope.as_deref(), Some("mail"));
            assert_eq!(
                challenge.openid_configuration.as_deref(),
                Some("https://id.example/")
            );
        });
    }
}

#[test]
fn a_challenge_that_cannot_be_read_is_answered_all_the_same() {
    for challenge in ["", "*", "bm90IGpzb24=", "e30="] {
        authenticating(|talk| {
            talk.server(format!("+ {challenge}\r\n"))
                .client("\r\n")
                .server("a1 NO no\r\n");
            let error = talk.fails();
            assert!(
                matches!(&error, MailError::LoginRefused { challenge: Some(challenge), .. }
                    if challenge.status == "unreadable"),
                "{error:?}"
            );
        });
    }
}

#[test]
fn a_server_that_challenges_again_and_again_is_left() {
    authenticating(|talk| {
        talk.server("+ e30=\r\n").client("\r\n");
        let error = talk.server("+ e30=\r\n").fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    });
}

#[test]
fn a_refusal_without_a_challenge_has_none() {
    for (answer, passes) in [
        ("a1 NO AUTHENTICATE failed.\r\n", false),
        ("a1 BAD Invalid SASL argument\r\n", false),
        (
            "a1 NO [UNAVAILABLE] Temporary authentication failure\r\n",
            true,
        ),
    ] {
        authenticating(|talk| {
            let error = talk.server(answer).fails();
            if passes {
                assert!(matches!(error, MailError::Later { .. }), "{error:?}");
            } else {
                assert!(
                    matches!(
                        error,
                        MailError::LoginRefused {
                            challenge: None,
                            ..
                        }
                    ),
                    "{error:?}"
                );
            }
        });
    }
}

#[test]
fn a_login_counts_when_a_command_has_touched_the_mailbox() {
    authenticating(|talk| {
        talk.server(format!("a1 OK [CAPABILITY {SERVES}] logged in\r\n"))
            .client("a2 STATUS INBOX (UIDVALIDITY)\r\n")
            .waits()
            .server("* STATUS INBOX (UIDVALIDITY 7)\r\n")
            .waits()
            .server("a2 OK done\r\n");
        let login = talk.done();
        assert_eq!(login.opened.mechanism, Mechanism::XOAuth2);
        let can = login.opened.capabilities;
        assert!(can.idle && can.uidplus && can.r#move && !can.literal_plus);
        assert!(!can.literal_minus && !can.binary && can.append_limit.is_none());
    });
}

#[test]
fn an_ok_that_opens_no_mailbox_is_no_login() {
    for answer in [
        "a2 BAD User is authenticated but not connected.\r\n",
        "a2 NO no such mailbox\r\n",
        "* BYE Connection closed. 14\r\n",
    ] {
        authenticating(|talk| {
            talk.server(format!("a1 OK [CAPABILITY {SERVES}] logged in\r\n"))
                .client("a2 STATUS INBOX (UIDVALIDITY)\r\n");
            let error = talk.server(answer).fails();
            assert!(matches!(error, MailError::NotConnected { .. }), "{error:?}");
        });
    }
}

#[test]
fn what_is_offered_before_the_login_does_not_count_behind_it() {
    // Dovecot tells in the answer, Gmail before it, Exchange not at all.
    for (answer, asked) in [
        (format!("a1 OK [CAPABILITY {SERVES}] Logged in\r\n"), false),
        (
            format!("* CAPABILITY {SERVES}\r\na1 OK u authenticated (Success)\r\n"),
            false,
        ),
        ("a1 OK AUTHENTICATE completed.\r\n".to_owned(), true),
    ] {
        opening(Security::Tls, |talk| {
            greet(talk, "SASL-IR AUTH=XOAUTH2 LITERAL+");
            talk.client(&format!("a1 AUTHENTICATE XOAUTH2 {XOAUTH2}\r\n"))
                .server(answer);
            let proof = if asked {
                talk.client("a2 CAPABILITY\r\n")
                    .server(format!("* CAPABILITY {SERVES}\r\na2 OK done\r\n"));
                "a3"
            } else {
                "a2"
            };
            talk.client(&format!("{proof} STATUS INBOX (UIDVALIDITY)\r\n"))
                .server(format!("{proof} OK done\r\n"));
            let can = talk.done().opened.capabilities;
            assert!(can.idle && !can.literal_plus);
        });
    }
}

#[test]
fn a_call_for_more_where_nothing_is_to_be_said_is_refused() {
    authenticating(|talk| {
        talk.server(format!("a1 OK [CAPABILITY {SERVES}] logged in\r\n"))
            .client("a2 STATUS INBOX (UIDVALIDITY)\r\n");
        let error = talk.server("+ and?\r\n").fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    });
}
