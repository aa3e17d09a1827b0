//! Mail that would go round.

use mailgrant_vault::{
    AccountDraft, AppendSink, Folders, Provider, Rules, Sink, Source, VaultError,
};

use crate::bench::{account_draft, at, on_both};

/// An account that puts its mail into a folder of another's mailbox.
fn into(name: &str, provider: &Provider, account: &str, folder: &str) -> AccountDraft {
    AccountDraft {
        sink: Some(Sink::Append(AppendSink {
            account: account.to_owned(),
            folder: folder.to_owned(),
        })),
        ..account_draft(name, provider)
    }
}

on_both! {
    async fn mailboxes_that_put_their_mail_into_each_other_are_refused(bench) {
        let provider = bench.provider("entra").await;
        let vault = &bench.vault;
        let add = async |draft: &AccountDraft| vault.add_account(draft, at(0)).await;
        add(&into("one", &provider, "two", "INBOX")).await.unwrap();
        add(&into("two", &provider, "three", "From two")).await.unwrap();
        let third = into("three", &provider, "one", "INBOX");
        let all = AccountDraft { folders: Folders::read("*").unwrap(), ..third.clone() };
        let refused = add(&all).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the account's mail would go round: three → one → two → three (each puts it into the \
             next one's mailbox)"
        );
        // By another name it is the same mailbox.
        let alias = AccountDraft { name: "alias".to_owned(), ..all };
        let silent = AccountDraft { sink: None, ..third.clone() };
        let third = add(&third).await.unwrap();
        assert!(matches!(add(&alias).await, Err(VaultError::GoesRound { .. })));
        // POP3 reads the inbox alone.
        let pop3 = AccountDraft { source: Source::Pop3, ..alias };
        add(&pop3).await.unwrap();
        let closed = AccountDraft { folders: Folders::read("From *").unwrap(), ..third.draft.clone() };
        let refused = vault.change_account(third.id, third.version, &closed, at(0)).await;
        assert!(matches!(refused, Err(VaultError::GoesRound { .. })));
        let ends = AccountDraft { folders: closed.folders, ..silent };
        vault.change_account(third.id, third.version, &ends, at(0)).await.unwrap();
    }

    async fn an_account_that_puts_its_mail_into_its_own_mailbox_is_refused_where_it_fetches_it(bench) {
        let provider = bench.provider("entra").await;
        let add = async |draft: &AccountDraft| bench.vault.add_account(draft, at(0)).await;
        let itself = add(&into("one", &provider, "one", "INBOX")).await;
        assert!(matches!(itself, Err(VaultError::GoesRound { .. })));
        add(&into("one", &provider, "one", "Elsewhere")).await.unwrap();
    }

    async fn a_rule_that_puts_mail_into_its_own_mailbox_is_refused_too(bench) {
        let provider = bench.provider("entra").await;
        let append = |folder: &str| Sink::Append(AppendSink {
            account: "one".to_owned(),
            folder: folder.to_owned(),
        });
        let mut draft = account_draft("one", &provider);
        draft.sinks.put("back", append("INBOX"));
        draft.sinks.put("aside", append("Aside"));
        let mut chosen = draft.clone();
        chosen.rules = Rules::read("sink back from a@example.org").unwrap();
        let refused = bench.vault.add_account(&chosen, at(0)).await;
        assert!(matches!(refused, Err(VaultError::GoesRound { .. })));
        chosen.rules = Rules::read("sink aside from a@example.org").unwrap();
        bench.vault.add_account(&chosen, at(0)).await.unwrap();
    }
}
