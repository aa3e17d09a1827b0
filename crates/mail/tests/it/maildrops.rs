//! A mailbox over POP3: the sandbox's, and Dovecot's.

use mailgrant_mail::{MailError, Pop3Message, Pop3Session, Protocol, RetrieveEvent, Security};
use mailgrant_sandbox::{LineFault, MailServerOptions};

use crate::world::{USER, World, limits, token};

/// Each ends in CRLF; what does not is another story. None begins with a dot: Dovecot 2.3 does not
/// double that one.
const MESSAGES: [&[u8]; 4] = [
    b"Subject: one\r\n\r\nhello\r\n",
    b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n",
    b"Subject: three\r\n\r\n\xff\x80\xfe\r\n",
    b"Subject: four\r\n\r\n\r\n\r\n",
];

async fn open(world: &World, security: Security) -> Pop3Session {
    let server = world.speaking(Protocol::Pop3, security);
    let (trust, token) = (world.trust(), token());
    let opened = Pop3Session::open(&server, &trust, limits(), USER, &token).await;
    opened.unwrap_or_else(|error| panic!("{error}\n{}", world.log()))
}

/// What came of a retrieval: the bytes of each message, or why it did not come.
async fn retrieve(
    session: &mut Pop3Session,
    messages: &[Pop3Message],
) -> Result<Vec<(u32, Result<Vec<u8>, MailError>)>, MailError> {
    let mut came = Vec::new();
    let (mut number, mut bytes, mut complete) = (0, Vec::new(), true);
    session.start_retrieve(messages).await?;
    while let Some(event) = session.next_retrieved().await? {
        match event {
            RetrieveEvent::Start { number: it, size } => {
                assert!(complete, "a message begins within another");
                let listed = messages.iter().find(|message| message.number == it);
                assert_eq!(size, listed.unwrap().size);
                (number, complete) = (it, false);
            }
            RetrieveEvent::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            RetrieveEvent::End => {
                came.push((number, Ok(std::mem::take(&mut bytes))));
                complete = true;
            }
            RetrieveEvent::Refused { number, error } => came.push((number, Err(error))),
        }
    }
    assert!(complete, "a message does not end");
    Ok(came)
}

/// The same where nothing may go wrong.
async fn all(session: &mut Pop3Session, messages: &[Pop3Message]) -> Vec<Vec<u8>> {
    let came = retrieve(session, messages).await.unwrap();
    let numbers: Vec<u32> = messages.iter().map(|message| message.number).collect();
    assert_eq!(came.iter().map(|(n, _)| *n).collect::<Vec<_>>(), numbers);
    came.into_iter().map(|(_, bytes)| bytes.unwrap()).collect()
}

fn ids(messages: &[Pop3Message]) -> Vec<&str> {
    messages.iter().map(|it| it.unique_id.as_str()).collect()
}

async fn messages_are_listed_retrieved_and_deleted(world: World) {
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    let numbers: Vec<u32> = listed.iter().map(|message| message.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(all(&mut session, &listed).await, MESSAGES);
    for (message, raw) in listed.iter().zip(MESSAGES) {
        assert_eq!(
            (message.size, message.same_id_before),
            (raw.len() as u64, 0)
        );
    }
    // Some of them, in any order.
    let some = [listed[2].clone(), listed[0].clone()];
    assert_eq!(all(&mut session, &some).await, [MESSAGES[2], MESSAGES[0]]);

    session.delete(2).await.unwrap();
    session.delete(4).await.unwrap();
    session.keep_alive().await.unwrap();
    let error = session.delete(2).await.unwrap_err();
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command == "DELE 2"),
        "{error:?}"
    );
    let left = session.list().await.unwrap();
    assert_eq!(left, [listed[0].clone(), listed[2].clone()]);
    session.commit().await.unwrap();

    world.deliver(&[b"Subject: five\r\n\r\n"]);
    let mut session = open(&world, Security::StartTls).await;
    assert_eq!(session.opened().messages, 3);
    let again = session.list().await.unwrap();
    assert_eq!(ids(&again)[..2], ids(&left));
    assert!(!ids(&listed).contains(&ids(&again)[2]));
    let came = all(&mut session, &again).await;
    assert_eq!(came[..2], [MESSAGES[0], MESSAGES[2]]);
    session.quit().await;
}

