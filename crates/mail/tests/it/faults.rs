//! What servers do wrong, and what is said of it. The sandbox alone can be told to.

use std::net::SocketAddr;
use std::time::Duration;

use mailgrant_mail::{ImapSession, Limits, MailError, MailServer, Security};
use mailgrant_sandbox::{ImapFault, MailServerOptions};

use crate::world::{Port, USER, World, fetch, fetch_all};

async fn world() -> World {
    World::sandbox("xoauth2").await
}

/// How opening fails with this fault.
async fn opening_fails(fault: ImapFault, security: Security) -> MailError {
    let world = world().await;
    world.server().fault(fault, Some(1));
    let port = match security {
        Security::Tls => Port::Imaps,
        _ => Port::Imap,
    };
    let error = world.open_at(port, security, crate::world::token()).await;
    let error = error.unwrap_err();
    // A fault is over when it is over.
    world.open().await;
    error
}

#[tokio::test]
async fn each_way_of_not_letting_in_is_told_from_the_others() {
    let error = opening_fails(ImapFault::RefuseToken, Security::Tls).await;
    assert!(
        matches!(&error, MailError::LoginRefused { challenge: Some(challenge), .. }
            if challenge.status == "401" && challenge.scope.as_deref() == Some("mail")),
        "{error:?}"
    );
    let error = opening_fails(ImapFault::NotConnected, Security::Tls).await;
    assert!(matches!(error, MailError::NotConnected { .. }), "{error:?}");
    for fault in [ImapFault::Unavailable, ImapFault::TooManyConnections] {
        let error = opening_fails(fault, Security::Tls).await;
        assert!(matches!(error, MailError::Later { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn bytes_before_the_handshake_and_lines_without_end_are_refused() {
    let error = opening_fails(ImapFault::StartTlsInjection, Security::StartTls).await;
    assert!(
        matches!(error, MailError::Protocol { .. } | MailError::Tls { .. }),
        "{error:?}"
    );
    let error = opening_fails(ImapFault::EndlessLine, Security::Tls).await;
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn a_server_is_understood_whatever_it_offers() {
    for announce_capabilities in [true, false] {
        for sasl_ir in [true, false] {
            for (xoauth2, oauthbearer) in [(true, true), (true, false), (false, true)] {
                let world = World::sandbox_with(MailServerOptions {
                    announce_capabilities,
                    sasl_ir,
                    xoauth2,
                    oauthbearer,
                    login_without_tls: false,
                    ..MailServerOptions::default()
                })
                .await;
                for (port, security) in [
                    (Port::Imaps, Security::Tls),
                    (Port::Imap, Security::StartTls),
                ] {
                    let opened = world.open_at(port, security, crate::world::token()).await;
                    opened.unwrap_or_else(|error| panic!("{error}\n{}", world.log()));
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_server_does_not_offer_is_named() {
    let without = |starttls| MailServerOptions {
        xoauth2: false,
        oauthbearer: false,
        starttls,
        ..MailServerOptions::default()
    };
    for (starttls, security, missing) in [
        (true, Security::StartTls, "AUTH=XOAUTH2"),
        (true, Security::Plain, "AUTH=XOAUTH2"),
        (false, Security::StartTls, "STARTTLS"),
    ] {
        let world = World::sandbox_with(without(starttls)).await;
        let opened = world
            .open_at(Port::Imap, security, crate::world::token())
            .await;
        let error = opened.unwrap_err();
        assert!(
            matches!(&error, MailError::Missing { missing: what, .. } if what.contains(missing)),
            "{error:?}"
        );
        assert!(!world.log().contains("AUTHENTICATE"), "{}", world.log());
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], 0));
    let world = World::sandbox_with(MailServerOptions {
        listen_tls: elsewhere,
        ..MailServerOptions::default()
    })
    .await;
    let port = world.server().tls_address().port();
    let server = MailServer::new("127.0.0.2", port, Security::Tls).unwrap();
    let (trust, limits) = (world.trust(), Limits::default());
    let opened = ImapSession::open(&server, &trust, limits, USER, &crate::world::token()).await;
    let error = opened.unwrap_err();
    assert!(error.to_string().contains("for another name"), "{error}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_named() {
    let port = mailgrant_lab::free_port();
    let server = MailServer::new("127.0.0.1", port, Security::Tls).unwrap();
    let world = world().await;
    let (trust, limits) = (world.trust(), Limits::default());
    let opened = ImapSession::open(&server, &trust, limits, USER, &crate::world::token()).await;
    assert_eq!(
        opened.unwrap_err().to_string(),
        format!("cannot connect to {server}: nobody listens on that port")
    );
}

#[tokio::test]
async fn a_connection_that_is_cut_within_a_message_does_not_complete_it() {
    let world = world().await;
    let large = [b'x'; 5000];
    world.deliver(&[b"Subject: one\r\n\r\n", &large]);
    let mut session = world.inbox().await;
    world
        .server()
        .fault(ImapFault::TruncateFetch(1500), Some(1));
    let mut ended = Vec::new();
    session.start_fetch(&[1, 2]).await.unwrap();
    let error = loop {
        match session.next_fetched().await {
            Ok(Some(event)) => ended.push(event),
            Ok(None) => panic!("it is over"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, MailError::Closed { .. }), "{error:?}");
    let ends =
        |event: &&mailgrant_mail::FetchEvent| matches!(event, mailgrant_mail::FetchEvent::End);
    assert_eq!(ended.iter().filter(ends).count(), 1);
}

#[tokio::test]
async fn a_message_of_any_size_passes_in_pieces() {
    let world = world().await;
    world.deliver(&[b"Subject: one\r\n\r\n"]);
    let mut session = world.inbox().await;
    let size = 30_000_000;
    world.server().fault(ImapFault::HugeLiteral(size), Some(1));
    session.start_fetch(&[1]).await.unwrap();
    let mut came = 0;
    while let Some(event) = session.next_fetched().await.unwrap() {
        match event {
            mailgrant_mail::FetchEvent::Start { size: said, .. } => assert_eq!(said, size),
            mailgrant_mail::FetchEvent::Chunk(bytes) => {
                assert!(bytes.len() <= 200_000, "{}", bytes.len());
                came += bytes.len() as u64;
            }
            mailgrant_mail::FetchEvent::End => assert_eq!(came, size),
        }
    }
    world
        .server()
        .fault(ImapFault::HugeLiteral(u64::MAX), Some(1));
    let error = fetch(&mut session, &[1]).await.unwrap_err();
    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn garbage_is_told_from_a_refusal() {
    let world = world().await;
    let mut session = world.open().await;
    world.server().fault(ImapFault::Garbage, Some(1));
    let error = session.select("INBOX").await.unwrap_err();
    assert!(matches!(error, MailError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn a_session_that_ends_with_its_token_says_so_in_a_command_and_in_idle() {
    let world = world().await;
    for idles in [false, true] {
        let mut session = world.inbox().await;
        world.server().fault(ImapFault::TokenExpiredBye, Some(1));
        let error = if idles {
            session.idle(Duration::from_mins(1)).await.unwrap_err()
        } else {
            session.uids_from(1).await.unwrap_err()
        };
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
}

#[tokio::test]
async fn a_new_epoch_of_uids_is_seen_in_select() {
    let world = world().await;
    let mut session = world.open().await;
    let before = session.select("INBOX").await.unwrap().uid_validity;
    world.server().fault(ImapFault::NewUidValidity, Some(1));
    let after = session.select("INBOX").await.unwrap().uid_validity;
    assert_ne!(before, after);
}

#[tokio::test]
async fn without_move_and_expunge_messages_are_copied_and_stay_marked() {
    let world = World::sandbox_with(MailServerOptions {
        r#move: false,
        ..MailServerOptions::default()
    })
    .await;
    world.deliver(&[b"Subject: one\r\n\r\n", b"Subject: two\r\n\r\n"]);
    world.create_folder("Done").await;
    let mut session = world.inbox().await;
    session.move_to(&[1], "Done").await.unwrap();
    // A plain EXPUNGE could take what others have marked.
    let flags: Vec<_> = world
        .server()
        .contents(USER, "INBOX")
        .into_iter()
        .map(|(uid, flags, _)| (uid, flags.iter().any(|flag| flag == "\\Deleted")))
        .collect();
    assert_eq!(flags, [(1, true), (2, false)]);
    session.select("Done").await.unwrap();
    assert_eq!(fetch_all(&mut session).await, [b"Subject: one\r\n\r\n"]);
}

#[tokio::test]
async fn a_server_that_drips_a_message_is_left() {
    let world = world().await;
    world.deliver(&[b"Subject: one\r\n\r\n"]);
    let server = world.at(Port::Imaps, Security::Tls);
    let limits = Limits {
        answer: Duration::from_millis(200),
        ..Limits::default()
    };
    let token = crate::world::token();
    let session = ImapSession::open(&server, &world.trust(), limits, USER, &token).await;
    let mut session = session.unwrap();
    session.select("INBOX").await.unwrap();
    let drip = ImapFault::DripFetch(Duration::from_millis(10));
    world.server().fault(drip, Some(1));
    let error = fetch(&mut session, &[1]).await.unwrap_err();
    assert!(error.to_string().contains("so slowly"), "{error}");
}

#[tokio::test]
async fn a_server_that_gives_no_parts_is_told_from_one_that_does() {
    let world = world().await;
    world.deliver(&[b"Subject: one\r\n\r\n"]);
    let mut session = world.inbox().await;
    world.server().fault(ImapFault::NoParts, Some(1));
    assert_eq!(session.part(1, 0, 100).await.unwrap(), None);
    assert_eq!(
        session.part(1, 14, 100).await.unwrap().unwrap(),
        b"\r\n"[..]
    );
}
