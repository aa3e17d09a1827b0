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
        };
        vault.note_prepared(folder, &[delivered], Floor::New(4), at(1)).await.unwrap();
        let delivery = Delivery { uid: 2, answer: "ok".to_owned() };
        vault.note_delivered(folder, &[delivery], at(1)).await.unwrap();
        vault.forget(folder, &[1, 2]).await.unwrap();
        assert_eq!(number(&["went", "was-delivered", "stays"]).await, [4, 2, 3]);
    }
}
