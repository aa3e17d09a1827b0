//! The ledger: messages on their way, quarantine, counts.

use mailgrant_vault::{
    Counts, Delivery, FirstSight, Floor, FolderId, MessageHead, MessageState, Prepared, Quarantine,
    StartFrom, Vault, VaultError, Wanted,
};

use crate::bench::{Bench, at, on_both};

on_both! {
    async fn where_a_message_was_going_is_known_until_it_is_there(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        let there = mailgrant_vault::Sink::Maildir(mailgrant_vault::MaildirSink {
            path: "/var/mail/there".into(),
        });
        let message = Prepared { going_to: Some(there.clone()), ..message(1, "one") };
        prepare(vault, folder, std::slice::from_ref(&message)).await;
        let going_to = async || {
            let unfinished = vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap();
            unfinished[0].going_to.clone()
        };
        assert_eq!(going_to().await, Some(there));
        let elsewhere = Prepared { going_to: None, ..message };
        prepare(vault, folder, &[elsewhere]).await;
        assert_eq!(going_to().await, None, "it was prepared anew for another place");
    }

    async fn what_counts_among_its_senders_is_known_in_the_order_of_arrival(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        let from = |uid, arrived: Option<i64>| Prepared {
            head: MessageHead { sender: Some("a@b.example".to_owned()), ..MessageHead::default() },
            seen_at: at(1000),
            counted_at: arrived.map(at),
            ..message(uid, "x")
        };
        let messages = [from(1, Some(900)), from(2, None), from(3, Some(800)), from(4, Some(10))];
        prepare(vault, folder, &messages).await;
        prepare(vault, folder, &[from(1, None)]).await;
        let counted = vault.counted_since(account(bench).await, at(500)).await.unwrap();
        let counted: Vec<_> = counted.iter().map(|one| (one.uid, one.at, &*one.sender)).collect();
        assert_eq!(counted, [(3, at(800), "a@b.example"), (1, at(900), "a@b.example")]);
    }

    async fn a_message_goes_from_prepared_over_delivered_to_acknowledged(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = bench.again().await.unwrap();
        assert!(states(&vault, folder).await.is_empty());
        prepare(&vault, folder, &[message(7, "seven"), message(5, "five")]).await;
        let entries = bench.vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap();
        let seen: Vec<_> = entries.iter().map(|entry| (entry.uid, entry.key.as_str())).collect();
        assert_eq!(seen, [(5, "key-five"), (7, "key-seven")], "ascending");
        assert!(entries.iter().all(|entry| entry.state == MessageState::Prepared));
        assert!(entries.iter().all(|entry| entry.attempts == 0 && entry.retry_at.is_none()));
        deliver(&vault, folder, &[5], 2).await;
        let left = [(5, MessageState::Delivered), (7, MessageState::Prepared)];
        assert_eq!(states(&bench.vault, folder).await, left);
        vault.note_acknowledged(folder, &[5], at(3)).await.unwrap();
        assert_eq!(states(&bench.vault, folder).await, [(7, MessageState::Prepared)]);
    }

    async fn only_a_delivered_message_is_acknowledged(bench) {
        let folder = open(bench, "desk", 1).await;
        prepare(&bench.vault, folder, &[message(5, "five")]).await;
        bench.vault.note_acknowledged(folder, &[5, 6], at(2)).await.unwrap();
        assert_eq!(states(&bench.vault, folder).await, [(5, MessageState::Prepared)]);
    }

    async fn what_the_sink_has_never_goes_back(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        let both = [message(5, "five"), message(6, "six")];
        prepare(vault, folder, &both).await;
        deliver(vault, folder, &[5, 6], 2).await;
        vault.note_acknowledged(folder, &[6], at(3)).await.unwrap();
        prepare(vault, folder, &both).await;
        for uid in [5, 6] {
            vault.note_deferred(folder, uid, "late", at(99), at(4)).await.unwrap();
            vault.note_quarantined(folder, uid, "late", at(4)).await.unwrap();
        }
        vault.forget(folder, &[5, 6]).await.unwrap();
        deliver(vault, folder, &[5, 6], 5).await;
        assert_eq!(states(vault, folder).await, [(5, MessageState::Delivered)]);
        let counts = counts(vault, bench).await;
        assert_eq!((counts.delivered, counts.last_delivered_at), (2, Some(at(2))), "counted once");
        assert_eq!((counts.waiting, counts.quarantined), (0, 0));
    }

    async fn a_message_that_waits_is_tried_again_under_the_key_of_its_present_sink(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5, "five")]).await;
        for (attempts, retry_at) in [(1, 60), (2, 180)] {
            vault.note_deferred(folder, 5, "exit 75", at(retry_at), at(2)).await.unwrap();
            let entry = vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap().remove(0);
            assert_eq!((entry.state, entry.attempts), (MessageState::Waiting, attempts));
            assert_eq!(entry.retry_at, Some(at(retry_at)));
            let again = Prepared { key: format!("key-{attempts}"), ..message(5, "five") };
            prepare(vault, folder, &[again]).await;
            let entry = vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap().remove(0);
            assert_eq!((entry.state, entry.key), (MessageState::Prepared, format!("key-{attempts}")));
            assert_eq!((entry.attempts, entry.retry_at), (attempts, None));
        }
    }

    async fn a_message_that_was_deferred_unseen_gets_its_key_when_it_is_prepared(bench) {
        let folder = open(bench, "desk", 1).await;
        bench.vault.note_deferred(folder, 5, "no text yet", at(60), at(2)).await.unwrap();
        let entry = bench.vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap().remove(0);
        assert_eq!((entry.state, entry.attempts), (MessageState::Waiting, 1));
        assert_eq!(entry.key, "");
        prepare(&bench.vault, folder, &[message(5, "five")]).await;
        let entry = bench.vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap().remove(0);
        assert_eq!((entry.state, entry.key.as_str()), (MessageState::Prepared, "key-five"));
    }

    async fn quarantine_holds_a_message_with_its_reason_until_it_is_tried_again(bench) {
        let folder = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5, "five"), message(6, "six")]).await;
        vault.note_quarantined(folder, 5, "exit 65: not for me\0", at(2)).await.unwrap();
        vault.note_quarantined(folder, 8, "too large", at(3)).await.unwrap();
        assert_eq!(states(vault, folder).await, [(6, MessageState::Prepared)], "it holds nobody back");
        let account = account(bench).await;
        let held = |uid, reason: &str, since| Quarantine {
            id: format!("{}-{uid}", folder.0).parse().unwrap(),
            folder: "INBOX".to_owned(), uid, reason: reason.to_owned(), since: at(since),
        };
        let (five, eight) = (held(5, "exit 65: not for me ", 2), held(8, "too large", 3));
        assert_eq!(vault.quarantine(account, 9).await.unwrap(), [eight.clone(), five]);
        assert_eq!(vault.quarantine(account, 1).await.unwrap(), [eight], "the newest");
        assert_eq!(counts(vault, bench).await.quarantined, 2);

        assert_eq!(vault.retry_quarantine(account, at(9)).await.unwrap(), 2);
        assert!(vault.quarantine(account, 9).await.unwrap().is_empty());
        let mut waiting = vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap();
        waiting.retain(|entry| entry.state == MessageState::Waiting);
        assert_eq!(waiting.iter().map(|entry| entry.uid).collect::<Vec<_>>(), [5, 8]);
        assert!(waiting.iter().all(|entry| entry.retry_at == Some(at(9))), "at once");
        assert_eq!(waiting[0].key, "key-five");
        assert_eq!(vault.retry_quarantine(account, at(10)).await.unwrap(), 0);
        let counts = counts(vault, bench).await;
        assert_eq!((counts.waiting, counts.quarantined), (2, 0));
    }

    async fn trying_again_lets_other_accounts_alone(bench) {
        let folder = open(bench, "desk", 1).await;
        let other = bench.account("other").await.id;
        bench.vault.note_quarantined(folder, 5, "no", at(2)).await.unwrap();
        assert_eq!(bench.vault.retry_quarantine(other, at(3)).await.unwrap(), 0);
        assert_eq!(counts(&bench.vault, bench).await.quarantined, 1);
    }

    async fn a_message_gone_from_the_source_is_forgotten(bench) {
        let folder = open(bench, "desk", 1).await;
        prepare(&bench.vault, folder, &[message(5, "five")]).await;
        bench.vault.note_deferred(folder, 6, "later", at(60), at(2)).await.unwrap();
        bench.vault.note_quarantined(folder, 7, "never", at(2)).await.unwrap();
        bench.vault.forget(folder, &[5, 6, 7, 8]).await.unwrap();
        assert!(states(&bench.vault, folder).await.is_empty());
        assert_eq!(counts(&bench.vault, bench).await, Counts::default());
    }

    async fn the_floor_of_a_folder_rises_and_never_sinks(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let opened = vault.open_folder(account, "INBOX", 1, only_new(100), at(0)).await.unwrap();
        assert_eq!((opened.uid_validity, opened.next_uid, opened.has_older_epoch), (1, 100, false));
        for (floor, then) in [(150, 150), (120, 150), (u32::MAX, u32::MAX)] {
            vault.note_prepared(opened.id, &[], Floor::New(floor), at(1)).await.unwrap();
            let again = vault.open_folder(account, "INBOX", 1, FirstSight::EMPTY, at(2)).await.unwrap();
            assert_eq!((again.id, again.next_uid), (opened.id, then));
        }
    }

    async fn a_new_uidvalidity_begins_an_epoch_that_is_filled_with_what_has_come_since_the_first(bench) {
        let account = bench.account("desk").await.id;
        let open = async |name, uid_validity| {
            bench.vault.open_folder(account, name, uid_validity, only_new(100), at(0)).await.unwrap()
        };
        let old = open("INBOX", 1).await;
        let new = open("INBOX", u32::MAX).await;
        assert_ne!(old.id, new.id);
        assert_eq!((new.uid_validity, new.next_uid, new.has_older_epoch), (u32::MAX, 100, true));
        let fill = new.fill.unwrap();
        assert_eq!((old.fill, fill.next_uid, fill.until), (None, 1, 100));
        // at(0) is the first of January 2026: by the server's calendar it may be the day before.
        assert_eq!(fill.wanted, Wanted::Since(jiff::civil::date(2025, 12, 31)));
        let other = open("Tickets", 1).await;
        assert_eq!((other.next_uid, other.has_older_epoch), (100, false), "another folder");
    }

    async fn what_was_delivered_in_another_epoch_is_not_delivered_again(bench) {
        let old = open(bench, "desk", 1).await;
        let vault = &bench.vault;
        prepare(vault, old, &[message(5, "five"), message(6, "six"), message(7, "seven")]).await;
        deliver(vault, old, &[5, 6], 2).await;
        vault.note_acknowledged(old, &[5], at(3)).await.unwrap();
        let new = reopen(bench, 2).await;
        for (uid, name, had) in [
            (40, "five", true), (41, "six", true), (42, "seven", false), (43, "new", false),
        ] {
            let adopted = vault.adopt_delivered(new, &message(uid, name), at(4)).await.unwrap().is_some();
            assert_eq!(adopted, had, "{name}");
        }
        let adopted = [(40, MessageState::Delivered), (41, MessageState::Delivered)];
        assert_eq!(states(vault, new).await, adopted, "their acknowledgement is left to do");
        assert_eq!(counts(vault, bench).await.delivered, 2, "each counts once");
    }

    async fn two_identical_messages_stay_two_over_any_number_of_epochs(bench) {
        let vault = &bench.vault;
        let first = open(bench, "desk", 1).await;
        prepare(vault, first, &[message(1, "same"), message(2, "same")]).await;
        deliver(vault, first, &[1, 2], 2).await;
        for epoch in 2..6 {
            let folder = reopen(bench, epoch).await;
            let adopt = async |uid| {
                vault.adopt_delivered(folder, &message(uid, "same"), at(3)).await.unwrap().is_some()
            };
            assert!(adopt(11).await && adopt(12).await, "epoch {epoch}");
            assert!(!adopt(13).await, "a third is new, in epoch {epoch}");
            assert!(adopt(11).await && adopt(12).await, "asked again, the same answer");
            assert!(!adopt(13).await);
        }
        assert_eq!(counts(vault, bench).await.delivered, 2);
    }

    async fn a_message_that_came_twice_in_a_later_epoch_is_delivered_the_second_time(bench) {
        let vault = &bench.vault;
        let first = open(bench, "desk", 1).await;
        prepare(vault, first, &[message(1, "same")]).await;
        deliver(vault, first, &[1], 2).await;
        let second = reopen(bench, 2).await;
        assert!(vault.adopt_delivered(second, &message(1, "same"), at(3)).await.unwrap().is_some());
        assert!(vault.adopt_delivered(second, &message(2, "same"), at(3)).await.unwrap().is_none());
        prepare(vault, second, &[message(2, "same")]).await;
        deliver(vault, second, &[2], 4).await;
        assert_eq!(counts(vault, bench).await.delivered, 2);
        let third = reopen(bench, 3).await;
        for uid in [1, 2] {
            assert!(vault.adopt_delivered(third, &message(uid, "same"), at(5)).await.unwrap().is_some());
        }
        assert!(vault.adopt_delivered(third, &message(3, "same"), at(5)).await.unwrap().is_none());
    }

    async fn a_waiting_message_can_be_adopted_and_keeps_its_key(bench) {
        let vault = &bench.vault;
        let first = open(bench, "desk", 1).await;
        prepare(vault, first, &[message(1, "one")]).await;
        deliver(vault, first, &[1], 2).await;
        let second = reopen(bench, 2).await;
        vault.note_deferred(second, 9, "no memory", at(60), at(3)).await.unwrap();
        assert!(vault.adopt_delivered(second, &message(9, "one"), at(4)).await.unwrap().is_some());
        let entry = vault.unfinished(second, jiff::Timestamp::MAX).await.unwrap().remove(0);
        assert_eq!((entry.state, entry.retry_at), (MessageState::Delivered, None));
        assert_eq!(counts(vault, bench).await.waiting, 0);
    }

    async fn nothing_is_adopted_from_another_folder_or_account(bench) {
        let vault = &bench.vault;
        let folder = open(bench, "desk", 1).await;
        prepare(vault, folder, &[message(1, "one")]).await;
        deliver(vault, folder, &[1], 2).await;
        let own = account(bench).await;
        let other = bench.account("other").await.id;
        for (account, name) in [(own, "Tickets"), (other, "INBOX")] {
            let elsewhere = vault.open_folder(account, name, 2, FirstSight::EMPTY, at(3)).await.unwrap().id;
            assert!(vault.adopt_delivered(elsewhere, &message(1, "one"), at(4)).await.unwrap().is_none());
        }
    }

    async fn of_two_identical_messages_asked_for_at_once_one_is_adopted(bench) {
        let vault = &bench.vault;
        let other = bench.again().await.unwrap();
        let first = open(bench, "desk", 1).await;
        let copy = |number: u32| message(1 + number, &format!("copy {number}"));
        let copies: Vec<_> = (0..8).map(copy).collect();
        prepare(vault, first, &copies).await;
        deliver(vault, first, &[1, 2, 3, 4, 5, 6, 7, 8], 2).await;
        let second = reopen(bench, 2).await;
        for number in 0..8 {
            let name = format!("copy {number}");
            let (one, two) = (message(11 + number, &name), message(31 + number, &name));
            let (one, two) = tokio::join!(
                vault.adopt_delivered(second, &one, at(3)),
                other.adopt_delivered(second, &two, at(3)),
            );
            assert!(one.unwrap().is_some() ^ two.unwrap().is_some(), "{name}");
        }
    }

    async fn counts_speak_of_all_that_was_delivered_and_of_what_is_held_now(bench) {
        let vault = &bench.vault;
        let folder = open(bench, "desk", 1).await;
        let own = account(bench).await;
        assert_eq!(vault.counts(own).await.unwrap(), Counts::default());
        prepare(vault, folder, &[message(1, "one"), message(2, "two")]).await;
        deliver(vault, folder, &[1, 2], 7).await;
        vault.note_deferred(folder, 3, "later", at(60), at(8)).await.unwrap();
        vault.note_quarantined(folder, 4, "never", at(8)).await.unwrap();
        let last_delivered_at = Some(at(7));
        let full = Counts { delivered: 2, waiting: 1, quarantined: 1, last_delivered_at };
        assert_eq!(vault.counts(own).await.unwrap(), full);
        let other = bench.account("other").await.id;
        let all = vault.all_counts().await.unwrap();
        assert_eq!(all, [(own, full)], "the other was never looked into");
        assert_eq!(vault.counts(other).await.unwrap(), Counts::default());

        let tickets = vault.open_folder(own, "Tickets", 1, FirstSight::EMPTY, at(9)).await.unwrap().id;
        vault.keep_folders(own, &["Tickets".to_owned()]).await.unwrap();
        prepare(vault, tickets, &[message(1, "three")]).await;
        deliver(vault, tickets, &[1], 10).await;
        let last_delivered_at = Some(at(10));
        let moved_on = Counts { delivered: 3, waiting: 0, quarantined: 0, last_delivered_at };
        assert_eq!(vault.counts(own).await.unwrap(), moved_on, "the folder that is read now");
        assert_eq!(vault.all_counts().await.unwrap(), [(own, moved_on)]);
        assert!(vault.quarantine(own, 9).await.unwrap().is_empty());
        let back = Counts { delivered: 3, last_delivered_at, ..full };
        reopen(bench, 1).await;
        assert_eq!(vault.counts(own).await.unwrap(), back, "both folders are read now");
        assert_eq!(vault.all_counts().await.unwrap(), [(own, back)]);
    }

    async fn many_messages_are_one_step(bench) {
        let folder = open(bench, "desk", 1).await;
        let many: Vec<_> = (1..=1000).map(|uid| message(uid, &uid.to_string())).collect();
        let uids: Vec<_> = (1..=1000).collect();
        prepare(&bench.vault, folder, &many).await;
        deliver(&bench.vault, folder, &uids, 2).await;
        bench.vault.note_acknowledged(folder, &uids, at(3)).await.unwrap();
        assert!(states(&bench.vault, folder).await.is_empty());
        assert_eq!(counts(&bench.vault, bench).await.delivered, 1000);
    }

    async fn a_folder_of_an_account_that_is_gone_is_stale(bench) {
        let folder = open(bench, "desk", 1).await;
        let own = account(bench).await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5, "five")]).await;
        vault.remove_account(own).await.unwrap();
        let opened = vault.open_folder(own, "INBOX", 1, FirstSight::EMPTY, at(1)).await;
        assert!(matches!(opened, Err(VaultError::Stale { what: "the account" })));
        let stale = |answer| matches!(answer, Err(VaultError::Stale { what: "the folder" }));
        let five = [message(5, "five")];
        assert!(stale(vault.note_prepared(folder, &five, Floor::New(6), at(1)).await));
        let delivery = [Delivery { uid: 5, answer: String::new() }];
        assert!(stale(vault.note_delivered(folder, &delivery, at(1)).await));
        assert!(stale(vault.note_deferred(folder, 5, "later", at(9), at(1)).await));
        assert!(stale(vault.note_quarantined(folder, 5, "never", at(1)).await));
        vault.note_acknowledged(folder, &[5], at(1)).await.unwrap();
        assert!(vault.adopt_delivered(folder, &five[0], at(1)).await.unwrap().is_none());
        assert!(vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap().is_empty());
        assert!(vault.all_counts().await.unwrap().is_empty());
    }
}

