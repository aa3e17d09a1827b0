//! The plug is pulled before every single effect of a delivery, and again during the recovery.

use mailgrant_vault::AfterDelivery;

use super::{Plan, World, count, sorted};
use crate::plug::Plug;

/// Fetches with power for so many effects; says whether the power ran out.
async fn fetch_until(world: &World, effects: i64) -> bool {
    let plug = Plug::after(effects);
    let fetched = world
        .fetcher
        .unplugged(plug.clone())
        .fetch_once(world.account.id)
        .await;
    assert_eq!(fetched.is_err(), plug.pulled(), "{fetched:?}");
    plug.pulled()
}

/// The application takes half of what it finds.
fn application_takes_some(world: &World) {
    let (new, cur) = (world.maildir().join("new"), world.maildir().join("cur"));
    for entry in std::fs::read_dir(&new).into_iter().flatten().step_by(2) {
        let entry = entry.unwrap();
        std::fs::rename(entry.path(), cur.join(entry.file_name())).unwrap();
    }
}

async fn survives_every_crash(after: AfterDelivery, at_once: u32) {
    let world = Plan {
        after: after.clone(),
        ..Plan::default()
    }
    .build()
    .await;
    let mut sent = Vec::new();
    let mut number = 0_u32;
    for effects in 0.. {
        for _ in 0..at_once {
            number += 1;
            let raw = format!("Subject: message {number}\r\n\r\n").into_bytes();
            world.server.deliver(super::ADDRESS, "INBOX", &raw);
            sent.push(raw);
        }
        let crashed = fetch_until(&world, effects).await;
        application_takes_some(&world);
        world.fetch().await.unwrap();
        assert!(
            world.delivered() == sorted(sent.clone()),
            "after {effects} effects"
        );
        assert_eq!(
            count(&world.maildir().join("tmp")),
            0,
            "after {effects} effects"
        );
        if matches!(after, AfterDelivery::Delete) {
            assert!(world.inbox().is_empty(), "after {effects} effects");
        }
        if !crashed {
            assert!(effects > 12, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_any_effect_loses_nothing_and_doubles_nothing() {
    survives_every_crash(AfterDelivery::Keep, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_where_a_whole_batch_is_synced_at_once() {
    survives_every_crash(AfterDelivery::Keep, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_where_mail_is_deleted_at_the_source() {
    survives_every_crash(AfterDelivery::Delete, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_while_earlier_mail_is_fetched() {
    for effects in 0.. {
        let world = World::new().await;
        let mut sent = world.receive(4);
        let crashed = fetch_until(&world, effects).await;
        application_takes_some(&world);
        sent.extend(world.receive(2));
        world.fetch().await.unwrap();
        assert!(world.delivered() == sorted(sent), "after {effects} effects");
        let left = world.vault.backfills(world.account.id).await.unwrap();
        assert_eq!(left, [], "after {effects} effects");
        if !crashed {
            assert!(effects > 12, "the plug is asked before every effect");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_crash_during_the_recovery_changes_nothing() {
    let world = Plan {
        after: AfterDelivery::Delete,
        ..Plan::default()
    }
    .build()
    .await;
    let mut sent = Vec::new();
    for first in 0.. {
        let mut first_crashed = false;
        for second in 0.. {
            for twin in ["one", "other"] {
                let raw = format!("Subject: {first} {second} {twin}\r\n\r\n").into_bytes();
                world.server.deliver(super::ADDRESS, "INBOX", &raw);
                sent.push(raw);
            }
            first_crashed = fetch_until(&world, first).await;
            let second_crashed = fetch_until(&world, second).await;
            application_takes_some(&world);
            world.fetch().await.unwrap();
            assert_eq!(
                world.delivered().len(),
                sent.len(),
                "after {first} and {second} effects"
            );
            if !second_crashed {
                break;
            }
        }
        if !first_crashed {
            break;
        }
    }
    assert!(world.delivered() == sorted(sent));
    assert!(world.inbox().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_that_is_gone_is_made_anew_and_a_second_crash_meanwhile_loses_nothing() {
    for first in 0.. {
        let mut first_crashed = false;
        for second in 0.. {
            let plan = Plan {
                after: AfterDelivery::Delete,
                ..Plan::default()
            };
            let world = plan.build().await;
            let sent = world.receive(2);
            first_crashed = fetch_until(&world, first).await;
            let shown = world.delivered();
            let moved = world.folder.path().join("moved");
            if world.maildir().exists() {
                std::fs::rename(world.maildir(), &moved).unwrap();
            }
            let second_crashed = fetch_until(&world, second).await;
            world.fetch().await.unwrap();
            // What was shown before the folder was moved went with it.
            let mut all = shown;
            all.extend(world.delivered());
            all.sort();
            all.dedup();
            assert!(all == sorted(sent), "after {first} and {second} effects");
            assert!(world.inbox().is_empty(), "after {first} and {second}");
            if !second_crashed {
                break;
            }
        }
        if !first_crashed {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_staged_in_a_maildir_goes_into_one_that_somebody_made_anew_by_hand() {
    for effects in 0.. {
        let world = Plan {
            after: AfterDelivery::Delete,
            ..Plan::default()
        };
        let world = world.build().await;
        let sent = world.receive(3);
        let crashed = fetch_until(&world, effects).await;
        let mut all = world.delivered();
        if world.maildir().exists() {
            std::fs::remove_dir_all(world.maildir()).unwrap();
        }
        for folder in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(world.maildir().join(folder)).unwrap();
        }
        world.fetch().await.unwrap();
        all.extend(world.delivered());
        all.sort();
        all.dedup();
        assert!(all == sorted(sent), "after {effects} effects");
        if !crashed {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_meant_for_a_program_goes_into_a_new_maildir_after_a_change() {
    for effects in 0.. {
        let world = Plan::script(r#"cat > "$1/$MAILGRANT_KEY""#).build().await;
        let sent = world.receive(2);
        let crashed = fetch_until(&world, effects).await;
        let account = world.vault.account(world.account.id).await.unwrap();
        let account = account.unwrap();
        let mut draft = account.draft.clone();
        let path = world.maildir();
        draft.sink = Some(mailgrant_vault::Sink::Maildir(
            mailgrant_vault::MaildirSink { path },
        ));
        let changed = world
            .vault
            .change_account(account.id, account.version, &draft, super::now());
        changed.await.unwrap();
        world.fetch().await.unwrap();
        let mut all = world.written();
        all.extend(world.delivered());
        all.sort();
        all.dedup();
        assert!(all == sorted(sent), "after {effects} effects");
        if !crashed {
            return;
        }
    }
}
