//! Every fault of the mail server ends with all mail delivered, each message once.

use std::time::Duration;

use mailgrant_base::Diagnose as _;
use mailgrant_sandbox::ImapFault;
use mailgrant_vault::AfterDelivery;

use super::{Plan, World, count, now, sorted};
use crate::FetchError;

async fn survives(faults: &[ImapFault]) {
    let world = World::new().await;
    let sent = world.receive(20);
    for fault in faults {
        world.server.fault(fault.clone(), Some(1));
    }
    let running = world.run();
    let all = sorted(sent);
    let listens = |world: &World| world.activity() == Some("listening");
    world
        .until("all is delivered", |world| {
            listens(world) && world.delivered() == all
        })
        .await;
    running.stop().await;
    assert_eq!(count(&world.maildir().join("tmp")), 0);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    survives(&[ImapFault::RefuseToken]).await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_open_is_tried_again() {
    survives(&[ImapFault::NotConnected]).await;
}

#[tokio::test]
async fn a_busy_server_is_tried_again() {
    survives(&[ImapFault::Unavailable, ImapFault::TooManyConnections]).await;
}

#[tokio::test]
async fn a_server_with_too_many_connections_is_left_alone_and_nobody_is_called() {
    let world = World::new().await;
    world.server.fault(ImapFault::TooManyConnections, Some(1));
    let refused = world.fetch().await.unwrap_err();
    let FetchError::TooMany { wait, said, .. } = &refused else {
        panic!("{refused:?}");
    };
    assert!(said.contains("Too many simultaneous connections"), "{said}");
    assert!(*wait > Duration::ZERO);
    let diagnosis = refused.diagnosis();
    assert!(diagnosis.fault.passes_by_itself(), "{diagnosis}");
}

#[tokio::test]
async fn garbage_and_endless_lines_are_survived() {
    survives(&[ImapFault::Garbage]).await;
    survives(&[ImapFault::EndlessLine]).await;
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    survives(&[ImapFault::Slow(Duration::from_millis(100))]).await;
}

#[tokio::test]
async fn a_message_that_is_left_out_but_still_there_waits_and_is_not_passed_over() {
    let world = World::new().await;
    let sent = world.receive(3);
    world.server.fault(ImapFault::LeaveOut(2), Some(1));
    let fetched = world.fetch().await.unwrap();
    assert_eq!((fetched.delivered, fetched.deferred), (2, 1));
    let counts = world.vault.counts(world.account.id).await.unwrap();
    assert_eq!(counts.waiting, 1, "it is seen to wait");

    // Its time comes.
    let folder = world
        .vault
        .open_folder(
            world.account.id,
            "INBOX",
            1,
            mailgrant_vault::FirstSight::EMPTY,
            now(),
        )
        .await
        .unwrap();
    world
        .vault
        .note_deferred(folder.id, 2, "due", now(), now())
        .await
        .unwrap();
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn a_session_that_ends_with_its_token_is_resumed_without_a_word() {
    let world = World::new().await;
    let sent = world.receive(3);
    world.server.fault(ImapFault::TokenExpiredBye, Some(1));
    let running = world.run();
    let mut troubled = false;
    world
        .until("all is delivered", |world| {
            let status = world.fetcher.status();
            troubled |= status
                .borrow()
                .values()
                .any(|status| status.trouble.is_some());
            world.delivered().len() == sent.len()
        })
        .await;
    running.stop().await;
    assert!(!troubled);
}

#[tokio::test]
async fn a_connection_cut_anywhere_in_a_fetch_shows_no_half_message() {
    // Thirty messages are an answer of some 2,000 bytes: each cut falls inside of it.
    for bytes in [0, 1, 30, 200, 700, 1500] {
        let world = Plan {
            after: AfterDelivery::Delete,
            ..Plan::default()
        }
        .build()
        .await;
        let sent = sorted(world.receive(30));
        world.server.fault(ImapFault::TruncateFetch(bytes), Some(1));
        world.fetch().await.unwrap_err();
        let delivered = world.delivered();
        assert!(delivered.len() < 30, "cut after {bytes} bytes");
        assert!(
            delivered.iter().all(|raw| sent.contains(raw)),
            "cut after {bytes} bytes"
        );
        assert_eq!(count(&world.maildir().join("tmp")), 0);
        world.fetch().await.unwrap();
        assert_eq!(world.delivered(), sent, "cut after {bytes} bytes");
        assert!(world.inbox().is_empty());
    }
}

#[tokio::test]
async fn a_message_that_the_server_cannot_give_holds_back_no_other() {
    let world = World::new().await;
    world.receive(1);
    // Each FETCH breaks off in the middle of the first message.
    world.server.fault(ImapFault::TruncateFetch(60), Some(3));
    let running = world.run();
    world
        .until("it is put aside", |world| {
            world.activity() == Some("listening")
        })
        .await;
    assert!(world.delivered().is_empty());
    let behind = world.receive(3);
    world
        .until("the others are delivered", |world| {
            world.delivered().len() == 3
        })
        .await;
    running.stop().await;
    assert_eq!(world.delivered(), sorted(behind));
    assert_eq!(
        world.vault.counts(world.account.id).await.unwrap().waiting,
        1
    );
}

#[tokio::test]
async fn a_server_that_goes_down_is_waited_for() {
    let world = World::new().await;
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
    world.server.drop_connections();
    let sent = world.receive(2);
    world
        .until("all is delivered", |world| {
            world.delivered().len() == sent.len()
        })
        .await;
    running.stop().await;
}
