//! Messages on their way in.

use bytes::Bytes;

use crate::MailError;
use crate::imap::command::Tags;
use crate::imap::fetching::Fetching;
use crate::imap::{FetchEvent, Step};
use crate::talk::{LONGEST, Talk};

/// A message that no reader keeps.
const LARGE: usize = 3 * LONGEST;

fn fetching(sets: &[&str]) -> Talk<Fetching> {
    let sets = sets.iter().map(|&set| set.to_owned()).collect();
    Talk::with(Fetching::new(&mut Tags::default(), sets))
}

/// A fetch of messages 1 to 9 that has been asked for.
fn asked() -> Talk<Fetching> {
    let mut talk = fetching(&["1:9"]);
    talk.client("a1f1 UID FETCH 1:9 (UID BODY.PEEK[])\r\n");
    talk
}

/// The next message, put together.
fn message(talk: &mut Talk<Fetching>) -> (u32, Vec<u8>) {
    let Some(FetchEvent::Start { uid, size }) = talk.done() else {
        panic!("a message was to begin");
    };
    let mut bytes = Vec::new();
    loop {
        match talk.done() {
            Some(FetchEvent::Chunk(chunk)) => bytes.extend_from_slice(&chunk),
            Some(FetchEvent::End) => {
                assert_eq!(bytes.len() as u64, size);
                return (uid, bytes);
            }
            other => panic!("message {uid} was to go on, not {other:?}"),
        }
    }
}

fn broken(response: impl AsRef<[u8]>) -> String {
    let mut talk = asked();
    talk.server(response);
    loop {
        match talk.step() {
            Ok(Step::Done(Some(_))) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
                return error.to_string();
            }
        }
    }
}

#[test]
fn a_message_comes_whole_and_unchanged() {
    let bytes: Vec<u8> = (0..=255).cycle().take(LARGE).collect();
    let mut talk = asked();
    talk.waits()
        .server(format!("* 4 FETCH (UID 4 BODY[] {{{LARGE}}}\r\n"))
        .server(&bytes)
        .server(")\r\na1f1 OK done\r\n");
    assert_eq!(message(&mut talk), (4, bytes));
    assert_eq!(talk.done(), None);
}

#[test]
fn a_message_is_handed_on_while_it_comes() {
    let mut talk = asked();
    talk.server("* 4 FETCH (UID 4 BODY[] {10}\r\n");
    assert_eq!(talk.done(), Some(FetchEvent::Start { uid: 4, size: 10 }));
    for chunk in ["a", "bcd", ")\r\n* 1"] {
        talk.waits().server(chunk);
        let chunk = Bytes::from_static(chunk.as_bytes());
        if chunk.len() < 7 {
            assert_eq!(talk.done(), Some(FetchEvent::Chunk(chunk)));
        } else {
            assert_eq!(talk.done(), Some(FetchEvent::Chunk(chunk.slice(..6))));
        }
    }
    talk.waits().server(" FLAGS (\\Seen))\r\n");
    assert_eq!(talk.done(), Some(FetchEvent::End));
    talk.waits();
}

#[test]
fn sets_are_asked_for_one_after_the_other() {
    let mut talk = fetching(&["1:9", "11"]);
    talk.client("a1f1 UID FETCH 1:9 (UID BODY.PEEK[])\r\n")
        .server("a1f1 OK done\r\n")
        .client("a1f2 UID FETCH 11 (UID BODY.PEEK[])\r\n")
        .waits()
        .server("* 2 FETCH (UID 11 BODY[] {2}\r\nhi)\r\na1f2 OK done\r\n");
    assert_eq!(message(&mut talk), (11, b"hi".to_vec()));
    assert_eq!(talk.done(), None);
    assert_eq!(fetching(&[]).done(), None);
}

#[test]
fn the_next_set_is_asked_for_while_the_one_before_is_answered() {
    let mut talk = fetching(&["1:2", "3:4", "5:6", "8"]);
    talk.client("a1f1 UID FETCH 1:2 (UID BODY.PEEK[])\r\n")
        .client("a1f2 UID FETCH 3:4 (UID BODY.PEEK[])\r\n")
        .waits()
        .server("* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\na1f1 OK done\r\n");
    assert_eq!(message(&mut talk), (1, b"a".to_vec()));
    talk.client("a1f3 UID FETCH 5:6 (UID BODY.PEEK[])\r\n")
        .waits()
        .server("* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\na1f2 OK done\r\n");
    assert_eq!(message(&mut talk), (3, b"c".to_vec()));
    // A message that may come without its UID is asked for while nothing else is.
    talk.waits().server("a1f3 OK done\r\n");
    talk.client("a1f4 UID FETCH 8 (UID BODY.PEEK[])\r\n");
}

