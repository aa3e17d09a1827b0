//! Many at once: what a provider sees of it.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;
use mailgrant_base::Clock as _;
use mailgrant_keeper::KeeperError;
use mailgrant_oauth::{ClientCredential, Resource};
use mailgrant_sandbox::{Credential, IdentityProvider, ProviderFault};
use mailgrant_vault::{AccountId, EventKind, GrantState};
use secrecy::ExposeSecret as _;

use crate::world::{DESK, HOUR, World};

const ACCOUNTS: usize = 100;

/// Renewals under way at once for one provider, as the keeper has it.
const AT_ONCE: usize = 16;

const EXPIRED: &str = "LEAK-expired";

#[tokio::test]
async fn ten_thousand_who_ask_for_one_accounts_token_at_once_make_one_request() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    world.advance(HOUR);
    let mut held = world.gate.hold_next();
    let askers = (0..10_000).map(|_| {
        let keeper = world.keeper.clone();
        tokio::spawn(async move { keeper.access_token(account, Resource::Mail).await })
    });
    let askers: Vec<_> = askers.collect();
    held.arrived().await;
    held.release();
    let given = world.gate.last_given("access_token");
    for token in join_all(askers).await {
        assert_eq!(token.unwrap().unwrap().token.expose_secret(), given);
    }
    assert_eq!(world.gate.renewals(), 1);
    assert_eq!(world.peer.refreshes(), 1);
}

#[tokio::test]
async fn a_secret_that_expires_under_a_hundred_accounts_is_told_once_and_probed_seldom() {
    let world = World::sandbox_with(|options| {
        options.clients[0].credentials = vec![Credential::ExpiredSecret {
            secret: EXPIRED.to_owned(),
            description: "the secret has expired".to_owned(),
        }];
    })
    .await;
    let accounts = a_hundred_accounts(&world).await;
    let versions = versions(&world, &accounts).await;
    let expire = world.change_profile(|profile| {
        if let ClientCredential::Secret { secret, .. } = &mut profile.credential {
            *secret = EXPIRED.into();
        }
    });
    expire.await;

    // All are due at the same moment, and everybody goes on asking.
    world.advance(HOUR);
    let asked = world.gate.renewals();
    world.keeper.renew_due().await.unwrap();
    let at_once = world.gate.renewals() - asked;
    assert!(at_once <= AT_ONCE, "{at_once} requests at the first moment");
    for _ in 0..36 {
        world.live(Duration::from_mins(10)).await;
        for account in &accounts {
            let error = world.token(*account).await.unwrap_err();
            assert!(
                matches!(error, KeeperError::ProviderTrouble { .. }),
                "{error:?}"
            );
        }
    }
    let asked = world.gate.renewals() - asked;
    tracing::info!(at_once, asked, "measured");
    assert!(asked <= 60, "{asked} requests in six hours");

    let told = world.events(EventKind::ProviderRefused).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the secret has expired"), "{told:?}");
    assert_eq!(world.events(EventKind::GrantEnded).await.len(), 0);
    assert_eq!(self::versions(&world, &accounts).await, versions);
}

#[tokio::test]
async fn a_provider_that_comes_back_after_an_hour_is_not_stampeded() {
    let world = World::sandbox().await;
    let accounts = a_hundred_accounts(&world).await;
    // All are due when it goes.
    world.advance(HOUR);
    world.peer.stop().await.unwrap();
    let before = world.gate.renewals();
    // A look every twenty seconds: what is due between two of them is asked at the second.
    for _ in 0..180 {
        world.keeper.renew_due().await.unwrap();
        world.advance(Duration::from_secs(20));
    }
    let in_vain = world.gate.renewals() - before;
    assert!(in_vain <= 20 * ACCOUNTS, "{in_vain} requests in vain");

    world.peer.restart().await.unwrap();
    // Slow enough that requests overlap.
    world
        .peer
        .fault(ProviderFault::Slow(Duration::from_millis(20)), None);
    let begun = world.clock.now();
    let mut busiest = 0;
    let mut renewed = 0;
    while renewed < ACCOUNTS {
        let minute = world.gate.renewals();
        for _ in 0..3 {
            world.keeper.renew_due().await.unwrap();
            world.advance(Duration::from_secs(20));
        }
        let minute = world.gate.renewals() - minute;
        busiest = busiest.max(minute);
        renewed += minute;
        let passed = world.clock.now().duration_since(begun);
        assert!(
            passed < SignedDuration::from_hours(1),
            "{renewed} in an hour"
        );
    }
    let passed = world.clock.now().duration_since(begun);
    assert_eq!(renewed, ACCOUNTS, "each account once");
    assert!(busiest <= ACCOUNTS / 2, "{busiest} in one minute");
    let at_once = world.gate.most_at_once();
    tracing::info!(in_vain, %passed, busiest, at_once, "measured");
    assert!((2..=AT_ONCE).contains(&at_once), "{at_once} at once");
    for account in accounts {
        let grant = world.grant(account).await;
        assert_eq!((grant.state, grant.failures), (GrantState::Active, 0));
        world.token(account).await.unwrap();
    }
}

async fn a_hundred_accounts(world: &World<IdentityProvider>) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        let address = format!("desk{number}@example.com");
        accounts.push(world.authorised(&address).await);
    }
    accounts
}

async fn versions(world: &World<IdentityProvider>, accounts: &[AccountId]) -> Vec<i64> {
    let mut versions = Vec::new();
    for account in accounts {
        let grant = world.grant(*account).await;
        assert_eq!(grant.state, GrantState::Active);
        versions.push(grant.version);
    }
    versions
}
