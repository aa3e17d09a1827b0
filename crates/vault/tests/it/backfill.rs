//! The mail that was in a folder before it was first seen.

use mailgrant_vault::{Fill, FirstSight, Floor, StartFrom, VaultError, Wanted};

use crate::bench::{at, on_both};

on_both! {
    async fn what_is_wanted_of_a_folder_follows_from_where_the_account_begins(bench) {
        let account = bench.account("desk").await.id;
        let day = jiff::civil::date(2026, 3, 4);
        let cases = [
            ("a", StartFrom::Everything, Some(Wanted::All)),
            ("b", StartFrom::Unseen, Some(Wanted::Unseen)),
            ("c", StartFrom::Since(day), Some(Wanted::Since(day))),
            ("d", StartFrom::OnlyNew, None),
        ];
        for (name, start, wanted) in cases {
            let first = FirstSight { next_uid: 50, start };
            let opened = bench.vault.open_folder(account, name, 1, first, at(0)).await.unwrap();
            let fill = |wanted| Fill { next_uid: 1, until: 50, wanted, paused: false };
            assert_eq!((opened.next_uid, opened.fill), (50, wanted.map(fill)), "{start:?}");
        }
        // Where UIDs begin anew, what came since counts too: somebody may have read it meanwhile.
        let first = FirstSight { next_uid: 9, start: StartFrom::Everything };
        let opened = bench.vault.open_folder(account, "b", 2, first, at(0)).await.unwrap();
        let before = jiff::civil::date(2025, 12, 31);
        assert_eq!(opened.fill.unwrap().wanted, Wanted::SinceOrUnseen(before));
        let empty = bench.vault.open_folder(account, "e", 1, FirstSight::EMPTY, at(0)).await.unwrap();
        assert_eq!(empty.fill, None);
    }

    async fn its_progress_survives_and_its_two_floors_are_apart(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let first = FirstSight { next_uid: 50, start: StartFrom::Everything };
        let open = async || vault.open_folder(account, "INBOX", 1, first, at(9)).await.unwrap();
        let folder = open().await.id;
        assert_eq!(vault.backfills(account).await.unwrap(), [], "nobody has counted yet");
        vault.note_fill(folder, 1, 40, None, at(100)).await.unwrap();
        vault.note_prepared(folder, &[], Floor::Past(20), at(100)).await.unwrap();
        vault.note_prepared(folder, &[], Floor::New(60), at(100)).await.unwrap();
        vault.note_fill(folder, 11, 30, Some(3600), at(110)).await.unwrap();
        let opened = open().await;
        assert_eq!((opened.next_uid, opened.fill.unwrap().next_uid), (60, 20), "floors never sink");
        let backfills = bench.again().await.unwrap().backfills(account).await.unwrap();
        let one = &backfills[0];
        assert_eq!((one.total, one.left, one.since, one.as_of), (40, 30, at(100), at(110)));
        assert_eq!(one.in_words(), "10 of 40 messages, 60 a minute, about 30 s left");

        vault.pause_fill(account, true).await.unwrap();
        assert!(vault.account(account).await.unwrap().unwrap().fill_paused);
        assert!(open().await.fill.unwrap().paused);
        let words = vault.backfills(account).await.unwrap()[0].in_words();
        assert_eq!(words, "10 of 40 messages, paused");

        vault.note_fill(folder, 50, 0, None, at(120)).await.unwrap();
        assert_eq!(open().await.fill, None);
        assert_eq!(vault.backfills(account).await.unwrap(), []);
        vault.remove_account(account).await.unwrap();
        let gone = vault.pause_fill(account, false).await;
        assert!(matches!(gone, Err(VaultError::Stale { what: "the account" })));
        let gone = vault.note_fill(folder, 50, 0, None, at(120)).await;
        assert!(matches!(gone, Err(VaultError::Stale { what: "the folder" })));
    }
}
