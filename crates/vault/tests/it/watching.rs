//! Alarms, canaries, and when mail came.

use jiff::SignedDuration;
use mailgrant_vault::{
    Alarm, AlarmKind, Delivery, FirstSight, Floor, MessageHead, Prepared, StartFrom,
};
use secrecy::SecretString;

use crate::bench::{at, on_both};

fn came(uid: u32, seconds: i64) -> Prepared {
    Prepared {
        uid,
        key: format!("key-{uid}"),
        digest: [0; 32],
        size: 1,
        head: MessageHead::default(),
        seen_at: at(seconds),
        going_to: None,
        counted_at: None,
    }
}

on_both! {
    async fn an_alarm_is_there_until_it_is_over_and_keeps_its_first_words(bench) {
        let vault = &bench.vault;
        let account = bench.account("desk").await.id;
        let alarm = |kind, what: &str| Alarm {
            account,
            kind,
            since: at(5),
            what: what.to_owned(),
            next: "Look.".to_owned(),
        };
        let first = alarm(AlarmKind::Silent, "no mail");
        assert!(vault.raise_alarm(&first).await.unwrap());
        assert!(!vault.raise_alarm(&alarm(AlarmKind::Silent, "still none")).await.unwrap());
        let other = alarm(AlarmKind::Stuck, "no end");
        assert!(vault.raise_alarm(&other).await.unwrap());
        assert_eq!(bench.again().await.unwrap().alarms().await.unwrap(), [first, other]);
        assert!(vault.end_alarm(account, AlarmKind::Silent).await.unwrap());
        assert!(!vault.end_alarm(account, AlarmKind::Silent).await.unwrap());
        vault.remove_account(account).await.unwrap();
        assert_eq!(vault.alarms().await.unwrap(), []);
    }

    async fn a_canary_is_known_by_its_secret_in_its_own_mailbox_and_arrives_once(bench) {
        let vault = &bench.vault;
        let account = bench.account("desk").await.id;
        let other = bench.account("sales").await.id;
        let secret = SecretString::from("a secret of a canary");
        let folder = vault.open_folder(account, "INBOX", 1, FirstSight::EMPTY, at(0)).await.unwrap();
        let seen = async |account, secret, seconds| {
            let message = (folder.id, 7);
            vault.canary_seen(account, secret, message, at(seconds)).await.unwrap()
        };
        assert!(!seen(account, &secret, 10).await);
        let id = vault.send_canary(account, &secret, at(10)).await.unwrap();
        assert!(!seen(other, &secret, 11).await, "of another account");
        let another = SecretString::from("another");
        assert!(!seen(account, &another, 11).await);
        vault.canary_failed(id, "no server").await.unwrap();
        let sent = vault.canaries(account, 5).await.unwrap();
        assert_eq!((sent[0].failure.as_deref(), sent[0].round_trip()), (Some("no server"), None));
        assert!(seen(account, &secret, 13).await);
        assert!(seen(account, &secret, 99).await, "its copy is no mail either");
        let sent = vault.canaries(account, 5).await.unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].round_trip(), Some(SignedDuration::from_secs(3)));
        assert_eq!(sent[0].failure, None);
        assert_eq!(sent[0].in_words(), "came through in 3 s");
    }

    async fn neither_canaries_nor_earlier_mail_count_as_mail_that_came(bench) {
        let vault = &bench.vault;
        let account = bench.account("desk").await.id;
        let first = FirstSight { next_uid: 50, start: StartFrom::Everything };
        let folder = vault.open_folder(account, "INBOX", 1, first, at(0)).await.unwrap().id;
        assert_eq!(vault.last_mail(account).await.unwrap(), None);
        vault.note_prepared(folder, &[came(7, 9000)], Floor::Past(8), at(9000)).await.unwrap();
        assert_eq!(vault.last_mail(account).await.unwrap(), None, "it was there before");
        let mail = [came(50, 100), came(51, 200), came(52, 7300)];
        vault.note_prepared(folder, &mail, Floor::New(53), at(7300)).await.unwrap();
        let secret = SecretString::from("a secret of a canary");
        vault.send_canary(account, &secret, at(8000)).await.unwrap();
        assert!(vault.canary_seen(account, &secret, (folder, 53), at(11_000)).await.unwrap());
        vault.note_prepared(folder, &[came(53, 11_000)], Floor::New(54), at(11_000)).await.unwrap();
        assert_eq!(vault.last_mail(account).await.unwrap(), Some(at(7300)));
        let hour = at(0).as_second() / 3600;
        assert_eq!(vault.hours_with_mail(account, at(0)).await.unwrap(), [hour, hour + 2]);
        assert_eq!(vault.hours_with_mail(account, at(3600)).await.unwrap(), [hour + 2]);

        let taken = |uid| Delivery { uid, answer: String::new() };
        vault.note_delivered(folder, &[taken(52)], at(12_000)).await.unwrap();
        vault.note_delivered(folder, &[taken(53)], at(13_000)).await.unwrap();
        let counts = vault.counts(account).await.unwrap();
        assert_eq!((counts.delivered, counts.last_delivered_at), (1, Some(at(12_000))));
    }
}
