//! Microsoft's persona, where it differs.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::client::{VERIFIER, authorize_url, post, post_bare, query, text};
use super::metadata::get;
use super::*;

const IMAP: &str = "https://outlook.office.com/IMAP.AccessAsUser.All";
const SMTP: &str = "https://outlook.office.com/SMTP.Send";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

async fn microsoft() -> (IdentityProvider, TokenBook) {
    let mut options = options();
    options.persona = Persona::Microsoft;
    options.clients[0].own_scopes = vec!["https://outlook.office365.com/IMAP.AccessAsApp".into()];
    start(options).await
}

/// Signs in for these scopes.
async fn code(provider: &IdentityProvider, scope: &str) -> String {
    let url = authorize_url(provider, &[("scope", scope)]);
    let path = format!("{}/common/oauth2/v2.0/authorize", provider.origin());
    let url = url.replace(&format!("{}/authorize", provider.issuer()), &path);
    let mut back = query(&sign_in(&url, USER, PASSWORD).await.unwrap());
    assert_eq!(back.get("iss"), None);
    back.remove("code").unwrap()
}

async fn redeem(provider: &IdentityProvider, code: &str, scope: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("scope", scope),
    ];
    post(provider, "/common/oauth2/v2.0/token", &form).await
}

async fn refresh(provider: &IdentityProvider, token: &str, scope: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("scope", scope),
    ];
    post(provider, "/common/oauth2/v2.0/token", &form).await
}

fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn the_issuer_is_a_template_where_the_tenant_stands_for_many() {
    let (provider, _) = microsoft().await;
    let (origin, tenant) = (provider.origin(), provider.tenant());
    for (asked, issuer) in [
        ("common", format!("{origin}/{{tenantid}}/v2.0")),
        ("organizations", format!("{origin}/{{tenantid}}/v2.0")),
        (tenant, format!("{origin}/{tenant}/v2.0")),
    ] {
        let path = format!("/{asked}/v2.0/.well-known/openid-configuration");
        let document: Value = serde_json::from_str(&get(&provider, &path).await.1).unwrap();
        assert_eq!(document["issuer"], issuer);
        assert_eq!(document.get("revocation_endpoint"), None);
        let keys = text(&document, "jwks_uri").replace(&origin, "");
        let keys: Value = serde_json::from_str(&get(&provider, &keys).await.1).unwrap();
        assert_eq!(keys["keys"][0]["issuer"], issuer);
    }
    let path = "/nowhere.example/v2.0/.well-known/openid-configuration";
    let (status, body) = get(&provider, path).await;
    assert_eq!(status, 400);
    assert!(body.contains("AADSTS90002:"), "{body}");
}

#[tokio::test]
async fn a_token_is_for_one_resource_and_the_refresh_token_for_all() {
    let (provider, book) = microsoft().await;
    let all = format!("openid offline_access {IMAP} {SMTP} https://graph.microsoft.com/Mail.Read");
    let code = code(&provider, &all).await;
    let (status, tokens) = redeem(&provider, &code, &format!("{IMAP} {SMTP}")).await;
    assert_eq!(status, 200, "{tokens}");
    let access = text(&tokens, "access_token");
    let claims = payload(access);
    assert_eq!(claims["aud"], "https://outlook.office.com");
    assert_eq!(claims["scp"], "IMAP.AccessAsUser.All SMTP.Send");
    assert_eq!(claims["upn"], USER);
    assert_eq!(claims["tid"], provider.tenant());
    assert_eq!(claims["idtyp"], "user");
    assert_eq!(
        book.audience(access).as_deref(),
        Some("https://outlook.office.com")
    );
    let identity = payload(text(&tokens, "id_token"));
    assert_eq!(identity["iss"], provider.issuer());
    assert_eq!(identity["preferred_username"], USER);
    assert_eq!(identity["oid"], claims["oid"]);
    assert_eq!(identity.get("email"), None);

    let first = text(&tokens, "refresh_token");
    let (_, graph) = refresh(&provider, first, "https://graph.microsoft.com/Mail.Read").await;
    assert_eq!(payload(text(&graph, "access_token"))["aud"], GRAPH);
    let second = text(&graph, "refresh_token");
    assert_ne!(first, second);
    for old_or_new in [first, second] {
        assert_eq!(refresh(&provider, old_or_new, IMAP).await.0, 200);
    }
    let both = format!("{IMAP} https://graph.microsoft.com/Mail.Read");
    let (status, refusal) = refresh(&provider, first, &both).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_request"));
    assert_eq!(refusal["error_codes"], serde_json::json!([28000]));
    let (_, refusal) = refresh(&provider, first, "https://graph.microsoft.com/Mail.Send").await;
    assert_eq!(text(&refusal, "error"), "invalid_grant");
    assert_eq!(refusal["error_codes"][0], 65001);
}

