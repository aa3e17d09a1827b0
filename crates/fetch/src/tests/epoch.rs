//! A folder whose UIDs have lost their meaning.

use mailgrant_sandbox::ImapFault;
use mailgrant_vault::AfterDelivery;

use super::{ADDRESS, Plan, World, sorted};

#[tokio::test]
async fn a_new_uidvalidity_brings_back_nothing_that_was_delivered() {
    let world = World::new().await;
    let mut sent = world.receive(5);
    world.fetch().await.unwrap();
    world.server.fault(ImapFault::NewUidValidity, Some(1));
    sent.extend(world.receive(2));
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered(), sorted(sent));
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
}

#[tokio::test]
async fn of_two_identical_messages_in_a_new_epoch_the_new_one_is_delivered() {
    let world = World::new().await;
    let twin = b"Subject: twin\r\n\r\n";
    world.server.deliver(ADDRESS, "INBOX", twin);
    world.fetch().await.unwrap();
    world.server.fault(ImapFault::NewUidValidity, Some(1));
    world.server.deliver(ADDRESS, "INBOX", twin);
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.delivered().len(), 2);
}

#[tokio::test]
async fn what_was_delivered_in_an_older_epoch_is_still_acknowledged() {
    let world = Plan {
        after: AfterDelivery::Delete,
        ..Plan::default()
    }
    .build()
    .await;
    world.receive(1);
    world.fetch().await.unwrap();
    // The same message is back under a new UID, as after a restored backup.
    world.server.fault(ImapFault::NewUidValidity, Some(1));
    world
        .server
        .deliver(ADDRESS, "INBOX", &world.delivered()[0]);
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
    assert!(world.inbox().is_empty());
    assert_eq!(world.delivered().len(), 1);
}
