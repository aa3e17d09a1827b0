//! Messages on their way in.

use crate::MailError;
use crate::machine::{Incoming as _, Step};
use crate::pop3::retrieving::{Extent, Retrieving};
use crate::pop3::{Pop3Message, RetrieveEvent};
use crate::talk::{LONGEST, Talk};

pub(super) fn retrieving(wanted: &[(u32, u64)]) -> Retrieving {
    with(wanted, false)
}

/// From a server that bears with several commands at once.
pub(super) fn pipelined(wanted: &[(u32, u64)]) -> Retrieving {
    with(wanted, true)
}

fn with(wanted: &[(u32, u64)], pipelining: bool) -> Retrieving {
    let message = |&(number, size): &(u32, u64)| Pop3Message {
        number,
        unique_id: format!("id{number}"),
        same_id_before: 0,
        size,
    };
    let wanted: Vec<Pop3Message> = wanted.iter().map(message).collect();
    Retrieving::new(&wanted, pipelining)
}

/// Message 4 of 10 bytes has been asked for.
fn asked() -> Talk<Retrieving> {
    let mut talk = Talk::with(retrieving(&[(4, 10)]));
    talk.client("RETR 4\r\n").waits();
    talk
}

/// The next message, put together: its number, the size that was announced, its bytes.
fn message(talk: &mut Talk<Retrieving>) -> (u32, u64, Vec<u8>) {
    let Some(RetrieveEvent::Start { number, size }) = talk.done() else {
        panic!("a message was to begin");
    };
    let mut bytes = Vec::new();
    loop {
        match talk.done() {
            Some(RetrieveEvent::Chunk(chunk)) => bytes.extend_from_slice(&chunk),
            Some(RetrieveEvent::End) => return (number, size, bytes),
            other => panic!("message {number} was to go on, not {other:?}"),
        }
    }
}

fn is_over(talk: &mut Talk<Retrieving>) {
    let event = talk.done();
    assert!(event.is_none(), "{event:?}");
}

#[test]
fn a_message_comes_whole_with_the_size_that_was_listed() {
    let mut talk = asked();
    talk.server("+OK 12 octets\r\nA: b\r\n\r\n..\r\n.\r\n");
    assert_eq!(message(&mut talk), (4, 10, b"A: b\r\n\r\n.\r\n".to_vec()));
    is_over(&mut talk);
    is_over(&mut Talk::with(retrieving(&[])));
}

#[test]
fn a_message_of_any_bytes_comes_unchanged() {
    let mut bytes: Vec<u8> = (0..=255).cycle().take(3 * LONGEST).collect();
    bytes.extend_from_slice(b"\r\n");
    let mut talk = asked();
    talk.server("+OK\r\n").server(&bytes).server(".\r\n");
    assert_eq!(message(&mut talk), (4, 10, bytes));
}

#[test]
fn a_message_is_handed_on_while_it_comes() {
    let mut talk = asked();
    talk.server("+OK\r\n");
    assert!(matches!(
        talk.done(),
        Some(RetrieveEvent::Start {
            number: 4,
            size: 10
        })
    ));
    for piece in ["a", "bc\r", "\n", "d"] {
        talk.waits().server(piece);
        match talk.done() {
            Some(RetrieveEvent::Chunk(chunk)) => assert_eq!(chunk, piece),
            other => panic!("{other:?}"),
        }
    }
    // What may be the end waits until it is known.
    talk.server("\r\n");
    assert!(matches!(talk.done(), Some(RetrieveEvent::Chunk(_))));
    for piece in [".", "\r"] {
        talk.waits().server(piece);
    }
    talk.waits().server("\n");
    assert!(matches!(talk.done(), Some(RetrieveEvent::End)));
    is_over(&mut talk);
}

#[test]
fn messages_are_asked_for_one_after_the_other() {
    let mut talk = Talk::with(retrieving(&[(1, 1), (7, 2)]));
    talk.client("RETR 1\r\n").server("+OK\r\n.\r\n");
    assert_eq!(message(&mut talk), (1, 1, Vec::new()));
    talk.client("RETR 7\r\n").server("+OK\r\nhi\r\n.\r\n");
    assert_eq!(message(&mut talk), (7, 2, b"hi\r\n".to_vec()));
    is_over(&mut talk);
}

fn commands(numbers: impl Iterator<Item = u32>) -> String {
    let commands: Vec<String> = numbers.map(|number| format!("RETR {number}\r\n")).collect();
    commands.concat()
}

#[test]
fn with_pipelining_the_next_messages_are_asked_for_ahead() {
    let wanted: Vec<(u32, u64)> = (1..=30).map(|number| (number, 4)).collect();
    let mut talk = Talk::with(pipelined(&wanted));
    talk.client(&commands(1..=16)).waits();
    for number in 1..=30_u32 {
        if number % 3 == 0 {
            talk.server("-ERR no\r\n");
            let event = talk.done();
            assert!(
                matches!(event, Some(RetrieveEvent::Refused { number: it, .. }) if it == number),
                "{event:?}"
            );
        } else {
            talk.server(format!("+OK\r\n{number}\r\n.\r\n"));
            let bytes = format!("{number}\r\n").into_bytes();
            assert_eq!(message(&mut talk), (number, 4, bytes));
        }
        // More are asked for when half of them have come, so that there is always one to come.
        match number {
            8 => talk.client(&commands(17..=24)).waits(),
            16 => talk.client(&commands(25..=30)).waits(),
            30 => &mut talk,
            _ => talk.waits(),
        };
    }
    is_over(&mut talk);
}