#[test]
fn a_refusal_is_told_once_nothing_is_under_way() {
    let mut talk = fetching(&["1:2", "3:4", "5:6"]);
    talk.client("a1f1 UID FETCH 1:2 (UID BODY.PEEK[])\r\n")
        .client("a1f2 UID FETCH 3:4 (UID BODY.PEEK[])\r\n")
        .server("a1f1 NO not today\r\n")
        .waits()
        .server("* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\na1f2 OK done\r\n");
    assert_eq!(message(&mut talk), (3, b"c".to_vec()));
    let error = talk.step().unwrap_err();
    assert!(matches!(error, MailError::Refused { .. }), "{error:?}");
}

#[test]
fn messages_come_as_anything_a_string_can_be() {
    let mut talk = asked();
    talk.server(
        "* 1 FETCH (UID 1 BODY[] \"a \\\"b\\\"\")\r\n\
         * 2 FETCH (UID 2 BODY[] \"\")\r\n\
         * 3 FETCH (UID 3 BODY[] {0}\r\n)\r\n\
         * 4 FETCH (UID 4 BODY[] ~{3}\r\na\0b)\r\n\
         * 5 FETCH (BODY[] {1}\r\n) FLAGS (\\Seen) UID 5)\r\n\
         a1f1 OK done\r\n",
    );
    for (uid, bytes) in [
        (1, &b"a \"b\""[..]),
        (2, b""),
        (3, b""),
        (4, b"a\0b"),
        (5, b")"),
    ] {
        assert_eq!(message(&mut talk), (uid, bytes.to_vec()));
    }
    assert_eq!(talk.done(), None);
}

#[test]
fn what_else_the_server_has_to_say_does_not_disturb() {
    let mut talk = asked();
    talk.server(
        "* 7 EXPUNGE\r\n* 8 EXISTS\r\n* 0 RECENT\r\n\
         * 2 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (UID 77 FLAGS (\\Seen) MODSEQ (5))\r\n\
         * OK [ALERT] hello\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nhi)\r\n* VANISHED 9\r\n\
         * 2 FETCH (UID 2 FLAGS (\\Seen))\r\na1f1 OK done\r\n",
    );
    assert_eq!(message(&mut talk), (2, b"hi".to_vec()));
    assert_eq!(talk.done(), None);
    assert!(talk.reader().changed());
}

#[test]
fn messages_that_have_gone_are_not_answered() {
    let mut talk = asked();
    talk.server("a1f1 OK done\r\n");
    assert_eq!(talk.done(), None);
}

#[test]
fn a_server_that_lost_a_message_on_the_way_is_asked_again_later() {
    let error = asked()
        .server("a1f1 NO [EXPUNGEISSUED] Some messages no longer exist\r\n")
        .fails();
    assert!(matches!(error, MailError::Later { .. }), "{error:?}");
    let error = asked().server("a1f1 NO cannot\r\n").fails();
    assert!(matches!(error, MailError::Refused { .. }), "{error:?}");
}

#[test]
fn a_message_that_goes_while_it_is_asked_for_is_left_out() {
    let mut talk = asked();
    talk.server("* 2 FETCH (UID 2 BODY[] NIL)\r\n* 3 FETCH (UID 3 BODY[] {2}\r\nhi)\r\n")
        .server("* 2 EXPUNGE\r\na1f1 OK [EXPUNGEISSUED] done\r\n");
    assert_eq!(message(&mut talk), (3, b"hi".to_vec()));
    talk.client("a1f2 UID SEARCH UID 2\r\n")
        .waits()
        .server("* SEARCH\r\na1f2 OK done\r\n");
    assert_eq!(talk.done(), None);
}

#[test]
fn nothing_in_place_of_a_message_that_is_there_is_no_empty_message() {
    let mut talk = asked();
    let error = talk
        .server("* 2 FETCH (UID 2 BODY[] NIL)\r\na1f1 OK done\r\n")
        .client("a1f2 UID SEARCH UID 2\r\n")
        .server("* SEARCH 2\r\na1f2 OK done\r\n")
        .fails();
    assert!(
        error.to_string().contains("(NIL) in place of message 2"),
        "{error}"
    );
}

#[test]
fn a_server_that_gives_nothing_without_end_is_left() {
    let nothing = "* 2 FETCH (UID 2 BODY[] NIL)\r\n".repeat(20_000);
    let error = asked().server(nothing).fails();
    assert!(error.to_string().contains("no end"), "{error}");
}

