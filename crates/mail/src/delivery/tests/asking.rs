//! From MAIL to the server's word that it waits for the message.

use super::{envelope, offers};
use crate::delivery::asking::{Asked, Asking, Then};
use crate::delivery::{Delivered, Envelope};
use crate::talk::Talk;
use crate::{MailError, Offers};

const MAIL: &str = "MAIL FROM:<from@example.com>\r\n";

/// Up to the answer to MAIL, which is yes.
fn asking(recipients: &[&str], dialogue: impl FnOnce(&mut Talk<Asking<'_>>)) {
    let envelope = envelope(recipients);
    let mut talk = Talk::with(Asking::new(&envelope, 100, &Offers::default()));
    talk.client(MAIL).waits().server("250 2.1.0 OK\r\n");
    dialogue(&mut talk);
}

fn refused(asked: &Asked) -> Vec<Option<&Delivered>> {
    asked.verdicts.iter().map(Option::as_ref).collect()
}

fn later(said: &str) -> Delivered {
    Delivered::Later(said.to_owned())
}

fn never(said: &str) -> Delivered {
    Delivered::Never(said.to_owned())
}

#[test]
fn each_recipient_is_asked_for_and_gets_its_own_refusal() {
    asking(&["a@x", "b@x", "c@x", "d@x"], |talk| {
        let asked = talk
            .client("RCPT TO:<a@x>\r\n")
            .server("250 2.1.5 OK\r\n")
            .client("RCPT TO:<b@x>\r\n")
            .server("550-5.1.1 <b@x>\r\n550 5.1.1 User unknown\r\n")
            .client("RCPT TO:<c@x>\r\n")
            .server("451 4.2.0 busy\r\n")
            .client("RCPT TO:<d@x>\r\n")
            .server("251 will forward\r\n")
            .client("DATA\r\n")
            .waits()
            .server("354 go on\r\n")
            .done();
        assert_eq!(asked.then, Then::Message);
        let (b, c) = (
            never("550 5.1.1 <b@x> User unknown"),
            later("451 4.2.0 busy"),
        );
        assert_eq!(refused(&asked), [None, Some(&b), Some(&c), None]);
    });
}

#[test]
fn without_a_recipient_there_is_no_data() {
    asking(&["a@x", "b@x"], |talk| {
        let asked = talk
            .client("RCPT TO:<a@x>\r\n")
            .server("550 no\r\n")
            .client("RCPT TO:<b@x>\r\n")
            .server("450 not now\r\n")
            .done();
        assert_eq!(asked.then, Then::Reset);
        let (a, b) = (never("550 no"), later("450 not now"));
        assert_eq!(refused(&asked), [Some(&a), Some(&b)]);
    });
}

#[test]
fn a_refused_sender_or_message_is_refused_for_all_who_are_left() {
    let envelope = envelope(&["a@x", "b@x"]);
    let asked = Talk::with(Asking::new(&envelope, 100, &Offers::default()))
        .client(MAIL)
        .server("552 5.3.4 too big\r\n")
        .done();
    let too_big = never("552 5.3.4 too big");
    assert_eq!(refused(&asked), [Some(&too_big); 2]);
    assert_eq!(asked.then, Then::Reset);

    asking(&["a@x", "b@x"], |talk| {
        let asked = talk
            .client("RCPT TO:<a@x>\r\n")
            .server("550 no\r\n")
            .client("RCPT TO:<b@x>\r\n")
            .server("250 yes\r\n")
            .client("DATA\r\n")
            .server("451 no disk\r\n")
            .done();
        let (a, b) = (never("550 no"), later("451 no disk"));
        assert_eq!(refused(&asked), [Some(&a), Some(&b)]);
        assert_eq!(asked.then, Then::Reset);
    });
}

#[test]
fn a_server_that_leaves_is_asked_nothing_more() {
    asking(&["a@x", "b@x", "c@x"], |talk| {
        let asked = talk
            .client("RCPT TO:<a@x>\r\n")
            .server("550 no\r\n")
            .client("RCPT TO:<b@x>\r\n")
            .server("421 4.3.2 shutting down\r\n")
            .done();
        let (a, rest) = (never("550 no"), later("421 4.3.2 shutting down"));
        assert_eq!(refused(&asked), [Some(&a), Some(&rest), Some(&rest)]);
        assert_eq!(asked.then, Then::Ended);
    });
}

#[test]
fn what_is_neither_yes_nor_no_breaks_the_protocol() {
    for answer in [
        "100 x\r\n",
        "354 x\r\n",
        "600 x\r\n",
        "hello\r\n",
        "2500 x\r\n",
    ] {
        asking(&["a@x"], |talk| {
            let error = talk.client("RCPT TO:<a@x>\r\n").server(answer).fails();
            assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
        });
    }
    for answer in ["250 x\r\n", "355 x\r\n", "150 x\r\n"] {
        asking(&["a@x"], |talk| {
            talk.client("RCPT TO:<a@x>\r\n").server("250 yes\r\n");
            let error = talk.client("DATA\r\n").server(answer).fails();
            assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
        });
    }
}

#[test]
fn the_server_is_told_beforehand_what_it_wants_to_know_and_nothing_else() {
    let plain = envelope(&["a@x"]);
    let utf8 = Envelope::new("", ["jörg@x"]).unwrap();
    for (envelope, offered, expected) in [
        (&plain, &[][..], MAIL),
        (
            &plain,
            &["SIZE 1000", "8BITMIME", "SMTPUTF8", "PIPELINING"],
            "MAIL FROM:<from@example.com> SIZE=100 BODY=8BITMIME\r\n",
        ),
        (
            &plain,
            &["SIZE"],
            "MAIL FROM:<from@example.com> SIZE=100\r\n",
        ),
        (
            &utf8,
            &["8BITMIME", "SMTPUTF8"],
            "MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\n",
        ),
    ] {
        Talk::with(Asking::new(envelope, 100, &offers(offered))).client(expected);
    }
}

#[test]
fn a_reply_that_nobody_asked_for_is_not_taken_for_the_next_answer() {
    for answers in [
        "250 yes\r\n250 yes\r\n",
        "550 no\r\n2",
        "250 yes\r\n354 go on\r\n",
    ] {
        asking(&["a@x", "b@x"], |talk| {
            let error = talk.client("RCPT TO:<a@x>\r\n").server(answers).fails();
            assert!(error.to_string().contains("before it is asked"), "{error}");
        });
    }
    asking(&["a@x"], |talk| {
        talk.client("RCPT TO:<a@x>\r\n").server("250 yes\r\n");
        let error = talk
            .client("DATA\r\n")
            .server("354 go on\r\n250 taken\r\n")
            .fails();
        assert!(error.to_string().contains("before it is asked"), "{error}");
    });
}
