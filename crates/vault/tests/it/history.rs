//! The history: where each message is, found again by what a person knows of it.

use mailgrant_vault::{
    AccountId, Delivery, EventKind, FirstSight, Floor, FolderId, Message, MessageHead, MessageId,
    MessageSearch, MessageState, Prepared, Vault, VaultError, Whereabouts,
};

use crate::bench::{Bench, at, on_both};

on_both! {
    async fn each_step_of_a_message_has_its_time(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5)], 10).await;
        let id = id(folder, 5);
        let fetched = vault.message(id).await.unwrap().unwrap();
        assert_eq!((fetched.account, fetched.folder.as_str(), fetched.uid), (account, "INBOX", 5));
        assert_eq!((fetched.state, fetched.since), (MessageState::Prepared, at(10)));
        assert_eq!((fetched.seen_at, fetched.fetched_at), (at(5), Some(at(10))));
        assert_eq!((fetched.delivered_at, fetched.acknowledged_at), (None, None));
        assert_eq!((fetched.size, fetched.present, fetched.cleared), (Some(7), true, false));
        assert_eq!(fetched.head, head(5));
        deliver(vault, folder, &[5], 11).await;
        vault.note_acknowledged(folder, &[5], at(12)).await.unwrap();
        let whole = vault.message(id).await.unwrap().unwrap();
        assert_eq!((whole.seen_at, whole.fetched_at), (at(5), Some(at(10))));
        assert_eq!((whole.delivered_at, whole.acknowledged_at), (Some(at(11)), Some(at(12))));
        assert_eq!((whole.state, whole.answer.as_deref()), (MessageState::Acknowledged, Some("taken")));
        assert_eq!(vault.message(self::id(folder, 6)).await.unwrap(), None);
    }

    async fn the_first_sight_stays_when_a_message_is_fetched_again(bench) {
        let (_, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5)], 10).await;
        vault.note_deferred(folder, 5, "exit 75", at(60), at(11)).await.unwrap();
        prepare(vault, folder, &[Prepared { seen_at: at(50), ..message(5) }], 61).await;
        let again = vault.message(id(folder, 5)).await.unwrap().unwrap();
        assert_eq!((again.seen_at, again.fetched_at), (at(5), Some(at(61))));
        assert_eq!((again.attempts, again.answer.as_deref()), (1, Some("exit 75")));

        vault.note_deferred(folder, 6, "left out", at(60), at(20)).await.unwrap();
        prepare(vault, folder, &[Prepared { seen_at: at(50), ..message(6) }], 61).await;
        let deferred = vault.message(id(folder, 6)).await.unwrap().unwrap();
        assert_eq!((deferred.seen_at, deferred.head), (at(20), head(6)));
    }

    async fn a_message_is_found_by_any_part_of_what_a_person_knows_of_it(bench) {
        let (_, folder) = inbox(bench, "desk").await;
        let odd = |uid, subject: &str| {
            let subject = Some(subject.to_owned());
            Prepared { head: MessageHead { subject, ..head(uid) }, ..message(uid) }
        };
        let all = [message(1), odd(2, "Störung am Gerät"), odd(3, r"100% of_it\now"), message(44)];
        prepare(&bench.vault, folder, &all, 100).await;
        let found = async |text: &str| {
            let text = Some(text.to_owned());
            uids(&bench.vault, &MessageSearch { text, ..any() }).await
        };
        assert_eq!(found("").await, [44, 3, 2, 1], "nothing is asked for");
        assert_eq!(found("CUSTOMER1@").await, [1], "the sender");
        assert_eq!(found("STÖRUNG").await, [2], "the subject, in any case");
        assert_eq!(found("message-4").await, [44], "part of the Message-ID");
        assert_eq!(found("<message-44@example.com>").await, [44], "all of it");
        assert_eq!(found("@example.com").await, [44, 3, 2, 1]);
        for (text, uid) in [("100%", 3), ("f_i", 3), (r"t\n", 3)] {
            assert_eq!(found(text).await, [uid], "{text} means itself");
        }
        for nothing in ["%", "_", r"\"] {
            let itself = found(nothing).await;
            assert_eq!(itself, [3], "{nothing} means itself");
        }
        assert!(found("' OR 1=1 --").await.is_empty());
        assert!(found("not there").await.is_empty());
    }

    async fn a_search_is_for_an_account_a_place_and_a_time(bench) {
        let (desk, folder) = inbox(bench, "desk").await;
        let (other, elsewhere) = inbox(bench, "other").await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(1), message(2), message(3), message(4)], 10).await;
        prepare(vault, elsewhere, &[message(5)], 10).await;
        deliver(vault, folder, &[1, 2], 11).await;
        vault.note_acknowledged(folder, &[1], at(12)).await.unwrap();
        vault.note_quarantined(folder, 3, "no", at(12)).await.unwrap();
        let of = |account| MessageSearch { account: Some(account), ..any() };
        assert_eq!(uids(vault, &any()).await, [5, 4, 3, 2, 1]);
        assert_eq!(uids(vault, &of(desk)).await, [4, 3, 2, 1]);
        assert_eq!(uids(vault, &of(other)).await, [5]);
        for (whereabouts, there) in [
            (Whereabouts::Waiting, &[4][..]), (Whereabouts::Delivered, &[2, 1]),
            (Whereabouts::Quarantined, &[3]), (Whereabouts::Dropped, &[]),
        ] {
            let search = MessageSearch { whereabouts: Some(whereabouts), ..of(desk) };
            assert_eq!(uids(vault, &search).await, there, "{}", whereabouts.word());
        }
        let since = MessageSearch { since: Some(at(3)), ..any() };
        assert_eq!(uids(vault, &since).await, [5, 4, 3]);
    }

    async fn pages_follow_one_another_without_gap_or_repetition(bench) {
        let (_, folder) = inbox(bench, "desk").await;
        let (_, elsewhere) = inbox(bench, "other").await;
        let vault = &bench.vault;
        // Many were seen at the same time.
        let message = |uid| Prepared { seen_at: at(i64::from(uid / 4)), ..message(uid) };
        let many: Vec<_> = (1..=10).map(message).collect();
        prepare(vault, folder, &many, 10).await;
        prepare(vault, elsewhere, &many, 10).await;
        let mut search = MessageSearch { limit: 3, ..any() };
        let mut all = Vec::new();
        loop {
            let page = vault.find_messages(&search).await.unwrap();
            assert!(page.messages.len() <= 3);
            all.extend(page.messages.iter().map(|message| (message.seen_at, message.id)));
            let Some(next) = page.next else { break };
            search.before = Some(next.to_string().parse().unwrap());
        }
        assert_eq!(all.len(), 20);
        assert!(all.is_sorted_by(|one, other| one.0 >= other.0), "newest first");
        let different: std::collections::HashSet<_> = all.iter().map(|(_, id)| *id).collect();
        assert_eq!(different.len(), 20);
        let whole = MessageSearch { limit: 20, ..any() };
        assert_eq!(vault.find_messages(&whole).await.unwrap().next, None, "nothing is behind it");
    }

    async fn a_quarantined_message_is_tried_again_alone_and_the_record_says_by_whom(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        quarantine(vault, folder, &[5, 6]).await;
        let count = bench.again().await.unwrap();
        let mut changes = count.changes();
        vault.retry_message(id(folder, 5), "root", at(20)).await.unwrap();
        let told = tokio::time::timeout(std::time::Duration::from_mins(1), changes.changed());
        told.await.unwrap();
        let unfinished = vault.unfinished(folder, jiff::Timestamp::MAX).await.unwrap();
        assert_eq!(unfinished.len(), 1);
        assert_eq!((unfinished[0].uid, unfinished[0].retry_at), (5, Some(at(20))));
        assert_eq!(vault.due(at(20)).await.unwrap(), [(account, at(20))]);
        let events = vault.events(Some(account), 9).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind, events[0].actor.as_str()), (EventKind::QuarantineRetried, "root"));
        assert_eq!(events[0].text, "desk: message 5 of INBOX, from quarantine, is tried again");
    }

    async fn a_dropped_message_is_settled_for_good(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        quarantine(vault, folder, &[5, 6]).await;
        vault.drop_message(id(folder, 5), "root", at(20)).await.unwrap();
        let events = vault.events(Some(account), 9).await.unwrap();
        assert_eq!((events.len(), events[0].kind), (1, EventKind::MessageDropped));
        assert_eq!(vault.counts(account).await.unwrap().quarantined, 1);

        prepare(vault, folder, &[message(5)], 21).await;
        vault.note_deferred(folder, 5, "late", at(99), at(21)).await.unwrap();
        vault.note_quarantined(folder, 5, "late", at(21)).await.unwrap();
        deliver(vault, folder, &[5], 21).await;
        vault.note_acknowledged(folder, &[5], at(21)).await.unwrap();
        vault.forget(folder, &[5]).await.unwrap();
        assert_eq!(vault.retry_quarantine(account, at(22)).await.unwrap(), 1, "the other one");
        let dropped = vault.message(id(folder, 5)).await.unwrap().unwrap();
        assert_eq!((dropped.state, dropped.since), (MessageState::Dropped, at(20)));
        assert_eq!(dropped.answer.as_deref(), Some("exit 65"));
        assert_eq!(vault.counts(account).await.unwrap().delivered, 0);
        assert_eq!(vault.known(folder, 1, 9).await.unwrap(), [5, 6], "nobody fetches it again");
    }

    async fn what_was_dropped_is_known_again_in_a_later_epoch(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        quarantine(vault, folder, &[5]).await;
        vault.drop_message(id(folder, 5), "root", at(20)).await.unwrap();
        let later = open(vault, account, 2).await;
        let again = Prepared { uid: 9, ..message(5) };
        for _ in 0..2 {
            let adopted = vault.adopt_delivered(later, &again, at(30)).await.unwrap();
            assert_eq!(adopted, Some(MessageState::Dropped), "and nobody tells the source");
        }
        assert!(vault.unfinished(later, jiff::Timestamp::MAX).await.unwrap().is_empty());
        let copy = Prepared { uid: 10, ..message(5) };
        assert_eq!(vault.adopt_delivered(later, &copy, at(31)).await.unwrap(), None, "each one once");
    }

    async fn what_was_delivered_in_an_earlier_epoch_keeps_its_time_and_answer(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(5)], 10).await;
        deliver(vault, folder, &[5], 11).await;
        let later = open(vault, account, 2).await;
        let again = Prepared { uid: 9, seen_at: at(29), ..message(5) };
        let adopted = vault.adopt_delivered(later, &again, at(30)).await.unwrap();
        assert_eq!(adopted, Some(MessageState::Delivered));
        let message = vault.message(id(later, 9)).await.unwrap().unwrap();
        assert_eq!((message.account, message.head), (account, head(5)));
        assert_eq!((message.seen_at, message.delivered_at), (at(29), Some(at(11))));
        assert_eq!(message.answer.as_deref(), Some("taken"));
        assert!(!vault.message(id(folder, 5)).await.unwrap().unwrap().present);
    }

    async fn only_a_quarantined_message_of_the_present_epoch_is_tried_again_or_dropped(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        prepare(vault, folder, &[message(1), message(2)], 10).await;
        deliver(vault, folder, &[2], 11).await;
        vault.note_deferred(folder, 3, "late", at(99), at(11)).await.unwrap();
        quarantine(vault, folder, &[4, 5]).await;
        vault.drop_message(id(folder, 4), "root", at(20)).await.unwrap();
        for uid in 1..=4 {
            let before = vault.message(id(folder, uid)).await.unwrap();
            assert!(matches!(retry(vault, folder, uid).await, VaultError::NotQuarantined { .. }));
            assert!(matches!(drop(vault, folder, uid).await, VaultError::NotQuarantined { .. }));
            assert_eq!(vault.message(id(folder, uid)).await.unwrap(), before);
        }
        assert!(matches!(drop(vault, folder, 77).await, VaultError::Stale { what: "the message" }));
        open(vault, account, 2).await;
        assert!(matches!(retry(vault, folder, 5).await, VaultError::OlderEpoch));
        assert!(matches!(drop(vault, folder, 5).await, VaultError::OlderEpoch));
        assert_eq!(state(vault, folder, 5).await, MessageState::Quarantined);
        assert_eq!(vault.events(None, 9).await.unwrap().len(), 1, "nothing else is recorded");
    }

    async fn two_who_act_on_a_message_at_once_change_it_once(bench) {
        let (_, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        let other = bench.again().await.unwrap();
        let uids: Vec<u32> = (1..=8).collect();
        quarantine(vault, folder, &uids).await;
        for uid in uids {
            let (retried, dropped) = tokio::join!(
                vault.retry_message(id(folder, uid), "one", at(20)),
                other.drop_message(id(folder, uid), "two", at(20)),
            );
            assert!(retried.is_ok() ^ dropped.is_ok(), "message {uid}");
        }
        assert_eq!(vault.events(None, 99).await.unwrap().len(), 8);
    }

    async fn what_is_personal_is_cleared_with_age_and_what_the_ledger_needs_stays(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        let vault = &bench.vault;
        let all: Vec<_> = (1..=7).map(message).collect();
        prepare(vault, folder, &all, 10).await;
        deliver(vault, folder, &[1, 2, 3, 4], 11).await;
        vault.note_acknowledged(folder, &[1, 2], at(12)).await.unwrap();
        vault.note_acknowledged(folder, &[3], at(50)).await.unwrap();
        vault.note_quarantined(folder, 5, "no", at(12)).await.unwrap();
        vault.note_quarantined(folder, 6, "no", at(12)).await.unwrap();
        vault.drop_message(id(folder, 6), "root", at(13)).await.unwrap();

        let mut cleared = Vec::new();
        for limit in [2, 2, 2] {
            cleared.push(vault.prune_history(at(50), limit).await.unwrap());
        }
        assert_eq!(cleared, [2, 1, 0], "no more than asked for, and each once");
        for uid in 1..=7 {
            let message = vault.message(id(folder, uid)).await.unwrap().unwrap();
            let old = [1, 2, 6].contains(&uid);
            assert_eq!(message.cleared, old, "message {uid}");
            assert_eq!(message.head == MessageHead::default(), old);
            if old {
                assert_eq!(message.answer, None);
                assert!(message.fetched_at.is_some(), "the times stay");
            }
        }
        let text = Some("message-1@".to_owned());
        assert!(uids(vault, &MessageSearch { text, ..any() }).await.is_empty());
        assert_eq!(uids(vault, &any()).await.len(), 7);

        let later = open(vault, account, 2).await;
        for uid in [1, 6] {
            let adopted = vault.adopt_delivered(later, &message(uid), at(60)).await.unwrap();
            assert!(adopted.is_some(), "message {uid} is known by its content");
        }
    }

    async fn an_accounts_history_goes_with_it(bench) {
        let (account, folder) = inbox(bench, "desk").await;
        prepare(&bench.vault, folder, &[message(1)], 10).await;
        bench.vault.remove_account(account).await.unwrap();
        assert!(uids(&bench.vault, &any()).await.is_empty());
    }
}

