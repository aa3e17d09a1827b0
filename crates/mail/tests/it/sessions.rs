//! What every server must be good for, by either mechanism.

use std::time::Duration;

use mailgrant_mail::sasl::Mechanism;
use mailgrant_mail::{IdleEvent, ImapSession, Limits, MailError, Search, Security, Trust};
use mailgrant_sandbox::samples;
use secrecy::SecretString;

use crate::world::{Port, USER, World, fetch, fetch_all};

const MESSAGES: [&[u8]; 3] = [
    b"Subject: one\r\n\r\n1\r\n",
    b"Subject: two\r\n\r\n2\r\n",
    b"Subject: three\r\n\r\n3\r\n",
];

/// Each of these is a test with the sandbox's server and one with Dovecot.
macro_rules! on_both {
    ($($name:ident: $mechanism:literal,)*) => {
        mod sandbox {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::sandbox($mechanism).await).await;
            })*
        }
        mod dovecot {
            $(#[tokio::test]
            #[ignore = "needs Dovecot; ./test installs it"]
            async fn $name() {
                super::$name(crate::world::World::dovecot($mechanism).await).await;
            })*
        }
    };
}

on_both! {
    xoauth2_opens_a_session_however_the_connection_is_secured: "xoauth2",
    oauthbearer_opens_a_session_however_the_connection_is_secured: "oauthbearer",
    a_wrong_token_is_refused_with_what_the_server_said_by_xoauth2: "xoauth2",
    a_wrong_token_is_refused_with_what_the_server_said_by_oauthbearer: "oauthbearer",
    a_token_opens_no_other_mailbox: "xoauth2",
    every_message_comes_byte_for_byte: "xoauth2",
    messages_that_have_gone_are_left_out: "xoauth2",
    a_message_comes_in_parts_too: "xoauth2",
    idle_notices_a_delivery: "xoauth2",
    idle_ends_when_its_time_is_over: "xoauth2",
    messages_are_marked_as_seen: "xoauth2",
    messages_are_moved_to_a_folder_of_any_name: "xoauth2",
    messages_are_deleted_and_no_others: "xoauth2",
    unread_messages_and_those_since_a_day_are_found: "xoauth2",
    a_folder_that_is_not_there_is_named: "xoauth2",
    a_certificate_that_nobody_vouches_for_is_refused: "xoauth2",
    a_port_without_tls_is_told_from_one_with: "xoauth2",
}

async fn unread_messages_and_those_since_a_day_are_found(world: World) {
    world.deliver(&MESSAGES);
    let opened = world.open_at(Port::Imaps, Security::Tls, crate::world::token());
    let mut session = opened.await.unwrap();
    session.select("INBOX").await.unwrap();
    let all = session.uids_from(1).await.unwrap();
    session.mark_seen(&all[..1]).await.unwrap();
    let today = jiff::tz::TimeZone::UTC
        .to_datetime(mailgrant_base::Clock::now(&mailgrant_base::SystemClock))
        .date();
    let since = |days| Search {
        since: Some(today + jiff::Span::new().days(days)),
        ..Search::from(1)
    };
    let unseen = Search {
        unseen: true,
        ..Search::from(1)
    };
    let first = Search {
        to: Some(all[0]),
        ..Search::from(1)
    };
    assert_eq!(session.search(&unseen).await.unwrap(), all[1..]);
    assert_eq!(session.search(&first).await.unwrap(), all[..1]);
    // The server's day may be another than that of UTC.
    assert_eq!(session.search(&since(-1)).await.unwrap(), all);
    assert!(session.search(&since(2)).await.unwrap().is_empty());
    session.logout().await;
}

async fn xoauth2_opens_a_session_however_the_connection_is_secured(world: World) {
    opens_everywhere(&world, Mechanism::XOAuth2).await;
}

async fn oauthbearer_opens_a_session_however_the_connection_is_secured(world: World) {
    opens_everywhere(&world, Mechanism::OAuthBearer).await;
}

