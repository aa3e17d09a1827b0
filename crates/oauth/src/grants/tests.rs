//! What holds for requests with a code, a refresh token or a revocation.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::ProviderKind::{Google, Microsoft, Oidc};
use crate::client_authentication::basic;
use crate::endpoints::tests::endpoints;
use crate::test_server::{Received, Reply, TestServer, http_client, profile};
use crate::{
    ClientCredential, Endpoints, HttpClient, Profile, RedirectUri, Refusal, Resource, SecretMethod,
    Tokens, redeem_code, refresh, requested_scopes, revoke,
};

const TOKENS: &str = r#"{"access_token":"AT","token_type":"bearer","expires_in":3600}"#;

fn secret(method: SecretMethod) -> ClientCredential {
    ClientCredential::Secret {
        secret: "s~cr+t/ %ü".into(),
        method,
        expires_at: None,
    }
}

fn at(server: &TestServer) -> Endpoints {
    Endpoints {
        token: server.url("/token"),
        revocation: Some(server.url("/revoke")),
        ..endpoints("https://login.example.com")
    }
}

async fn refreshed(server: &TestServer, profile: &Profile) -> Result<Tokens, Refusal> {
    let scopes = requested_scopes(profile, &at(server));
    refresh(
        &http_client(),
        profile,
        &at(server),
        &"RT-9f8e7d".into(),
        Resource::Mail,
        &scopes,
    )
    .await
}

fn fields(request: &Received) -> Vec<(String, String)> {
    let mut form = request.form();
    form.sort();
    form
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_code_is_redeemed_with_its_verifier_and_the_same_redirect_uri() {
    let server = TestServer::start().await;
    server.queue([Reply::json(TOKENS)]);
    let desk = "https://desk.example.com/index.pl?Action=AdminMailAccount";
    let redirect_uri = RedirectUri::parse(desk).unwrap();
    let mut google = profile(Google);
    google.credential = secret(SecretMethod::Post);
    let http = http_client();
    let (endpoints, code, verifier) = (at(&server), "C".into(), "V".into());
    let tokens = redeem_code(&http, &google, &endpoints, &redirect_uri, &code, &verifier).await;
    assert_eq!(tokens.unwrap().access_token.expose_secret(), "AT");
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /token HTTP/1.1");
    let agent = format!("user-agent: Mailgrant/{}", env!("CARGO_PKG_VERSION"));
    assert!(request.head.contains(&agent), "{}", request.head);
    assert!(!request.head.to_lowercase().contains("accept-encoding"));
    assert_eq!(
        fields(request),
        pairs(&[
            ("client_id", "client"),
            ("client_secret", "s~cr+t/ %ü"),
            ("code", "C"),
            ("code_verifier", "V"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", desk),
        ])
    );
}

#[test]
fn a_grant_can_be_kept_by_any_thread() {
    fn assert_send<T: Send>(_: &T) {}
    let (http, google, endpoints) = (http_client(), profile(Google), endpoints("x"));
    let token = SecretString::from("RT");
    assert_send(&refresh(
        &http,
        &google,
        &endpoints,
        &token,
        Resource::Mail,
        &[],
    ));
    assert_send(&revoke(&http, &google, &endpoints, &token));
    assert_send(&crate::resolve(&http, &google));
    let now = jiff::Timestamp::UNIX_EPOCH;
    assert_send(&crate::identity(
        &http,
        &google,
        &endpoints,
        &token,
        Some(&token),
        now,
    ));
    let redirect_uri = RedirectUri::parse("http://localhost/").unwrap();
    assert_send(&redeem_code(
        &http,
        &google,
        &endpoints,
        &redirect_uri,
        &token,
        &token,
    ));
}

#[tokio::test]
async fn basic_encodes_id_and_secret_before_it_joins_them() {
    let server = TestServer::start().await;
    server.queue([Reply::json(TOKENS)]);
    let mut oidc = profile(Oidc);
    oidc.client_id = "a:b".to_owned();
    oidc.credential = secret(SecretMethod::Basic);
    refreshed(&server, &oidc).await.unwrap();
    let request = &server.requests()[0];
    let encoded = BASE64_STANDARD.encode("a%3Ab:s%7Ecr%2Bt%2F+%25%C3%BC");
    assert!(
        request
            .head
            .contains(&format!("authorization: Basic {encoded}"))
    );
    assert_eq!(
        fields(request),
        pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "RT-9f8e7d")
        ])
    );
}

