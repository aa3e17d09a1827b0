//! An account's further sinks.

use mailgrant_vault::{Account, AccountForm, MaildirSink, Rules, Sink, VaultError};

use crate::bench::{at, on_both};

on_both! {
    async fn a_further_sink_is_added_changed_and_removed(bench) {
        let account = bench.account("desk").await;
        let vault = &bench.vault;
        let added = vault.put_sink(&account, "billing", maildir("/one"), at(1)).await.unwrap();
        assert_eq!(added.draft.sinks.get("billing"), Some(&maildir("/one")));
        let changed = vault.put_sink(&added, "billing", maildir("/two"), at(2)).await.unwrap();
        let read = vault.account(account.id).await.unwrap().unwrap();
        assert_eq!((read.draft.sinks.names(), &read.draft.sinks), ("billing".to_owned(), &changed.draft.sinks));
        assert_eq!(read.draft.sinks.get("billing"), Some(&maildir("/two")));
        let late = vault.put_sink(&added, "other", maildir("/x"), at(3)).await.unwrap_err();
        assert!(matches!(late, VaultError::Stale { .. }), "{late}");
        let removed = vault.remove_sink(&changed, "billing", at(4)).await.unwrap();
        assert!(removed.draft.sinks.is_empty());
        let again = vault.remove_sink(&removed, "billing", at(4)).await.unwrap_err();
        assert!(matches!(again, VaultError::Stale { what: "the sink" }), "{again}");
    }

    async fn a_sink_that_rules_choose_is_not_removed(bench) {
        let account = bench.account("desk").await;
        let vault = &bench.vault;
        let account = vault.put_sink(&account, "billing", maildir("/one"), at(1)).await.unwrap();
        let mut draft = account.draft.clone();
        draft.rules = Rules::read("drop from x\nsink billing to y\nsink other\nsink billing").unwrap();
        let account = vault.change_account(account.id, account.version, &draft, at(2)).await.unwrap();
        let refused = vault.remove_sink(&account, "billing", at(3)).await.unwrap_err();
        assert!(refused.to_string().contains("chosen by rules 2, 4"), "{refused}");
        let still = vault.account(account.id).await.unwrap().unwrap();
        assert_eq!((still.version, still.draft), (account.version, account.draft));
    }

    async fn a_further_sink_has_a_name_and_is_one(bench) {
        let account = bench.account("desk").await;
        let named = |name: &str, kind: &str| wrong_fields(&account, name, kind);
        let form = form("billing", "maildir");
        let (name, sink) = form.check_sink(&account.draft).unwrap();
        assert_eq!((name.as_str(), &sink), ("billing", &maildir("/var/mail/billing")));
        let shown = AccountForm::of_sink(&name, &sink);
        assert_eq!(shown.check_sink(&account.draft), Ok((name, sink)));
        assert_eq!(named("own", "maildir"), ["name"]);
        assert_eq!(named("a name", "maildir"), ["name"]);
        assert_eq!(named("..", "maildir"), ["name"]);
        assert_eq!(named("billing", ""), ["sink"]);
        assert_eq!(named("", "pipe"), ["name", "sink"]);
    }
}

fn maildir(path: &str) -> Sink {
    Sink::Maildir(MaildirSink { path: path.into() })
}

fn form(name: &str, kind: &str) -> AccountForm {
    AccountForm {
        name: name.to_owned(),
        sink: kind.to_owned(),
        maildir: "/var/mail/billing".to_owned(),
        ..AccountForm::default()
    }
}

fn wrong_fields(account: &Account, name: &str, kind: &str) -> Vec<&'static str> {
    let checked = form(name, kind).check_sink(&account.draft);
    let errors = checked.unwrap_err().0;
    errors.iter().map(|error| error.field).collect()
}
