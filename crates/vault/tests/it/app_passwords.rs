//! App passwords.

use mailgrant_mail::Protocol;
use mailgrant_vault::{
    Account, AccountId, AppPassword, AppPasswordDraft, AppPasswordId, Vault, VaultError,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::bench::{at, on_both};

on_both! {
    async fn an_app_password_opens_its_account_by_address_and_by_name_in_letters_of_any_size(bench) {
        let (account, vault) = (bench.account("desk").await, bench.again().await.unwrap());
        let (made, secret) = make(&bench.vault, account.id).await;
        let address = account.draft.address.to_ascii_uppercase();
        for user in [&account.draft.address, &address, "desk", "DESK"] {
            let (found, password) = vault.recognise(user, &secret).await.unwrap().unwrap();
            assert_eq!((found.id, password.id), (account.id, made.id), "{user}");
            assert_eq!(password.draft, made.draft);
        }
    }

    async fn nothing_else_opens_it(bench) {
        let (desk, other) = (bench.account("desk").await, bench.account("other").await);
        let (_, secret) = make(&bench.vault, desk.id).await;
        let (_, others) = make(&bench.vault, other.id).await;
        let shorter = &secret.expose_secret()[1..];
        for (user, password) in [
            ("desk", ""),
            ("desk", shorter),
            ("desk", others.expose_secret()),
            ("other", secret.expose_secret()),
            ("nobody", secret.expose_secret()),
            ("", secret.expose_secret()),
            ("desk\0", secret.expose_secret()),
            ("de%", secret.expose_secret()),
        ] {
            assert!(open(&bench.vault, user, password).await.is_none(), "{user} {password}");
        }
    }

    async fn two_accounts_of_one_address_are_told_apart_by_their_passwords(bench) {
        let one = bench.account("one").await;
        let mut draft = bench.account("two").await.draft;
        draft.address.clone_from(&one.draft.address);
        "three".clone_into(&mut draft.name);
        let three = bench.vault.add_account(&draft, at(0)).await.unwrap();
        let (_, secret) = make(&bench.vault, one.id).await;
        let (_, another) = make(&bench.vault, three.id).await;
        for (secret, account) in [(secret, one.id), (another, three.id)] {
            let opened = open(&bench.vault, &draft.address, secret.expose_secret()).await;
            assert_eq!(opened.unwrap().0.id, account);
        }
    }

    async fn one_is_revoked_and_the_others_stay(bench) {
        let (vault, account) = (&bench.vault, bench.account("desk").await.id);
        let (first, secret) = make(vault, account).await;
        let (second, another) = make(vault, account).await;
        let other = bench.account("other").await.id;
        assert!(!vault.revoke_app_password(other, first.id).await.unwrap());
        assert!(vault.revoke_app_password(account, first.id).await.unwrap());
        assert!(!vault.revoke_app_password(account, first.id).await.unwrap());
        assert!(open(vault, "desk", secret.expose_secret()).await.is_none());
        assert!(open(vault, "desk", another.expose_secret()).await.is_some());
        let left = vault.app_passwords(account).await.unwrap();
        assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [second.id]);
    }

    async fn it_goes_with_its_account_and_comes_with_none_that_is_gone(bench) {
        let (vault, account) = (&bench.vault, bench.account("desk").await.id);
        let (_, secret) = make(vault, account).await;
        vault.remove_account(account).await.unwrap();
        assert!(open(vault, "desk", secret.expose_secret()).await.is_none());
        let refused = vault.add_app_password(account, &draft(), "anna", at(0)).await;
        assert!(matches!(refused, Err(VaultError::Stale { .. })), "{refused:?}");
    }

    async fn the_last_use_is_noted_once_a_minute_or_from_somewhere_else(bench) {
        let (vault, account) = (&bench.vault, bench.account("desk").await.id);
        let (made, _) = make(vault, account).await;
        assert_eq!(made.last_used, None);
        let mut noted = Vec::new();
        for (from, protocol, seconds) in [
            ("192.0.2.1", Protocol::Imap, 10),
            ("192.0.2.1", Protocol::Imap, 69),
            ("192.0.2.1", Protocol::Imap, 70),
            ("192.0.2.2", Protocol::Imap, 71),
            ("192.0.2.2", Protocol::Smtp, 72),
        ] {
            let now = only(vault, account).await;
            vault.note_app_password_used(&now, protocol, from, at(seconds)).await.unwrap();
            let last = only(vault, account).await.last_used.unwrap();
            noted.push((last.at, last.from, last.protocol));
        }
        let shown: Vec<_> = noted
            .iter()
            .map(|(at, from, protocol)| (*at, from.as_str(), protocol.as_str()))
            .collect();
        assert_eq!(shown, [
            (at(10), "192.0.2.1", "imap"),
            (at(10), "192.0.2.1", "imap"),
            (at(70), "192.0.2.1", "imap"),
            (at(71), "192.0.2.2", "imap"),
            (at(72), "192.0.2.2", "smtp"),
        ]);
    }
}

/// 128 random bits, without letters that look like others, and fit for every old form.
#[tokio::test]
async fn what_is_made_is_long_and_can_be_typed() {
    let bench = crate::bench::Bench::sqlite().await;
    let account = bench.account("desk").await.id;
    let (_, one) = make(&bench.vault, account).await;
    let (_, two) = make(&bench.vault, account).await;
    assert_ne!(one.expose_secret(), two.expose_secret());
    for secret in [one, two] {
        let secret = secret.expose_secret();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        assert!(secret.len() == 26 && secret.chars().all(fits), "{secret}");
        assert!(!secret.contains(['l', '1', 'o', '0']), "{secret}");
    }
}

fn draft() -> AppPasswordDraft {
    AppPasswordDraft {
        label: "the scanner on the second floor".to_owned(),
        protocols: vec![Protocol::Imap, Protocol::Smtp],
        networks: vec!["192.0.2.0/24".parse().unwrap()],
    }
}

async fn make(vault: &Vault, account: AccountId) -> (AppPassword, SecretString) {
    let made = vault
        .add_app_password(account, &draft(), "anna", at(0))
        .await;
    let (made, secret) = made.unwrap();
    assert!(made.id > AppPasswordId(0));
    (made, secret)
}

async fn open(vault: &Vault, user: &str, password: &str) -> Option<(Account, AppPassword)> {
    vault.recognise(user, &password.into()).await.unwrap()
}

async fn only(vault: &Vault, account: AccountId) -> AppPassword {
    vault.app_passwords(account).await.unwrap().remove(0)
}