#[tokio::test]
async fn a_refresh_names_the_scopes_of_one_resource_where_the_provider_needs_them() {
    let server = TestServer::start().await;
    server.queue([Reply::json(TOKENS), Reply::json(TOKENS)]);
    refreshed(&server, &profile(Microsoft)).await.unwrap();
    refreshed(&server, &profile(Google)).await.unwrap();
    let scope = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
    let requests = server.requests();
    assert!(fields(&requests[0]).contains(&("scope".to_owned(), scope.to_owned())));
    assert!(fields(&requests[1]).iter().all(|(name, _)| name != "scope"));
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_later_and_only_then() {
    let server = TestServer::start().await;
    for reply in [
        Reply::status(429, "Retry-After: 30"),
        Reply::bytes("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"access_token\":\"A"),
        Reply::bytes(""),
        Reply::bytes("220 mail.example.com ESMTP\r\n"),
    ] {
        server.queue([reply.clone()]);
        let before = server.requests().len();
        let refusal = refreshed(&server, &profile(Google)).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::Later { .. }),
            "{reply:?}: {refusal:?}"
        );
        assert_eq!(server.requests().len(), before + 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_never_ends_holds_nobody() {
    let server = TestServer::start().await;
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{";
    server.queue([Reply::hanging(half), Reply::endless()]);
    let google = profile(Google);
    let ask = async |http: HttpClient| {
        refresh(
            &http,
            &google,
            &at(&server),
            &"RT".into(),
            Resource::Mail,
            &[],
        )
        .await
        .unwrap_err()
    };
    let hasty = HttpClient::new(Duration::from_millis(300)).unwrap();
    let refusal = ask(hasty).await;
    assert!(
        refusal.to_string().contains("no answer in time"),
        "{refusal}"
    );
    let refusal = ask(http_client()).await;
    assert!(
        refusal.to_string().contains("more than 1048576 bytes"),
        "{refusal}"
    );
}

#[tokio::test]
async fn nobody_is_followed_and_nothing_is_unpacked() {
    let server = TestServer::start().await;
    let elsewhere = format!("Location: {}", server.url("/elsewhere"));
    server.queue([
        Reply::status(307, &elsewhere),
        Reply::with(200, "Content-Encoding: gzip", "\u{1f}"),
    ]);
    for _ in 0..2 {
        let refusal = refreshed(&server, &profile(Google)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Garbled(_)), "{refusal:?}");
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.line.contains("/token"))
    );
}

#[tokio::test]
async fn nobody_listening_is_nobodys_fault() {
    let server = TestServer::start().await;
    let endpoints = at(&server);
    drop(server);
    tokio::task::yield_now().await;
    let refusal = refresh(
        &http_client(),
        &profile(Google),
        &endpoints,
        &"RT".into(),
        Resource::Mail,
        &[],
    )
    .await;
    let Refusal::Later { why, .. } = refusal.unwrap_err() else {
        panic!()
    };
    assert!(
        why.contains("/token: no connection: Connection refused"),
        "{why}"
    );
}

#[tokio::test]
async fn a_secret_is_never_sent_over_plain_http() {
    let mut endpoints = endpoints("x");
    endpoints.token = Url::parse("http://login.example.com/token").unwrap();
    let refusal = refresh(
        &http_client(),
        &profile(Google),
        &endpoints,
        &"RT".into(),
        Resource::Mail,
        &[],
    )
    .await;
    assert!(
        refusal
            .unwrap_err()
            .to_string()
            .contains("loopback addresses only")
    );
}

#[tokio::test]
async fn what_the_provider_echoes_is_redacted() {
    let server = TestServer::start().await;
    let mut oidc = profile(Oidc);
    oidc.credential = secret(SecretMethod::Basic);
    let basic = basic("client", &"s~cr+t/ %ü".into());
    let echo = format!(
        r#"{{"error":"invalid_grant","error_description":"RT-9f8e7d and RT-9f8e7d or s~cr+t/ %ü or s%7Ecr%2Bt%2F+%25%C3%BC or {}"}}"#,
        basic.expose_secret()
    );
    let odd = r#"{"error":"RT-9f8e7d","error_description":"x"}"#;
    server.queue([Reply::refusal(&echo), Reply::refusal(odd)]);
    let refusal = refreshed(&server, &oidc).await.unwrap_err();
    insta::assert_snapshot!(refusal, @"the identity provider asks for a person: invalid_grant: [redacted] and [redacted] or [redacted] or [redacted] or [redacted]");
    let refusal = refreshed(&server, &oidc).await.unwrap_err();
    assert!(!format!("{refusal:?}{refusal}").contains("9f8e7d"));
}

#[tokio::test]
async fn tokens_cannot_be_seen() {
    let server = TestServer::start().await;
    let body = r#"{"access_token":"hide-a","refresh_token":"hide-r","id_token":"hide-i"}"#;
    server.queue([Reply::json(body)]);
    let mut google = profile(Google);
    google.credential = ClientCredential::Secret {
        secret: "hide-s".into(),
        method: SecretMethod::Post,
        expires_at: None,
    };
    let tokens = refreshed(&server, &google).await.unwrap();
    let shown = format!("{tokens:?} {google:?} {:?}", http_client());
    assert!(!shown.contains("hide-"), "{shown}");
}

#[tokio::test]
async fn a_grant_is_ended_where_the_provider_can() {
    let server = TestServer::start().await;
    let end = async |endpoints: &Endpoints| {
        revoke(&http_client(), &profile(Google), endpoints, &"RT".into()).await
    };
    server.queue([
        Reply::status(200, ""),
        Reply::refusal(r#"{"error":"invalid_token"}"#),
        Reply::status(503, "Retry-After: 1"),
        Reply::refusal(r#"{"error":"invalid_client"}"#),
    ]);
    assert!(end(&at(&server)).await.unwrap());
    assert!(end(&at(&server)).await.unwrap());
    assert!(matches!(
        end(&at(&server)).await,
        Err(Refusal::Later { .. })
    ));
    assert!(matches!(end(&at(&server)).await, Err(Refusal::Profile(_))));
    assert!(!end(&endpoints("x")).await.unwrap());
    assert_eq!(
        fields(&server.requests()[0]),
        pairs(&[
            ("client_id", "client"),
            ("token", "RT"),
            ("token_type_hint", "refresh_token")
        ])
    );
}