#[test]
fn with_pipelining_all_may_come_at_once() {
    let mut talk = Talk::with(pipelined(&[(5, 1), (6, 2)]));
    talk.client(&commands(5..=6))
        .server("+OK\r\n..\r\n.\r\n+OK\r\n.\r\n");
    assert_eq!(message(&mut talk), (5, 1, b".\r\n".to_vec()));
    assert_eq!(message(&mut talk), (6, 2, Vec::new()));
    is_over(&mut talk);
    is_over(&mut Talk::with(pipelined(&[])));
}

#[test]
fn headers_alone_are_asked_for_and_come_as_messages_do() {
    let message_of = |number| Pop3Message {
        number,
        unique_id: format!("id{number}"),
        same_id_before: 0,
        size: 9,
    };
    let wanted = [message_of(1), message_of(2)];
    let mut talk = Talk::with(Retrieving::part(Extent::Header, &wanted, false));
    talk.client("TOP 1 0\r\n").server("-ERR what is TOP?\r\n");
    match talk.done() {
        Some(RetrieveEvent::Refused {
            error: MailError::Refused { command, .. },
            ..
        }) => assert_eq!(command, "TOP 1 0"),
        other => panic!("{other:?}"),
    }
    talk.client("TOP 2 0\r\n")
        .server("+OK\r\nA: b\r\n\r\n.\r\n");
    assert_eq!(message(&mut talk), (2, 9, b"A: b\r\n\r\n".to_vec()));
    is_over(&mut talk);
}

#[test]
fn a_message_that_is_refused_holds_back_none_of_the_others() {
    let mut talk = Talk::with(retrieving(&[(1, 1), (2, 2), (3, 3)]));
    talk.client("RETR 1\r\n").server("-ERR no such message\r\n");
    match talk.done() {
        Some(RetrieveEvent::Refused {
            number: 1,
            error: MailError::Refused { command, said, .. },
        }) => assert_eq!((&*command, &*said), ("RETR 1", "no such message")),
        other => panic!("{other:?}"),
    }
    talk.client("RETR 2\r\n")
        .server("-ERR [SYS/TEMP] later\r\n");
    assert!(matches!(
        talk.done(),
        Some(RetrieveEvent::Refused {
            number: 2,
            error: MailError::Later { .. }
        })
    ));
    talk.client("RETR 3\r\n").server("+OK\r\n.\r\n");
    assert_eq!(message(&mut talk).0, 3);
    is_over(&mut talk);
}

#[test]
fn a_session_that_is_over_is_no_refusal_of_a_message() {
    for (words, token_ended) in [
        ("Session invalidated - AccessTokenExpired", true),
        ("User is authenticated but not connected.", false),
    ] {
        let error = asked().server(format!("-ERR {words}\r\n")).fails();
        match error {
            MailError::Closed {
                token_ended: it, ..
            } => assert_eq!(it, token_ended),
            MailError::NotConnected { .. } => assert!(!token_ended),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_no_answer_to_a_retrieval_breaks_the_protocol() {
    for answer in ["+ go on\r\n", "OK\r\n", "Subject: x\r\n", ".\r\n"] {
        let error = asked().server(answer).fails();
        assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
    }
    let error = asked().server("+OK ").server([b'x'; LONGEST]).fails();
    assert!(error.to_string().contains("too long"), "{error}");
}

/// A server sends such pieces until the client is done with it; gives how many bytes came and how much
/// memory they took at most.
fn stream(
    talk: &mut Talk<Retrieving>,
    piece: &[u8],
    most: u64,
) -> (Result<(), MailError>, u64, usize) {
    let (mut came, mut memory) = (0, 0);
    loop {
        match talk.step() {
            Err(error) => return (Err(error), came, memory),
            Ok(Step::Done(Some(RetrieveEvent::Chunk(bytes)))) => came += bytes.len() as u64,
            Ok(Step::Done(Some(RetrieveEvent::End))) => return (Ok(()), came, memory),
            Ok(Step::Done(Some(RetrieveEvent::Start { .. }))) => {}
            Ok(Step::NeedInput) => {
                talk.server(if came < most { piece } else { b".\r\n" });
                memory = memory.max(talk.reader().room().capacity());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_message_of_150_mb_passes_in_bounded_memory() {
    const SIZE: u64 = 150 * 1024 * 1024;
    let mut piece = vec![b'x'; 32 * 1024];
    piece.extend_from_slice(b"\r\n");
    let mut talk = Talk::with(retrieving(&[(1, SIZE)]));
    talk.client("RETR 1\r\n").server("+OK\r\n");
    let (end, came, memory) = stream(&mut talk, &piece, SIZE);
    assert!(end.is_ok() && came >= SIZE, "{end:?} after {came}");
    assert!(memory < 256 * 1024, "{memory}");
    is_over(&mut talk);
}

#[test]
fn a_message_without_an_end_is_not_listened_to() {
    let mut talk = asked();
    talk.server("+OK\r\n");
    let (end, came, _) = stream(&mut talk, &vec![b'x'; 32 * 1024], u64::MAX);
    let error = end.unwrap_err();
    assert!(
        error.to_string().contains("message 4 has no end"),
        "{error}"
    );
    assert!(came < 65 * 1024 * 1024, "{came}");
}
