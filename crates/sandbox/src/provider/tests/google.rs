//! Google's persona, where it differs.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::assertions::{NOW, Signer, claims_with};
use super::client::{authorize_url, post, post_bare, query, redeem, refresh, text};
use super::*;

const MAIL: &str = "https://mail.google.com/";

async fn google() -> IdentityProvider {
    let mut options = options();
    options.persona = Persona::Google;
    start(options).await.0
}

fn url(provider: &IdentityProvider, more: &[(&str, &str)]) -> String {
    let mut changes = vec![("scope", "openid email https://mail.google.com/")];
    changes.extend(more);
    authorize_url(provider, &changes).replace("/authorize?", "/o/oauth2/v2/auth?")
}

async fn sign_in_with(provider: &IdentityProvider, more: &[(&str, &str)]) -> Value {
    let back = sign_in(&url(provider, more), USER, PASSWORD).await.unwrap();
    let (status, tokens) = redeem(provider, &query(&back)["code"]).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[tokio::test]
async fn a_refresh_token_comes_offline_at_the_first_consent_or_when_consent_is_forced() {
    let provider = google().await;
    let offline = ("access_type", "offline");
    let consent = ("prompt", "consent");
    let has = |tokens: &Value| tokens.get("refresh_token").is_some();
    assert!(has(&sign_in_with(&provider, &[offline]).await));
    assert!(!has(&sign_in_with(&provider, &[offline]).await));
    assert!(!has(&sign_in_with(&provider, &[consent]).await));
    let tokens = sign_in_with(&provider, &[offline, consent]).await;
    assert!(has(&tokens));
    let (_, renewed) = refresh(&provider, text(&tokens, "refresh_token")).await;
    assert!(!has(&renewed), "they do not rotate");
}

#[tokio::test]
async fn a_scope_that_the_user_unticks_is_not_granted() {
    let provider = google().await;
    let back = sign_in_withholding(&url(&provider, &[]), USER, PASSWORD, &[MAIL]).await;
    let (_, tokens) = redeem(&provider, &query(&back.unwrap())["code"]).await;
    assert_eq!(tokens["scope"], "openid email");
}

#[tokio::test]
async fn revoking_either_token_ends_all() {
    for kind in ["access_token", "refresh_token"] {
        let provider = google().await;
        let tokens = sign_in_with(&provider, &[("access_type", "offline")]).await;
        let form = [("token", text(&tokens, kind))];
        assert_eq!(post_bare(&provider, "/revoke", &form).await.0, 200);
        let (status, refusal) = post_bare(&provider, "/revoke", &form).await;
        assert_eq!((status, text(&refusal, "error")), (400, "invalid_token"));
        let (status, refusal) = refresh(&provider, text(&tokens, "refresh_token")).await;
        assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
        assert_eq!(
            refusal["error_description"],
            "Token has been expired or revoked."
        );
    }
}

#[tokio::test]
async fn the_hundred_and_first_refresh_token_ends_the_oldest_without_a_word() {
    let provider = google().await;
    let oldest = provider.grant("desk", USER, MAIL);
    let second = provider.grant("desk", USER, MAIL);
    for _ in 2..100 {
        provider.grant("desk", USER, MAIL);
    }
    let other = provider.grant("desk", "other@example.com", MAIL);
    assert_eq!(refresh(&provider, &oldest).await.0, 200);
    let consent = [("access_type", "offline"), ("prompt", "consent")];
    let newest = sign_in_with(&provider, &consent).await;
    let (_, refusal) = refresh(&provider, &oldest).await;
    assert_eq!(
        refusal["error_description"],
        "Token has been expired or revoked."
    );
    for living in [&second, &other, text(&newest, "refresh_token")] {
        assert_eq!(refresh(&provider, living).await.0, 200);
    }
}

#[tokio::test]
async fn a_device_gets_no_mail() {
    let provider = google().await;
    let (_, refusal) = post(&provider, "/device/code", &[("scope", MAIL)]).await;
    assert_eq!(refusal["error"], "invalid_scope");
    let (_, codes) = post(&provider, "/device/code", &[("scope", "openid email")]).await;
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", text(&codes, "device_code")),
    ];
    assert!(codes["verification_url"].is_string());
    assert_eq!(post(&provider, "/token", &form).await.0, 428);
    assert_eq!(post(&provider, "/token", &form).await.0, 403, "too fast");
}

#[tokio::test]
async fn a_service_account_is_refused_in_googles_words() {
    let signer = Signer::with_jwks(Algorithm::RS256);
    let mut options = options();
    options.persona = Persona::Google;
    options.now = Now::told_by(|| NOW);
    options.service_accounts.push(ServiceAccount {
        issuer: "robot@project.iam.gserviceaccount.com".into(),
        keys: signer.keys.clone(),
        scopes: vec![MAIL.into()],
    });
    let (provider, book) = start(options).await;
    let claims = json!({
        "iss": "robot@project.iam.gserviceaccount.com", "sub": USER, "scope": MAIL,
        "aud": format!("{}/token", provider.origin()), "iat": NOW, "exp": NOW + 3600,
    });
    let ask = async |signer: &Signer, changes: Value| {
        let assertion = signer.sign(&claims_with(claims.clone(), &changes));
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        post_bare(&provider, "/token", &form).await
    };
    let (_, tokens) = ask(&signer, json!({})).await;
    let entry = book.look_up(text(&tokens, "access_token"));
    assert_eq!(entry, Some((USER.into(), MAIL.into())));
    let stranger = Signer::with_jwks(Algorithm::RS256);
    for (signer, changes, status, error, description) in [
        (
            &signer,
            json!({ "scope": "https://mail.google.com" }),
            401,
            "unauthorized_client",
            "Client is unauthorized",
        ),
        (
            &signer,
            json!({ "sub": "nobody@example.com" }),
            400,
            "invalid_grant",
            "Invalid email or User ID",
        ),
        (
            &signer,
            json!({ "sub": "nobody" }),
            400,
            "invalid_grant",
            "Not a valid email",
        ),
        (
            &signer,
            json!({ "exp": NOW + 7200 }),
            400,
            "invalid_grant",
            "Invalid JWT: Token must be",
        ),
        (
            &signer,
            json!({ "iat": NOW + 600 }),
            400,
            "invalid_grant",
            "Invalid JWT: Token must be",
        ),
        (
            &signer,
            json!({ "iss": "other" }),
            400,
            "invalid_grant",
            "Invalid JWT: No valid verifier",
        ),
        (
            &stranger,
            json!({}),
            400,
            "invalid_grant",
            "Invalid JWT Signature.",
        ),
    ] {
        let (got, refusal) = ask(signer, changes.clone()).await;
        assert_eq!((got, text(&refusal, "error")), (status, error), "{changes}");
        let said = text(&refusal, "error_description");
        assert!(said.starts_with(description), "{changes}: {said}");
    }
}
