//! A test alone: no secret is logged, by us or by what we stand on, at the most talkative level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::ProviderKind::Oidc;
use crate::endpoints::tests::endpoints;
use crate::test_server::{Reply, TestServer, http_client, profile};
use crate::{
    ClientCredential, Endpoints, RedirectUri, Resource, SecretMethod, redeem_code, refresh, revoke,
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

    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("shown on purpose"), "{lines}");
    // base64 of `client:LEAK-secret`, at the offset at which Basic has it.
    for secret in ["LEAK-", "Y2xpZW50OkxFQUs"] {
        assert!(!lines.contains(secret), "{lines}");
    }
}
