//! POP3.

use mailgrant_base::Protocol;
use mailgrant_mail::UpstreamOpened;

use super::{Talk, codes, login};
use crate::RefusalKind;
use crate::dialogue::Cover;

fn pop3() -> Talk {
    Talk::begin(Protocol::Pop3, Cover::Tls)
}

#[test]
fn user_and_pass_ask_and_a_password_may_have_spaces() {
    let mut talk = pop3();
    talk.client("user desk\r\nPASS  two words \r\nSTAT\r\n")
        .server("+OK And the password?\r\n");
    assert_eq!(talk.asks(), login("desk", " two words "));
    let opened = UpstreamOpened::Pop3 {
        messages: 2,
        bytes: 320,
    };
    assert_eq!(talk.admit(&opened), "+OK 2 messages (320 octets)\r\n");
    assert_eq!(talk.rest(), "STAT\r\n");
}

#[test]
fn auth_takes_plain_and_login() {
    let plain = pop3().client("AUTH PLAIN AGRlc2sAc2VjcmV0\r\n").asks();
    assert_eq!(plain, login("desk", "secret"));
    let mut talk = pop3();
    talk.client("AUTH PLAIN\r\n").server("+ \r\n");
    assert_eq!(
        talk.client("AGRlc2sAc2VjcmV0\r\n").asks(),
        login("desk", "secret")
    );
    let mut talk = pop3();
    talk.client("AUTH LOGIN\r\nZGVzaw==\r\nc2VjcmV0\r\n");
    talk.server("+ VXNlcm5hbWU6\r\n")
        .server("+ UGFzc3dvcmQ6\r\n");
    assert_eq!(talk.asks(), login("desk", "secret"));
    pop3()
        .client("AUTH\r\n")
        .server("+OK\r\nPLAIN\r\nLOGIN\r\n.\r\n");
}

#[test]
fn a_password_without_a_user_is_a_mistake() {
    for sent in [
        "PASS x\r\n",
        "AUTH GSSAPI\r\n",
        "STAT\r\n",
        "USER\r\n",
        "\r\n",
        "APOP a b\r\n",
    ] {
        assert!(pop3().client(sent).said().starts_with("-ERR "), "{sent}");
    }
}

#[test]
fn each_refusal_has_its_code_and_the_dialogue_goes_on() {
    let codes = codes(Protocol::Pop3, "USER desk\r\nPASS x\r\n");
    let codes: Vec<&str> = codes.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "-ERR [AUTH]",
            "-ERR [LOGIN-DELAY]",
            "-ERR [AUTH]",
            "-ERR [SYS/TEMP]",
            "-ERR [SYS/TEMP]",
            "-ERR [SYS/PERM]",
        ]
    );
    let mut talk = pop3();
    talk.client("USER desk\r\nPASS x\r\nPASS y\r\nUSER desk\r\nPASS y\r\n")
        .said();
    talk.asks();
    talk.refuse(RefusalKind::Wrong);
    assert!(talk.said().starts_with("-ERR USER comes"));
    talk.said();
    assert_eq!(talk.asks(), login("desk", "y"));
}

#[test]
fn nobody_logs_in_before_tls_where_it_is_to_come_first() {
    let mut talk = Talk::begin(Protocol::Pop3, Cover::StartTls);
    talk.client("CAPA\r\n");
    let capabilities = talk.said();
    assert!(capabilities.contains("\r\nSTLS\r\n") && !capabilities.contains("SASL"));
    for command in ["USER desk", "PASS x", "AUTH PLAIN AGRlc2sAc2VjcmV0"] {
        talk.client(format!("{command}\r\n"));
        assert_eq!(talk.said(), "-ERR Nobody logs in here before STLS\r\n");
    }
    assert_eq!(talk.client("STLS\r\n").tls(), "+OK Begin TLS\r\n");
    talk.client("CAPA\r\n");
    assert!(talk.said().ends_with("USER\r\nSASL PLAIN LOGIN\r\n.\r\n"));
    assert!(talk.client("STLS\r\n").said().starts_with("-ERR"));
    assert_eq!(talk.client("QUIT\r\n").ends(), "+OK Good-bye\r\n");
}
