//! Commands that have one line of answer.

use crate::MailError;
use crate::pop3::command::Command;
use crate::talk::Talk;

#[test]
fn a_command_is_done_when_the_server_says_so() {
    for text in ["DELE 4294967295", "QUIT", "NOOP"] {
        Talk::with(Command::new(text))
            .client(&format!("{text}\r\n"))
            .waits()
            .server("+OK")
            .waits()
            .server(" done\r\n")
            .done();
    }
}

#[test]
fn a_quit_that_is_refused_is_no_success() {
    let error = Talk::with(Command::new("QUIT"))
        .client("QUIT\r\n")
        .server("-ERR some deleted messages not removed\r\n")
        .fails();
    assert!(
        matches!(&error, MailError::Refused { command, said, .. }
            if command == "QUIT" && said == "some deleted messages not removed"),
        "{error:?}"
    );
}

#[test]
fn what_refuses_a_command_is_told_by_its_code() {
    let fails = |answer: &str| {
        let mut talk = Talk::with(Command::new("DELE 7"));
        talk.client("DELE 7\r\n").server(answer).fails()
    };
    let error = fails("-ERR [SYS/TEMP] busy\r\n");
    assert!(matches!(error, MailError::Later { .. }), "{error:?}");
    let error = fails("-ERR no such message\r\n");
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command == "DELE 7"),
        "{error:?}"
    );
    for nonsense in ["+ go on\r\n", "OK\r\n", "\r\n"] {
        let error = fails(nonsense);
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    }
}