fn any() -> MessageSearch {
    MessageSearch {
        limit: 50,
        ..MessageSearch::default()
    }
}

async fn uids(vault: &Vault, search: &MessageSearch) -> Vec<u32> {
    let page = vault.find_messages(search).await.unwrap();
    page.messages.iter().map(|message| message.uid).collect()
}

async fn inbox(bench: &Bench, name: &str) -> (AccountId, FolderId) {
    let account = bench.account(name).await.id;
    (account, open(&bench.vault, account, 1).await)
}

async fn open(vault: &Vault, account: AccountId, uid_validity: u32) -> FolderId {
    let opened = vault.open_folder(account, "INBOX", uid_validity, FirstSight::EMPTY, at(0));
    opened.await.unwrap().id
}

fn id(folder: FolderId, uid: u32) -> MessageId {
    format!("{}-{uid}", folder.0).parse().unwrap()
}

fn head(uid: u32) -> MessageHead {
    MessageHead {
        message_id: Some(format!("message-{uid}@example.com")),
        sender: Some(format!("customer{uid}@example.com")),
        subject: Some(format!("Subject number {uid}")),
    }
}

/// A message that the source showed `uid` seconds after the beginning.
fn message(uid: u32) -> Prepared {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&uid.to_be_bytes());
    Prepared {
        uid,
        key: format!("key-{uid}"),
        digest,
        size: 7,
        head: head(uid),
        seen_at: at(uid.into()),
        going_to: None,
        counted_at: None,
    }
}

