//! Messages put into folders of the sandbox's server and of Dovecot.

use mailgrant_mail::{Append, Appended, Flag, Likeness, MailError};
use mailgrant_sandbox::ImapFault;

use crate::world::{USER, World, fetch_all};

const SMALL: &[u8] = b"Message-ID: <one@example.com>\r\nSubject: gr\xfc\xdfe\r\n\r\nbody\r\n";

fn to<'a>(folder: &'a str, message: &[u8]) -> Append<'a> {
    let size = message.len() as u64;
    Append {
        folder,
        flags: &[],
        arrived: None,
        size,
        has_nul: message.contains(&0),
    }
}

/// More than any server takes unasked, and of no even number of pieces.
fn large() -> Vec<u8> {
    let line = b"a line of a message that is not small, 60 bytes with its end\r\n";
    let body: Vec<u8> = line
        .iter()
        .copied()
        .cycle()
        .take(line.len() * 50_001)
        .collect();
    [&b"Message-ID: <large@example.com>\r\n\r\n"[..], &body].concat()
}

async fn messages_of_every_size_arrive_byte_for_byte(world: World) {
    let mut session = world.open().await;
    let sent = [SMALL.to_vec(), large(), b"Subject: last\r\n\r\n".to_vec()];
    for message in &sent {
        let appended = session
            .append(&to("INBOX", message), message.as_slice())
            .await;
        let appended = appended.unwrap_or_else(|error| panic!("{error}\n{}", world.log()));
        assert!(
            matches!(appended, Appended::Taken { at: Some(_), .. }),
            "{appended:?}"
        );
    }
    session.select("INBOX").await.unwrap();
    assert!(fetch_all(&mut session).await == sent);
}

async fn a_message_is_found_by_its_id_and_size(world: World) {
    let mut session = world.open().await;
    let date = "2026-03-04T05:06:07Z".parse().unwrap();
    let append = Append {
        flags: &[Flag::Seen],
        arrived: Some(date),
        ..to("INBOX", SMALL)
    };
    let Appended::Taken { at: Some(at), .. } = session.append(&append, SMALL).await.unwrap() else {
        panic!("{}", world.log());
    };
    let status = session.select("INBOX").await.unwrap();
    assert_eq!(at.uid_validity, status.uid_validity);
    assert_eq!(world.seen(), [true]);
    let size = SMALL.len() as u64;
    for (id, sizes, found) in [
        ("one@example.com", size..=size, true),
        ("one@example.com", size - 3..=size + 3, true),
        ("one@example.com", size + 1..=size + 9, false),
        ("one@example.com", 0..=size - 1, false),
        ("ne@example.com", size..=size, false),
        ("o\"ne\\@example.com", size..=size, false),
    ] {
        let like = Likeness::new(id, sizes.clone()).unwrap();
        let uids = session.search_like(&like).await.unwrap();
        assert_eq!(uids == [at.uid], found, "{id} {sizes:?}");
    }
}

async fn a_folder_that_is_not_there_takes_nothing_and_the_session_goes_on(world: World) {
    let mut session = world.open().await;
    for message in [SMALL.to_vec(), large()] {
        let appended = session
            .append(&to("No such", &message), message.as_slice())
            .await;
        let Appended::NoFolder(said) = appended.unwrap() else {
            panic!("{}", world.log());
        };
        assert!(said.contains("TRYCREATE"), "{said}");
    }
    assert!(session.is_still_open().await);
    let appended = session.append(&to("INBOX", SMALL), SMALL).await.unwrap();
    assert!(matches!(appended, Appended::Taken { .. }));
}

async fn a_message_that_is_not_as_long_as_it_should_be_is_not_appended(world: World) {
    let mut session = world.open().await;
    for message in [SMALL.to_vec(), large()] {
        for longer in [false, true] {
            let mut append = to("INBOX", &message);
            append.size = if longer {
                append.size - 1
            } else {
                append.size + 5
            };
            let error = session
                .append(&append, message.as_slice())
                .await
                .unwrap_err();
            assert!(matches!(error, MailError::Unread { .. }), "{error}");
            assert!(!session.is_still_open().await);
            session.logout().await;
            session = world.open().await;
        }
    }
    assert_eq!(session.select("INBOX").await.unwrap().exists, 0);
}

