//! Authorizations on their way.

use mailgrant_oauth::Attempt;
use mailgrant_vault::{
    AccountId, AuthorizationId, AuthorizationOutcome, Begun, ProviderId, Vault, VaultError,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::bench::{at, new_grant, on_both};

on_both! {
    async fn what_was_remembered_comes_back_with_the_state(bench) {
        let account = bench.account("desk").await.id;
        let id = begin(&bench.vault, account, "one").await;
        let vault = bench.again().await.unwrap();
        let (authorization, back) = claim(&vault, "one", "one", 1).await.unwrap();
        assert_eq!((authorization.id, authorization.account), (id, account));
        assert_eq!((authorization.expires_at, authorization.outcome), (at(600), None));
        assert_eq!(back.attempt.state.expose_secret(), "state-one");
        assert_eq!(back.attempt.nonce.expose_secret(), "nonce-one");
        assert_eq!(back.attempt.verifier.expose_secret(), "verifier-one");
        assert_eq!(back.browser.expose_secret(), "browser-one");
        assert_eq!(back.redirect_uri, REDIRECT_URI);
        assert_eq!((back.provider, back.provider_version), (ProviderId(1), 1));
    }

    async fn a_state_is_used_once(bench) {
        let account = bench.account("desk").await.id;
        begin(&bench.vault, account, "one").await;
        begin(&bench.vault, account, "two").await;
        assert!(claim(&bench.vault, "one", "one", 1).await.is_some());
        assert!(claim(&bench.vault, "one", "one", 2).await.is_none());
        assert!(claim(&bench.vault, "two", "two", 2).await.is_some(), "each its own");
        assert!(claim(&bench.vault, "three", "one", 2).await.is_none(), "unknown");
    }

    async fn of_two_who_come_with_one_state_at_once_one_gets_it(bench) {
        let account = bench.account("desk").await.id;
        begin(&bench.vault, account, "one").await;
        let other = bench.again().await.unwrap();
        let (one, two) = tokio::join!(
            claim(&bench.vault, "one", "one", 1),
            claim(&other, "one", "one", 1),
        );
        assert!(one.is_some() ^ two.is_some());
    }

    async fn another_browser_gets_nothing_and_does_not_use_the_state_up(bench) {
        let account = bench.account("desk").await.id;
        begin(&bench.vault, account, "one").await;
        begin(&bench.vault, account, "two").await;
        assert!(claim(&bench.vault, "one", "two", 1).await.is_none());
        assert!(claim(&bench.vault, "one", "one", 2).await.is_some());
    }

    async fn a_state_is_dead_after_its_time(bench) {
        let account = bench.account("desk").await.id;
        begin(&bench.vault, account, "one").await;
        begin(&bench.vault, account, "two").await;
        assert!(claim(&bench.vault, "one", "one", 599).await.is_some());
        assert!(claim(&bench.vault, "two", "two", 600).await.is_none());
    }

    async fn an_authorization_that_has_ended_cannot_be_claimed(bench) {
        let account = bench.account("desk").await.id;
        let id = begin(&bench.vault, account, "one").await;
        let failed = AuthorizationOutcome::Failed("It was withdrawn.".to_owned());
        bench.vault.finish_authorization(id, &failed, at(1)).await.unwrap();
        assert!(claim(&bench.vault, "one", "one", 2).await.is_none());
    }

    async fn a_ticket_begins_one_authorization_in_any_browser(bench) {
        let account = bench.account("desk").await.id;
        let vault = &bench.vault;
        let ticket = SecretString::from("ticket");
        let offered = vault.offer_authorization(account, &ticket, at(0), at(3600)).await.unwrap();
        let early = begin_as(vault, account, Some(offered), "one").await;
        assert_gone(early, "nobody has redeemed it");
        assert!(vault.redeem_ticket(&"guess".into(), at(1)).await.unwrap().is_none());
        let redeemed = vault.redeem_ticket(&ticket, at(1)).await.unwrap().unwrap();
        assert_eq!((redeemed.id, redeemed.account), (offered, account));
        assert!(vault.redeem_ticket(&ticket, at(2)).await.unwrap().is_none(), "once");
        let other = bench.account("other").await.id;
        assert_gone(begin_as(vault, other, Some(offered), "one").await, "of another account");
        let begun = begin_as(vault, account, Some(offered), "one").await.unwrap();
        assert_eq!(begun, offered, "whoever waits for the ticket's outcome waits for this one");
        assert_gone(begin_as(vault, account, Some(offered), "two").await, "it has begun already");
        let (claimed, _) = claim(vault, "one", "one", 3).await.unwrap();
        assert_eq!((claimed.id, claimed.expires_at), (offered, at(600)));
    }

    async fn a_ticket_is_dead_after_its_time_or_its_end(bench) {
        let account = bench.account("desk").await.id;
        let (old, ended) = (SecretString::from("old"), SecretString::from("ended"));
        let vault = &bench.vault;
        vault.offer_authorization(account, &old, at(0), at(60)).await.unwrap();
        assert!(vault.redeem_ticket(&old, at(60)).await.unwrap().is_none());
        let id = vault.offer_authorization(account, &ended, at(0), at(60)).await.unwrap();
        let failed = AuthorizationOutcome::Failed("It was withdrawn.".to_owned());
        vault.finish_authorization(id, &failed, at(1)).await.unwrap();
        assert!(vault.redeem_ticket(&ended, at(2)).await.unwrap().is_none());
    }

    async fn a_held_grant_is_taken_once_and_only_by_the_browser_that_began(bench) {
        let account = bench.account("desk").await.id;
        let id = hold(&bench.vault, account, "one").await;
        let other = begin(&bench.vault, account, "two").await;
        let vault = bench.again().await.unwrap();
        assert!(take(&vault, id, "two", 2).await.is_none(), "another browser");
        assert!(take(&vault, other, "two", 2).await.is_none(), "another authorization");
        let (whose, grant) = take(&vault, id, "one", 2).await.unwrap();
        assert_eq!(whose, account);
        let given = new_grant("desk");
        assert_eq!(grant.refresh_token.unwrap().expose_secret(), "refresh-token-of-desk");
        assert_eq!(grant.access_token.expose_secret(), given.access_token.expose_secret());
        assert_eq!((grant.scopes, grant.subject), (given.scopes, given.subject));
        assert_eq!((grant.signed_in, grant.resource), (given.signed_in, given.resource));
        assert_eq!(grant.expires_at, given.expires_at);
        assert!(take(&vault, id, "one", 3).await.is_none(), "it was taken");
    }

    async fn a_held_grant_is_dead_after_its_time(bench) {
        let account = bench.account("desk").await.id;
        let id = hold(&bench.vault, account, "one").await;
        assert!(take(&bench.vault, id, "one", 600).await.is_none());
        assert!(take(&bench.vault, id, "one", 599).await.is_some());
    }

    async fn of_two_who_confirm_at_once_one_gets_the_held_grant(bench) {
        let account = bench.account("desk").await.id;
        let id = hold(&bench.vault, account, "one").await;
        let other = bench.again().await.unwrap();
        let (one, two) = tokio::join!(take(&bench.vault, id, "one", 1), take(&other, id, "one", 1));
        assert!(one.is_some() ^ two.is_some());
    }

    async fn the_first_outcome_stays(bench) {
        let account = bench.account("desk").await.id;
        let outcome = async |id| bench.vault.authorization(id).await.unwrap().unwrap().outcome;
        let granted = AuthorizationOutcome::Granted(Some("colleague@example.com".to_owned()));
        let failed = AuthorizationOutcome::Failed("The provider says: access_denied.".to_owned());
        for (first, second, name) in [(&granted, &failed, "one"), (&failed, &granted, "two")] {
            let id = begin(&bench.vault, account, name).await;
            assert_eq!(outcome(id).await, None);
            bench.vault.finish_authorization(id, first, at(1)).await.unwrap();
            let again = bench.vault.finish_authorization(id, second, at(2)).await;
            assert_gone(again, "it has ended");
            assert_eq!(outcome(id).await.as_ref(), Some(first));
            assert_gone(bench.vault.hold_grant(id, &new_grant("late")).await, "it has ended");
        }
    }

    async fn an_unexpected_identity_waits_for_one_more_outcome(bench) {
        let account = bench.account("desk").await.id;
        let id = hold(&bench.vault, account, "one").await;
        assert!(take(&bench.vault, id, "one", 2).await.is_some());
        let granted = AuthorizationOutcome::Granted(None);
        bench.vault.finish_authorization(id, &granted, at(2)).await.unwrap();
        assert_gone(bench.vault.finish_authorization(id, &other_identity(), at(3)).await, "ended");
        let there = bench.vault.authorization(id).await.unwrap().unwrap();
        assert_eq!(there.outcome, Some(granted));
    }

    async fn a_refused_identity_takes_its_held_grant_with_it(bench) {
        let account = bench.account("desk").await.id;
        let id = hold(&bench.vault, account, "one").await;
        let failed = AuthorizationOutcome::Failed("It was not confirmed.".to_owned());
        bench.vault.finish_authorization(id, &failed, at(2)).await.unwrap();
        assert!(take(&bench.vault, id, "one", 3).await.is_none());
    }

    async fn words_that_look_like_another_outcome_end_it_all_the_same(bench) {
        let account = bench.account("desk").await.id;
        let id = begin(&bench.vault, account, "one").await;
        let failed = AuthorizationOutcome::Failed("{\"other_identity\":1}\0".to_owned());
        bench.vault.finish_authorization(id, &failed, at(1)).await.unwrap();
        let again = bench.vault.finish_authorization(id, &failed, at(2)).await;
        assert_gone(again, "it has ended");
    }

    async fn an_account_given_to_something_else_ends_what_is_on_its_way(bench) {
        let account = bench.account("desk").await;
        let begun = begin(&bench.vault, account.id, "one").await;
        let held = hold(&bench.vault, account.id, "two").await;
        let mut draft = account.draft.clone();
        "sales@example.com".clone_into(&mut draft.address);
        bench.vault.change_account(account.id, 1, &draft, at(1)).await.unwrap();
        assert!(claim(&bench.vault, "one", "one", 2).await.is_none());
        assert!(take(&bench.vault, held, "two", 2).await.is_none());
        for id in [begun, held] {
            let there = bench.vault.authorization(id).await.unwrap().unwrap();
            assert!(matches!(there.outcome, Some(AuthorizationOutcome::Failed(_))));
        }
    }

    async fn an_account_that_is_gone_cannot_be_authorized(bench) {
        let account = bench.account("desk").await.id;
        let id = begin(&bench.vault, account, "one").await;
        bench.vault.remove_account(account).await.unwrap();
        assert!(bench.vault.authorization(id).await.unwrap().is_none());
        assert!(claim(&bench.vault, "one", "one", 1).await.is_none());
        let begun = begin_as(&bench.vault, account, None, "two").await;
        assert!(matches!(begun, Err(VaultError::Stale { what: "the account" })));
        let offered = bench.vault.offer_authorization(account, &"ticket".into(), at(0), at(9)).await;
        assert!(matches!(offered, Err(VaultError::Stale { what: "the account" })));
    }

    async fn what_has_been_dead_for_a_day_is_swept(bench) {
        let account = bench.account("desk").await.id;
        let id = begin(&bench.vault, account, "one").await;
        let day_after = 600 + 86_400;
        assert_eq!(bench.vault.sweep(at(day_after)).await.unwrap(), 0);
        assert!(bench.vault.authorization(id).await.unwrap().is_some());
        assert_eq!(bench.vault.sweep(at(day_after + 1)).await.unwrap(), 1);
        assert!(bench.vault.authorization(id).await.unwrap().is_none());
    }
}

const REDIRECT_URI: &str = "https://desk.example.com/otrs/index.pl?Action=AdminMailAccount";

async fn begin(vault: &Vault, account: AccountId, name: &str) -> AuthorizationId {
    begin_as(vault, account, None, name).await.unwrap()
}

async fn begin_as(
    vault: &Vault,
    account: AccountId,
    ticket: Option<AuthorizationId>,
    name: &str,
) -> Result<AuthorizationId, VaultError> {
    let secret = |what| SecretString::from(format!("{what}-{name}"));
    let begun = Begun {
        attempt: Attempt {
            state: secret("state"),
            nonce: secret("nonce"),
            verifier: secret("verifier"),
        },
        redirect_uri: REDIRECT_URI.to_owned(),
        browser: secret("browser"),
        provider: ProviderId(1),
        provider_version: 1,
        invitation: None,
    };
    vault
        .begin_authorization(account, ticket, &begun, at(0), at(600))
        .await
}

async fn claim(
    vault: &Vault,
    state: &str,
    browser: &str,
    now: i64,
) -> Option<(mailgrant_vault::Authorization, Begun)> {
    let (state, browser) = (format!("state-{state}"), format!("browser-{browser}"));
    vault
        .claim_authorization(&state.into(), &browser.into(), at(now))
        .await
        .unwrap()
}

/// An authorization for which somebody else signed in than was expected.
async fn hold(vault: &Vault, account: AccountId, name: &str) -> AuthorizationId {
    let id = begin(vault, account, name).await;
    claim(vault, name, name, 1).await.unwrap();
    vault.hold_grant(id, &new_grant("desk")).await.unwrap();
    vault
        .finish_authorization(id, &other_identity(), at(1))
        .await
        .unwrap();
    id
}

fn other_identity() -> AuthorizationOutcome {
    AuthorizationOutcome::OtherIdentity {
        expected: "desk@example.com".to_owned(),
        signed_in: "colleague@example.com".to_owned(),
    }
}

async fn take(
    vault: &Vault,
    id: AuthorizationId,
    browser: &str,
    now: i64,
) -> Option<(AccountId, mailgrant_vault::NewGrant)> {
    let browser = format!("browser-{browser}");
    vault
        .take_held_grant(id, &browser.into(), at(now))
        .await
        .unwrap()
}

fn assert_gone<T>(answer: Result<T, VaultError>, why: &str) {
    let error = answer.err();
    assert!(
        matches!(
            error,
            Some(VaultError::Stale {
                what: "the authorization"
            })
        ),
        "{why}"
    );
}
