//! Grants, their access tokens, and the right to renew them.

use mailgrant_oauth::{Resource, Scope};
use mailgrant_vault::{AccountId, Grant, GrantState, NewGrant, Renewal, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};

use crate::bench::{at, new_grant, on_both};
use crate::raw::Raw;

on_both! {
    async fn a_grant_is_read_as_it_was_given_with_its_access_token(bench) {
        let account = bench.account("desk").await.id;
        let given = bench.vault.store_grant(account, &new_grant("desk"), at(7)).await.unwrap();
        let vault = bench.again().await.unwrap();
        let read = vault.grant(account).await.unwrap().unwrap();
        for grant in [given, read] {
            assert_eq!((grant.account, grant.version), (account, 2));
            assert_eq!(grant.state, GrantState::Active);
            assert_eq!(refresh_token(&grant), Some("refresh-token-of-desk"));
            assert_eq!(grant.scopes, [Scope::parse("mail").unwrap()]);
            assert_eq!(grant.subject.as_deref(), Some("subject-1"));
            assert_eq!(grant.signed_in.as_deref(), Some("colleague@example.com"));
            assert_eq!((grant.authorized_at, grant.renewed_at), (Some(at(7)), Some(at(7))));
            assert_eq!((grant.failures, grant.last_failure, grant.retry_at), (0, None, None));
            assert_eq!(grant.reason, None);
        }
        let token = vault.access_token(account, Resource::Mail).await.unwrap().unwrap();
        assert_eq!(token.token.expose_secret(), "access-token-of-desk");
        assert_eq!((token.issued_at, token.expires_at), (at(7), at(3600)));
        assert_eq!(token.grant_version, 2);
        let expiries = vault.token_expiries().await.unwrap();
        assert_eq!(expiries, [(account, Resource::Mail, at(3600))]);
    }

    async fn a_grant_goes_through_its_four_states(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let there = async || {
            let grant = vault.grant(account).await.unwrap().unwrap();
            (grant.state, grant.version)
        };
        assert_eq!(there().await, (GrantState::Pending, 1));
        assert_stale(vault.store_renewal(account, 1, &renewal(None, "early"), at(1)).await);
        vault.store_grant(account, &new_grant("one"), at(2)).await.unwrap();
        assert_eq!(there().await, (GrantState::Active, 2));
        let over = GrantState::NeedsAuthorization;
        vault.end_grant(account, 2, over, "The password was changed.", at(3)).await.unwrap();
        assert_eq!(there().await, (over, 3));
        assert_stale(vault.store_renewal(account, 3, &renewal(None, "late"), at(4)).await);
        assert_eq!(there().await, (over, 3));
        vault.store_grant(account, &new_grant("two"), at(5)).await.unwrap();
        assert_eq!(there().await, (GrantState::Active, 4));
        vault.end_grant(account, 4, GrantState::Revoked, "Revoked by root.", at(6)).await.unwrap();
        assert_eq!(there().await, (GrantState::Revoked, 5));
        assert_stale(vault.store_renewal(account, 5, &renewal(None, "late"), at(7)).await);
        let again = vault.store_grant(account, &new_grant("three"), at(8)).await.unwrap();
        assert_eq!((again.state, again.version), (GrantState::Active, 6));
        assert_eq!(again.reason, None, "an active grant needs no excuse");
    }

    async fn a_grant_never_ends_as_active_or_pending(bench) {
        let account = bench.authorized("desk").await.id;
        for state in [GrantState::Active, GrantState::Pending] {
            assert!(bench.vault.end_grant(account, 2, state, "?", at(1)).await.is_err());
        }
        assert_unchanged(&bench.vault, account).await;
    }

    async fn the_end_of_a_grant_wipes_its_tokens_and_keeps_who_gave_it(bench) {
        for state in [GrantState::NeedsAuthorization, GrantState::Revoked] {
            let account = bench.authorized(&format!("desk-{state:?}")).await.id;
            bench.vault.note_renewal_failure(account, 2, "HTTP 503", at(9)).await.unwrap();
            bench.vault.end_grant(account, 2, state, "It is over.\0", at(1)).await.unwrap();
            let grant = bench.vault.grant(account).await.unwrap().unwrap();
            assert_eq!(refresh_token(&grant), None);
            assert_eq!(grant.reason.as_deref(), Some("It is over. "));
            assert_eq!((grant.failures, grant.last_failure, grant.retry_at), (0, None, None));
            assert_eq!(grant.signed_in.as_deref(), Some("colleague@example.com"));
            assert_eq!(grant.authorized_at, Some(at(0)));
            assert!(bench.vault.access_token(account, Resource::Mail).await.unwrap().is_none());
            assert!(bench.vault.token_expiries().await.unwrap().is_empty());
        }
    }

    async fn a_late_answer_of_an_old_version_changes_nothing(bench) {
        let account = bench.authorized("desk").await.id;
        let vault = &bench.vault;
        for old in [1, 3] {
            let late = renewal(Some("late"), "late");
            assert_stale(vault.store_renewal(account, old, &late, at(5)).await);
            let ended = vault.end_grant(account, old, GrantState::NeedsAuthorization, "late", at(5));
            assert_stale(ended.await);
            vault.note_renewal_failure(account, old, "late", at(5)).await.unwrap();
        }
        assert_unchanged(vault, account).await;
    }

    async fn of_two_renewals_of_one_version_the_second_is_discarded(bench) {
        let account = bench.authorized("desk").await.id;
        let other = bench.again().await.unwrap();
        let (first, second) = (renewal(Some("first"), "first"), renewal(Some("second"), "second"));
        let (first, second) = tokio::join!(
            bench.vault.store_renewal(account, 2, &first, at(5)),
            other.store_renewal(account, 2, &second, at(5)),
        );
        let (winner, loser) = if first.is_ok() { (first, second) } else { (second, first) };
        assert_stale(loser);
        let winner = winner.unwrap();
        assert_eq!(winner.version, 3);
        let grant = bench.vault.grant(account).await.unwrap().unwrap();
        assert_eq!(refresh_token(&grant), refresh_token(&winner));
        let token = bench.vault.access_token(account, Resource::Mail).await.unwrap().unwrap();
        assert_eq!(Some(token.token.expose_secret()), refresh_token(&winner), "both of one answer");
    }

    async fn an_answer_without_a_refresh_token_keeps_the_one_that_is_there(bench) {
        let account = bench.authorized("desk").await.id;
        let renewed = bench.vault.store_renewal(account, 2, &renewal(None, "next"), at(5)).await;
        let renewed = renewed.unwrap();
        assert_eq!(refresh_token(&renewed), Some("refresh-token-of-desk"));
        let given = NewGrant { refresh_token: None, ..new_grant("desk") };
        let given = bench.vault.store_grant(account, &given, at(6)).await.unwrap();
        assert_eq!(refresh_token(&given), Some("refresh-token-of-desk"));
    }

    async fn a_rotated_refresh_token_and_its_access_token_are_stored_together(bench) {
        let account = bench.authorized("desk").await.id;
        bench.vault.note_renewal_failure(account, 2, "HTTP 503", at(9)).await.unwrap();
        let rotated = Renewal {
            scopes: Some(vec![Scope::parse("mail").unwrap(), Scope::parse("offline").unwrap()]),
            ..renewal(Some("rotated"), "renewed")
        };
        bench.vault.store_renewal(account, 2, &rotated, at(10)).await.unwrap();
        let vault = bench.again().await.unwrap();
        let grant = vault.grant(account).await.unwrap().unwrap();
        assert_eq!((grant.version, refresh_token(&grant)), (3, Some("rotated")));
        assert_eq!(Some(grant.scopes), rotated.scopes);
        assert_eq!((grant.authorized_at, grant.renewed_at), (Some(at(0)), Some(at(10))));
        assert_eq!((grant.failures, grant.last_failure, grant.retry_at), (0, None, None));
        let token = vault.access_token(account, Resource::Mail).await.unwrap().unwrap();
        assert_eq!((token.token.expose_secret(), token.grant_version), ("renewed", 3));
        assert_eq!((token.issued_at, token.expires_at), (at(10), at(7200)));
    }

    async fn an_access_token_that_cannot_be_stored_leaves_the_refresh_token_as_it_was(bench) {
        let account = bench.authorized("desk").await.id;
        let mut raw = Raw::open(&bench.location).await;
        raw.run("ALTER TABLE access_tokens RENAME TO hidden").await;
        let failed = bench.vault.store_renewal(account, 2, &renewal(Some("new"), "new"), at(5)).await;
        assert!(matches!(failed, Err(VaultError::Unexpected(_))));
        raw.run("ALTER TABLE hidden RENAME TO access_tokens").await;
        assert_unchanged(&bench.vault, account).await;
    }

    async fn access_tokens_are_kept_for_each_resource(bench) {
        let account = bench.authorized("desk").await.id;
        // Today there is one resource; a later program may have stored one for another.
        let mut raw = Raw::open(&bench.location).await;
        raw.run(
            "INSERT INTO access_tokens
             SELECT account_id, 'graph', token, issued_at, expires_at, grant_version
             FROM access_tokens",
        ).await;
        bench.vault.store_renewal(account, 2, &renewal(None, "renewed"), at(5)).await.unwrap();
        let token = bench.vault.access_token(account, Resource::Mail).await.unwrap().unwrap();
        assert_eq!(token.token.expose_secret(), "renewed");
        let other = "UPDATE access_tokens SET issued_at = 0 WHERE resource = 'graph'";
        assert_eq!(raw.run(other).await, 1);
        bench.vault.store_grant(account, &new_grant("desk"), at(6)).await.unwrap();
        assert_eq!(raw.run("UPDATE access_tokens SET issued_at = 0").await, 1, "older ones go");
    }

    async fn failed_renewals_are_counted_and_the_grant_stays(bench) {
        let account = bench.authorized("desk").await.id;
        for (count, why) in [(1, "HTTP 503"), (2, "no route to host")] {
            bench.vault.note_renewal_failure(account, 2, why, at(60 * count)).await.unwrap();
            let grant = bench.vault.grant(account).await.unwrap().unwrap();
            assert_eq!(i64::from(grant.failures), count);
            assert_eq!(grant.last_failure.as_deref(), Some(why));
            assert_eq!(grant.retry_at, Some(at(60 * count)));
            assert_eq!((grant.state, grant.version), (GrantState::Active, 2));
            assert!(grant.refresh_token.is_some());
        }
    }

    async fn the_overview_of_grants_holds_no_refresh_token(bench) {
        let (one, two) = (bench.authorized("one").await.id, bench.account("two").await.id);
        let grants = bench.vault.grants().await.unwrap();
        let seen: Vec<_> = grants.iter().map(|grant| (grant.account, grant.state)).collect();
        assert_eq!(seen, [(one, GrantState::Active), (two, GrantState::Pending)]);
        assert!(grants.iter().all(|grant| grant.refresh_token.is_none()));
    }

    async fn a_grant_of_an_account_that_is_gone_is_stale(bench) {
        let account = bench.authorized("desk").await.id;
        bench.vault.remove_account(account).await.unwrap();
        assert!(bench.vault.grant(account).await.unwrap().is_none());
        assert!(bench.vault.token_expiries().await.unwrap().is_empty());
        let given = bench.vault.store_grant(account, &new_grant("desk"), at(1)).await;
        assert!(matches!(given, Err(VaultError::Stale { what: "the account" })));
        assert_stale(bench.vault.store_renewal(account, 2, &renewal(None, "late"), at(1)).await);
        assert!(!bench.vault.take_renewal(account, "me", at(1), at(9)).await.unwrap());
    }

    async fn one_at_a_time_has_the_right_to_renew(bench) {
        let account = bench.authorized("desk").await.id;
        let other = bench.authorized("other").await.id;
        let vault = &bench.vault;
        let take = async |owner, now, until| {
            vault.take_renewal(account, owner, at(now), at(until)).await.unwrap()
        };
        assert!(take("one", 0, 30).await);
        assert!(!take("two", 1, 31).await, "somebody has it");
        assert!(take("one", 2, 32).await, "its holder may prolong it");
        let of_another = vault.take_renewal(other, "two", at(2), at(9)).await.unwrap();
        assert!(of_another, "each account has its own");
        vault.release_renewal(account, "two").await.unwrap();
        assert!(!take("two", 3, 33).await, "nobody gives back what another has");
        assert!(!take("two", 31, 61).await, "it was prolonged");
        assert!(take("two", 32, 62).await, "a holder that died holds it until its time is over");
        vault.release_renewal(account, "one").await.unwrap();
        assert!(!take("one", 33, 63).await, "who lost it cannot give it back");
        vault.release_renewal(account, "two").await.unwrap();
        assert!(take("one", 34, 64).await);
    }

    async fn of_many_who_ask_at_once_one_may_renew(bench) {
        let account = bench.authorized("desk").await.id;
        let other = bench.again().await.unwrap();
        let asking = (0..8).map(|number| {
            let vault = if number % 2 == 0 { bench.vault.clone() } else { other.clone() };
            tokio::spawn(async move {
                let owner = format!("owner-{number}");
                vault.take_renewal(account, &owner, at(0), at(30)).await.unwrap()
            })
        });
        let mut holders = 0;
        for asked in asking.collect::<Vec<_>>() {
            holders += u32::from(asked.await.unwrap());
        }
        assert_eq!(holders, 1);
    }

    async fn who_lost_the_right_to_renew_stores_nothing_over_the_next_ones_answer(bench) {
        let account = bench.authorized("desk").await.id;
        let vault = &bench.vault;
        assert!(vault.take_renewal(account, "slow", at(0), at(30)).await.unwrap());
        assert!(vault.take_renewal(account, "quick", at(30), at(60)).await.unwrap());
        vault.store_renewal(account, 2, &renewal(Some("quick"), "quick"), at(31)).await.unwrap();
        assert_stale(vault.store_renewal(account, 2, &renewal(Some("slow"), "slow"), at(32)).await);
        let grant = vault.grant(account).await.unwrap().unwrap();
        assert_eq!(refresh_token(&grant), Some("quick"));
    }
}

