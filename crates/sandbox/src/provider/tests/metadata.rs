//! Discovery, keys, and what the `id_token` says.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::client::{http, text, tokens};
use super::*;

pub(super) async fn get(provider: &IdentityProvider, path: &str) -> (u16, String) {
    let url = format!("{}{path}", provider.origin());
    let response = http().get(url).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

/// The claims of an `id_token`, if the published keys say that it is genuine.
pub(super) async fn claims(provider: &IdentityProvider, tokens: &Value) -> Option<Value> {
    let (_, keys) = get(provider, "/jwks").await;
    let keys: JwkSet = serde_json::from_str(&keys).unwrap();
    let token = text(tokens, "id_token");
    let id = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&id).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["desk"]);
    validation.set_issuer(&[provider.issuer()]);
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation);
    decoded.ok().map(|token| token.claims)
}

#[tokio::test]
async fn discovery_names_endpoints_that_are_there() {
    let (provider, _) = start(options()).await;
    let (_, document) = get(&provider, "/.well-known/openid-configuration").await;
    let document: Value = serde_json::from_str(&document).unwrap();
    let issuer = provider.issuer();
    assert_eq!(document["issuer"], issuer);
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    let members = document.as_object().unwrap();
    let mut endpoints = 0;
    for (name, value) in members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || name.as_str() == "jwks_uri")
    {
        let path = value.as_str().unwrap().strip_prefix(&issuer).unwrap();
        let (status, _) = get(&provider, path).await;
        assert_ne!(status, 404, "{name}");
        endpoints += 1;
    }
    assert_eq!(endpoints, 6);
    assert_eq!(get(&provider, "/nowhere").await.0, 404);
}

#[tokio::test]
async fn the_id_token_says_who_signed_in() {
    let (provider, _) = start(options()).await;
    let tokens = tokens(&provider).await;
    let claims = claims(&provider, &tokens).await.unwrap();
    assert_eq!(claims["sub"], USER);
    assert_eq!(claims["email"], USER);
    assert_eq!(claims["nonce"], "the-nonce");
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let (provider, _) = start(options()).await;
    let answer = super::client::callback(&provider, &[("scope", "imap")]).await;
    let (_, tokens) = super::client::redeem(&provider, &answer["code"]).await;
    assert!(tokens["access_token"].is_string());
    assert_eq!(tokens.get("id_token"), None);
}

#[tokio::test]
async fn after_a_rotation_a_new_key_signs_and_the_old_one_is_published_or_not() {
    for keep_old in [true, false] {
        let (provider, _) = start(options()).await;
        let before = tokens(&provider).await;
        provider.rotate_keys(keep_old).unwrap();
        let after = tokens(&provider).await;
        let key = |tokens: &Value| {
            let header = jsonwebtoken::decode_header(text(tokens, "id_token"));
            header.unwrap().kid.unwrap()
        };
        assert_ne!(key(&before), key(&after));
        assert!(claims(&provider, &after).await.is_some());
        let (_, keys) = get(&provider, "/jwks").await;
        let keys: JwkSet = serde_json::from_str(&keys).unwrap();
        assert_eq!(keys.find(&key(&before)).is_some(), keep_old);
    }
}
