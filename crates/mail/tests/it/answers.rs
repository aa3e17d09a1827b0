//! Each of the table's answers of an IMAP server, said in a whole conversation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailgrant_base::{Diagnose as _, Diagnosis};
use mailgrant_mail::answers::{Meaning, Protocol, Row, Seat, rows};
use mailgrant_mail::rehearsal::{Words, opening};
use mailgrant_mail::{MailError, MailServer, Security};
use secrecy::SecretString;

/// What comes of a login where the server says this behind its greeting.
fn login(said: &str) -> MailError {
    let server = MailServer::new("imap.example.com", 993, Security::Tls).unwrap();
    let token = SecretString::from("t0ken");
    let greeting = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n";
    let bytes = format!("{greeting}{said}");
    let words = Words {
        bytes: bytes.as_bytes(),
        piece: 7,
        longest: 4000,
    };
    opening(&server, "u", &token, words).outcome.unwrap_err()
}

fn assert_is(row: &Row, diagnosis: &Diagnosis) {
    assert!(diagnosis.what.ends_with(row.what), "{row:?}: {diagnosis:?}");
    assert_eq!(diagnosis.next, row.next);
    assert_eq!(diagnosis.fault, row.fault);
    assert_eq!(diagnosis.place.as_deref(), row.place);
    assert_eq!(diagnosis.source, Some(row.source));
}

#[test]
fn each_answer_of_the_table_is_heard_as_what_it_means() {
    let mut heard = 0;
    for row in rows() {
        let text = row.example;
        let said = match (row.seat, row.protocol) {
            (Seat::Challenge, _) => {
                let json = STANDARD.encode(text);
                format!("+ {json}\r\na1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n")
            }
            (Seat::Answer, Protocol::Imap | Protocol::Any) if text.starts_with("BYE") => {
                format!("a1 OK in\r\n* {text}\r\n")
            }
            (Seat::Answer, Protocol::Imap | Protocol::Any)
                if row.meaning == Meaning::NotConnected =>
            {
                format!("a1 OK in\r\na2 {text}\r\n")
            }
            (Seat::Answer, Protocol::Imap | Protocol::Any) => format!("a1 {text}\r\n"),
            _ => continue,
        };
        let error = login(&said);
        assert_is(row, &error.diagnosis());
        let kind = match error {
            MailError::Later { .. } => Meaning::Later,
            MailError::NotConnected { .. } => Meaning::NotConnected,
            MailError::Closed { token_ended, .. } if token_ended => Meaning::TokenEnded,
            MailError::LoginRefused { .. } => Meaning::Act,
            other => panic!("{row:?}: {other}"),
        };
        assert_eq!(kind, row.meaning, "{row:?}");
        heard += 1;
    }
    assert!(heard > 30, "{heard}");
}
