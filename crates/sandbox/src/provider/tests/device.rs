//! Device authorization, from the device's question to the person's answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;

use super::client::{post, text};
use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn codes(provider: &IdentityProvider) -> Value {
    let (status, codes) = post(provider, "/device_authorization", &[("scope", SCOPE)]).await;
    assert_eq!(status, 200, "{codes}");
    codes
}

async fn ask(provider: &IdentityProvider, codes: &Value) -> (u16, Value) {
    let form = [
        ("grant_type", GRANT),
        ("device_code", text(codes, "device_code")),
    ];
    post(provider, "/token", &form).await
}

async fn answer(codes: &Value, allow: bool) {
    let page = text(codes, "verification_uri");
    let code = text(codes, "user_code").to_lowercase();
    let answered = answer_device(page, &code, (USER, PASSWORD), allow);
    answered.await.unwrap();
}

#[tokio::test]
async fn a_device_waits_until_somebody_has_allowed_or_denied() {
    let (mut options, seconds) = (options(), Arc::new(AtomicI64::new(0)));
    let clock = Arc::clone(&seconds);
    options.now = Now::told_by(move || clock.load(Ordering::Relaxed));
    let (provider, book) = start(options).await;
    let allowed = codes(&provider).await;
    assert_eq!(allowed["interval"], 5);
    let (status, pending) = ask(&provider, &allowed).await;
    assert_eq!(
        (status, text(&pending, "error")),
        (400, "authorization_pending")
    );
    let (_, fast) = ask(&provider, &allowed).await;
    assert_eq!(fast["error"], "slow_down");
    answer(&allowed, true).await;
    seconds.store(15, Ordering::Relaxed);
    let (status, tokens) = ask(&provider, &allowed).await;
    assert_eq!(status, 200, "{tokens}");
    let entry = book.look_up(text(&tokens, "access_token"));
    assert_eq!(entry, Some((USER.into(), SCOPE.into())));
    assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
    let (_, used) = ask(&provider, &allowed).await;
    assert_eq!(used["error"], "invalid_grant");

    let denied = codes(&provider).await;
    answer(&denied, false).await;
    let (status, refusal) = ask(&provider, &denied).await;
    assert_eq!((status, text(&refusal, "error")), (400, "access_denied"));

    let late = codes(&provider).await;
    seconds.store(15 + 900, Ordering::Relaxed);
    let (status, refusal) = ask(&provider, &late).await;
    assert_eq!((status, text(&refusal, "error")), (400, "expired_token"));
    let (page, code) = (text(&late, "verification_uri"), text(&late, "user_code"));
    let error = answer_device(page, code, (USER, PASSWORD), true).await;
    assert!(error.unwrap_err().to_string().contains("not known"));
}

#[tokio::test]
async fn the_complete_address_has_the_code_typed_already() {
    let (provider, _) = start(options()).await;
    let codes = codes(&provider).await;
    let page = text(&codes, "verification_uri_complete");
    let page = crate::Browser::default().open(page).await.unwrap();
    let typed = format!("value=\"{}\"", text(&codes, "user_code"));
    assert!(page.body.contains(&typed), "{}", page.body);
}
