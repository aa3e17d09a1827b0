//! The token endpoint, introspection and revocation when all is well.

use serde_json::json;

use super::client::{VERIFIER, callback, http, post, post_bare, redeem, refresh, text, tokens};
use super::*;

#[tokio::test]
async fn a_code_becomes_tokens_that_the_book_knows() {
    let (provider, book) = start(options()).await;
    let tokens = tokens(&provider).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], SCOPE);
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(
        book.look_up(text(&tokens, "access_token")),
        Some((USER.into(), SCOPE.into()))
    );
}

#[tokio::test]
async fn a_code_is_refused_without_the_right_verifier_or_redirect_uri() {
    let (provider, _) = start(options()).await;
    for (name, value, error) in [
        ("code_verifier", "x".repeat(43), "invalid_grant"),
        ("code_verifier", String::new(), "invalid_request"),
        ("redirect_uri", OTRS_CALLBACK.into(), "invalid_grant"),
        ("code", "unknown".into(), "invalid_grant"),
        ("grant_type", "password".into(), "unsupported_grant_type"),
        ("grant_type", String::new(), "invalid_request"),
    ] {
        let code = callback(&provider, &[]).await.remove("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ]
        .map(|(key, right)| (key, if key == name { value.as_str() } else { right }));
        let (status, refusal) = post(&provider, "/token", &form).await;
        assert_eq!((status, text(&refusal, "error")), (400, error), "{name}");
    }
}

#[tokio::test]
async fn clients_prove_themselves_by_basic_by_post_or_not_at_all() {
    let (provider, _) = start(options()).await;
    let desk = provider.grant("desk", USER, "imap");
    let script = provider.grant("script", USER, "imap");
    let url = format!("{}/token", provider.issuer());
    let basic = |id: &'static str, secret: &'static str, token: String| {
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token),
        ];
        let request = http().post(&url).basic_auth(id, Some(secret)).form(&form);
        async { request.send().await.unwrap() }
    };
    let response = basic("desk", "s3cret+%26+more", desk).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", script.as_str()),
        ("client_id", "script"),
    ];
    let (status, tokens) = post_bare(&provider, "/token", &form).await;
    assert_eq!(status, 200);

    // And the same wrongly.
    let token = text(&tokens, "refresh_token").to_owned();
    let response = basic("desk", "wrong", token.clone()).await;
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("www-authenticate"));
    let credentials: [&[(&str, &str)]; 4] = [
        &[("client_id", "desk")],
        &[("client_id", "desk"), ("client_secret", "wrong")],
        &[("client_id", "script"), ("client_secret", "needless")],
        &[("client_id", "nobody")],
    ];
    for credentials in credentials {
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", &token)];
        form.extend(credentials);
        let (status, refusal) = post_bare(&provider, "/token", &form).await;
        assert_eq!((status, text(&refusal, "error")), (401, "invalid_client"));
    }
    // A token that belongs to another client.
    let (status, refusal) = refresh(&provider, &token).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert_eq!(provider.reuse_detected(), 0);
}

#[tokio::test]
async fn refreshing_rotates_and_an_old_token_ends_the_grant() {
    let (provider, book) = start(options()).await;
    let first = provider.grant("desk", USER, "imap smtp");
    let (_, answer) = refresh(&provider, &first).await;
    let second = text(&answer, "refresh_token");
    let access = text(&answer, "access_token");
    assert_ne!(second, first);
    assert!(book.look_up(access).is_some());

    let (status, refusal) = refresh(&provider, &first).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert_eq!(provider.reuse_detected(), 1);
    assert!(book.look_up(access).is_none());
    let (status, refusal) = refresh(&provider, second).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert_eq!(provider.reuse_detected(), 1);
    assert_eq!(provider.refreshes(), 3);
    assert_eq!(provider.token_requests(), 3);
}

#[tokio::test]
async fn of_two_refreshes_at_the_same_time_one_is_reuse() {
    let (provider, _) = start(options()).await;
    let token = provider.grant("desk", USER, "imap");
    let (one, other) = tokio::join!(refresh(&provider, &token), refresh(&provider, &token));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(provider.reuse_detected(), 1);
}