#[test]
fn a_message_that_is_not_said_to_be_whose_is_refused() {
    for response in [
        "* 2 FETCH (BODY[] {2}\r\nhi)\r\n".to_owned(),
        "* 2 FETCH (BODY[] NIL)\r\n".to_owned(),
        format!(
            "* 2 FETCH (BODY[] {{{LARGE}}}\r\n{})\r\n",
            "x".repeat(LARGE)
        ),
    ] {
        let error = broken(response);
        assert!(error.contains("without saying which"), "{error}");
    }
}

#[test]
fn a_large_message_before_its_uid_is_asked_for_again_alone() {
    let large = "x".repeat(LARGE);
    let mut talk = asked();
    talk.server(format!(
        "* 1 FETCH (BODY[] {{2}}\r\nhi UID 1)\r\n\
         * 4 FETCH (BODY[] {{{LARGE}}}\r\n{large} UID 4)\r\n\
         * 5 FETCH (BODY[] {{2}}\r\nho UID 5)\r\na1f1 OK done\r\n"
    ));
    assert_eq!(message(&mut talk), (1, b"hi".to_vec()));
    assert_eq!(message(&mut talk), (5, b"ho".to_vec()));
    talk.client("a1f2 UID FETCH 4 (UID BODY.PEEK[])\r\n")
        .server(format!(
            "* 4 FETCH (BODY[] {{{LARGE}}}\r\n{large} UID 4)\r\na1f2 OK done\r\n"
        ));
    assert_eq!(message(&mut talk), (4, large.into_bytes()));
    assert_eq!(talk.done(), None);
}

#[test]
fn a_message_that_turns_out_to_be_another_is_never_complete() {
    let large = "x".repeat(LARGE);
    for end in [" UID 5)\r\n", ")\r\n"] {
        let mut talk = fetching(&["4"]);
        talk.client("a1f1 UID FETCH 4 (UID BODY.PEEK[])\r\n")
            .server(format!("* 1 FETCH (BODY[] {{{LARGE}}}\r\n{large}{end}"));
        loop {
            match talk.step() {
                Ok(Step::Done(Some(FetchEvent::End))) => panic!("it passed as message 4"),
                Ok(Step::Done(Some(_))) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => {
                    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_message_that_is_cut_off_is_never_complete() {
    let mut talk = asked();
    talk.server("* 4 FETCH (UID 4 BODY[] {10}\r\nabc");
    assert_eq!(talk.done(), Some(FetchEvent::Start { uid: 4, size: 10 }));
    assert!(matches!(talk.done(), Some(FetchEvent::Chunk(_))));
    talk.waits();
    // Its bytes are there, the end of its response is not.
    talk.server("defghij");
    assert!(matches!(talk.done(), Some(FetchEvent::Chunk(_))));
    talk.waits();
}

#[test]
fn a_response_that_goes_wrong_behind_a_message_does_not_complete_it() {
    for response in [
        "* 4 FETCH (UID 4 BODY[] {2}\r\nhi\r\na1f1 OK done\r\n",
        "* 4 FETCH (UID 4 BODY[] {2}\r\nhi BODY[] {2}\r\nho)\r\na1f1 OK done\r\n",
        "* 4 FETCH (UID 4 BODY[] {2}\r\nhi UID 5)\r\na1f1 OK done\r\n",
        "* 4 FETCH (UID 4 BODY[] {1}\r\nhi)\r\na1f1 OK done\r\n",
    ] {
        let mut talk = asked();
        talk.server(response);
        loop {
            match talk.step() {
                Ok(Step::Done(Some(FetchEvent::End))) => panic!("{response}"),
                Ok(Step::Done(Some(_))) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => {
                    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
                    break;
                }
            }
        }
    }
}

#[test]
fn garbage_is_refused() {
    for garbage in [
        "hello\r\n",
        "* 1 FETCH\r\n",
        "* 1 FETCH (UID 1 BODY[] 5)\r\n",
        "* 1 FETCH (UID 1 BODY[] {18446744073709551615}\r\n",
        "* 1 FETCH (UID 4294967296)\r\n",
        "+ go on\r\n",
        "a9 OK done\r\n",
    ] {
        broken(garbage);
    }
}

#[test]
fn a_bye_between_messages_leaves_those_that_came() {
    let mut talk = asked();
    talk.server("* 4 FETCH (UID 4 BODY[] {2}\r\nhi)\r\n* BYE shutting down\r\n");
    assert_eq!(message(&mut talk), (4, b"hi".to_vec()));
    let error = talk.fails();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}
