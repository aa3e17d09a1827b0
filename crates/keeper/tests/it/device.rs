//! A person types a code on another device.

use mailgrant_keeper::{AuthorizationError, DeviceOffer};
use mailgrant_vault::{AuthorizationId, AuthorizationOutcome, GrantState};
use std::time::Duration;

use crate::world::{DESK, DevicePeer, HOUR, OTHER, Peer, World};

mod sandbox {
    use super::World;

    #[tokio::test]
    async fn whoever_types_the_code_authorises_the_account() {
        super::whoever_types_the_code_authorises_the_account(quick().await).await;
    }

    #[tokio::test]
    async fn a_denied_code_and_another_person_change_nothing() {
        super::a_denied_code_and_another_person_change_nothing(quick().await).await;
    }

    async fn quick() -> World<mailgrant_sandbox::IdentityProvider> {
        World::sandbox_with(|options| options.device_interval = super::SECOND).await
    }
}

mod oidc_provider {
    use super::World;

    #[tokio::test]
    #[ignore = "needs oidc-provider; ./test installs it"]
    async fn whoever_types_the_code_authorises_the_account() {
        let world = World::oidc_provider().await;
        super::whoever_types_the_code_authorises_the_account(world).await;
    }
}

const SECOND: Duration = Duration::from_secs(1);

async fn whoever_types_the_code_authorises_the_account(world: World<impl DevicePeer>) {
    let account = world.account(DESK).await;
    let offer = begin(&world, account).await;
    assert!(offer.verification_uri.as_str().starts_with("http://"));
    answer(&world, &offer, DESK, true).await;
    let outcome = outcome(&world, offer.id).await;
    assert_eq!(
        outcome,
        AuthorizationOutcome::Granted(Some(DESK.to_owned()))
    );
    let grant = world.grant(account).await;
    assert_eq!(grant.state, GrantState::Active);
    assert_eq!(grant.signed_in.as_deref(), Some(DESK));
    world.token(account).await.unwrap();
    world.advance(HOUR);
    world.token(account).await.unwrap();
}

async fn a_denied_code_and_another_person_change_nothing(world: World<impl DevicePeer>) {
    let account = world.account(DESK).await;
    for (who, allow, told) in [
        (DESK, false, "denied"),
        (OTHER, true, "other@example.com signed in"),
    ] {
        let offer = begin(&world, account).await;
        answer(&world, &offer, who, allow).await;
        let AuthorizationOutcome::Failed(why) = outcome(&world, offer.id).await else {
            panic!("it must fail");
        };
        assert!(why.contains(told), "{why}");
        assert_eq!(world.grant(account).await.state, GrantState::Pending);
    }
}

#[tokio::test]
async fn whoever_types_the_code_cannot_keep_back_who_they_are() {
    let world = World::sandbox_with(|options| options.device_interval = SECOND).await;
    let account = world.account(DESK).await;
    let offer = begin(&world, account).await;
    answer(&world, &offer, OTHER, true).await;
    world.gate.edit_next(|answer| {
        answer.insert("scope".to_owned(), "offline_access mail".into());
        answer.remove("id_token");
    });
    let AuthorizationOutcome::Failed(why) = outcome(&world, offer.id).await else {
        panic!("it must fail");
    };
    assert!(why.contains("does not say who signed in"), "{why}");
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
}

#[tokio::test]
async fn a_code_that_nobody_types_ends() {
    let world = World::sandbox_with(|options| options.device_interval = SECOND).await;
    let account = world.account(DESK).await;
    let offer = begin(&world, account).await;
    world.advance(HOUR);
    let AuthorizationOutcome::Failed(why) = outcome(&world, offer.id).await else {
        panic!("it must fail");
    };
    assert!(why.contains("Nobody has typed the code"), "{why}");
}

#[tokio::test]
async fn a_provider_without_such_an_endpoint_says_so() {
    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    world
        .change_profile(|profile| {
            profile.issuer = None;
            let address = format!("{}/authorize", world.peer.issuer());
            profile.endpoints.authorization = Some(address.parse().unwrap());
        })
        .await;
    let error = world.keeper.begin_device(account).await.unwrap_err();
    assert!(matches!(error, AuthorizationError::Refused(_)));
    assert!(error.to_string().contains("device authorization endpoint"));
}

async fn begin(world: &World<impl Peer>, account: mailgrant_vault::AccountId) -> DeviceOffer {
    world
        .shown(world.keeper.begin_device(account).await)
        .unwrap()
}

async fn answer(world: &World<impl DevicePeer>, offer: &DeviceOffer, who: &str, allow: bool) {
    let page = offer.verification_uri.as_str();
    world
        .peer
        .answer_device(page, &offer.user_code, who, allow)
        .await;
}

/// How it ended; the store tells of changes.
async fn outcome(world: &World<impl Peer>, id: AuthorizationId) -> AuthorizationOutcome {
    let mut changes = world.vault.changes();
    loop {
        let authorization = world.vault.authorization(id).await.unwrap().unwrap();
        if let Some(outcome) = authorization.outcome {
            // The task that stored it says so in the log last.
            world.keeper.settled().await;
            return outcome;
        }
        changes.changed().await;
    }
}
