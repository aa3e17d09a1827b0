//! A client that does everything right, unless a test lets it not.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::*;
use crate::provider::grants::challenge;

pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox knows none of Mailgrant's crates"
)]
pub(super) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// An authorization URL in order, with some parameters replaced (or, as `""`, left out).
pub(super) fn authorize_url(provider: &IdentityProvider, changes: &[(&str, &str)]) -> String {
    let challenge = challenge(VERIFIER);
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "desk"),
        ("redirect_uri", CALLBACK),
        ("scope", SCOPE),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    parameters.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let base = format!("{}/authorize", provider.issuer());
    Url::parse_with_params(&base, parameters).unwrap().into()
}

/// Signs in in order, with some parameters changed: the answer's parameters.
pub(super) async fn callback(
    provider: &IdentityProvider,
    changes: &[(&str, &str)],
) -> HashMap<String, String> {
    let url = authorize_url(provider, changes);
    query(&sign_in(&url, USER, PASSWORD).await.unwrap())
}

pub(super) fn query(url: &str) -> HashMap<String, String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}

/// Posts a form for client `desk`, authenticated: status and JSON.
pub(super) async fn post(
    provider: &IdentityProvider,
    path: &str,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let mut form = form.to_vec();
    form.extend([("client_id", "desk"), ("client_secret", "s3cret & more")]);
    post_bare(provider, path, &form).await
}

/// Posts a form as it is.
pub(super) async fn post_bare(
    provider: &IdentityProvider,
    path: &str,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let url = format!("{}{path}", provider.origin());
    let response = http().post(url).form(form).send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

pub(super) async fn redeem(provider: &IdentityProvider, code: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    post(provider, "/token", &form).await
}

/// Signs in and redeems the code.
pub(super) async fn tokens(provider: &IdentityProvider) -> Value {
    let code = callback(provider, &[]).await.remove("code").unwrap();
    let (status, tokens) = redeem(provider, &code).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

pub(super) async fn refresh(provider: &IdentityProvider, token: &str) -> (u16, Value) {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(provider, "/token", &form).await
}

/// A member of a JSON object that is a string.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no `{name}` in {value}"))
}
