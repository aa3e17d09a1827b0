//! A mailbox that falls silent.

use jiff::SignedDuration;
use mailgrant_vault::{
    Event, EventKind, FirstSight, Floor, FolderId, MessageHead, Prepared, StartFrom,
};

use super::{World, now};
use crate::silence;

async fn inbox(world: &World) -> FolderId {
    let first = FirstSight {
        next_uid: 1,
        start: StartFrom::Everything,
    };
    let (vault, account) = (&world.vault, world.account.id);
    let folder = vault.open_folder(account, "INBOX", 7, first, now());
    folder.await.unwrap().id
}

/// Mail that came so many days ago.
async fn came(world: &World, folder: FolderId, uid: u32, days: i64) {
    let seen_at = now() - SignedDuration::from_hours(24 * days + 1);
    let message = Prepared {
        uid,
        key: format!("key-{uid}"),
        digest: [0; 32],
        size: 1,
        head: MessageHead::default(),
        seen_at,
    };
    let (vault, floor) = (&world.vault, Floor::New(uid + 1));
    let noted = vault
        .note_prepared(folder, &[message], floor, seen_at)
        .await;
    noted.unwrap();
}

async fn told(world: &World) -> Vec<Event> {
    let events = world.vault.events(Some(world.account.id), 50).await;
    let events = events.unwrap().into_iter();
    events
        .filter(|event| event.kind == EventKind::MailboxSilent)
        .collect()
}

#[tokio::test]
async fn a_day_without_mail_after_a_week_with_is_told_once() {
    let world = World::new().await;
    let folder = inbox(&world).await;
    for day in 2..8 {
        came(&world, folder, u32::try_from(20 - day).unwrap(), day).await;
    }
    silence::look(world.fetcher.shared()).await.unwrap();
    assert!(told(&world).await.is_empty(), "there was a day without");
    came(&world, folder, 30, 1).await;
    for _ in 0..2 {
        silence::look(world.fetcher.shared()).await.unwrap();
    }
    let events = told(&world).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].text.contains("desk@example.com"), "{events:?}");
}

#[tokio::test]
async fn a_mailbox_with_mail_today_is_not_silent() {
    let world = World::new().await;
    let folder = inbox(&world).await;
    for day in 0..8 {
        came(&world, folder, u32::try_from(20 - day).unwrap(), day).await;
    }
    silence::look(world.fetcher.shared()).await.unwrap();
    assert!(told(&world).await.is_empty());
}
