//! What the history tells of fetched mail.

use mailgrant_sandbox::ImapFault;
use mailgrant_vault::{AfterDelivery, MessageSearch, MessageState};

use super::{ADDRESS, Plan, World, now};
use crate::Fetched;

/// Refuses everything for good.
const REFUSE: &str = "cat > /dev/null; exit 65";

#[tokio::test]
async fn a_fetched_message_is_found_by_its_header_and_has_its_times() {
    let world = World::new().await;
    let before = now();
    let raw = b"Message-ID: <one@example.com>\r\nFrom: A <a@example.com>\r\n\
        Subject: =?utf-8?q?St=C3=B6rung?=\r\n\r\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    world.fetch().await.unwrap();
    let message = found(&world, "st\u{f6}rung").await;
    assert_eq!(message.state, MessageState::Acknowledged);
    assert_eq!(message.size, Some(raw.len() as u64));
    assert_eq!(message.head.sender.as_deref(), Some("a@example.com"));
    assert_eq!(message.head.message_id.as_deref(), Some("one@example.com"));
    let times = [
        Some(message.seen_at),
        message.fetched_at,
        message.delivered_at,
        message.acknowledged_at,
    ];
    let times: Vec<_> = times.into_iter().flatten().collect();
    assert_eq!(times.len(), 4);
    assert!(times.is_sorted() && times[0].as_second() >= before.as_second());
}

#[tokio::test]
async fn a_dropped_message_stays_at_the_source_and_is_not_fetched_even_in_a_new_epoch() {
    let plan = Plan {
        after: AfterDelivery::Delete,
        ..Plan::script(REFUSE)
    };
    let world = plan.build().await;
    let raw = b"Subject: refused\r\n\r\n";
    world.server.deliver(ADDRESS, "INBOX", raw);
    assert_eq!(world.fetch().await.unwrap().quarantined, 1);
    let id = found(&world, "refused").await.id;
    world.vault.drop_message(id, "root", now()).await.unwrap();
    for epoch in 0..2 {
        assert_eq!(world.fetch().await.unwrap(), Fetched::default(), "{epoch}");
        assert_eq!(world.inbox().len(), 1, "nobody deletes it");
        world.server.fault(ImapFault::NewUidValidity, Some(1));
    }
    let again = found(&world, "refused").await;
    assert_ne!(again.id, id);
    assert_eq!(again.state, MessageState::Dropped);
}

/// The newest message that a text finds.
async fn found(world: &World, text: &str) -> mailgrant_vault::Message {
    let search = MessageSearch {
        text: Some(text.to_owned()),
        limit: 9,
        ..MessageSearch::default()
    };
    let page = world.vault.find_messages(&search).await.unwrap();
    page.messages.into_iter().next().unwrap()
}
