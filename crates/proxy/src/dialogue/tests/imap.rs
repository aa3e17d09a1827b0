//! IMAP.

use mailgrant_base::Protocol;
use mailgrant_mail::UpstreamOpened;

use super::{Talk, codes, login, offers};
use crate::RefusalKind;
use crate::dialogue::Cover;

fn imap() -> Talk {
    Talk::begin(Protocol::Imap, Cover::Tls)
}

#[test]
fn a_login_has_atoms_quoted_strings_and_literals_of_both_kinds() {
    for (sent, user, password) in [
        ("a LOGIN desk secret\r\n", "desk", "secret"),
        (
            "a login \"desk\" \"s\\\"e\\\\c ret\"\r\n",
            "desk",
            "s\"e\\c ret",
        ),
        (
            "a LOGIN {4+}\r\ndesk {6+}\r\nsec\r\nt\r\n",
            "desk",
            "sec\r\nt",
        ),
        ("a LOGIN {4+}\r\ndesk \"\"\r\n", "desk", ""),
        (
            "a LOGIN desk@example.com s]%*x\r\n",
            "desk@example.com",
            "s]%*x",
        ),
        ("a LOGIN desk {0+}\r\n\r\n", "desk", ""),
        ("a LOGIN d\u{e9}sk x\n", "", ""),
    ] {
        let mut talk = imap();
        talk.client(sent);
        if user.is_empty() {
            assert!(talk.said().starts_with("a BAD"), "{sent}");
        } else {
            assert_eq!(talk.asks(), login(user, password), "{sent}");
        }
    }
}

#[test]
fn a_client_that_announces_a_literal_is_told_to_go_on() {
    let mut talk = imap();
    talk.client("a LOGIN {4}\r\n").server("+ Go on\r\n").waits();
    talk.client("de").waits();
    talk.client("sk {3}\r\n").server("+ Go on\r\n");
    talk.client("abc\r\n");
    assert_eq!(talk.asks(), login("desk", "abc"));
}

#[test]
fn authenticate_takes_plain_and_login_with_and_without_an_initial_response() {
    for sent in [
        "a AUTHENTICATE PLAIN AGRlc2sAc2VjcmV0\r\n",
        "a authenticate plain ZGVzawBkZXNrAHNlY3JldA==\r\n",
        "a AUTHENTICATE PLAIN ZGVzawBkZXNrAHNlY3JldA\r\n",
    ] {
        assert_eq!(
            imap().client(sent).asks(),
            login("desk", "secret"),
            "{sent}"
        );
    }
    let mut talk = imap();
    talk.client("a AUTHENTICATE PLAIN\r\n")
        .server("+ \r\n")
        .waits();
    assert_eq!(
        talk.client("AGRlc2sAc2VjcmV0\r\n").asks(),
        login("desk", "secret")
    );
    for begin in [
        "a AUTHENTICATE LOGIN\r\n",
        "a AUTHENTICATE LOGIN ZGVzaw==\r\n",
    ] {
        let mut talk = imap();
        talk.client(begin);
        if !begin.contains("ZGVzaw==") {
            talk.server("+ VXNlcm5hbWU6\r\n").client("ZGVzaw==\r\n");
        }
        talk.server("+ UGFzc3dvcmQ6\r\n").client("c2VjcmV0\r\n");
        assert_eq!(talk.asks(), login("desk", "secret"));
    }
}

#[test]
fn a_response_that_is_none_or_a_client_that_gives_up_begins_anew() {
    for response in [
        "*",
        "x",
        "####",
        "ZGVzaw==",
        "b3RoZXIAZGVzawBzZWNyZXQ=",
        "AGRlc2sAcwBl",
    ] {
        let mut talk = imap();
        talk.client("a AUTHENTICATE PLAIN\r\n").server("+ \r\n");
        talk.client(format!("{response}\r\n"));
        assert!(talk.said().starts_with("a BAD "), "{response}");
        assert_eq!(talk.client("b LOGIN desk x\r\n").asks(), login("desk", "x"));
    }
    let said = imap().client("a AUTHENTICATE XOAUTH2 abc\r\n").said();
    assert!(said.starts_with("a NO [CANNOT] "), "{said}");
}