fn renewal(refresh_token: Option<&str>, access_token: &str) -> Renewal {
    Renewal {
        refresh_token: refresh_token.map(SecretString::from),
        scopes: None,
        access_token: access_token.into(),
        resource: Resource::Mail,
        expires_at: at(7200),
    }
}

fn refresh_token(grant: &Grant) -> Option<&str> {
    grant
        .refresh_token
        .as_ref()
        .map(ExposeSecret::expose_secret)
}

fn assert_stale(answer: Result<Grant, VaultError>) {
    let error = answer.unwrap_err();
    assert!(
        matches!(error, VaultError::Stale { what: "the grant" }),
        "{error}"
    );
}

/// Everything is as [`crate::bench::Bench::authorized`] left it.
async fn assert_unchanged(vault: &Vault, account: AccountId) {
    let grant = vault.grant(account).await.unwrap().unwrap();
    assert_eq!((grant.state, grant.version), (GrantState::Active, 2));
    assert_eq!(refresh_token(&grant), Some("refresh-token-of-desk"));
    assert_eq!(
        (grant.failures, grant.last_failure, grant.retry_at),
        (0, None, None)
    );
    assert_eq!(grant.renewed_at, Some(at(0)));
    let token = vault
        .access_token(account, Resource::Mail)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(token.token.expose_secret(), "access-token-of-desk");
    assert_eq!((token.grant_version, token.expires_at), (2, at(3600)));
}