#[tokio::test]
async fn without_rotation_the_token_stays() {
    let (provider, _) = start(ProviderOptions {
        rotate: false,
        ..options()
    })
    .await;
    let token = provider.grant("desk", USER, "imap");
    for _ in 0..3 {
        let (status, answer) = refresh(&provider, &token).await;
        assert_eq!(status, 200);
        assert_eq!(answer.get("refresh_token"), None);
    }
    assert_eq!(provider.reuse_detected(), 0);
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_but_not_for_more() {
    let (provider, book) = start(options()).await;
    let token = provider.grant("desk", USER, "imap smtp");
    let ask = |token: String, scope: &'static str| {
        let provider = &provider;
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", &token),
                ("scope", scope),
            ];
            post(provider, "/token", &form).await
        }
    };
    let (status, refusal) = ask(token.clone(), "imap calendar").await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_scope"));
    let (status, answer) = ask(token, "imap").await;
    assert_eq!((status, text(&answer, "scope")), (200, "imap"));
    let (_, scope) = book.look_up(text(&answer, "access_token")).unwrap();
    assert_eq!(scope, "imap");
    // What was asked for once is no limit for the next time.
    let (status, answer) = refresh(&provider, text(&answer, "refresh_token")).await;
    assert_eq!((status, text(&answer, "scope")), (200, "imap smtp"));
}

#[tokio::test]
async fn revoked_grants_are_refused_until_the_user_signs_in_again() {
    let (provider, book) = start(options()).await;
    let before = tokens(&provider).await;
    let other = provider.grant("desk", "other@example.com", "imap");
    provider.revoke_grants(USER);
    let (status, refusal) = refresh(&provider, text(&before, "refresh_token")).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert!(book.look_up(text(&before, "access_token")).is_some());
    assert_eq!(refresh(&provider, &other).await.0, 200);
    let after = tokens(&provider).await;
    let (status, _) = refresh(&provider, text(&after, "refresh_token")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn introspection_tells_what_a_token_is() {
    let (provider, book) = start(options()).await;
    let tokens = tokens(&provider).await;
    let ask = |token: String| {
        let provider = &provider;
        async move { post(provider, "/introspect", &[("token", &token)]).await.1 }
    };
    let access = text(&tokens, "access_token");
    let answer = ask(access.into()).await;
    assert_eq!(answer["active"], true);
    assert_eq!(answer["username"], USER);
    assert_eq!(answer["client_id"], "desk");
    assert_eq!(answer["scope"], SCOPE);
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["exp"].as_i64().unwrap() > 1_700_000_000);
    let refresh = ask(text(&tokens, "refresh_token").into()).await;
    assert_eq!(refresh["active"], true);
    assert_eq!(refresh.get("exp"), None);
    book.revoke(access);
    for token in [access, "unknown"] {
        assert_eq!(ask(token.into()).await, json!({ "active": false }));
    }
    for client in [
        [("client_id", "script"), ("token", access)],
        [("client_id", "desk"), ("token", access)],
    ] {
        let (status, _) = post_bare(&provider, "/introspect", &client).await;
        assert_eq!(status, 401);
    }
}

#[tokio::test]
async fn revocation_ends_an_access_token_alone_or_the_whole_grant() {
    let (provider, book) = start(options()).await;
    let first = tokens(&provider).await;
    let access = text(&first, "access_token");
    let end = |token: &str| {
        let (provider, token) = (&provider, token.to_owned());
        async move { post(provider, "/revoke", &[("token", &token)]).await.0 }
    };
    assert_eq!(end(access).await, 200);
    assert!(book.look_up(access).is_none());
    let (status, second) = refresh(&provider, text(&first, "refresh_token")).await;
    assert_eq!(status, 200);
    assert_eq!(end(text(&second, "refresh_token")).await, 200);
    assert!(book.look_up(text(&second, "access_token")).is_none());
    let (status, _) = refresh(&provider, text(&second, "refresh_token")).await;
    assert_eq!(status, 400);
    // What is unknown or over is no error; what is another's is.
    assert_eq!(end("unknown").await, 200);
    assert_eq!(end(text(&second, "refresh_token")).await, 200);
    let foreign = provider.grant("script", USER, "imap");
    assert_eq!(end(&foreign).await, 400);
}

#[tokio::test]
async fn a_public_client_signs_in_with_pkce_alone() {
    let (provider, _) = start(options()).await;
    let answer = callback(&provider, &[("client_id", "script")]).await;
    // Another client cannot redeem the code.
    let (status, _) = redeem(&provider, &answer["code"]).await;
    assert_eq!(status, 400);
    let answer = callback(&provider, &[("client_id", "script")]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", answer["code"].as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", "script"),
    ];
    let (status, _) = post_bare(&provider, "/token", &form).await;
    assert_eq!(status, 200);
}