#[tokio::test]
async fn a_scope_without_a_resource_is_graphs_unless_another_came_first() {
    let (provider, _) = microsoft().await;
    for (scope, audience) in [
        ("IMAP.AccessAsUser.All".to_owned(), GRAPH),
        (format!("Mail.Read {SMTP}"), GRAPH),
        (format!("{SMTP} Mail.Read"), "https://outlook.office.com"),
    ] {
        let code = code(&provider, &scope).await;
        let (status, tokens) = redeem(&provider, &code, &scope).await;
        assert_eq!(status, 200, "{tokens}");
        assert_eq!(
            payload(text(&tokens, "access_token"))["aud"],
            audience,
            "{scope}"
        );
        assert_eq!(
            tokens.get("refresh_token"),
            None,
            "nobody asked for offline_access"
        );
    }
}

#[tokio::test]
async fn an_application_asks_for_the_default_of_one_resource_and_may_get_no_role() {
    let (provider, _) = microsoft().await;
    let path = format!("/{}/oauth2/v2.0/token", provider.tenant());
    let ask = async |path: &str, scope: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        post(&provider, path, &form).await
    };
    let (_, tokens) = ask(&path, "https://outlook.office365.com/.default").await;
    let claims = payload(text(&tokens, "access_token"));
    assert_eq!(claims["aud"], "https://outlook.office365.com");
    assert_eq!(claims["roles"], serde_json::json!(["IMAP.AccessAsApp"]));
    assert_eq!(claims["idtyp"], "app");
    assert_eq!(claims["appid"], "desk");
    assert_eq!(claims.get("upn"), None);

    let (status, tokens) = ask(&path, "https://graph.microsoft.com/.default").await;
    assert_eq!(status, 200);
    let claims = payload(text(&tokens, "access_token"));
    assert_eq!(
        (&claims["aud"], claims.get("roles")),
        (&Value::from(GRAPH), None)
    );

    let (_, refusal) = ask(&path, "https://outlook.office365.com/IMAP.AccessAsApp").await;
    assert_eq!(refusal["error"], "invalid_scope");
    assert_eq!(refusal["error_codes"][0], 1_002_012);
    let default = "https://outlook.office365.com/.default";
    let (_, refusal) = ask("/common/oauth2/v2.0/token", default).await;
    assert_eq!(refusal["error_codes"][0], 9_001_023);
}

#[tokio::test]
async fn a_refusal_has_a_number_and_names_for_whoever_looks_it_up() {
    let (provider, _) = microsoft().await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "desk"),
        ("client_secret", "wrong"),
    ];
    let (status, refusal) = post_bare(&provider, "/common/oauth2/v2.0/token", &form).await;
    assert_eq!((status, text(&refusal, "error")), (401, "invalid_client"));
    assert_eq!(refusal["error_codes"], serde_json::json!([7_000_215]));
    let description = text(&refusal, "error_description");
    assert!(description.starts_with("AADSTS7000215: "), "{description}");
    for name in ["trace_id", "correlation_id", "timestamp"] {
        assert!(description.contains(text(&refusal, name)), "{description}");
    }
    assert!(text(&refusal, "error_uri").ends_with("code=7000215"));
}

#[tokio::test]
async fn a_device_hears_declined_and_not_denied() {
    let (provider, _) = microsoft().await;
    let form = [("client_id", "desk"), ("scope", IMAP)];
    let (_, codes) = post_bare(&provider, "/common/oauth2/v2.0/devicecode", &form).await;
    assert_eq!(codes.get("verification_uri_complete"), None);
    assert!(text(&codes, "message").contains(text(&codes, "user_code")));
    let page = text(&codes, "verification_uri");
    answer_device(page, text(&codes, "user_code"), (USER, PASSWORD), false)
        .await
        .unwrap();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", text(&codes, "device_code")),
    ];
    let (_, refusal) = post(&provider, "/common/oauth2/v2.0/token", &form).await;
    assert_eq!(refusal["error"], "authorization_declined");
}
