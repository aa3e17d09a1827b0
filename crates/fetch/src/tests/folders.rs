//! Several folders, and what was in them before.

use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_base::Diagnose as _;
use mailgrant_vault::{AfterDelivery, Folders, StartFrom};

use tokio_util::sync::CancellationToken;

use super::{ADDRESS, Plan, World, now, sorted};
use crate::FetchError;
use crate::connect::Login;
use crate::visit::{Memory, SLICE, Visit};

/// A world whose account fetches these folders.
async fn fetching(folders: &str, plan: Plan) -> World {
    let mut world = plan.build().await;
    let mut draft = world.account.draft.clone();
    draft.folders = Folders::read(folders).unwrap();
    let account = &world.account;
    world.account = world
        .vault
        .change_account(account.id, account.version, &draft, now())
        .await
        .unwrap();
    world
}

fn put(world: &World, folder: &str, text: &str) -> Vec<u8> {
    let raw = format!("Subject: {text}\r\n\r\n{text}\r\n").into_bytes();
    world.server.deliver(ADDRESS, folder, &raw);
    raw
}

#[tokio::test]
async fn mail_of_every_folder_that_fits_is_fetched_and_of_no_other() {
    let world = fetching("INBOX; Support/*", Plan::default()).await;
    let mut sent = vec![
        put(&world, "INBOX", "one"),
        put(&world, "Support/A", "two"),
        put(&world, "Support/B", "three"),
    ];
    put(&world, "Private", "four");
    assert_eq!(world.fetch().await.unwrap().delivered, 3);
    assert_eq!(world.delivered(), sorted(sent.clone()));
    // A folder that was made meanwhile, and the same UID in two folders.
    sent.push(put(&world, "Support/C", "five"));
    sent.push(put(&world, "Support/A", "six"));
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn the_same_message_in_two_folders_is_two_messages() {
    let world = fetching("INBOX; Other", Plan::default()).await;
    put(&world, "INBOX", "twin");
    put(&world, "Other", "twin");
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
}

#[tokio::test]
async fn a_folder_that_is_missing_holds_back_none_of_the_others() {
    let world = fetching("Missing; INBOX", Plan::default()).await;
    let sent = put(&world, "INBOX", "one");
    let error = world.fetch().await.unwrap_err();
    assert!(error.to_string().contains("Missing"), "{error}");
    assert!(matches!(error, FetchError::Mail(_)));
    assert_eq!(world.delivered(), [sent]);
}

#[tokio::test]
async fn that_no_folder_fits_is_told_and_a_target_is_no_source() {
    let world = fetching("Nothing*", Plan::default()).await;
    let error = world.fetch().await.unwrap_err();
    assert!(matches!(error, FetchError::NoFolder { .. }), "{error}");
    assert!(error.diagnosis().what.contains("Nothing*"));

    let moving = Plan {
        after: AfterDelivery::Move {
            folder: "Done".into(),
        },
        ..Plan::default()
    };
    let world = fetching("*", moving).await;
    world.receive(2);
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
}

#[tokio::test]
async fn a_worker_sees_mail_in_a_folder_that_it_does_not_listen_to() {
    let world = fetching("INBOX; Other", Plan::default()).await;
    let mut sent = vec![put(&world, "Other", "zero")];
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
    sent.extend([put(&world, "Other", "one"), put(&world, "INBOX", "two")]);
    world
        .until("all are there", |world| world.delivered().len() == 3)
        .await;
    running.stop().await;
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn unread_mail_is_fetched_and_what_has_been_read_is_not() {
    let plan = Plan {
        start: StartFrom::Unseen,
        ..Plan::default()
    };
    let world = plan.build().await;
    let read = b"Subject: read\r\n\r\n";
    world
        .server
        .restore(ADDRESS, "INBOX", read, &["\\Seen"], now());
    let mut sent = world.receive(3);
    assert_eq!(world.fetch().await.unwrap().delivered, 3);
    // From now on all is new, read or not.
    let also = b"Subject: read at once\r\n\r\n";
    world
        .server
        .restore(ADDRESS, "INBOX", also, &["\\Seen"], now());
    sent.push(also.to_vec());
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn mail_since_a_day_is_fetched_and_older_mail_is_not() {
    let day = jiff::civil::date(2026, 3, 4);
    let plan = Plan {
        start: StartFrom::Since(day),
        ..Plan::default()
    };
    let world = plan.build().await;
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let put = |text: &str, received| {
        let raw = format!("Subject: {text}\r\n\r\n").into_bytes();
        world
            .server
            .restore(ADDRESS, "INBOX", &raw, &[], at(received));
        raw
    };
    put("before", "2026-03-03T23:59:59Z");
    let sent = vec![
        put("that day", "2026-03-04T00:00:00Z"),
        put("later", "2026-09-01T00:00:00Z"),
    ];
    put("an old one that was moved in", "2020-01-01T00:00:00Z");
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn old_mail_that_nobody_wanted_does_not_come_with_a_new_uidvalidity() {
    let plan = Plan {
        start: StartFrom::OnlyNew,
        ..Plan::default()
    };
    let world = plan.build().await;
    let long_ago = now() - SignedDuration::from_hours(24 * 30);
    for number in 0..5 {
        let raw = format!("Subject: old {number}\r\n\r\n").into_bytes();
        world.server.restore(ADDRESS, "INBOX", &raw, &[], long_ago);
    }
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
    let mut sent = world.receive(2);
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    world
        .server
        .fault(mailgrant_sandbox::ImapFault::NewUidValidity, Some(1));
    sent.extend(world.receive(1));
    assert_eq!(world.fetch().await.unwrap().delivered, 1);
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn new_mail_does_not_wait_for_the_mail_that_was_there_before() {
    let world = World::new().await;
    let old = world.receive(3);
    let id = world.account.id;
    world.vault.pause_fill(id, true).await.unwrap();
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
    let new = world.receive(2);
    assert_eq!(world.fetch().await.unwrap().delivered, 2);
    assert_eq!(world.delivered(), sorted(new.clone()));

    world.vault.pause_fill(id, false).await.unwrap();
    assert_eq!(world.fetch().await.unwrap().delivered, 3);
    assert_eq!(world.delivered(), sorted([old, new].concat()));
    assert_eq!(world.vault.backfills(id).await.unwrap(), []);
}

#[tokio::test]
async fn a_worker_goes_on_with_the_earlier_mail_once_it_may() {
    let world = World::new().await;
    let sent = world.receive(3);
    let id = world.account.id;
    world.vault.pause_fill(id, true).await.unwrap();
    let running = world.run();
    world
        .until("it listens", |world| world.activity() == Some("listening"))
        .await;
    assert!(world.delivered().is_empty());
    world.vault.pause_fill(id, false).await.unwrap();
    world
        .until("all is delivered", |world| world.delivered().len() == 3)
        .await;
    running.stop().await;
    assert_eq!(world.delivered(), sorted(sent));
}

#[tokio::test]
async fn a_new_uidvalidity_in_the_middle_of_a_session_loses_no_earlier_mail() {
    let world = fetching("Other; INBOX", Plan::default()).await;
    put(&world, "Other", "other");
    // One that is gone, so that the UIDs of the next epoch are others.
    put(&world, "INBOX", "gone");
    let mut sent = world.receive(SLICE + 2);
    sent.push(b"Subject: other\r\n\r\nother\r\n".to_vec());

    let shared = world.fetcher.shared();
    let login = Login::new(shared);
    let mut source = login.open(&world.account).await.unwrap().source;
    source.select("INBOX").await.unwrap();
    source.tell(&AfterDelivery::Delete, &[1]).await.unwrap();
    let (mut memory, never) = (Memory::default(), CancellationToken::new());
    let visit = Visit::begin(shared, &world.account, &mut source, &mut memory, &never);
    let mut visit = visit.await.unwrap();
    visit.fill().await.unwrap();
    visit.fill().await.unwrap();
    visit.come_home().await.unwrap();
    world
        .server
        .fault(mailgrant_sandbox::ImapFault::NewUidValidity, Some(1));
    while visit.fill().await.unwrap().is_some() {}
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn earlier_mail_that_was_refused_once_comes_in_a_later_session() {
    let plan = Plan {
        poll: Duration::ZERO,
        ..Plan::default()
    };
    let world = fetching("INBOX; Other", plan).await;
    let sent = vec![put(&world, "Other", "earlier")];
    world.server.fault(
        mailgrant_sandbox::ImapFault::Answer {
            command: "UID FETCH".to_owned(),
            text: "NO not now".to_owned(),
        },
        Some(1),
    );
    let shared = world.fetcher.shared();
    let (mut memory, never) = (Memory::default(), CancellationToken::new());
    for session in 0..2 {
        let opened = Login::new(shared).open(&world.account).await;
        let mut source = opened.unwrap().source;
        let visit = Visit::begin(shared, &world.account, &mut source, &mut memory, &never);
        let mut visit = visit.await.unwrap();
        for look in 0..2 {
            let done = visit.fetch().await.unwrap();
            assert_eq!(done.refused.is_some(), session == 0 && look == 0);
        }
    }
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn earlier_mail_that_takes_long_is_left_to_the_next_turn() {
    let world = World::new().await;
    let sent = world.receive(300);
    let shared = world.fetcher.shared();
    let mut source = Login::new(shared)
        .open(&world.account)
        .await
        .unwrap()
        .source;
    let (mut memory, never) = (Memory::default(), CancellationToken::new());
    let visit = Visit::begin(shared, &world.account, &mut source, &mut memory, &never);
    let mut visit = visit.await.unwrap();
    visit.turn = Duration::ZERO;
    let mut turns = Vec::new();
    while let Some(done) = visit.fill().await.unwrap() {
        assert!(done.untouched.is_empty());
        let backfills = world.vault.backfills(world.account.id).await.unwrap();
        turns.push((
            done.fetched.delivered,
            backfills.first().map_or(0, |fill| fill.left),
        ));
    }
    let expected = (1..=6).map(|turn| (50, 300 - 50 * turn));
    assert_eq!(turns, expected.collect::<Vec<_>>());
    assert!(world.delivered() == sorted(sent));
}

#[tokio::test]
async fn earlier_mail_that_has_gone_meanwhile_is_passed_over() {
    let plan = Plan {
        after: AfterDelivery::Delete,
        ..Plan::default()
    };
    let world = plan.build().await;
    let sent = world.receive(5);
    assert_eq!(world.fetch().await.unwrap().delivered, 5);
    assert!(world.inbox().is_empty());
    assert_eq!(world.delivered(), sorted(sent));
    assert_eq!(world.fetch().await.unwrap().delivered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_one_folder_loses_nothing_while_another_one_is_looked_into_first() {
    for effects in 0.. {
        let plan = Plan {
            folders: "Other; INBOX",
            ..Plan::default()
        };
        let world = plan.build().await;
        let sent: Vec<Vec<u8>> = (0..3)
            .map(|number| format!("Subject: {number}\r\n\r\n").into_bytes())
            .collect();
        for raw in &sent {
            world.server.deliver(ADDRESS, "Other", raw);
        }
        let plug = crate::plug::Plug::after(effects);
        let fetcher = world.fetcher.unplugged(plug.clone());
        let crashed = fetcher.fetch_once(world.account.id).await.is_err();
        let later = put(&world, "INBOX", "later");
        world.fetch().await.unwrap();
        let all = sorted([sent, vec![later]].concat());
        assert!(world.delivered() == all, "after {effects} effects");
        if !crashed {
            return;
        }
    }
}
