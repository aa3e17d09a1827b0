//! The audit trail.

use mailgrant_vault::{AccountId, Event, EventKind, NewEvent, ProviderId};

use crate::bench::{Bench, at, on_both};

on_both! {
    async fn events_are_told_newest_first(bench) {
        // The clock may go back; what happened later stays later.
        for (second, text) in [(5, "one"), (9, "two"), (7, "three")] {
            record(bench, None, second, text).await;
        }
        let events = bench.again().await.unwrap().events(None, 9).await.unwrap();
        assert_eq!(texts(&events), ["three", "two", "one"]);
        assert_eq!(events[0].at, at(7));
        assert_eq!(texts(&bench.vault.events(None, 2).await.unwrap()), ["three", "two"]);
        assert!(bench.vault.events(None, 0).await.unwrap().is_empty());
    }

    async fn an_accounts_events_are_its_own(bench) {
        let (one, two) = (AccountId(1), AccountId(2));
        for (account, text) in [(Some(one), "a"), (Some(two), "b"), (None, "c"), (Some(one), "d")] {
            record(bench, account, 1, text).await;
        }
        assert_eq!(texts(&bench.vault.events(Some(one), 9).await.unwrap()), ["d", "a"]);
        assert_eq!(texts(&bench.vault.events(Some(one), 1).await.unwrap()), ["d"]);
        assert_eq!(texts(&bench.vault.events(Some(two), 9).await.unwrap()), ["b"]);
        assert!(bench.vault.events(Some(AccountId(3)), 9).await.unwrap().is_empty());
        assert_eq!(texts(&bench.vault.events(None, 9).await.unwrap()), ["d", "c", "b", "a"]);
    }

    async fn an_event_is_read_as_it_was_recorded(bench) {
        let event = NewEvent {
            kind: EventKind::GrantRevoked,
            actor: "root\0".to_owned(),
            provider: Some(ProviderId(3)),
            account: Some(AccountId(4)),
            text: "Revoked.\x1b[31m\0".to_owned(),
        };
        bench.vault.record(event, at(5)).await.unwrap();
        let read = bench.vault.events(None, 1).await.unwrap().remove(0);
        assert_eq!((read.at, read.kind), (at(5), EventKind::GrantRevoked));
        assert_eq!(read.actor, "root ");
        assert_eq!((read.provider, read.account), (Some(ProviderId(3)), Some(AccountId(4))));
        assert_eq!(read.text, "Revoked. [31m ");
    }

    async fn events_outlive_their_account_and_never_become_anothers(bench) {
        let account = bench.account("desk").await.id;
        record(bench, Some(account), 1, "added").await;
        bench.vault.remove_account(account).await.unwrap();
        assert_eq!(texts(&bench.vault.events(Some(account), 9).await.unwrap()), ["added"]);
        let next = bench.account("next").await.id;
        assert_ne!(next, account, "a row's number is not used twice");
        assert!(bench.vault.events(Some(next), 9).await.unwrap().is_empty());
    }
}

async fn record(bench: &Bench, account: Option<AccountId>, second: i64, text: &str) {
    let event = NewEvent {
        kind: EventKind::AccountChanged,
        actor: "root".to_owned(),
        provider: None,
        account,
        text: text.to_owned(),
    };
    bench.vault.record(event, at(second)).await.unwrap();
}

fn texts(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.text.as_str()).collect()
}
