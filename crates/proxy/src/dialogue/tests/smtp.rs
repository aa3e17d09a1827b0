//! SMTP.

use mailgrant_base::Protocol;
use mailgrant_mail::UpstreamOpened;

use super::{Talk, codes, login, offers};
use crate::RefusalKind;
use crate::dialogue::Cover;

fn smtp() -> Talk {
    let mut talk = Talk::begin(Protocol::Smtp, Cover::Tls);
    talk.client("EHLO me\r\n").said();
    talk
}

#[test]
fn ehlo_announces_what_the_server_will_offer() {
    let mut talk = Talk::begin(Protocol::Smtp, Cover::Plain);
    talk.client("ehlo me\r\n").server(
        "250-mail.example.com\r\n250-8BITMIME\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n",
    );
    talk.client("HELO me\r\n")
        .server("250 mail.example.com\r\n");
}

#[test]
fn auth_takes_plain_and_login_and_what_comes_behind_is_the_servers() {
    let mut talk = smtp();
    talk.client("AUTH PLAIN AGRlc2sAc2VjcmV0\r\nMAIL FROM:<a@example.com>\r\n");
    assert_eq!(talk.asks(), login("desk", "secret"));
    let opened = UpstreamOpened::Smtp(offers(&["SIZE"]));
    assert_eq!(talk.admit(&opened), "235 2.7.0 Logged in\r\n");
    assert_eq!(talk.rest(), "MAIL FROM:<a@example.com>\r\n");
    let mut talk = smtp();
    talk.client("AUTH PLAIN\r\n").server("334 \r\n");
    assert_eq!(
        talk.client("AGRlc2sAc2VjcmV0\r\n").asks(),
        login("desk", "secret")
    );
    let mut talk = smtp();
    talk.client("AUTH LOGIN ZGVzaw==\r\nc2VjcmV0\r\n")
        .server("334 UGFzc3dvcmQ6\r\n");
    assert_eq!(talk.asks(), login("desk", "secret"));
}

#[test]
fn nothing_is_taken_without_a_login() {
    let mut talk = smtp();
    for command in [
        "MAIL FROM:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "DATA",
        "BDAT 1 LAST",
    ] {
        let said = talk.client(format!("{command}\r\n")).said();
        assert_eq!(said, "530 5.7.0 Authentication required\r\n", "{command}");
    }
    talk.client("TURN\r\n")
        .server("502 5.5.1 No such command before the login\r\n");
    talk.client("NOOP\r\nRSET\r\n").said();
    talk.server("250 2.0.0 Nothing was begun\r\n");
    assert_eq!(talk.client("QUIT\r\n").ends(), "221 2.0.0 Good-bye\r\n");
}

#[test]
fn mistakes_in_a_login_have_their_codes() {
    let mut talk = Talk::begin(Protocol::Smtp, Cover::Tls);
    for (sent, code) in [
        ("AUTH PLAIN AGRlc2sAc2VjcmV0", "503 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("EHLO me", "250-mail"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
        ("AUTH PLAIN ##", "501 5.5.2"),
        ("AUTH PLAIN =", "501 5.5.2"),
        ("AUTH LOGIN", "334 "),
        ("*", "501 5.7.0"),
    ] {
        let said = talk.client(format!("{sent}\r\n")).said();
        assert!(said.starts_with(code), "{sent}: {said}");
    }
}

#[test]
fn what_passes_or_can_be_mended_does_not_make_a_client_throw_its_mail_away() {
    let codes = codes(Protocol::Smtp, "EHLO me\r\nAUTH PLAIN AGRlc2sAc2VjcmV0\r\n");
    let codes: Vec<(&str, bool)> = codes
        .iter()
        .map(|(code, ends)| (code.as_str(), *ends))
        .collect();
    assert_eq!(
        codes,
        [
            ("535 5.7.8", false),
            ("454 4.7.0", false),
            ("535 5.7.1", false),
            ("421 4.7.0", true),
            ("421 4.4.0", true),
            ("454 4.7.0", false),
        ]
    );
    let mut talk = smtp();
    talk.client("AUTH PLAIN AGRlc2sAc2VjcmV0\r\nAUTH PLAIN AGRlc2sAeA==\r\n")
        .asks();
    talk.refuse(RefusalKind::Wrong);
    assert_eq!(talk.asks(), login("desk", "x"));
}

#[test]
fn nobody_logs_in_before_tls_where_it_is_to_come_first() {
    let mut talk = Talk::begin(Protocol::Smtp, Cover::StartTls);
    let said = talk.client("EHLO me\r\n").said();
    assert!(
        said.ends_with("250 STARTTLS\r\n") && !said.contains("AUTH"),
        "{said}"
    );
    for command in ["AUTH PLAIN AGRlc2sAc2VjcmV0", "MAIL FROM:<a@example.com>"] {
        let said = talk.client(format!("{command}\r\n")).said();
        assert_eq!(said, "530 5.7.0 Must issue a STARTTLS command first\r\n");
    }
    assert_eq!(talk.client("STARTTLS\r\n").tls(), "220 2.0.0 Begin TLS\r\n");
    // What was said before is forgotten.
    let said = talk.client("AUTH PLAIN AGRlc2sAc2VjcmV0\r\n").said();
    assert!(said.starts_with("503"), "{said}");
    assert!(
        talk.client("EHLO me\r\n")
            .said()
            .ends_with("250 AUTH PLAIN LOGIN\r\n")
    );
    assert!(talk.client("STARTTLS\r\n").said().starts_with("503"));
}