#[test]
fn the_answer_to_a_login_has_the_servers_capabilities_and_what_comes_behind_is_its_own() {
    let mut talk = imap();
    talk.client("a1 LOGIN desk x\r\na2 SELECT INBOX\r\n");
    talk.asks();
    talk.waits();
    let opened = UpstreamOpened::Imap(offers(&["IMAP4rev1", "IDLE", "X]Y"]));
    assert_eq!(
        talk.admit(&opened),
        "a1 OK [CAPABILITY IMAP4rev1 IDLE X?Y] Logged in\r\n"
    );
    assert_eq!(talk.rest(), "a2 SELECT INBOX\r\n");
}

#[test]
fn each_refusal_has_its_code_and_the_dialogue_goes_on() {
    let codes = codes(Protocol::Imap, "a LOGIN desk x\r\n");
    let codes: Vec<&str> = codes.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "a NO [AUTHENTICATIONFAILED]",
            "a NO [LIMIT]",
            "a NO [AUTHORIZATIONFAILED]",
            "a NO [LIMIT]",
            "a NO [UNAVAILABLE]",
            "a NO [CONTACTADMIN]",
        ]
    );
    let mut talk = imap();
    talk.client("a LOGIN desk x\r\nb LOGIN desk y\r\n").asks();
    talk.refuse(RefusalKind::Wrong);
    assert_eq!(talk.asks(), login("desk", "y"));
}

#[test]
fn before_the_login_there_are_capability_id_noop_and_logout() {
    let mut talk = imap();
    talk.client("a CAPABILITY\r\nb NOOP\r\nc ID NIL\r\nd ID (\"name\" {3+}\r\nabc)\r\n");
    talk.server(
        "* CAPABILITY IMAP4rev1 LITERAL- ID SASL-IR AUTH=PLAIN AUTH=LOGIN\r\n\
         a OK These are the capabilities\r\n",
    );
    talk.server("b OK Nothing done\r\n");
    for tag in ["c", "d"] {
        let said = talk.said();
        assert_eq!(
            said,
            format!("* ID (\"name\" \"Mailgrant\")\r\n{tag} OK That is who I am\r\n")
        );
    }
    talk.client("e SELECT INBOX\r\n");
    assert!(talk.said().starts_with("e BAD"));
    assert_eq!(
        talk.client("f LOGOUT\r\n").ends(),
        "* BYE Good-bye\r\nf OK Logged out\r\n"
    );
}

#[test]
fn nobody_logs_in_before_tls_where_it_is_to_come_first() {
    let mut talk = Talk::begin(Protocol::Imap, Cover::StartTls);
    talk.client("a CAPABILITY\r\n");
    let capability = talk.said();
    assert!(
        capability.contains("STARTTLS LOGINDISABLED"),
        "{capability}"
    );
    assert!(!capability.contains("AUTH="), "{capability}");
    for command in ["b LOGIN desk x", "c AUTHENTICATE PLAIN AGRlc2sAc2VjcmV0"] {
        talk.client(format!("{command}\r\n"));
        let said = talk.said();
        assert!(said[1..].starts_with(" NO [PRIVACYREQUIRED]"), "{said}");
    }
    assert_eq!(talk.client("d STARTTLS\r\n").tls(), "d OK Begin TLS\r\n");
    talk.client("e CAPABILITY\r\n");
    assert!(talk.said().contains("AUTH=PLAIN"));
    talk.client("f STARTTLS\r\n");
    assert!(talk.said().starts_with("f BAD"));
    assert_eq!(talk.client("g LOGIN desk x\r\n").asks(), login("desk", "x"));
}
