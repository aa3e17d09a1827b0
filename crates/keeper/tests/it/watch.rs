//! Renewal ahead of need, though nobody asks.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::Clock as _;
use mailgrant_keeper::KeeperError;
use mailgrant_vault::GrantState;
use tokio_util::sync::CancellationToken;

use crate::world::{DESK, HOUR, World};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_running_keeper_renews_before_the_token_ends_though_nobody_asks() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let mut changes = world.vault.changes();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (keeper, stop) = (world.keeper.clone(), stop.clone());
        async move { keeper.run(stop).await }
    });
    for renewals in 1..=2 {
        let before = world.kept(account).await.unwrap();
        // From 70 to 85 of 100 of its life it is due; it has not ended.
        world.advance(Duration::from_mins(52));
        assert!(before.expires_at > world.clock.now());
        // Any change in the store lets the keeper look at the clock.
        world.vault.pause_account(account, false).await.unwrap();
        while world.kept(account).await.unwrap().grant_version == before.grant_version {
            changes.changed().await;
        }
        assert_eq!(world.gate.renewals(), renewals);
    }
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_keeper_that_stops_lets_the_renewal_in_flight_end() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let before = world.kept(account).await.unwrap().grant_version;
    world.advance(HOUR);
    let mut held = world.gate.hold_next();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (keeper, stop) = (world.keeper.clone(), stop.clone());
        async move { keeper.run(stop).await }
    });
    held.arrived().await;
    stop.cancel();
    held.release();
    running.await.unwrap();
    assert_eq!(world.kept(account).await.unwrap().grant_version, before + 1);
}

#[tokio::test]
async fn a_valid_token_is_always_there_and_no_renewal_is_wasted() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let end = world.clock.now() + SignedDuration::from_hours(48);
    while world.clock.now() < end {
        let next = world.keeper.renew_due().await.unwrap().unwrap();
        let kept = world.kept(account).await.unwrap();
        assert!(next < kept.expires_at, "the next renewal is ahead of need");
        world.advance_to(next);
    }
    let renewals = world.gate.renewals();
    // 48 hours in steps of 70 to 85 of 100 of an hour.
    assert!((56..=69).contains(&renewals), "{renewals}");
    assert_eq!(
        world.grant(account).await.signed_in.as_deref(),
        Some(DESK),
        "renewals do not forget who signed in"
    );
}

#[tokio::test]
async fn many_accounts_are_renewed_apart_from_each_other() {
    let world = World::sandbox().await;
    let mut accounts = Vec::new();
    for number in 0..10 {
        let address = format!("desk{number}@example.com");
        accounts.push(world.authorised(&address).await);
    }
    world.peer.revoke_grants("desk3@example.com");
    world.live(2 * HOUR).await;
    for (number, account) in accounts.into_iter().enumerate() {
        let state = world.grant(account).await.state;
        let ended = state == GrantState::NeedsAuthorization;
        assert_eq!(ended, number == 3, "{number}: {state:?}");
    }
    let lines = world.metrics();
    for line in [
        "mailgrant_grants{state=\"active\"} 9",
        "mailgrant_grants{state=\"needs_authorization\"} 1",
        "mailgrant_renewals_total{outcome=\"ended\"} 1",
    ] {
        assert!(lines.iter().any(|found| found == line), "{lines:#?}");
    }
    // The one that was refused was answered too.
    let renewals = world.gate.renewals();
    let renewed = format!(
        "mailgrant_renewals_total{{outcome=\"renewed\"}} {}",
        renewals - 1
    );
    assert!(lines.contains(&renewed), "{lines:#?}");
    let answered = format!("mailgrant_renewal_duration_seconds_count {renewals}");
    assert!(lines.contains(&answered), "{lines:#?}");
}

#[tokio::test]
async fn a_grant_whose_tokens_live_for_a_year_is_used_at_least_monthly() {
    let world = World::sandbox_with(|options| options.access_token_lifetime = 365 * DAY).await;
    world.authorised(DESK).await;
    assert_used_at_least_monthly(&world).await;
}

#[tokio::test]
async fn the_grant_of_a_paused_account_is_kept_alive_and_not_used_more_than_that() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    world.vault.pause_account(account, true).await.unwrap();
    assert_used_at_least_monthly(&world).await;
    assert!(world.gate.renewals() < 25, "{}", world.gate.renewals());
    assert_eq!(world.grant(account).await.state, GrantState::Active);
    world.vault.pause_account(account, false).await.unwrap();
    world.token(account).await.unwrap();
}

#[tokio::test]
async fn a_paused_provider_is_not_asked_and_goes_on_when_resumed() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let row = world.row(account).await;
    world
        .vault
        .pause_provider(world.provider, true)
        .await
        .unwrap();
    let passed = world.peer.requests().len();
    assert_eq!(world.keeper.renew_due().await.unwrap(), None);
    world.live(DAY).await;
    let error = world.token(account).await.unwrap_err();
    assert!(matches!(error, KeeperError::ProviderPaused { .. }));
    assert_eq!(world.peer.requests().len(), passed);
    assert_eq!(world.row(account).await, row);
    world
        .vault
        .pause_provider(world.provider, false)
        .await
        .unwrap();
    world.token(account).await.unwrap();
}

/// Lives a year in which nobody asks for anything.
async fn assert_used_at_least_monthly(world: &World<mailgrant_sandbox::IdentityProvider>) {
    let month = SignedDuration::from_hours(30 * 24);
    let end: Timestamp = world.clock.now() + SignedDuration::from_hours(365 * 24);
    let mut last_used = world.clock.now();
    while world.clock.now() < end {
        let renewals = world.gate.renewals();
        let next = world.keeper.renew_due().await.unwrap().unwrap();
        if world.gate.renewals() > renewals {
            assert!(world.clock.now().duration_since(last_used) <= month);
            last_used = world.clock.now();
        }
        world.advance_to(next);
    }
    assert!(world.gate.renewals() >= 12, "{}", world.gate.renewals());
}