async fn opens_everywhere(world: &World, mechanism: Mechanism) {
    world.deliver(&MESSAGES);
    for (port, security) in [
        (Port::Imaps, Security::Tls),
        (Port::Imap, Security::StartTls),
        (Port::Imap, Security::Plain),
    ] {
        let opened = world.open_at(port, security, crate::world::token()).await;
        let mut session =
            opened.unwrap_or_else(|error| panic!("{security:?}: {error}\n{}", world.log()));
        assert_eq!(session.opened().mechanism, mechanism);
        let can = session.opened().capabilities;
        assert!(can.idle && can.r#move && can.uidplus, "{can:?}");
        let status = session.select("INBOX").await.unwrap();
        assert_eq!((status.exists, status.read_only), (3, false));
        assert!(status.uid_validity > 0 && status.uid_next.is_some_and(|next| next > 3));
        session.logout().await;
    }
}

async fn a_wrong_token_is_refused_with_what_the_server_said_by_xoauth2(world: World) {
    refuses_a_wrong_token(&world).await;
}

async fn a_wrong_token_is_refused_with_what_the_server_said_by_oauthbearer(world: World) {
    refuses_a_wrong_token(&world).await;
}

async fn refuses_a_wrong_token(world: &World) {
    let wrong = SecretString::from("wr0ng-token");
    for (port, security) in [
        (Port::Imaps, Security::Tls),
        (Port::Imap, Security::StartTls),
    ] {
        let error = world
            .open_at(port, security, wrong.clone())
            .await
            .unwrap_err();
        let MailError::LoginRefused {
            said, challenge, ..
        } = &error
        else {
            panic!("{error:?}\n{}", world.log());
        };
        assert!(said.contains("AUTHENTICATIONFAILED"), "{said}");
        let challenge = challenge.as_ref().expect("a challenge is sent");
        assert!(
            ["400", "401", "invalid_token"].contains(&challenge.status.as_str()),
            "{challenge:?}"
        );
        assert!(!format!("{error:?}").contains("wr0ng"));
    }
}

async fn a_token_opens_no_other_mailbox(world: World) {
    let (server, trust) = (world.at(Port::Imaps, Security::Tls), world.trust());
    let limits = Limits::default();
    let opened = ImapSession::open(
        &server,
        &trust,
        limits,
        "ada@example.com",
        &crate::world::token(),
    )
    .await;
    let error = opened.unwrap_err();
    assert!(
        matches!(error, MailError::LoginRefused { .. }),
        "{error:?}\n{}",
        world.log()
    );
}

async fn every_message_comes_byte_for_byte(world: World) {
    let samples = samples(1);
    let raw: Vec<&[u8]> = samples.iter().map(|sample| &sample.raw[..]).collect();
    world.deliver(&raw);
    let mut session = world.inbox().await;
    let mut fetched = fetch_all(&mut session).await;
    let mut expected: Vec<(Vec<u8>, &str)> = samples
        .iter()
        .map(|sample| (world.as_served(&sample.raw), sample.name.as_str()))
        .collect();
    assert_eq!(fetched.len(), expected.len());
    // A Maildir promises no order among messages that came together.
    fetched.sort_unstable();
    expected.sort_unstable();
    for (got, (sent, name)) in fetched.iter().zip(&expected) {
        assert!(got == sent, "{name} is another");
    }
    session.logout().await;
}

async fn messages_that_have_gone_are_left_out(world: World) {
    world.deliver(&MESSAGES);
    let mut session = world.inbox().await;
    let uids = session.uids_from(1).await.unwrap();
    let mut other = world.inbox().await;
    other.delete(&uids[1..2]).await.unwrap();
    let fetched = fetch(&mut session, &[uids[2], uids[0], uids[1], 999])
        .await
        .unwrap();
    let came: Vec<u32> = fetched.iter().map(|(uid, _)| *uid).collect();
    assert!(came.contains(&uids[0]) && came.contains(&uids[2]));
    // A server may show a message that another session deletes until the next command.
    assert!(came.iter().all(|uid| uids.contains(uid)), "{came:?}");
    assert_eq!(session.uids_from(1).await.unwrap(), [uids[0], uids[2]]);
    assert!(fetch(&mut session, &[]).await.unwrap().is_empty());
}

async fn a_message_comes_in_parts_too(world: World) {
    world.deliver(&MESSAGES[..1]);
    let mut session = world.inbox().await;
    let uid = session.uids_from(1).await.unwrap()[0];
    let mut whole = Vec::new();
    loop {
        let part = session.part(uid, whole.len() as u64, 5).await.unwrap();
        let part = part.unwrap();
        if part.is_empty() {
            break;
        }
        whole.extend_from_slice(&part);
    }
    assert_eq!(whole, MESSAGES[0]);
    assert_eq!(session.part(uid + 1, 0, 5).await.unwrap(), None);
    assert_eq!(fetch_all(&mut session).await, MESSAGES[..1]);
}

async fn idle_notices_a_delivery(world: World) {
    world.deliver(&MESSAGES[..1]);
    let mut session = world.inbox().await;
    assert_eq!(session.uids_from(1).await.unwrap().len(), 1);
    for wanted in [2, 3] {
        let (event, ()) = tokio::join!(session.idle(Duration::from_mins(1)), async {
            world.deliver(&MESSAGES[wanted - 1..wanted]);
        });
        assert_eq!(event.unwrap(), IdleEvent::Changed, "{}", world.log());
        // Maildir delivery and its notice may be apart.
        let mut found = session.uids_from(1).await.unwrap().len();
        while found < wanted {
            session.idle(Duration::from_mins(1)).await.unwrap();
            found = session.uids_from(1).await.unwrap().len();
        }
        assert_eq!(found, wanted);
    }
}

async fn idle_ends_when_its_time_is_over(world: World) {
    world.deliver(&MESSAGES);
    let mut session = world.inbox().await;
    session.uids_from(1).await.unwrap();
    let event = session.idle(Duration::from_millis(1)).await.unwrap();
    assert_eq!(event, IdleEvent::TimeOver);
    // The session is as good as before.
    assert_eq!(session.uids_from(1).await.unwrap().len(), 3);
}

async fn messages_are_marked_as_seen(world: World) {
    world.deliver(&MESSAGES);
    let mut session = world.inbox().await;
    let uids = session.uids_from(1).await.unwrap();
    fetch(&mut session, &uids).await.unwrap();
    session.logout().await;
    assert_eq!(world.seen(), [false; 3], "fetching marks nothing");
    let mut session = world.inbox().await;
    session.mark_seen(&[uids[0], uids[2]]).await.unwrap();
    session.logout().await;
    assert_eq!(world.seen(), [true, false, true]);
}

async fn messages_are_moved_to_a_folder_of_any_name(world: World) {
    world.deliver(&MESSAGES);
    world.create_folder("Erledigt &- Gel&APY-scht").await;
    let mut session = world.inbox().await;
    let folder = "Erledigt & Gelöscht";
    let folders = session.folders().await.unwrap();
    assert!(folders.iter().any(|one| one.name == folder), "{folders:?}");
    assert!(folders.iter().any(|one| one.name == "INBOX"), "{folders:?}");
    let uids = session.uids_from(1).await.unwrap();
    session.move_to(&uids[..2], folder).await.unwrap();
    assert_eq!(session.uids_from(1).await.unwrap(), uids[2..]);
    session.select(folder).await.unwrap();
    assert_eq!(fetch_all(&mut session).await, MESSAGES[..2]);
}

async fn messages_are_deleted_and_no_others(world: World) {
    world.deliver(&MESSAGES);
    let mut session = world.inbox().await;
    let uids = session.uids_from(1).await.unwrap();
    session.delete(&uids[1..2]).await.unwrap();
    session.delete(&[999]).await.unwrap();
    assert_eq!(fetch_all(&mut session).await, [MESSAGES[0], MESSAGES[2]]);
}

async fn a_folder_that_is_not_there_is_named(world: World) {
    world.deliver(&MESSAGES);
    let mut session = world.inbox().await;
    let error = session.move_to(&[1], "No \"such\"").await.unwrap_err();
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command.contains(r#""No \"such\"""#)),
        "{error:?}"
    );
    let error = session.select("No such").await.unwrap_err();
    assert!(
        matches!(&error, MailError::Refused { command, .. } if command == "SELECT \"No such\""),
        "{error:?}"
    );
    // Neither ends the session, nor touched a message.
    session.select("INBOX").await.unwrap();
    assert_eq!(fetch_all(&mut session).await, MESSAGES);
}

async fn a_certificate_that_nobody_vouches_for_is_refused(world: World) {
    let nobody = Trust::system().unwrap();
    for (port, security) in [
        (Port::Imaps, Security::Tls),
        (Port::Imap, Security::StartTls),
    ] {
        let server = world.at(port, security);
        let opened = ImapSession::open(
            &server,
            &nobody,
            Limits::default(),
            USER,
            &crate::world::token(),
        )
        .await;
        let error = opened.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "no secure connection to {server}: its certificate is self-signed or from an \
                 authority that is not trusted here"
            )
        );
    }
}

async fn a_port_without_tls_is_told_from_one_with(world: World) {
    let error = world
        .open_at(Port::Imap, Security::Tls, crate::world::token())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, MailError::Tls { why, .. } if why.contains("perhaps it wants STARTTLS")),
        "{error:?}"
    );
    // Both wait for the other's first word.
    let server = world.at(Port::Imaps, Security::StartTls);
    let limits = Limits {
        answer: Duration::from_millis(50),
        ..Limits::default()
    };
    let opened = ImapSession::open(
        &server,
        &world.trust(),
        limits,
        USER,
        &crate::world::token(),
    )
    .await;
    let error = opened.unwrap_err();
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
}
