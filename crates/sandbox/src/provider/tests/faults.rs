//! Each fault, and that it passes.

use super::client::{callback, http, post, redeem, refresh, text, tokens};
use super::metadata::{claims, get};
use super::*;

/// The raw answer to one refresh request.
async fn raw_refresh(provider: &IdentityProvider) -> reqwest::Result<reqwest::Response> {
    let token = provider.grant("desk", USER, "imap");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", "desk"),
        ("client_secret", "s3cret & more"),
    ];
    let url = format!("{}/token", provider.issuer());
    http().post(url).form(&form).send().await
}

#[tokio::test]
async fn refuse() {
    let (provider, _) = start(options()).await;
    for (error, expected) in [("invalid_grant", 400), ("invalid_client", 401)] {
        let fault = ProviderFault::Refuse {
            error: error.into(),
            description: "AADSTS700082: too old".into(),
        };
        provider.fault(fault, Some(1));
        let token = provider.grant("desk", USER, "imap");
        let (status, refusal) = refresh(&provider, &token).await;
        assert_eq!(status, expected);
        assert_eq!(text(&refusal, "error"), error);
        assert_eq!(text(&refusal, "error_description"), "AADSTS700082: too old");
        assert_eq!(refresh(&provider, &token).await.0, 200);
    }
    assert_eq!(provider.refreshes(), 4);
}

#[tokio::test]
async fn status_with_and_without_retry_after() {
    let (provider, _) = start(options()).await;
    for retry_after in [None, Some(7)] {
        let fault = ProviderFault::Status {
            status: 503,
            retry_after,
        };
        provider.fault(fault, None);
        for _ in 0..2 {
            let response = raw_refresh(&provider).await.unwrap();
            assert_eq!(response.status(), 503);
            let header = response.headers().get("retry-after");
            let seconds = header.map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(seconds, retry_after.map(|seconds| seconds.to_string()));
        }
        provider.clear_faults();
        assert_eq!(raw_refresh(&provider).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn slow_requests_count_when_they_come_and_again_when_they_are_answered() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::Slow(Duration::from_hours(1)), Some(1));
    {
        let request = std::pin::pin!(raw_refresh(&provider));
        let arrived = async {
            while provider.token_requests() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = request => panic!("answered: {answer:?}"),
            () = arrived => {}
        }
    }
    assert_eq!(provider.refreshes(), 0);
    assert_eq!(raw_refresh(&provider).await.unwrap().status(), 200);
    assert_eq!(provider.refreshes(), 1);
    assert_eq!(provider.token_requests(), 2);
}

#[tokio::test]
async fn truncate_breaks_off_after_the_work_is_done() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::Truncate, Some(1));
    let token = provider.grant("desk", USER, "imap");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", "desk"),
        ("client_secret", "s3cret & more"),
    ];
    let url = format!("{}/token", provider.issuer());
    let mut response = http().post(url).form(&form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let part = response.chunk().await.unwrap().unwrap();
    assert!(part.starts_with(b"{\"access_token\""));
    assert!(response.chunk().await.is_err());
    // Its successor is lost, so that the token looks like a stolen one.
    assert_eq!(refresh(&provider, &token).await.0, 400);
    assert_eq!(provider.reuse_detected(), 1);
}

#[tokio::test]
async fn html_instead_of_json() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::Html, Some(1));
    let response = raw_refresh(&provider).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE"));
    assert_eq!(raw_refresh(&provider).await.unwrap().status(), 200);
}

#[tokio::test]
async fn endless_answers_are_longer_than_anybody_should_read() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::Endless, Some(1));
    let mut response = raw_refresh(&provider).await.unwrap();
    let mut length = 0;
    while length < 4 * 1024 * 1024 {
        length += response.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn omitted_refresh_tokens_leave_the_old_one_valid() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::OmitRefreshToken, Some(1));
    let token = provider.grant("desk", USER, "imap");
    let (_, answer) = refresh(&provider, &token).await;
    assert_eq!(answer.get("refresh_token"), None);
    let (_, answer) = refresh(&provider, &token).await;
    assert!(answer["refresh_token"].is_string());
    assert_eq!(provider.reuse_detected(), 0);
}

#[tokio::test]
async fn no_offline_access() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::NoOfflineAccess, Some(1));
    assert_eq!(tokens(&provider).await.get("refresh_token"), None);
    assert!(tokens(&provider).await["refresh_token"].is_string());
}

#[tokio::test]
async fn omitted_lifetime() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::OmitExpiresIn, Some(1));
    assert_eq!(tokens(&provider).await.get("expires_in"), None);
    assert_eq!(tokens(&provider).await["expires_in"], 3600);
}

#[tokio::test]
async fn narrow_scope() {
    let (provider, book) = start(options()).await;
    provider.fault(ProviderFault::NarrowScope("openid imap".into()), Some(1));
    let narrow = tokens(&provider).await;
    assert_eq!(narrow["scope"], "openid imap");
    let (_, scope) = book.look_up(text(&narrow, "access_token")).unwrap();
    assert_eq!(scope, "openid imap");
    assert_eq!(tokens(&provider).await["scope"], SCOPE);
}

#[tokio::test]
async fn denied_consent_whatever_is_pressed() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::DenyConsent, Some(1));
    assert_eq!(callback(&provider, &[]).await["error"], "access_denied");
    assert!(callback(&provider, &[]).await.contains_key("code"));
}

#[tokio::test]
async fn wrong_and_missing_issuer_in_the_callback() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::WrongIss, Some(1));
    provider.fault(ProviderFault::MissingIss, Some(1));
    let answer = callback(&provider, &[]).await;
    assert_ne!(answer["iss"], provider.issuer());
    assert!(!callback(&provider, &[]).await.contains_key("iss"));
    let answer = callback(&provider, &[]).await;
    assert_eq!(answer["iss"], provider.issuer());
}

#[tokio::test]
async fn wrong_nonce() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::WrongNonce, Some(1));
    for expected in ["another-nonce", "the-nonce"] {
        let tokens = tokens(&provider).await;
        let claims = claims(&provider, &tokens).await.unwrap();
        assert_eq!(claims["nonce"], expected);
    }
}

#[tokio::test]
async fn foreign_key() {
    let (provider, _) = start(options()).await;
    provider.fault(ProviderFault::ForeignKey, Some(1));
    for genuine in [false, true] {
        let tokens = tokens(&provider).await;
        assert_eq!(claims(&provider, &tokens).await.is_some(), genuine);
    }
}

#[tokio::test]
async fn discovery_and_keys_down() {
    let (provider, _) = start(options()).await;
    for (fault, path) in [
        (
            ProviderFault::DiscoveryDown,
            "/.well-known/openid-configuration",
        ),
        (ProviderFault::KeysDown, "/jwks"),
    ] {
        provider.fault(fault, Some(1));
        assert_eq!(get(&provider, path).await.0, 503);
        assert_eq!(get(&provider, path).await.0, 200);
    }
}

#[tokio::test]
async fn faults_of_the_token_endpoint_leave_the_code_alone() {
    let (provider, _) = start(options()).await;
    let fault = ProviderFault::Status {
        status: 500,
        retry_after: None,
    };
    provider.fault(fault, Some(1));
    let code = callback(&provider, &[]).await.remove("code").unwrap();
    assert_eq!(redeem(&provider, &code).await.0, 500);
    assert_eq!(redeem(&provider, &code).await.0, 200);
    assert_eq!(provider.refreshes(), 0);
    let form = [("grant_type", "refresh_token")];
    assert_eq!(post(&provider, "/token", &form).await.0, 400);
    assert_eq!(provider.refreshes(), 1);
}
