//! What ends soon is told in time, and once.

use std::time::Duration;

use jiff::SignedDuration;
use mailgrant_oauth::{Access, ClientCredential, ProviderKind};
use mailgrant_sandbox::{Credential, IdentityProvider};
use mailgrant_vault::EventKind;
use secrecy::SecretString;

use crate::world::{CLIENT_SECRET, DESK, HOUR, OTHER, World};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_secret_that_ends_is_told_at_sixty_thirty_seven_and_one_days_and_at_its_end() {
    let world = World::sandbox().await;
    world.account(DESK).await;
    world.account(OTHER).await;
    ends_in(&world, SignedDuration::from_hours(24 * 61)).await;
    let told = async || world.events(EventKind::CredentialEnding).await;
    look(&world).await;
    assert_eq!(told().await, [""; 0]);
    let mut expected = 0;
    for (days, says) in [
        (1, "ends in 60 days"),
        (30, "ends in 30 days"),
        (23, "ends in 7 days"),
        (6, "ends in 1 day,"),
        (2, "ended on "),
    ] {
        world.advance(days * DAY);
        look(&world).await;
        look(&world).await;
        expected += 1;
        let told = told().await;
        assert_eq!(told.len(), expected, "{told:?}");
        let new = told.iter().find(|text| text.contains(says));
        assert!(new.unwrap().contains("2 accounts"), "{told:?}");
    }
    let counted = "mailgrant_credentials_ending{days=\"0\"} 1";
    assert!(world.metrics().iter().any(|line| line == counted));
    // Another process does not say it again.
    let (other, _vault) = world.other_process(HOUR).await;
    other.warn_of_ends().await;
    assert_eq!(told().await.len(), expected);
    // A new secret begins anew.
    ends_in(&world, SignedDuration::from_hours(24 * 5)).await;
    look(&world).await;
    assert_eq!(told().await.len(), expected + 1);
}

#[tokio::test]
async fn grants_that_nothing_renews_are_told_together() {
    let world = World::sandbox().await;
    for address in [DESK, OTHER] {
        world.authorised(address).await;
    }
    world
        .change_profile(|profile| profile.kind = ProviderKind::Microsoft)
        .await;
    world.advance(50 * DAY);
    look(&world).await;
    let told = async || world.events(EventKind::GrantsEnding).await;
    assert_eq!(told().await, [""; 0]);
    world.advance(11 * DAY);
    look(&world).await;
    look(&world).await;
    let told = told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2 accounts"), "{told:?}");
    assert!(
        told[0].contains("in 29 days") || told[0].contains("in 28 days"),
        "{told:?}"
    );
}

#[tokio::test]
async fn access_in_the_applications_own_name_needs_nobody_to_use_it() {
    let world = World::sandbox().await;
    world.authorised(DESK).await;
    world
        .change_profile(|profile| {
            profile.kind = ProviderKind::Microsoft;
            profile.access = Access::Application;
        })
        .await;
    world.advance(80 * DAY);
    look(&world).await;
    assert_eq!(world.events(EventKind::GrantsEnding).await, [""; 0]);
}

#[tokio::test]
async fn a_first_secret_that_is_refused_while_the_second_serves_is_told_once() {
    let world = World::sandbox_with(|options| {
        for client in &mut options.clients {
            client.secret = None;
            client.credentials = vec![Credential::Secret(CLIENT_SECRET.to_owned())];
        }
    })
    .await;
    world
        .change_profile(|profile| {
            let ClientCredential::Secret { secret, method, .. } = &mut profile.credential else {
                panic!("the tests' provider has a secret");
            };
            let (former, method) = (secret.clone(), *method);
            *secret = SecretString::from("LEAK-the-new-one");
            profile.second_credential = Some(ClientCredential::Secret {
                secret: former,
                method,
                expires_at: None,
            });
        })
        .await;
    let account = world.authorised(DESK).await;
    for _ in 0..3 {
        world.advance(HOUR);
        world.token(account).await.unwrap();
    }
    let told = world.events(EventKind::CredentialRefused).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the second serves"), "{told:?}");
    assert_eq!(world.events(EventKind::ProviderRefused).await, [""; 0]);
}

async fn look(world: &World<IdentityProvider>) {
    world.keeper.warn_of_ends().await;
}

async fn ends_in(world: &World<IdentityProvider>, life: SignedDuration) {
    let at = mailgrant_base::Clock::now(world.clock.as_ref()) + life;
    world
        .change_profile(|profile| {
            if let ClientCredential::Secret { expires_at, .. } = &mut profile.credential {
                *expires_at = Some(at);
            }
        })
        .await;
}
