//! What is nobody's fault: the old token serves until it ends, and it is tried again.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mailgrant_base::{Clock as _, Diagnose as _, Fault};
use mailgrant_keeper::{AccessToken, Keeper, KeeperError};
use mailgrant_oauth::Resource;
use mailgrant_sandbox::{IdentityProvider, ProviderFault};
use mailgrant_vault::{AccountId, EventKind, GrantState, StoredToken};
use secrecy::ExposeSecret as _;

use crate::world::{CLIENT, DESK, HOUR, NEARLY_AN_HOUR, OTHER, World};

const DAY: Duration = Duration::from_hours(24);

fn status(status: u16, retry_after: Option<u64>) -> ProviderFault {
    ProviderFault::Status {
        status,
        retry_after,
    }
}

/// Where refresh tokens stay: an answer that is cut off would take a rotated one with it.
async fn without_rotation() -> World<IdentityProvider> {
    World::sandbox_with(|options| options.rotate = false).await
}

async fn ask(
    world: &World<IdentityProvider>,
    keeper: &Keeper,
    account: AccountId,
) -> Result<AccessToken, KeeperError> {
    world.shown(keeper.access_token(account, Resource::Mail).await)
}

/// The provider does this twice: shortly before the token ends, and after.
async fn outlasts(fault: ProviderFault, patience: Duration) {
    let world = without_rotation().await;
    let account = world.authorised(DESK).await;
    let (keeper, _vault) = world.other_process(patience).await;
    let old = ask(&world, &keeper, account).await.unwrap();
    world.peer.fault(fault.clone(), Some(2));

    world.advance(NEARLY_AN_HOUR);
    for _ in 0..3 {
        let token = ask(&world, &keeper, account).await.unwrap();
        assert_eq!(token.token.expose_secret(), old.token.expose_secret());
    }
    assert_eq!(world.gate.renewals(), 1, "{fault:?}: it waits for its time");
    let grant = world.grant(account).await;
    assert_eq!((grant.state, grant.failures), (GrantState::Active, 1));
    assert!(grant.retry_at.unwrap() > world.clock.now());
    assert_eq!(grant.version, old.grant_version);

    world.advance(Duration::from_secs(30));
    for _ in 0..3 {
        let error = ask(&world, &keeper, account).await.unwrap_err();
        let KeeperError::Later { retry_at, .. } = &error else {
            panic!("{fault:?}: {error:?}")
        };
        assert!(*retry_at > world.clock.now());
        assert_eq!(error.diagnosis().fault, Fault::Provider);
    }
    assert_eq!(world.gate.renewals(), 2, "{fault:?}");
    let grant = world.grant(account).await;
    assert_eq!((grant.state, grant.failures), (GrantState::Active, 2));

    world.advance_to(grant.retry_at.unwrap());
    let token = ask(&world, &keeper, account).await.unwrap();
    assert_ne!(token.token.expose_secret(), old.token.expose_secret());
    let grant = world.grant(account).await;
    assert_eq!((grant.failures, grant.last_failure), (0, None));
    assert_eq!(world.events(EventKind::GrantEnded).await.len(), 0);
    assert!(world.profile().await.trouble.is_none());
}

#[tokio::test]
async fn a_status_that_passes_by_itself_never_ends_a_grant() {
    for code in [408, 429, 500, 502, 503, 504] {
        outlasts(status(code, None), HOUR).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_none_or_never_ends_does_not_end_a_grant() {
    for fault in [
        ProviderFault::Truncate,
        ProviderFault::Html,
        ProviderFault::Endless,
    ] {
        outlasts(fault, HOUR).await;
    }
}

#[tokio::test]
async fn an_error_that_nobody_knows_or_that_passes_by_itself_does_not_end_a_grant() {
    for error in ["temporarily_unavailable", "server_error", "an_odd_error"] {
        let fault = ProviderFault::Refuse {
            error: error.to_owned(),
            description: "as the test wants it".to_owned(),
        };
        outlasts(fault, HOUR).await;
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_in_time_does_not_end_a_grant() {
    let patience = Duration::from_secs(2);
    outlasts(ProviderFault::Slow(HOUR), patience).await;
}

#[tokio::test]
async fn what_a_provider_asks_for_in_retry_after_is_obeyed() {
    let world = without_rotation().await;
    let account = world.authorised(DESK).await;
    world.advance(HOUR);
    for (code, asked) in [(429, 600), (503, 7200), (408, 60)] {
        world.peer.fault(status(code, Some(asked)), Some(1));
        let before = world.clock.now();
        let error = world.token(account).await.unwrap_err();
        let KeeperError::Later { retry_at, .. } = error else {
            panic!("{error:?}")
        };
        let wait = retry_at.duration_since(before).as_secs();
        assert!(wait >= asked.cast_signed(), "{wait} s after {code}");
        let renewals = world.gate.renewals();
        world.advance(Duration::from_secs(asked - 1));
        world.token(account).await.unwrap_err();
        world.keeper.renew_due().await.unwrap();
        assert_eq!(world.gate.renewals(), renewals, "it was not asked before");
        world.advance_to(retry_at);
    }
    world.token(account).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_away_for_a_day_is_asked_seldom_and_found_again_by_itself() {
    let world = World::sandbox().await;
    let account = world.authorised(DESK).await;
    let row = world.row(account).await;
    world.peer.stop().await.unwrap();
    world.live(DAY).await;
    let asked = world.gate.renewals();
    assert!((80..250).contains(&asked), "{asked} times in a day");
    let grant = world.grant(account).await;
    assert_eq!(grant.state, GrantState::Active);
    assert_eq!(grant.failures, u32::try_from(asked).unwrap());
    assert_eq!(world.row(account).await.refresh_token, row.refresh_token);
    let failed = format!("mailgrant_renewals_total{{outcome=\"later\"}} {asked}");
    assert!(world.metrics().contains(&failed), "{:#?}", world.metrics());

    world.peer.restart().await.unwrap();
    world.live(HOUR).await;
    assert_eq!(world.grant(account).await.failures, 0);
    world.token(account).await.unwrap();
}

/// OpenID Connect Core, section 12.2.
#[tokio::test]
async fn a_renewal_that_names_somebody_else_is_not_believed_and_ends_nothing() {
    let world = without_rotation().await;
    let account = world.authorised(DESK).await;
    let issuer = world.peer.issuer();
    let answer = |issuer: &str, sub: &str| {
        let claims = serde_json::json!({"iss": issuer, "sub": sub, "aud": CLIENT});
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        let body = serde_json::json!({
            "access_token": "of-somebody", "token_type": "Bearer", "expires_in": 3600,
            "id_token": format!("e30.{claims}.x"),
        });
        let body = body.to_string();
        ProviderFault::Answer { status: 200, body }
    };
    for (issuer, sub, wrong) in [
        ("https://login.example.com", DESK, "issuer"),
        (issuer.as_str(), OTHER, "subject"),
    ] {
        world.advance(HOUR);
        let before = world.kept(account).await;
        world.peer.fault(answer(issuer, sub), Some(1));
        let error = world.token(account).await.unwrap_err();
        let KeeperError::Later { why, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(why.contains(wrong), "{why}");
        let token =
            |kept: Option<StoredToken>| kept.map(|kept| kept.token.expose_secret().to_owned());
        assert_eq!(token(world.kept(account).await), token(before));
        assert_eq!(world.grant(account).await.state, GrantState::Active);
    }
    world.advance(HOUR);
    world.peer.fault(answer(&issuer, DESK), Some(1));
    let token = world.token(account).await.unwrap();
    assert_eq!(token.token.expose_secret(), "of-somebody");
}