async fn prepare(vault: &Vault, folder: FolderId, messages: &[Prepared], now: i64) {
    let noted = vault.note_prepared(folder, messages, Floor::New(1), at(now));
    noted.await.unwrap();
}

async fn deliver(vault: &Vault, folder: FolderId, uids: &[u32], now: i64) {
    let delivery = |uid: &u32| Delivery {
        uid: *uid,
        answer: "taken".to_owned(),
    };
    let delivered: Vec<_> = uids.iter().map(delivery).collect();
    let noted = vault.note_delivered(folder, &delivered, at(now));
    noted.await.unwrap();
}

async fn quarantine(vault: &Vault, folder: FolderId, uids: &[u32]) {
    let messages: Vec<_> = uids.iter().copied().map(message).collect();
    prepare(vault, folder, &messages, 10).await;
    for uid in uids {
        let noted = vault.note_quarantined(folder, *uid, "exit 65", at(11));
        noted.await.unwrap();
    }
}

async fn retry(vault: &Vault, folder: FolderId, uid: u32) -> VaultError {
    let retried = vault.retry_message(id(folder, uid), "root", at(21)).await;
    retried.unwrap_err()
}

async fn drop(vault: &Vault, folder: FolderId, uid: u32) -> VaultError {
    let dropped = vault.drop_message(id(folder, uid), "root", at(21)).await;
    dropped.unwrap_err()
}

async fn state(vault: &Vault, folder: FolderId, uid: u32) -> MessageState {
    let message: Message = vault.message(id(folder, uid)).await.unwrap().unwrap();
    message.state
}
