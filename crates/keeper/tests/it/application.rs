//! Access in the application's own name: nobody signs in.

use mailgrant_keeper::AuthorizationError;
use mailgrant_oauth::Access;
use mailgrant_sandbox::{IdentityProvider, ProviderFault};
use mailgrant_vault::{EventKind, GrantState};

use crate::world::{DESK, HOUR, World};

#[tokio::test]
async fn an_account_is_connected_at_once_and_renewed_without_anybody() {
    let world = application().await;
    let account = world.account(DESK).await;
    world
        .shown(world.keeper.connect(account, "tester").await)
        .unwrap();
    let grant = world.grant(account).await;
    assert_eq!(grant.state, GrantState::Active);
    assert_eq!(grant.signed_in, None);
    assert!(grant.refresh_token.is_none());
    let first = world.token(account).await.unwrap();
    world.advance(HOUR);
    let second = world.token(account).await.unwrap();
    assert!(second.expires_at > first.expires_at);
    assert_eq!(world.grant(account).await.state, GrantState::Active);
    assert_eq!(world.events(EventKind::AuthorizationGranted).await.len(), 1);
}

#[tokio::test]
async fn what_was_not_allowed_is_told_and_stored_nowhere() {
    let world = World::sandbox().await;
    world
        .change_profile(|profile| profile.access = Access::Application)
        .await;
    let account = world.account(DESK).await;
    let error = world.keeper.connect(account, "tester").await.unwrap_err();
    assert!(matches!(error, AuthorizationError::Refused(_)), "{error}");
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
    assert_eq!(world.events(EventKind::AuthorizationFailed).await.len(), 1);
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_where_nobody_signs_in() {
    let world = application().await;
    let account = world.account(DESK).await;
    let begun = world.keeper.begin(account, &world.browser).await;
    assert!(matches!(begun, Err(AuthorizationError::NobodySignsIn(_))));
    let begun = world.keeper.begin_device(account).await;
    assert!(matches!(begun, Err(AuthorizationError::NobodySignsIn(_))));

    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    let connected = world.keeper.connect(account, "tester").await;
    assert!(matches!(
        connected,
        Err(AuthorizationError::SomebodySignsIn(_))
    ));
}

#[tokio::test]
async fn a_provider_that_fails_leaves_the_connection_as_it_is() {
    let world = application().await;
    let account = world.account(DESK).await;
    world.keeper.connect(account, "tester").await.unwrap();
    world.advance(HOUR);
    let away = ProviderFault::Status {
        status: 503,
        retry_after: None,
    };
    world.peer.fault(away, Some(1));
    world.token(account).await.unwrap_err();
    world.advance(HOUR);
    world.token(account).await.unwrap();
}

async fn application() -> World<IdentityProvider> {
    let world = World::sandbox_with(|options| {
        for client in &mut options.clients {
            client.own_scopes = vec!["mail".to_owned()];
        }
    })
    .await;
    world
        .change_profile(|profile| {
            profile.access = Access::Application;
            profile.scopes = Some(mailgrant_oauth::Scope::parse_list("mail").unwrap());
        })
        .await;
    world
}
