//! Ending a grant on purpose, at all providers.

use mailgrant_base::Diagnose as _;
use mailgrant_keeper::KeeperError;
use mailgrant_oauth::{Refusal, Resource, refresh, resolve};
use mailgrant_vault::{AccountId, EventKind, GrantState};

use crate::world::{DESK, HOUR, Peer, World, on_all_providers};

on_all_providers!(
    a_revoked_grant_is_wiped_here_and_over_at_the_provider,
    a_renewal_in_flight_does_not_bring_a_revoked_grant_back,
    after_a_revocation_a_person_can_authorise_again,
    a_removed_account_leaves_no_grant_behind_at_the_provider,
);

async fn a_revoked_grant_is_wiped_here_and_over_at_the_provider(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let token = world.row(account).await.refresh_token.unwrap();
    let told = world.shown(world.keeper.revoke(account, "tester").await);
    assert!(told.unwrap());
    assert_wiped(&world, account).await;
    assert_is_over_at_the_provider(&world, &token).await;
    let told = world.events(EventKind::GrantRevoked).await;
    assert_eq!(
        told,
        [format!(
            "The grant of {DESK} was revoked, at the provider too"
        )]
    );
    let error = world.token(account).await.unwrap_err();
    assert!(
        matches!(&error, KeeperError::NeedsAuthorization { reason, .. } if reason == "revoked by tester")
    );
}

async fn a_removed_account_leaves_no_grant_behind_at_the_provider(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    let token = world.row(account).await.refresh_token.unwrap();
    assert!(world.keeper.remove(account, "tester").await.unwrap());
    assert!(world.vault.account(account).await.unwrap().is_none());
    assert_is_over_at_the_provider(&world, &token).await;

    let fresh = world.account("fresh@example.com").await;
    assert!(!world.keeper.remove(fresh, "tester").await.unwrap());
    assert!(world.vault.account(fresh).await.unwrap().is_none());
}

async fn a_renewal_in_flight_does_not_bring_a_revoked_grant_back(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    world.advance(HOUR);
    let mut held = world.gate.hold_next();
    let keeper = world.keeper.clone();
    let renewing = tokio::spawn(async move { keeper.access_token(account, Resource::Mail).await });
    held.arrived().await;
    let successor = world.gate.last_given("refresh_token");
    world.keeper.revoke(account, "tester").await.unwrap();
    held.release();
    let error = world.shown(renewing.await.unwrap()).unwrap_err();
    assert!(matches!(error, KeeperError::NeedsAuthorization { .. }));
    assert_wiped(&world, account).await;
    assert_is_over_at_the_provider(&world, &successor).await;
}

async fn after_a_revocation_a_person_can_authorise_again(world: World<impl Peer>) {
    let account = world.authorised(DESK).await;
    world.keeper.revoke(account, "tester").await.unwrap();
    let back = world.peer.agree(&world.depart(account).await, DESK).await;
    world.arrive(&back).await.unwrap();
    world.advance(HOUR);
    world.token(account).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_away_is_not_told_and_the_grant_is_wiped_all_the_same() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    world.peer.stop().await.unwrap();
    let told = world.shown(world.keeper.revoke(account, "tester").await);
    assert!(!told.unwrap());
    assert_wiped(&world, account).await;
    let told = world.events(EventKind::GrantRevoked).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("the provider was not told"), "{told:?}");
    world.peer.restart().await.unwrap();
}

#[tokio::test]
async fn where_there_is_no_grant_there_is_nothing_to_revoke() {
    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    let revoked = world.keeper.revoke(account, "tester").await;
    let error = world.shown(revoked).unwrap_err();
    assert!(matches!(error, KeeperError::NotAuthorized { .. }));
    assert!(!error.diagnosis().next.is_empty());
    assert_eq!(world.events(EventKind::GrantRevoked).await.len(), 0);
}

async fn assert_wiped(world: &World<impl Peer>, account: AccountId) {
    assert_eq!(world.grant(account).await.state, GrantState::Revoked);
    let row = world.row(account).await;
    assert_eq!((row.refresh_token, row.access_token), (None, None));
    assert_eq!(world.keeper.renew_due().await.unwrap(), None);
}

/// Whoever had kept this refresh token could do nothing with it.
async fn assert_is_over_at_the_provider(world: &World<impl Peer>, token: &str) {
    let http = mailgrant_oauth::HttpClient::new(HOUR).unwrap();
    let profile = world.profile().await.profile;
    let endpoints = resolve(&http, &profile).await.unwrap();
    let refreshed = refresh(
        &http,
        &profile,
        &endpoints,
        &token.into(),
        mailgrant_oauth::Resource::Mail,
        &[],
    )
    .await;
    let Err(Refusal::NeedsPerson(said)) = refreshed else {
        panic!("{refreshed:?}")
    };
    assert_eq!(said.error, "invalid_grant");
}
