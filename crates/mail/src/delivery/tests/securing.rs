//! From the greeting to what the server offers.

use crate::smtp::{Hail, Securing};
use crate::talk::Talk;
use crate::{MailError, Security};

fn securing(hail: Hail, security: Security) -> Talk<Securing> {
    Talk::with(Securing::for_delivery(hail, security))
}

#[test]
fn each_protocol_asks_in_its_own_word() {
    for (hail, line) in [
        (Hail::Lhlo, "LHLO [127.0.0.1]\r\n"),
        (Hail::Ehlo, "EHLO [127.0.0.1]\r\n"),
    ] {
        for security in [Security::Plain, Security::Tls] {
            let offers = securing(hail, security)
                .server("220 hello\r\n")
                .client(line)
                .server("250-x\r\n250-8BITMIME\r\n250 SIZE 1000\r\n")
                .done();
            assert_eq!(offers.largest_message(), Some(1000));
        }
    }
}

#[test]
fn starttls_is_no_matter_of_choice() {
    let offers = securing(Hail::Lhlo, Security::StartTls)
        .server("220 hello\r\n")
        .client("LHLO [127.0.0.1]\r\n")
        .server("250-x\r\n250-SIZE 5\r\n250 STARTTLS\r\n")
        .client("STARTTLS\r\n")
        .server("220 go\r\n")
        .tls()
        .client("LHLO [127.0.0.1]\r\n")
        .server("250-x\r\n250 SIZE 1000\r\n")
        .done();
    assert_eq!(offers.largest_message(), Some(1000));

    let error = securing(Hail::Ehlo, Security::StartTls)
        .server("220 hello\r\n")
        .client("EHLO [127.0.0.1]\r\n")
        .server("250 x\r\n")
        .fails();
    assert!(matches!(error, MailError::Missing { .. }), "{error:?}");
}

#[test]
fn a_server_of_the_other_protocol_is_told_by_its_refusal() {
    let error = securing(Hail::Lhlo, Security::Plain)
        .server("220 mail.example.com ESMTP\r\n")
        .client("LHLO [127.0.0.1]\r\n")
        .server("502 5.5.2 Error: command not recognized\r\n")
        .fails();
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command == "LHLO"),
        "{error:?}"
    );
}
