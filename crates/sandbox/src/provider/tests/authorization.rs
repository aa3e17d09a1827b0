//! The authorization endpoint and its pages.

use super::client::{authorize_url, callback, http, query, redeem, text};
use super::*;

/// The page behind a URL, with its status.
async fn get(url: &str) -> (u16, String) {
    let response = http().get(url).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

#[tokio::test]
async fn signing_in_brings_a_code_the_state_and_the_issuer() {
    let (provider, _) = start(options()).await;
    let url = authorize_url(&provider, &[]);
    let location = sign_in(&url, USER, PASSWORD).await.unwrap();
    assert!(location.starts_with("http://127.0.0.1:1/callback?code=co_"));
    let answer = query(&location);
    assert_eq!(answer["state"], "the-state");
    assert_eq!(answer["iss"], provider.issuer());
}

#[tokio::test]
async fn a_redirect_uri_keeps_its_own_query() {
    let (provider, _) = start(options()).await;
    let url = authorize_url(&provider, &[("redirect_uri", OTRS_CALLBACK)]);
    let location = sign_in(&url, USER, PASSWORD).await.unwrap();
    assert!(location.starts_with(&format!("{OTRS_CALLBACK}&code=co_")));
}

#[tokio::test]
async fn the_pages_have_what_a_browser_test_looks_for() {
    let mut options = options();
    options.hint = Some("Use desk@example.com & <demo>.".into());
    let (provider, _) = start(options).await;
    let url = authorize_url(&provider, &[("login_hint", "x\"y@example.com")]);
    let response = http().get(&url).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str();
    assert!(policy.unwrap().contains("frame-ancestors 'none'"));
    let page = response.text().await.unwrap();
    for part in [
        "id=\"address\"",
        "id=\"password\"",
        "id=\"sign-in\"",
        "for=\"address\"",
        "for=\"password\"",
        "sandbox",
        "Use desk@example.com &#38; &#60;demo&#62;.",
        "value=\"x&#34;y@example.com\"",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    let (_, rest) = page.split_once("name=\"attempt\" value=\"").unwrap();
    let (attempt, _) = rest.split_once('"').unwrap();
    let form = [
        ("attempt", attempt),
        ("address", " DESK@example.com "),
        ("password", PASSWORD),
    ];
    let sign_in = format!("{}/sign-in", provider.issuer());
    let response = http().post(sign_in).form(&form).send().await.unwrap();
    let page = response.text().await.unwrap();
    for part in [
        "id=\"allow\"",
        "id=\"deny\"",
        "<code>imap</code>",
        USER,
        ">desk<",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    let (status, css) = get(&format!("{}/style.css", provider.issuer())).await;
    assert_eq!(status, 200);
    assert!(css.contains("light dark"));
}

#[tokio::test]
async fn a_wrong_password_is_said_on_the_page() {
    let (provider, _) = start(options()).await;
    let url = authorize_url(&provider, &[]);
    for (address, password) in [(USER, "wrong"), ("nobody@example.com", PASSWORD), ("", "")] {
        let error = sign_in(&url, address, password).await.unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("The address or the password is wrong."),
            "{said}"
        );
    }
}

#[tokio::test]
async fn consent_without_sign_in_is_refused_and_counts_once() {
    let (provider, _) = start(options()).await;
    let consent = format!("{}/consent", provider.issuer());
    let (_, page) = get(&authorize_url(&provider, &[])).await;
    let (_, rest) = page.split_once("name=\"attempt\" value=\"").unwrap();
    let (attempt, _) = rest.split_once('"').unwrap();
    let allow = [("attempt", attempt), ("decision", "allow")];
    let press = || async {
        let response = http().post(&consent).form(&allow).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(press().await, 400);
    let form = [
        ("attempt", attempt),
        ("address", USER),
        ("password", PASSWORD),
    ];
    let sign_in = format!("{}/sign-in", provider.issuer());
    http().post(sign_in).form(&form).send().await.unwrap();
    assert_eq!(press().await, 303);
    assert_eq!(press().await, 400);
}

#[tokio::test]
async fn denying_sends_the_refusal_to_the_client() {
    let (provider, _) = start(options()).await;
    let url = authorize_url(&provider, &[]);
    let answer = query(&sign_in_and_deny(&url, USER, PASSWORD).await.unwrap());
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["state"], "the-state");
    assert_eq!(answer["iss"], provider.issuer());
    assert!(!answer.contains_key("code"));
}

#[tokio::test]
async fn who_cannot_be_trusted_gets_no_redirect() {
    let (provider, _) = start(options()).await;
    let slash = format!("{CALLBACK}/");
    let evil = [("client_id", "<script>alert(1)</script>")];
    for changes in [
        [("client_id", "")],
        [("client_id", "nobody")],
        evil,
        [("redirect_uri", "")],
        [("redirect_uri", slash.as_str())],
        [("redirect_uri", "http://127.0.0.1:1/callback?x=1")],
        [("redirect_uri", "http://localhost:1/callback")],
    ] {
        let (status, page) = get(&authorize_url(&provider, &changes)).await;
        assert_eq!(status, 400, "{changes:?}");
        assert!(page.contains("id=\"message\""), "{changes:?}");
        assert!(!page.contains("<script"), "{changes:?}");
    }
    let twice = format!("{}&state=again", authorize_url(&provider, &[]));
    assert_eq!(get(&twice).await.0, 400);
}

#[tokio::test]
async fn a_wrong_request_is_refused_through_the_client() {
    let (provider, _) = start(options()).await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", ""), "invalid_scope"),
        (("prompt", "none"), "login_required"),
    ] {
        let answer = callback(&provider, &[change]).await;
        assert_eq!(answer["error"], error, "{change:?}");
        assert_eq!(answer["state"], "the-state", "{change:?}");
    }
}

#[tokio::test]
async fn a_code_serves_once_and_its_second_use_ends_the_grant() {
    let (provider, book) = start(options()).await;
    let code = callback(&provider, &[]).await.remove("code").unwrap();
    let (status, tokens) = redeem(&provider, &code).await;
    assert_eq!(status, 200);
    assert!(book.look_up(text(&tokens, "access_token")).is_some());
    let (status, refusal) = redeem(&provider, &code).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert!(book.look_up(text(&tokens, "access_token")).is_none());
    let (status, _) = super::client::refresh(&provider, text(&tokens, "refresh_token")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_browser_goes_nowhere_but_to_loopback() {
    for url in ["http://192.0.2.1/authorize", "https://example.com/", "x"] {
        let error = sign_in(url, USER, PASSWORD).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{url}");
    }
}
