//! Numbers for messages whose source names them otherwise.

use mailgrant_vault::{Delivery, FirstSight, Floor, MessageHead, Prepared};

use crate::bench::{at, on_both};

/// The first epoch: where no IMAP server's UIDVALIDITY is.
const FIRST: u32 = 1 << 31;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

on_both! {
    async fn names_that_leave_speak_for_no_new_epoch_and_keep_their_numbers(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let number = async |of: &[&str]| {
            let numbered = vault.number_all(account, "INBOX", &names(of), at(1)).await.unwrap();
            (numbered.uid_validity, numbered.uids)
        };
        assert_eq!(number(&["a", "b"]).await, (FIRST, vec![1, 2]));
        vault.leave(account, "INBOX", &[1, 2], at(2)).await.unwrap();
        assert_eq!(number(&["c"]).await, (FIRST, vec![3]));
        vault.leave(account, "INBOX", &[3], at(3)).await.unwrap();
        assert_eq!(number(&["c", "d"]).await, (FIRST, vec![3, 4]), "it was not deleted after all");
        assert_eq!(number(&["x"]).await, (FIRST + 1, vec![1]), "all others have gone unasked");
    }

    async fn a_message_that_went_unfetched_and_comes_back_is_a_new_one(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let number = async |of: &[&str]| {
            vault.number_all(account, "INBOX", &names(of), at(1)).await.unwrap().uids
        };
        assert_eq!(number(&["went", "was-delivered", "stays"]).await, [1, 2, 3]);
        let folder = vault.open_folder(account, "INBOX", FIRST, FirstSight::EMPTY, at(1));
        let folder = folder.await.unwrap().id;
        let delivered = Prepared {
            uid: 2,
            key: "key-2".to_owned(),
            digest: [2; 32],
            size: 1,
            head: MessageHead::default(),
            seen_at: at(1),
            going_to: None,
            counted_at: None,
        };
        vault.note_prepared(folder, &[delivered], Floor::New(4), at(1)).await.unwrap();
        let delivery = Delivery { uid: 2, answer: "ok".to_owned() };
        vault.note_delivered(folder, &[delivery], at(1)).await.unwrap();
        vault.forget(folder, &[1, 2]).await.unwrap();
        assert_eq!(number(&["went", "was-delivered", "stays"]).await, [4, 2, 3]);
    }

    async fn a_name_that_is_used_again_is_known_by_its_content(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let number = async |of: &[(&str, u64)]| {
            let names: Vec<(String, u64)> = of.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
            vault.number_all_sized(account, "INBOX", &names, at(1)).await.unwrap().uids
        };
        let open = async || vault.open_folder(account, "INBOX", FIRST, FirstSight::EMPTY, at(1)).await.unwrap();
        assert_eq!(number(&[("a", 10), ("b", 20)]).await, [1, 2]);
        let folder = open().await;
        assert!(!folder.has_older_epoch);
        let prepared = |uid: u32, digest| Prepared {
            uid,
            key: format!("key-{uid}"),
            digest: [digest; 32],
            size: 1,
            head: MessageHead::default(),
            seen_at: at(1),
            going_to: None,
            counted_at: None,
        };
        let both = [prepared(1, 1), prepared(2, 2)];
        vault.note_prepared(folder.id, &both, Floor::New(3), at(1)).await.unwrap();
        let delivered = [1, 2].map(|uid| Delivery { uid, answer: "ok".to_owned() });
        vault.note_delivered(folder.id, &delivered, at(1)).await.unwrap();
        assert_eq!(number(&[("a", 10), ("b", 21), ("c", 30)]).await, [1, 3, 4]);
        assert!(open().await.has_older_epoch);
        let adopt = async |uid, digest| vault.adopt_delivered(folder.id, &prepared(uid, digest), at(2)).await.unwrap();
        assert_eq!(adopt(3, 1).await, None, "that one is still there");
        assert_eq!(adopt(4, 2).await, None, "its name was never another's");
        assert_eq!(adopt(3, 2).await, Some(mailgrant_vault::MessageState::Delivered));
        vault.leave(account, "INBOX", &[1], at(2)).await.unwrap();
        vault.left(account, "INBOX", &[1]).await.unwrap();
        assert_eq!(number(&[("a", 10), ("b", 21), ("c", 30)]).await, [5, 3, 4]);
    }
}
