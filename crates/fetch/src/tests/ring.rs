//! Mail that goes round. Two accounts that put their mail into each other's mailboxes are refused when
//! they are entered; what other servers and programs bring back nobody can tell beforehand.

use mailgrant_vault::{AppendSink, Sink, Source};

use super::append::{ARCHIVE, archive};
use super::local_delivery::LocalDelivery;
use super::{ADDRESS, Plan, SCOPE, World, now};

fn into(account: &str) -> Sink {
    Sink::Append(AppendSink {
        account: account.to_owned(),
        folder: "INBOX".to_owned(),
    })
}

/// Puts all of the archive's mail into this sink; gives back its id.
async fn archive_sends_to(world: &World, sink: Sink) -> mailgrant_vault::AccountId {
    archive(world, Source::default(), SCOPE).await;
    let account = world.vault.account_named("archive").await.unwrap().unwrap();
    let mut draft = account.draft.clone();
    draft.sink = Some(sink);
    let changed = world
        .vault
        .change_account(account.id, account.version, &draft, now());
    changed.await.unwrap().id
}

async fn reasons(world: &World) -> Vec<String> {
    let held = world.vault.quarantine(world.account.id, 9).await.unwrap();
    held.into_iter().map(|held| held.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_from_another_mailbox_ends_where_it_began() {
    let plan = Plan {
        sink: Some(into("archive")),
        ..Plan::default()
    };
    let world = plan.build().await;
    archive(&world, Source::default(), SCOPE).await;
    world.receive(2);
    world.fetch().await.unwrap();
    let archived = || world.server.contents(ARCHIVE, "INBOX");
    // Somebody else brings it back.
    for (_, _, raw) in archived() {
        world.server.deliver(ADDRESS, "INBOX", &raw);
    }
    world.fetch().await.unwrap();
    assert_eq!((world.inbox().len(), archived().len()), (4, 2));
    let reasons = reasons(&world).await;
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons[0].contains("it has been through desk@example.com"),
        "{reasons:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_by_way_of_a_server_ends_where_it_began() {
    let server = LocalDelivery::start().await;
    let plan = Plan {
        sink: Some(Sink::Lmtp(server.sink(&["other"]))),
        ..Plan::default()
    };
    let world = plan.build().await;
    world.fetch().await.unwrap();
    world.receive(1);
    for _ in 0..3 {
        world.fetch().await.unwrap();
        // What was sent on comes back.
        for (_, _, raw) in server.letters().iter().skip(world.inbox().len() - 1) {
            world.server.deliver(ADDRESS, "INBOX", raw);
        }
    }
    assert_eq!((server.letters().len(), world.inbox().len()), (1, 2));
    assert!(reasons(&world).await[0].contains("X-Loop"));
}

#[tokio::test]
async fn an_account_that_appends_to_a_folder_which_another_one_of_it_fetches_is_no_ring() {
    let plan = Plan {
        sink: Some(into("archive")),
        ..Plan::default()
    };
    let world = plan.build().await;
    let path = world.maildir();
    let into_maildir = Sink::Maildir(mailgrant_vault::MaildirSink { path });
    let other = archive_sends_to(&world, into_maildir).await;
    world.fetch().await.unwrap();
    world.fetcher.fetch_once(other).await.unwrap();
    let sent = world.receive(1);
    world.fetch().await.unwrap();
    world.fetcher.fetch_once(other).await.unwrap();
    let arrived: Vec<_> = world
        .delivered()
        .iter()
        .map(|raw| super::unmarked(raw))
        .collect();
    assert!(arrived == sent);
}