async fn nul_bytes_never_become_something_else(world: World) {
    let mut session = world.open().await;
    let message = b"Subject: x\r\n\r\na\0b\r\n";
    let can = session.opened().capabilities;
    let appended = session
        .append(&to("INBOX", message), &message[..])
        .await
        .unwrap();
    if can.binary {
        assert!(matches!(appended, Appended::Taken { .. }), "{appended:?}");
    } else {
        assert!(matches!(&appended, Appended::Never(why) if why.contains("NUL")));
    }
    let append = Append {
        has_nul: false,
        ..to("INBOX", message)
    };
    let error = session.append(&append, &message[..]).await.unwrap_err();
    assert!(error.to_string().contains("NUL"), "{error}");
}

/// Each of these is a test with the sandbox's server and one with Dovecot.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod sandbox {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::sandbox("xoauth2").await).await;
            })*
        }
        mod dovecot {
            $(#[tokio::test]
            #[ignore = "needs Dovecot; ./test installs it"]
            async fn $name() {
                super::$name(crate::world::World::dovecot("xoauth2").await).await;
            })*
        }
    };
}

on_both! {
    messages_of_every_size_arrive_byte_for_byte,
    a_message_is_found_by_its_id_and_size,
    a_folder_that_is_not_there_takes_nothing_and_the_session_goes_on,
    a_message_that_is_not_as_long_as_it_should_be_is_not_appended,
    nul_bytes_never_become_something_else,
}

#[tokio::test]
#[ignore = "needs Dovecot; ./test installs it"]
async fn dovecot_gives_a_message_the_size_that_it_has_with_whole_line_ends() {
    let world = World::dovecot("xoauth2").await;
    let mut session = world.open().await;
    let message = b"Message-ID: <lf@example.com>\nSubject: x\n\nbody\r\n";
    session
        .append(&to("INBOX", message), &message[..])
        .await
        .unwrap();
    session.select("INBOX").await.unwrap();
    let size = message.len() as u64;
    for (sizes, found) in [(size..=size, 0), (size..=size + 3, 1)] {
        let like = Likeness::new("lf@example.com", sizes).unwrap();
        assert_eq!(session.search_like(&like).await.unwrap().len(), found);
    }
}

#[tokio::test]
async fn a_full_mailbox_is_told_before_the_message_is_sent() {
    let world = World::sandbox("xoauth2").await;
    let mut session = world.open().await;
    let full = ImapFault::RefuseAppend("NO [OVERQUOTA] Mailbox is full".to_owned());
    world.server().fault(full, Some(1));
    let message = large();
    let appended = session
        .append(&to("INBOX", &message), message.as_slice())
        .await
        .unwrap();
    assert!(matches!(&appended, Appended::Later(said) if said.contains("full")));
    let appended = session
        .append(&to("INBOX", &message), message.as_slice())
        .await
        .unwrap();
    assert!(matches!(appended, Appended::Taken { .. }));
}

#[tokio::test]
async fn a_server_that_hangs_up_behind_the_message_leaves_it_open_what_became_of_it() {
    for keeps in [false, true] {
        let world = World::sandbox("xoauth2").await;
        let mut session = world.open().await;
        world.server().fault(hang_up(keeps), Some(1));
        let error = session
            .append(&to("INBOX", SMALL), SMALL)
            .await
            .unwrap_err();
        assert!(matches!(error, MailError::Closed { .. }), "{error}");
        assert!(!session.is_still_open().await);
        assert_eq!(
            world.server().contents(USER, "INBOX").len(),
            usize::from(keeps)
        );
    }
}

fn hang_up(keeps: bool) -> ImapFault {
    ImapFault::HangUpAppend { keeps, then: None }
}
