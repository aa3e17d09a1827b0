//! Messages that are handed to another mailbox.

use mailgrant_vault::{
    Append, Appending, Delivery, FirstSight, Floor, FolderEnd, MessageHead, Prepared,
};

use crate::bench::{at, on_both};

const END: FolderEnd = FolderEnd {
    uid_validity: 7,
    uid_next: 10,
};

fn appending(key: &str) -> Appending<'_> {
    Appending {
        key,
        target: "archive/INBOX",
        message_id: "one@example.org",
        digest: [1; 32],
        end: END,
    }
}

on_both! {
    async fn what_was_taken_is_remembered_until_the_ledger_knows_it(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let folder = vault.open_folder(account, "INBOX", 1, FirstSight::EMPTY, at(1)).await.unwrap().id;
        let prepared = Prepared {
            uid: 1,
            key: "first".to_owned(),
            digest: [1; 32],
            size: 1,
            head: MessageHead::default(),
            seen_at: at(1),
            going_to: None,
            counted_at: None,
        };
        vault.note_prepared(folder, &[prepared], Floor::New(2), at(1)).await.unwrap();
        vault.note_append(account, &appending("first"), at(1)).await.unwrap();
        let known = async |key| vault.append(account, key, "archive/INBOX").await.unwrap();
        assert_eq!(known("first").await, Some(Append::InDoubt(END)));
        assert_eq!(vault.append(account, "first", "archive/Other").await.unwrap(), None);
        vault.note_append_taken(account, "first", Some(10)).await.unwrap();
        vault.note_append(account, &appending("second"), at(2)).await.unwrap();
        assert_eq!(known("first").await, Some(Append::Taken));
        let delivery = Delivery { uid: 1, answer: "ok".to_owned() };
        vault.note_delivered(folder, &[delivery], at(3)).await.unwrap();
        vault.note_append(account, &appending("third"), at(3)).await.unwrap();
        assert_eq!(known("first").await, None);
        assert_eq!(known("second").await, Some(Append::InDoubt(END)));
        let days = |days: i64| at(days * 24 * 3600);
        vault.note_append(account, &appending("fourth"), days(91)).await.unwrap();
        assert_eq!(known("second").await, None);
    }

    async fn a_message_that_is_in_doubt_keeps_its_place_and_is_no_other_one(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let known = async |key| vault.append(account, key, "archive/INBOX").await.unwrap();
        let note = async |appending: Appending<'static>| {
            vault.note_append(account, &appending, at(1)).await.unwrap();
        };
        note(appending("one")).await;
        let later = FolderEnd { uid_next: 20, ..END };
        note(Appending { end: later, ..appending("one") }).await;
        assert_eq!(known("one").await, Some(Append::InDoubt(END)), "it may be there since then");
        note(Appending { message_id: "x", ..appending("unlike") }).await;
        note(Appending { digest: [2; 32], ..appending("reworded") }).await;
        note(appending("other")).await;
        vault.note_append_taken(account, "other", Some(12)).await.unwrap();
        let behind = FolderEnd { uid_next: 13, ..END };
        assert_eq!(known("one").await, Some(Append::InDoubt(behind)));
        assert_eq!(known("unlike").await, Some(Append::InDoubt(END)));
        assert_eq!(known("reworded").await, Some(Append::InDoubt(END)), "its content is another");
        note(appending("third")).await;
        vault.note_append_taken(account, "third", None).await.unwrap();
        let nowhere = FolderEnd { uid_next: u32::MAX, ..END };
        assert_eq!(known("one").await, Some(Append::InDoubt(nowhere)));
        let another = FolderEnd { uid_validity: 8, uid_next: 1 };
        note(Appending { end: another, ..appending("one") }).await;
        assert_eq!(known("one").await, Some(Append::InDoubt(another)));
        vault.forget_append(account, "one").await.unwrap();
        assert_eq!(known("one").await, None);
    }
}
