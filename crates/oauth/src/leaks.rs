//! A test alone: no secret is logged, by us or by what we stand on, at the most talkative level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::ProviderKind::Oidc;
use crate::endpoints::tests::endpoints;
use crate::test_server::{Reply, TestServer, http_client, profile};
use crate::{
    ClientCredential, ClientKey, Endpoints, HttpClient, Profile, RedirectUri, Resource,
    SecretMethod, application_token, begin_device, introspect, poll_device, redeem_code, refresh,
    revoke,
};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_stands_in_a_logged_line() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let server = TestServer::start().await;
    let http = http_client();
    let endpoints = Endpoints {
        token: server.url("/token"),
        revocation: Some(server.url("/revoke")),
        ..endpoints("https://login.example.com")
    };
    let redirect_uri = RedirectUri::parse("http://localhost/callback").unwrap();
    let token = "LEAK-refresh".into();
    for method in [SecretMethod::Basic, SecretMethod::Post] {
        let mut oidc = profile(Oidc);
        oidc.credential = ClientCredential::Secret {
            secret: "LEAK-secret".into(),
            method,
            expires_at: None,
        };
        let body = r#"{"access_token":"LEAK-access","refresh_token":"LEAK-new","scope":"mail"}"#;
        let echo = r#"{"error":"invalid_grant","error_description":"LEAK-refresh LEAK-secret"}"#;
        server.queue([
            Reply::json(body),
            Reply::refusal(echo),
            Reply::status(500, ""),
        ]);
        let (code, verifier) = ("LEAK-code".into(), "LEAK-verifier".into());
        let tokens = redeem_code(&http, &oidc, &endpoints, &redirect_uri, &code, &verifier).await;
        let refused = refresh(&http, &oidc, &endpoints, &token, Resource::Mail, &[]).await;
        let failed = revoke(&http, &oidc, &endpoints, &token).await;
        tracing::info!(?tokens, ?refused, ?failed, ?oidc, ?http, "shown on purpose");
    }
    let key_lines = with_keys_and_files(&server, &http).await;

    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("shown on purpose"), "{lines}");
    // base64 of `client:LEAK-secret`, at the offset at which Basic has it.
    for secret in ["LEAK-", "Y2xpZW50OkxFQUs"] {
        assert!(!lines.contains(secret), "{lines}");
    }
    for line in key_lines {
        assert!(!lines.contains(&line), "{line}");
    }
    for request in server.requests() {
        for (name, value) in request.form() {
            let signature = value.rsplit('.').next().unwrap_or_default();
            assert!(!name.ends_with("assertion") || !lines.contains(signature));
        }
    }
}

/// The other credentials and grants, used. Gives the lines of the key.
async fn with_keys_and_files(server: &TestServer, http: &HttpClient) -> Vec<String> {
    let pem = include_str!("../testdata/keys/ec-pkcs8.pem");
    let key = ClientKey::read(pem.as_bytes(), None).unwrap().key;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    mailgrant_base::files::create_private(&path, b"LEAK-assertion.LEAK.LEAK").unwrap();
    let both = Profile {
        credential: ClientCredential::Key(key),
        second_credential: Some(ClientCredential::FederatedTokenFile { path }),
        ..profile(Oidc)
    };
    let endpoints = Endpoints {
        token: server.url("/token"),
        introspection: Some(server.url("/introspect")),
        device_authorization: Some(server.url("/device")),
        ..endpoints("https://login.example.com")
    };
    let tokens = r#"{"access_token":"LEAK-access"}"#;
    let refused = r#"{"error":"invalid_client"}"#;
    let echo = r#"{"error":"invalid_client","error_description":"LEAK-assertion.LEAK.LEAK"}"#;
    let begun = r#"{"device_code":"LEAK-device","user_code":"u","expires_in":9,
        "verification_uri":"https://login.example.com/d"}"#;
    server.queue([
        Reply::refusal(refused),
        Reply::json(tokens),
        Reply::json(r#"{"active":true,"username":"LEAK-token"}"#),
        Reply::json(begun),
        Reply::refusal(r#"{"error":"odd","error_description":"LEAK-device"}"#),
        Reply::refusal(echo),
        Reply::refusal(refused),
    ]);
    let application = application_token(http, &both, &endpoints, "desk", Resource::Mail).await;
    let about = introspect(http, &both, &endpoints, &"LEAK-token".into()).await;
    let mut begun = begin_device(http, &both, &endpoints).await;
    let polled = poll_device(http, &both, &endpoints, begun.as_mut().unwrap()).await;
    let echoed = introspect(http, &both, &endpoints, &"LEAK-token".into()).await;
    let news = http.newly_refused_credential(&both);
    tracing::info!(
        ?application,
        ?about,
        ?begun,
        ?polled,
        ?news,
        ?both,
        "shown on purpose"
    );
    assert!(application.is_ok() && about.is_ok() && echoed.is_err());
    assert!(news.is_none());
    let inner = pem.lines().filter(|line| !line.starts_with('-'));
    inner.map(str::to_owned).collect()
}
