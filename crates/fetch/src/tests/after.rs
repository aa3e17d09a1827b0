//! What happens at the source once a message is delivered.

use mailgrant_base::Diagnose as _;
use mailgrant_sandbox::MailServerOptions;
use mailgrant_vault::AfterDelivery;

use super::{ADDRESS, Plan, World, sorted};
use crate::visit::SLICE;

async fn world(after: AfterDelivery) -> World {
    Plan {
        after,
        ..Plan::default()
    }
    .build()
    .await
}

fn to_done() -> AfterDelivery {
    AfterDelivery::Move {
        folder: "Done".into(),
    }
}

#[tokio::test]
async fn kept_mail_stays_untouched() {
    let world = world(AfterDelivery::Keep).await;
    let sent = world.receive(3);
    world.fetch().await.unwrap();
    let inbox = world.inbox();
    assert!(
        inbox
            .iter()
            .all(|(_, flags, _)| !flags.iter().any(|flag| flag == "\\Seen"))
    );
    assert_eq!(inbox.len(), 3);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn seen_mail_is_marked_so_only_after_delivery() {
    let world = world(AfterDelivery::MarkSeen).await;
    world.receive(3);
    world.fetch().await.unwrap();
    let inbox = world.inbox();
    assert_eq!(inbox.len(), 3);
    assert!(
        inbox
            .iter()
            .all(|(_, flags, _)| flags.iter().any(|flag| flag == "\\Seen"))
    );
}

#[tokio::test]
async fn moved_mail_is_in_the_other_folder() {
    for r#move in [true, false] {
        let server = MailServerOptions {
            r#move,
            ..MailServerOptions::default()
        };
        let world = Plan {
            after: to_done(),
            server,
            ..Plan::default()
        }
        .build()
        .await;
        world.receive(3);
        if world.fetch().await.is_err() {
            // Without UIDPLUS nothing can be expunged without touching others' deletions.
            assert!(!r#move);
        }
        assert_eq!(world.delivered().len(), 3);
        assert!(world.server.contents(ADDRESS, "Done").len() >= 4);
        if r#move {
            assert!(world.inbox().is_empty());
        }
    }
}

#[tokio::test]
async fn deleted_mail_is_gone_and_what_came_since_is_not() {
    let world = world(AfterDelivery::Delete).await;
    world.receive(3);
    world.fetch().await.unwrap();
    assert!(world.inbox().is_empty());
    world.receive(1);
    assert_eq!(world.inbox().len(), 1);
}

#[tokio::test]
async fn a_refused_move_is_told_but_holds_up_no_mail() {
    let world = world(AfterDelivery::Move {
        folder: "No such folder".into(),
    })
    .await;
    world.receive(2);
    let error = world.fetch().await.unwrap_err();
    assert!(error.diagnosis().said.is_some(), "{}", error.diagnosis());
    assert_eq!(world.delivered().len(), 2);
    world.receive(2);
    world.fetch().await.unwrap_err();
    assert_eq!(world.delivered().len(), 4);
    assert_eq!(world.inbox().len(), 4);

    // Once the folder is there, all is made up for.
    world
        .server
        .deliver(ADDRESS, "No such folder", b"Subject: first\r\n\r\n");
    world.fetch().await.unwrap();
    assert!(world.inbox().is_empty());
    assert_eq!(world.delivered().len(), 4);
}

#[tokio::test]
async fn a_refused_move_holds_up_no_earlier_mail_either() {
    let world = world(AfterDelivery::Move {
        folder: "No such folder".into(),
    })
    .await;
    let sent = world.receive(SLICE + 1);
    world.fetch().await.unwrap_err();
    assert!(world.delivered() == sorted(sent));
}
