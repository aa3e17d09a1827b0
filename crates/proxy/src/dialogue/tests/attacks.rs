//! What somebody sends who means no good.

use mailgrant_base::Protocol;

use super::{Step, Talk};
use crate::dialogue::{Cover, Farewell, LONGEST, MOST_MISTAKES};

#[test]
fn what_comes_behind_starttls_ends_the_connection_and_is_never_carried_out() {
    for (protocol, sent) in [
        (Protocol::Imap, "a STARTTLS\r\nb LOGIN desk x\r\n"),
        (Protocol::Pop3, "STLS\r\nUSER desk\r\n"),
        (Protocol::Smtp, "STARTTLS\r\nEHLO me\r\n"),
    ] {
        let ends = Talk::begin(protocol, Cover::StartTls).client(sent).ends();
        assert!(ends.contains("and TLS"), "{ends}");
    }
}

#[test]
fn a_literal_of_4_gb_is_not_waited_for() {
    for size in ["4294967296", "99999999999999999999999", "5000"] {
        let mut talk = Talk::begin(Protocol::Imap, Cover::Tls);
        talk.client(format!("a LOGIN {{{size}}}\r\n"));
        talk.server("a BAD [TOOBIG] That literal is too long\r\n");
        // The client was not told to go on, and begins anew.
        talk.client("b NOOP\r\n").server("b OK Nothing done\r\n");
        talk.client(format!("c LOGIN {{{size}+}}\r\n"));
        assert!(talk.ends().starts_with("* BYE"));
    }
}

#[test]
fn many_small_literals_are_no_way_to_a_large_one() {
    let mut talk = Talk::begin(Protocol::Imap, Cover::Tls);
    let literal = format!("{{4000+}}\r\n{} ", "x".repeat(4000));
    talk.client(format!("a LOGIN {}", literal.repeat(4)));
    assert!(talk.ends().starts_with("* BYE"));
}

#[test]
fn a_line_without_an_end_is_given_up_on() {
    for protocol in Protocol::ALL {
        let mut talk = Talk::begin(protocol, Cover::Tls);
        talk.client("x".repeat(LONGEST)).waits();
        talk.client("xx");
        assert!(talk.ends().contains("too long"), "{protocol:?}");
        let mut talk = Talk::begin(protocol, Cover::Tls);
        talk.client("x".repeat(LONGEST + 1) + "\r\n");
        assert!(talk.ends().contains("too long"), "{protocol:?}");
    }
}

#[test]
fn a_response_without_an_end_is_given_up_on() {
    for (protocol, begin) in [
        (Protocol::Imap, "a AUTHENTICATE PLAIN\r\n"),
        (Protocol::Pop3, "AUTH PLAIN\r\n"),
        (Protocol::Smtp, "EHLO me\r\nAUTH PLAIN\r\n"),
    ] {
        let mut talk = Talk::begin(protocol, Cover::Tls);
        talk.client(begin).client("x".repeat(LONGEST + 2));
        talk.said();
        if protocol == Protocol::Smtp {
            talk.said();
        }
        assert!(talk.ends().contains("too long"), "{protocol:?}");
    }
}

#[test]
fn nul_is_in_no_user_name_and_in_no_password() {
    for (protocol, sent) in [
        (Protocol::Imap, "a LOGIN de\0sk x\r\n"),
        (Protocol::Imap, "a LOGIN desk \"x\0y\"\r\n"),
        (Protocol::Imap, "a LOGIN desk {3+}\r\nx\0y\r\n"),
        (Protocol::Imap, "a AUTHENTICATE PLAIN AGRlc2sAcwBl\r\n"),
        (Protocol::Pop3, "USER desk\r\nPASS x\0y\r\n"),
        (Protocol::Smtp, "EHLO me\r\nAUTH PLAIN AGRlc2sAcwBl\r\n"),
    ] {
        let mut talk = Talk::begin(protocol, Cover::Tls);
        talk.client(sent);
        loop {
            match talk.dialogue.step(&mut talk.input) {
                Step::Say(_) => {}
                Step::NeedInput => break,
                other => panic!("{sent:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn commands_that_make_no_sense_come_to_an_end() {
    for protocol in Protocol::ALL {
        let mut talk = Talk::begin(protocol, Cover::Tls);
        for _ in 1..MOST_MISTAKES {
            talk.client("GET / HTTP/1.1\r\n").said();
        }
        talk.client("GET / HTTP/1.1\r\n").ends();
    }
}

#[test]
fn no_answer_repeats_more_than_a_tag_of_what_was_sent() {
    let mut talk = Talk::begin(Protocol::Imap, Cover::Tls);
    for sent in ["a\u{7f} x", "* OK", "+ x", &"t".repeat(101), "a\0 NOOP"] {
        let said = talk.client(format!("{sent}\r\n")).said();
        assert!(said.starts_with("* BAD"), "{sent}: {said}");
    }
}

#[test]
fn last_words_are_one_line_in_each_protocol() {
    for protocol in Protocol::ALL {
        let talk = Talk::begin(protocol, Cover::Tls);
        for why in [
            Farewell::Full,
            Farewell::Slow,
            Farewell::Attempts,
            Farewell::Stopping,
        ] {
            let said = String::from_utf8(talk.dialogue.farewell(why)).unwrap();
            let begin = match protocol {
                Protocol::Imap => "* BYE ",
                Protocol::Pop3 => "-ERR ",
                Protocol::Smtp => "421 4.",
            };
            assert!(said.starts_with(begin) && said.ends_with("\r\n"), "{said}");
            assert_eq!(said.matches('\n').count(), 1);
        }
    }
}
