//! Providers and accounts.

use jiff::SignedDuration;
use mailgrant_oauth::{Access, ClientCredential, SecretMethod};
use mailgrant_vault::{AccountId, GrantState, ProviderId, ProviderTrouble, VaultError};
use secrecy::ExposeSecret as _;

use crate::bench::{account_draft, at, client_key, on_both, provider_draft};

on_both! {
    async fn a_provider_is_read_as_it_was_written(bench) {
        let written = bench.provider("entra").await;
        let vault = bench.again().await.unwrap();
        let read = vault.provider_named("entra").await.unwrap().unwrap();
        assert_eq!(read.id, written.id);
        assert_eq!((read.version, read.paused, read.created_at), (1, false, at(0)));
        assert!(read.trouble.is_none());
        let (draft, profile) = (provider_draft("entra").profile, read.profile);
        assert_eq!(profile.kind, draft.kind);
        assert_eq!(profile.client_id, draft.client_id);
        assert_eq!(profile.issuer, draft.issuer);
        assert_eq!(profile.endpoints, draft.endpoints);
        assert_eq!(profile.scopes, draft.scopes);
        let ClientCredential::Secret { secret, .. } = profile.credential else {
            panic!("the secret is gone");
        };
        assert_eq!(secret.expose_secret(), "client-secret-of-entra");
        assert_eq!(vault.providers().await.unwrap().len(), 1);
    }

    async fn every_kind_of_credential_is_read_as_it_was_written_in_either_place(bench) {
        let provider = bench.provider("entra").await;
        let key = client_key();
        let all = [
            ClientCredential::None,
            ClientCredential::Secret {
                secret: "another".into(),
                method: SecretMethod::Basic,
                expires_at: Some(at(3600)),
            },
            ClientCredential::Key(key.clone()),
            ClientCredential::FederatedTokenFile { path: "/run/token".into() },
        ];
        let same = |one: &ClientCredential, other: &ClientCredential| {
            let text = |one: &ClientCredential| match one {
                ClientCredential::Secret { secret, method, .. } => {
                    format!("{method:?} {}", secret.expose_secret())
                }
                ClientCredential::Key(key) => format!(
                    "{} {:?} {:?}",
                    key.private_key().expose_secret(),
                    key.certificates_pem(),
                    key.key_id()
                ),
                other => format!("{other:?}"),
            };
            assert_eq!(text(one), text(other));
            assert_eq!(one.expires_at(), other.expires_at());
        };
        let mut version = 1;
        for first in &all {
            for second in &all {
                let mut draft = provider_draft("entra");
                draft.profile.access = Access::Application;
                draft.profile.credential = first.clone();
                draft.profile.second_credential = Some(second.clone());
                let changed = bench.vault.change_provider(provider.id, version, &draft, at(1)).await;
                version = changed.unwrap().version;
                let read = bench.again().await.unwrap().provider(provider.id).await.unwrap().unwrap();
                assert!(read.trouble.is_none(), "{:?}", read.trouble);
                assert_eq!(read.profile.access, Access::Application);
                same(&read.profile.credential, first);
                same(read.profile.second_credential.as_ref().unwrap(), second);
            }
        }
        let mut draft = provider_draft("entra");
        draft.profile.credential = all[1].clone();
        draft.profile.second_credential = Some(all[2].clone());
        let changed = bench.vault.change_provider(provider.id, version, &draft, at(1)).await.unwrap();
        let ends: Vec<_> = changed.expiries().into_iter().map(|end| (end.what, end.at)).collect();
        let year = at(0) + SignedDuration::from_hours(365 * 24);
        assert_eq!(ends, [
            ("client secret".to_owned(), at(3600)),
            ("second certificate".to_owned(), year),
        ]);
        draft.profile.second_credential = None;
        let changed = bench.vault.change_provider(provider.id, changed.version, &draft, at(1)).await;
        assert!(changed.unwrap().profile.second_credential.is_none());
    }

    async fn names_are_unique_and_the_second_is_told_so(bench) {
        let account = bench.account("desk").await;
        let other = bench.account("other").await;
        let again = bench.vault.add_provider(&provider_draft("for-desk"), at(1)).await;
        let error = again.unwrap_err();
        assert!(matches!(error, VaultError::NameTaken { what: "a provider", .. }), "{error}");
        let again = bench.vault.add_account(&account.draft, at(1)).await.unwrap_err();
        assert!(matches!(again, VaultError::NameTaken { what: "an account", .. }), "{again}");
        let renamed = bench.vault.change_account(other.id, 1, &account.draft, at(1)).await;
        assert!(matches!(renamed, Err(VaultError::NameTaken { .. })));
    }

    async fn a_change_of_an_old_version_is_refused(bench) {
        let provider = bench.provider("entra").await;
        let mut draft = provider_draft("renamed");
        draft.profile.credential = ClientCredential::None;
        let changed = bench.vault.change_provider(provider.id, 1, &draft, at(1)).await.unwrap();
        assert_eq!((changed.version, changed.name.as_str()), (2, "renamed"));
        assert!(matches!(changed.profile.credential, ClientCredential::None));
        let late = bench.vault.change_provider(provider.id, 1, &provider_draft("late"), at(2)).await;
        assert!(matches!(late, Err(VaultError::Stale { what: "the provider" })));

        let account = bench.account("desk").await;
        let draft = account.draft.clone();
        bench.vault.change_account(account.id, 1, &draft, at(1)).await.unwrap();
        let late = bench.vault.change_account(account.id, 1, &draft, at(2)).await;
        assert!(matches!(late, Err(VaultError::Stale { what: "the account" })));
    }

    async fn trouble_is_news_once_and_fenced_by_the_version(bench) {
        let provider = bench.provider("entra").await;
        let trouble = ProviderTrouble { reason: "invalid_client".to_owned(), since: at(5) };
        let note = async |version, trouble| {
            bench.vault.note_provider_trouble(provider.id, version, trouble).await.unwrap()
        };
        assert!(!note(2, Some(&trouble)).await, "of a profile that is not there");
        assert!(note(1, Some(&trouble)).await);
        assert!(!note(1, Some(&trouble)).await, "already known");
        let read = bench.vault.provider(provider.id).await.unwrap().unwrap();
        assert_eq!((read.trouble, read.version), (Some(trouble.clone()), 1));
        assert!(note(1, None).await);
        assert!(!note(1, None).await);
        assert!(note(1, Some(&trouble)).await);
        let draft = provider_draft("entra");
        let changed = bench.vault.change_provider(provider.id, 1, &draft, at(6)).await.unwrap();
        assert_eq!(changed.trouble, None, "a changed profile deserves another try");
    }

    async fn a_provider_in_use_is_not_removed(bench) {
        let account = bench.account("desk").await;
        let provider = account.draft.provider;
        let error = bench.vault.remove_provider(provider).await.unwrap_err();
        assert!(matches!(error, VaultError::InUse { accounts: 1 }), "{error}");
        bench.vault.remove_account(account.id).await.unwrap();
        bench.vault.remove_provider(provider).await.unwrap();
        assert!(bench.vault.provider(provider).await.unwrap().is_none());
        let again = bench.vault.remove_provider(provider).await;
        assert!(matches!(again, Err(VaultError::Stale { .. })));
    }

    async fn an_account_is_read_as_it_was_written_and_begins_pending(bench) {
        let written = bench.account("desk").await;
        let vault = bench.again().await.unwrap();
        let read = vault.account_named("desk").await.unwrap().unwrap();
        assert_eq!(read.draft, written.draft);
        assert_eq!((read.version, read.paused, read.created_at), (1, false, at(0)));
        let grant = vault.grant(read.id).await.unwrap().unwrap();
        assert_eq!((grant.state, grant.version), (GrantState::Pending, 1));
        assert!(vault.account(AccountId(read.id.0 + 1)).await.unwrap().is_none());
    }

    async fn pausing_is_remembered_and_changes_no_version(bench) {
        let account = bench.account("desk").await;
        let provider = account.draft.provider;
        bench.vault.pause_account(account.id, true).await.unwrap();
        bench.vault.pause_provider(provider, true).await.unwrap();
        let account = bench.vault.account(account.id).await.unwrap().unwrap();
        let provider = bench.vault.provider(provider).await.unwrap().unwrap();
        assert_eq!((account.paused, account.version), (true, 1));
        assert_eq!((provider.paused, provider.version), (true, 1));
        bench.vault.pause_account(account.id, false).await.unwrap();
        assert!(!bench.vault.account(account.id).await.unwrap().unwrap().paused);
        assert!(bench.vault.pause_account(AccountId(99), true).await.is_err());
        assert!(bench.vault.pause_provider(ProviderId(99), true).await.is_err());
    }

    async fn a_wrong_key_is_told_and_the_right_one_still_opens(bench) {
        let error = bench.with_other_key().await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
        bench.again().await.unwrap();
    }

    async fn another_address_or_provider_ends_the_grant_and_nothing_else_does(bench) {
        let account = bench.authorized("desk").await;
        let vault = &bench.vault;
        let mut draft = account.draft.clone();
        draft.folders = mailgrant_vault::Folders::one("Tickets");
        vault.change_account(account.id, 1, &draft, at(1)).await.unwrap();
        let grant = vault.grant(account.id).await.unwrap().unwrap();
        assert_eq!((grant.state, grant.version), (GrantState::Active, 2));

        "sales@example.com".clone_into(&mut draft.address);
        vault.change_account(account.id, 2, &draft, at(2)).await.unwrap();
        let grant = vault.grant(account.id).await.unwrap().unwrap();
        assert_eq!((grant.state, grant.version), (GrantState::Pending, 3));
        assert!(grant.refresh_token.is_none() && grant.reason.is_some());
        assert!(vault.token_expiries().await.unwrap().is_empty());

        vault.store_grant(account.id, &crate::bench::new_grant("desk"), at(3)).await.unwrap();
        draft.provider = bench.provider("another").await.id;
        vault.change_account(account.id, 3, &draft, at(4)).await.unwrap();
        let grant = vault.grant(account.id).await.unwrap().unwrap();
        assert_eq!(grant.state, GrantState::Pending);
    }

    async fn an_account_of_a_provider_that_is_gone_cannot_be_made(bench) {
        let provider = bench.provider("entra").await;
        bench.vault.remove_provider(provider.id).await.unwrap();
        let made = bench.vault.add_account(&account_draft("desk", &provider), at(1)).await;
        assert!(matches!(made, Err(VaultError::Stale { what: "the provider" })));
        assert!(bench.vault.accounts().await.unwrap().is_empty());
    }
}
