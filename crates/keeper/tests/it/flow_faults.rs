//! What a provider can do wrong while somebody signs in, at the sandbox's provider, which does it on
//! demand.

use mailgrant_base::{Diagnose as _, Fault};
use mailgrant_keeper::AuthorizationError;
use mailgrant_oauth::{CallbackError, Refusal};
use mailgrant_sandbox::ProviderFault;
use mailgrant_vault::{EventKind, GrantState};
use url::Url;

use crate::world::{DESK, Peer as _, World};

/// An account is authorised, then authorised again while the provider does this: the error, after
/// it is sure that the grant of before is untouched.
async fn authorised_again(faults: &[ProviderFault]) -> AuthorizationError {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    let url = world.depart(account).await;
    for fault in faults {
        world.peer.fault(fault.clone(), None);
    }
    let back = world.peer.agree(&url, DESK).await;
    let error = world.arrive(&back).await.unwrap_err();
    assert_eq!(world.row(account).await, before);
    let told = world.events(EventKind::AuthorizationFailed).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let diagnosis = error.diagnosis().to_string();
    assert!(told[0].contains(&diagnosis), "{told:?}, not {diagnosis}");
    assert_eq!(world.grant(account).await.state, GrantState::Active);
    error
}

fn refuse(error: &str) -> ProviderFault {
    ProviderFault::Refuse {
        error: error.to_owned(),
        description: "as the test wants it".to_owned(),
    }
}

#[tokio::test]
async fn a_provider_that_denies_whatever_is_pressed_is_believed() {
    let error = authorised_again(&[ProviderFault::DenyConsent]).await;
    assert!(matches!(
        error,
        AuthorizationError::Refused(Refusal::NeedsPerson(_))
    ));
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_of_none_is_not_believed() {
    let error = authorised_again(&[ProviderFault::WrongIss]).await;
    let AuthorizationError::Callback(CallbackError::WrongIssuer { got, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(got, "https://other-issuer.invalid");
    let error = authorised_again(&[ProviderFault::MissingIss]).await;
    let missing = AuthorizationError::Callback(CallbackError::MissingIssuer);
    assert_eq!(error.to_string(), missing.to_string());
}

/// RFC 9207, section 2.4.
#[tokio::test]
async fn an_error_of_another_issuer_is_not_taken_for_the_providers() {
    let error = authorised_again(&[ProviderFault::DenyConsent, ProviderFault::WrongIss]).await;
    let other = matches!(
        &error,
        AuthorizationError::Callback(CallbackError::WrongIssuer { .. })
    );
    assert!(other, "{error:?}");
}

#[tokio::test]
async fn an_identity_with_another_nonce_or_a_foreign_signature_is_not_believed() {
    for (fault, why) in [
        (ProviderFault::WrongNonce, "its nonce is wrong"),
        (ProviderFault::ForeignKey, "its signature is wrong"),
    ] {
        let error = authorised_again(&[fault]).await;
        let AuthorizationError::Identity(said) = &error else {
            panic!("{error:?}")
        };
        assert!(said.contains(why), "{said}");
        assert_eq!(error.diagnosis().fault, Fault::Provider);
    }
}

#[tokio::test]
async fn an_identity_of_another_issuer_is_not_believed() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let before = world.row(account).await;
    // All by hand: nothing is asked of the provider about itself.
    let issuer = world.peer.issuer();
    let at = |path: &str| Url::parse(&format!("{issuer}{path}")).unwrap();
    let change = world.change_profile(|profile| {
        profile.issuer = Some(Url::parse("https://login.example.com").unwrap());
        profile.endpoints.authorization = Some(at("/authorize"));
        profile.endpoints.jwks = Some(at("/jwks"));
    });
    change.await;
    world.peer.fault(ProviderFault::MissingIss, Some(1));
    let url = world.depart(account).await;
    let back = world.peer.agree(&url, DESK).await;
    let error = world.arrive(&back).await.unwrap_err();
    assert!(
        matches!(&error, AuthorizationError::Identity(said) if said.contains("its issuer is wrong")),
        "{error:?}"
    );
    assert_eq!(world.row(account).await, before);
}

#[tokio::test]
async fn a_narrower_consent_and_a_missing_refresh_token_are_told() {
    let narrow = ProviderFault::NarrowScope("openid email".to_owned());
    let error = authorised_again(&[narrow]).await;
    assert!(matches!(error, AuthorizationError::ScopeMissing { .. }));

    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    world.peer.fault(ProviderFault::NoOfflineAccess, None);
    let url = world.depart(account).await;
    let back = world.peer.agree(&url, DESK).await;
    let error = world.arrive(&back).await.unwrap_err();
    assert!(matches!(error, AuthorizationError::NoRefreshToken));
    assert_eq!(world.grant(account).await.state, GrantState::Pending);
}

#[tokio::test]
async fn each_refusal_of_the_code_is_sorted_by_who_has_to_move() {
    for (error, fault) in [
        ("invalid_grant", Fault::Owner),
        ("invalid_client", Fault::Operator),
        ("invalid_scope", Fault::Operator),
        ("temporarily_unavailable", Fault::Provider),
        ("an_odd_error", Fault::Provider),
    ] {
        let refused = authorised_again(&[refuse(error)]).await;
        assert_eq!(refused.diagnosis().fault, fault, "{error}");
    }
}

#[tokio::test]
async fn answers_that_are_none_are_nobodys_fault() {
    for fault in [
        ProviderFault::Status {
            status: 500,
            retry_after: None,
        },
        ProviderFault::Html,
        ProviderFault::Endless,
        ProviderFault::Truncate,
    ] {
        let error = authorised_again(std::slice::from_ref(&fault)).await;
        assert_eq!(error.diagnosis().fault, Fault::Provider, "{fault:?}");
    }
}

#[tokio::test]
async fn a_browser_is_not_sent_to_a_provider_that_cannot_be_found() {
    let world = World::sandbox().await;
    let account = world.account(DESK).await;
    world.peer.fault(ProviderFault::DiscoveryDown, Some(1));
    let begun = world.keeper.begin(account, &world.browser).await;
    let error = world.shown(begun).unwrap_err();
    assert!(matches!(
        error,
        AuthorizationError::Refused(Refusal::Later { .. })
    ));
    // Nor is anybody believed whose signature cannot be checked.
    let url = world.depart(account).await;
    let back = world.peer.agree(&url, DESK).await;
    world.peer.fault(ProviderFault::KeysDown, Some(1));
    let error = world.arrive(&back).await.unwrap_err();
    assert!(matches!(
        error,
        AuthorizationError::Refused(Refusal::Later { .. })
    ));

    let account = mailgrant_vault::AccountId(4711);
    let error = world
        .keeper
        .begin(account, &world.browser)
        .await
        .unwrap_err();
    assert!(matches!(error, AuthorizationError::NoAccount));
}
