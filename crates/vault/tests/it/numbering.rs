//! Numbers for messages whose source names them otherwise.

use crate::bench::{at, on_both};

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
        assert_eq!(number(&["a", "b"]).await, (1, vec![1, 2]));
        vault.leave(account, "INBOX", &[1, 2], at(2)).await.unwrap();
        assert_eq!(number(&["c"]).await, (1, vec![3]));
        vault.leave(account, "INBOX", &[3], at(3)).await.unwrap();
        assert_eq!(number(&["c", "d"]).await, (1, vec![3, 4]), "it was not deleted after all");
        assert_eq!(number(&["x"]).await, (2, vec![1]), "all others have gone unasked");
    }
}
