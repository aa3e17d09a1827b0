//! Listening for new mail.

use crate::MailError;
use crate::imap::command::Tags;
use crate::imap::idling::{AwaitChange, StartIdle, StopIdle};
use crate::talk::Talk;

fn starting() -> Talk<StartIdle> {
    let mut talk = Talk::with(StartIdle::new(&mut Tags::default()));
    talk.client("a1 IDLE\r\n");
    talk
}

fn stopping() -> Talk<StopIdle> {
    let mut talk = Talk::with(StopIdle::new("a1".to_owned()));
    talk.client("DONE\r\n");
    talk
}

#[test]
fn a_server_listens_when_it_says_so() {
    let mut talk = starting();
    talk.waits().server("* 3 EXISTS\r\n").waits();
    assert_eq!(talk.server("+ idling\r\n").done(), "a1");
    assert!(talk.reader().changed());
}

#[test]
fn a_server_that_does_not_listen_is_named_as_such() {
    for answer in ["a1 BAD what?\r\n", "a1 NO not here\r\n", "a1 OK done\r\n"] {
        let error = starting().server(answer).fails();
        assert!(
            matches!(&error, MailError::Refused { command, .. } if command == "IDLE"),
            "{error:?}"
        );
    }
}

#[test]
fn mail_that_comes_and_mail_that_goes_is_a_change() {
    for change in ["* 4 EXISTS\r\n", "* 1 EXPUNGE\r\n", "* 1 RECENT\r\n"] {
        let mut talk = Talk::with(AwaitChange);
        talk.waits().server(change);
        talk.done();
    }
}

#[test]
fn what_changes_nothing_is_no_change() {
    let mut talk = Talk::with(AwaitChange);
    for other in [
        "* OK Still here\r\n",
        "* 2 FETCH (FLAGS (\\Seen))\r\n",
        "* 0 EXISTS\r\n",
        "* 0 RECENT\r\n",
        "+ still idling\r\n",
        "* 4 EXIS",
    ] {
        talk.server(other).waits();
    }
    talk.server("TS\r\n").done();
}

#[test]
fn a_change_is_one_until_somebody_looks() {
    let mut talk = Talk::with(AwaitChange);
    talk.server("* 4 EXISTS\r\n").done();
    talk.done();
    talk.reader().forget_changes();
    talk.server("* 4 EXISTS\r\n").waits();
    talk.server("* 5 EXISTS\r\n").done();
}

#[test]
fn a_server_that_ends_idle_by_itself_is_left() {
    for answer in ["a1 OK too long\r\n", "a1 BAD too long\r\n"] {
        let error = Talk::with(AwaitChange).server(answer).fails();
        assert!(
            error.to_string().contains("ended IDLE by itself"),
            "{error}"
        );
    }
}

#[test]
fn a_session_that_ends_with_its_token_while_idle_says_so() {
    let error = Talk::with(AwaitChange)
        .server("* BYE Session invalidated - AccessTokenExpired\r\n")
        .fails();
    assert!(
        matches!(
            error,
            MailError::Closed {
                token_ended: true,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn garbage_while_idle_is_refused() {
    let error = Talk::with(AwaitChange).server("\0\0\r\n").fails();
    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
}

#[test]
fn done_is_over_when_the_server_has_taken_note() {
    let mut talk = stopping();
    talk.waits().server("* 5 EXISTS\r\n").waits();
    talk.server("a1 OK IDLE completed\r\n").done();
    assert!(talk.reader().changed());
    for answer in ["a1 NO no\r\n", "a1 BAD no\r\n", "a2 OK done\r\n"] {
        let error = stopping().server(answer).fails();
        assert!(matches!(error, MailError::Refused { .. }), "{error:?}");
    }
}