async fn account(bench: &Bench) -> mailgrant_vault::AccountId {
    bench.vault.account_named("desk").await.unwrap().unwrap().id
}

/// A folder of which only what comes is wanted.
fn only_new(next_uid: u32) -> FirstSight {
    FirstSight {
        next_uid,
        start: StartFrom::OnlyNew,
    }
}

/// A new account's INBOX.
async fn open(bench: &Bench, name: &str, uid_validity: u32) -> FolderId {
    let account = bench.account(name).await.id;
    let opened = bench
        .vault
        .open_folder(account, "INBOX", uid_validity, FirstSight::EMPTY, at(0));
    opened.await.unwrap().id
}

/// The same folder in another epoch.
async fn reopen(bench: &Bench, uid_validity: u32) -> FolderId {
    let account = account(bench).await;
    let opened = bench
        .vault
        .open_folder(account, "INBOX", uid_validity, FirstSight::EMPTY, at(0));
    opened.await.unwrap().id
}

fn message(uid: u32, content: &str) -> Prepared {
    let mut digest = [0; 32];
    for (to, from) in digest.iter_mut().zip(content.bytes()) {
        *to = from;
    }
    Prepared {
        uid,
        key: format!("key-{content}"),
        digest,
        size: content.len() as u64,
        head: MessageHead::default(),
        seen_at: at(0),
        going_to: None,
        counted_at: None,
    }
}

async fn prepare(vault: &Vault, folder: FolderId, messages: &[Prepared]) {
    vault
        .note_prepared(folder, messages, Floor::New(1), at(1))
        .await
        .unwrap();
}

async fn deliver(vault: &Vault, folder: FolderId, uids: &[u32], now: i64) {
    let delivered: Vec<_> = uids
        .iter()
        .map(|&uid| Delivery {
            uid,
            answer: "taken\0".to_owned(),
        })
        .collect();
    vault
        .note_delivered(folder, &delivered, at(now))
        .await
        .unwrap();
}

async fn states(vault: &Vault, folder: FolderId) -> Vec<(u32, MessageState)> {
    let entries = vault
        .unfinished(folder, jiff::Timestamp::MAX)
        .await
        .unwrap();
    entries
        .iter()
        .map(|entry| (entry.uid, entry.state))
        .collect()
}

async fn counts(vault: &Vault, bench: &Bench) -> Counts {
    vault.counts(account(bench).await).await.unwrap()
}
