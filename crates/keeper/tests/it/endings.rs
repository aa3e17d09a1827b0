//! What ends a grant, and what is the profile's fault instead.

use std::time::Duration;

use futures_util::future::join_all;
use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_keeper::KeeperError;
use mailgrant_oauth::ClientCredential;
use mailgrant_sandbox::{IdentityProvider, ProviderFault};
use mailgrant_vault::{AccountId, EventKind, GrantState};
use tokio_util::sync::CancellationToken;

use crate::world::{DESK, HOUR, NEARLY_AN_HOUR, Peer as _, World};

const WEEK: Duration = Duration::from_hours(7 * 24);

fn refuse(error: &str) -> ProviderFault {
    ProviderFault::Refuse {
        error: error.to_owned(),
        description: "as the test wants it".to_owned(),
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_a_person_ends_the_grant_at_once_and_is_quoted_once() {
    for error in [
        "invalid_grant",
        "interaction_required",
        "consent_required",
        "login_required",
    ] {
        let world = World::sandbox().await;
        let account = world.authorised(DESK).await;
        world.peer.fault(refuse(error), None);
        world.advance(NEARLY_AN_HOUR);
        for asked in join_all((0..20).map(|_| world.token(account))).await {
            assert_needs_a_person(&asked.unwrap_err(), error);
        }
        assert_eq!(world.gate.renewals(), 1, "{error}");

        let grant = world.grant(account).await;
        assert_eq!(grant.state, GrantState::NeedsAuthorization);
        let row = world.row(account).await;
        assert_eq!((row.refresh_token, row.access_token), (None, None));
        world.live(WEEK).await;
        assert_needs_a_person(&world.token(account).await.unwrap_err(), error);
        assert_eq!(world.gate.renewals(), 1, "it is not asked again");
        let told = world.events(EventKind::GrantEnded).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(DESK) && told[0].contains(error),
            "{told:?}"
        );
        assert!(world.profile().await.trouble.is_none());
    }
}

#[tokio::test]
async fn after_its_grant_has_ended_a_person_can_authorise_the_account_again() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    world.peer.revoke_grants(DESK);
    let refused = world.token(account).await.unwrap();
    let renewed = world
        .keeper
        .renew_refused(account, mailgrant_oauth::Resource::Mail, &refused)
        .await;
    assert_needs_a_person(&world.shown(renewed).unwrap_err(), "invalid_grant");
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.arrive(&back).await.unwrap();
    assert_eq!(world.grant(account).await.reason, None);
    world.advance(HOUR);
    world.token(account).await.unwrap();
}

#[tokio::test]
async fn an_account_that_nobody_has_authorised_says_so_and_asks_nothing() {
    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    let error = world.token(account).await.unwrap_err();
    assert!(matches!(error, KeeperError::NotAuthorized { .. }));
    assert_eq!(error.diagnosis().fault, Fault::Owner);
    let error = world.token(AccountId(4711)).await.unwrap_err();
    assert!(matches!(error, KeeperError::NoAccount(_)));
    assert_eq!(world.keeper.renew_due().await.unwrap(), None);
    assert_eq!(world.gate.passed().len(), 0);
}

#[tokio::test]
async fn a_wrong_secret_is_the_profiles_trouble_told_once_and_corrected_all_go_on_by_themselves() {
    let world = World::sandbox().await;
    let accounts = five_accounts(&world).await;
    let before = join_all(accounts.iter().map(|one| world.grant(*one))).await;
    let right = world.profile().await.profile.credential;
    set_secret(&world, "LEAK-wrong").await;

    world.advance(NEARLY_AN_HOUR);
    world.keeper.renew_due().await.unwrap();
    let provider = world.profile().await;
    assert!(provider.trouble.unwrap().reason.contains("invalid_client"));
    let told = world.events(EventKind::ProviderRefused).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let refused = format!(
        "mailgrant_renewals_total{{outcome=\"profile_refused\"}} {}",
        world.gate.renewals()
    );
    assert!(world.metrics().contains(&refused), "{:#?}", world.metrics());
    // The old tokens serve until they end.
    for account in &accounts {
        world.token(*account).await.unwrap();
    }
    world.advance(HOUR);
    for account in &accounts {
        let error = world.token(*account).await.unwrap_err();
        assert!(
            matches!(&error, KeeperError::ProviderTrouble { reason, .. } if reason.contains("invalid_client")),
            "{error:?}"
        );
        assert_eq!(error.diagnosis().fault, Fault::Operator);
    }
    let asked = world.gate.renewals();
    world.live(Duration::from_hours(24)).await;
    let probes = world.gate.renewals() - asked;
    assert!((1..=60).contains(&probes), "{probes} probes in a day");
    for (account, before) in accounts.iter().zip(&before) {
        let grant = world.grant(*account).await;
        assert_eq!(grant.state, GrantState::Active);
        assert_eq!(grant.version, before.version);
    }
    assert_eq!(world.events(EventKind::ProviderRefused).await.len(), 1);
    assert_eq!(world.events(EventKind::GrantEnded).await.len(), 0);

    // Somebody corrects it while the keeper runs: nobody asks for anything.
    let stop = CancellationToken::new();
    let mut changes = world.vault.changes();
    let keeper = world.keeper.clone();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { keeper.run(stop).await }
    });
    world
        .change_profile(|profile| profile.credential = right)
        .await;
    for (account, before) in accounts.iter().zip(&before) {
        while world.grant(*account).await.version == before.version {
            changes.changed().await;
        }
        world.token(*account).await.unwrap();
    }
    stop.cancel();
    running.await.unwrap();
    assert!(world.profile().await.trouble.is_none());
}

#[tokio::test]
async fn a_registration_that_the_provider_mends_itself_is_found_by_a_probe_and_told_once() {
    let world = World::sandbox().await;
    let accounts = five_accounts(&world).await;
    world.peer.fault(refuse("unauthorized_client"), None);
    world.live(Duration::from_hours(3)).await;
    assert!(world.profile().await.trouble.is_some());
    assert_eq!(world.events(EventKind::ProviderRecovered).await.len(), 0);

    world.peer.clear_faults();
    world.live(Duration::from_hours(3)).await;
    assert!(world.profile().await.trouble.is_none());
    for account in accounts {
        world.token(account).await.unwrap();
        assert_eq!(world.grant(account).await.state, GrantState::Active);
    }
    assert_eq!(world.events(EventKind::ProviderRefused).await.len(), 1);
    assert_eq!(world.events(EventKind::ProviderRecovered).await.len(), 1);
}

async fn five_accounts(world: &World<IdentityProvider>) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    for number in 0..5 {
        let address = format!("desk{number}@example.com");
        accounts.push(world.authorised(&address).await);
    }
    accounts
}

async fn set_secret(world: &World<IdentityProvider>, text: &str) {
    let change = world.change_profile(|profile| {
        if let ClientCredential::Secret { secret, .. } = &mut profile.credential {
            *secret = text.into();
        }
    });
    change.await;
}

fn assert_needs_a_person(error: &KeeperError, why: &str) {
    let KeeperError::NeedsAuthorization { account, reason } = error else {
        panic!("{error:?}")
    };
    assert_eq!(account, DESK);
    assert!(reason.contains(why), "{reason}");
    let diagnosis = error.diagnosis();
    assert_eq!(diagnosis.fault, Fault::Owner);
    assert!(diagnosis.next.contains("Authorize"), "{diagnosis}");
}