async fn without_a_quit_nothing_is_deleted(world: World) {
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Plain).await;
    let listed = session.list().await.unwrap();
    session.delete(1).await.unwrap();
    drop(session);
    let mut session = open(&world, Security::Plain).await;
    assert_eq!(ids(&session.list().await.unwrap()), ids(&listed));
    session.commit().await.unwrap();
}

async fn a_message_that_is_gone_is_told_and_the_others_come(world: World) {
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    session.delete(2).await.unwrap();
    let came = retrieve(&mut session, &listed).await.unwrap();
    for (place, (number, came)) in came.into_iter().enumerate() {
        assert_eq!(number, listed[place].number);
        match came {
            Ok(bytes) => assert_eq!(bytes, MESSAGES[place]),
            Err(MailError::Refused { command, .. }) => {
                assert_eq!((number, &*command), (2, "RETR 2"));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    session.quit().await;
}

async fn a_retrieval_that_nobody_reads_to_its_end_gives_no_answer_to_another_command(world: World) {
    let many: Vec<&[u8]> = MESSAGES.iter().copied().cycle().take(40).collect();
    world.deliver(&many);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    session.start_retrieve(&listed).await.unwrap();
    session.next_retrieved().await.unwrap();
    // Nobody has read the +OK of the messages that were asked for ahead.
    assert!(session.delete(41).await.is_err());
    session.start_retrieve(&listed[1..]).await.unwrap();
    session.next_retrieved().await.unwrap();
    assert_eq!(session.list().await.unwrap(), listed);
    session.delete(2).await.unwrap();
    session.start_retrieve(&listed[2..]).await.unwrap();
    session.next_retrieved().await.unwrap();
    assert_eq!(all(&mut session, &listed[2..4]).await, MESSAGES[2..]);
    session.start_retrieve(&listed[2..]).await.unwrap();
    session.next_retrieved().await.unwrap();
    session.commit().await.unwrap();
    let mut session = open(&world, Security::Tls).await;
    let left = session.list().await.unwrap();
    assert_eq!(left.len(), 39);
    assert_eq!(
        all(&mut session, &left[..2]).await,
        [MESSAGES[0], MESSAGES[2]]
    );
    session.quit().await;
}

async fn an_empty_mailbox_has_an_empty_list(world: World) {
    world.deliver(&[]);
    let mut session = open(&world, Security::Tls).await;
    assert_eq!(session.list().await.unwrap(), []);
    assert!(session.next_retrieved().await.unwrap().is_none());
    session.commit().await.unwrap();
}

async fn large_messages_and_many_come_unchanged(world: World) {
    let large = b"begins\r\n.0123456789 and so on, until it is large\r\n".repeat(200_000);
    let mut messages: Vec<Vec<u8>> = (0..300)
        .map(|n| format!("Subject: {n}\r\n\r\n.{n}\r\n").into_bytes())
        .collect();
    messages.insert(150, large);
    let raw: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    world.deliver(&raw);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    assert!(all(&mut session, &listed).await == messages);
    session.quit().await;
}

/// Each in the sandbox and in Dovecot.
macro_rules! in_both {
    ($($name:ident)*) => {
        mod in_the_sandbox {
            $(#[tokio::test]
            async fn $name() {
                let options = super::MailServerOptions::default();
                let world = super::World::sandbox_with(options).await;
                Box::pin(super::$name(world)).await;
            })*
        }
        mod in_dovecot {
            $(#[tokio::test]
            #[ignore = "needs Dovecot; ./test installs it"]
            async fn $name() {
                let world = super::World::dovecot("xoauth2 oauthbearer").await;
                Box::pin(super::$name(world)).await;
            })*
        }
    };
}

in_both! {
    messages_are_listed_retrieved_and_deleted
    without_a_quit_nothing_is_deleted
    a_message_that_is_gone_is_told_and_the_others_come
    a_retrieval_that_nobody_reads_to_its_end_gives_no_answer_to_another_command
    an_empty_mailbox_has_an_empty_list
    large_messages_and_many_come_unchanged
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_serves_what_lies_in_a_maildir_as_it_does_over_imap() {
    let raw: Vec<u8> = (1..=255).chain(*b"\n.\n.\r\n\n..no end").collect();
    let world = World::dovecot("xoauth2").await;
    world.deliver(&[&raw]);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    let mut served = world.as_served(&raw);
    // POP3 has no way to end a message but behind a line.
    served.extend_from_slice(b"\r\n");
    assert_eq!(all(&mut session, &listed).await, [served]);
    session.quit().await;
}

/// Lets the sandbox answer a command so, once.
fn answers(world: &World, command: &str, lines: &[&str]) {
    let fault = LineFault::Answer {
        command: command.to_owned(),
        lines: lines.iter().map(|&line| line.to_owned()).collect(),
    };
    world.server().pop3_fault(fault, Some(1));
}

#[tokio::test]
async fn a_refusal_leaves_the_session_as_it_was() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Tls).await;
    for command in ["UIDL", "LIST"] {
        answers(&world, command, &["-ERR [SYS/TEMP] busy"]);
        let error = session.list().await.unwrap_err();
        assert!(matches!(error, MailError::Later { .. }), "{error:?}");
    }
    assert_eq!(session.list().await.unwrap().len(), MESSAGES.len());
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_list_that_cannot_be_believed_ends_the_session() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Tls).await;
    answers(&world, "UIDL", &["+OK", "1 a", "2 b", "1 c", "."]);
    let error = session.list().await.unwrap_err();
    assert!(
        error.to_string().contains("message 1 two unique-ids"),
        "{error}"
    );
    // The rest of the list is no answer to QUIT.
    let error = session.commit().await.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn only_an_answer_to_quit_says_that_messages_are_deleted() {
    for (fault, closed) in [
        (LineFault::RefuseQuit, false),
        (LineFault::SilentQuit { deletes: false }, true),
        (LineFault::SilentQuit { deletes: true }, true),
    ] {
        let world = World::sandbox_with(MailServerOptions::default()).await;
        world.deliver(&MESSAGES);
        world.server().pop3_fault(fault, Some(1));
        let mut session = open(&world, Security::Tls).await;
        session.delete(1).await.unwrap();
        match session.commit().await.unwrap_err() {
            MailError::Closed { .. } => assert!(closed),
            MailError::Refused { command, .. } => assert!(!closed && command == "QUIT"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_nobody_waited_for_is_not_taken_for_the_next() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    world.deliver(&MESSAGES);
    world.server().pop3_fault(LineFault::RefuseQuit, Some(1));
    let mut session = open(&world, Security::Tls).await;
    tokio::select! {
        biased;
        done = session.delete(1) => panic!("{done:?} before the server could speak"),
        () = async {} => {}
    }
    // `+OK` to DELE is on its way.
    let error = session.commit().await.unwrap_err();
    assert!(
        matches!(&error, MailError::Closed { why, .. } if why.contains("no end")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_retrieval_that_fails_leaves_no_answer_to_another_command() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    world.deliver(&MESSAGES);
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    let words = "-ERR User is authenticated but not connected.";
    answers(&world, "RETR", &[words]);
    let error = retrieve(&mut session, &listed).await.unwrap_err();
    assert!(matches!(error, MailError::NotConnected { .. }), "{error:?}");
    // The other messages are on their way, and one of their +OK is no answer to QUIT.
    let error = session.commit().await.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_message_that_breaks_off_is_never_complete() {
    let world = World::sandbox_with(MailServerOptions::default()).await;
    world.deliver(&MESSAGES);
    world
        .server()
        .pop3_fault(LineFault::RefuseMessage(1), Some(1));
    // Up to the last but one byte of `.CRLF`.
    let bytes = "+OK 22 octets\r\n".len() + MESSAGES[0].len() + 2;
    let bytes = u64::try_from(bytes).unwrap();
    world
        .server()
        .pop3_fault(LineFault::TruncateMessage(bytes), Some(1));
    let mut session = open(&world, Security::Tls).await;
    let listed = session.list().await.unwrap();
    let came = retrieve(&mut session, &listed[..1]).await.unwrap();
    assert!(matches!(&came[..], [(1, Err(MailError::Refused { .. }))]));
    let error = retrieve(&mut session, &listed[..1]).await.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}
