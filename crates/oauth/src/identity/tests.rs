use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header, encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ProviderKind::{self, Google, Microsoft, Oidc};
use crate::endpoints::tests::endpoints;
use crate::test_server::{Reply, TestServer, http_client, profile};

const NOW: i64 = 1_800_000_000;
const TENANT: &str = "0f0e0d0c-0000-4000-8000-000000000000";

/// A provider that signs what it is told to.
struct Signer {
    server: TestServer,
    http: HttpClient,
    key: EncodingKey,
    algorithm: Algorithm,
    kind: ProviderKind,
    issuer: &'static str,
}

impl Signer {
    async fn new(kind: ProviderKind, issuer: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate().unwrap();
        Self::with_key(
            kind,
            issuer,
            EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap(),
            Algorithm::ES256,
        )
        .await
    }

    async fn with_key(
        kind: ProviderKind,
        issuer: &'static str,
        key: EncodingKey,
        algorithm: Algorithm,
    ) -> Self {
        let signer = Self {
            server: TestServer::start().await,
            http: http_client(),
            key,
            algorithm,
            kind,
            issuer,
        };
        signer.publish(&["k1"]);
        signer
    }

    fn publish(&self, names: &[&str]) {
        let odd = json!({"kty": "new", "kid": "odd"});
        let own = names.iter().map(|name| {
            let mut key = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
            key.common.key_id = Some((*name).to_owned());
            key.common.key_algorithm = None;
            serde_json::to_value(key).unwrap()
        });
        let keys: Vec<Value> = std::iter::once(odd).chain(own).collect();
        let set = json!({"keys": keys});
        self.server.queue([Reply::json(&set.to_string())]);
    }

    fn sign(&self, name: &str, claims: &Value) -> SecretString {
        let header = Header {
            kid: Some(name.to_owned()),
            ..Header::new(self.algorithm)
        };
        encode(&header, claims, &self.key).unwrap().into()
    }

    async fn verify(&self, token: &SecretString) -> Result<Identity, String> {
        let endpoints = Endpoints {
            jwks: Some(self.server.url("/keys")),
            ..endpoints(self.issuer)
        };
        let now = Timestamp::from_second(NOW).unwrap();
        let nonce = "n-1".into();
        identity(
            &self.http,
            &profile(self.kind),
            &endpoints,
            token,
            Some(&nonce),
            now,
        )
        .await
        .map_err(|error| error.to_string())
    }
}

fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": "client", "sub": "s-1", "nonce": "n-1",
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3600,
        "email": "anna@example.com", "preferred_username": "anna",
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = claims("https://a.example");
    claims[name] = value;
    claims
}

#[tokio::test]
async fn who_signed_in_is_believed_if_the_provider_signed_it() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let token = signer.sign("k1", &claims("https://a.example"));
    let identity = signer.verify(&token).await.unwrap();
    assert_eq!(identity.subject, "s-1");
    assert_eq!(identity.name, "anna@example.com");
}

#[tokio::test]
async fn rsa_keys_serve_too() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
        let signer = Signer::with_key(Oidc, "https://a.example", key, algorithm).await;
        let token = signer.sign("k1", &claims("https://a.example"));
        signer.verify(&token).await.unwrap();
        // One character of the signature is another.
        let (before, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let token = format!("{before}.{other}{}", &signature[1..]);
        let said = signer.verify(&token.into()).await.unwrap_err();
        assert!(said.contains("signature is wrong"), "{said}");
    }
}

#[tokio::test]
async fn a_signature_that_names_no_key_is_checked_by_the_only_one_that_fits() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let claims = claims("https://a.example");
    let nameless = encode(&Header::new(signer.algorithm), &claims, &signer.key).unwrap();
    signer.verify(&nameless.into()).await.unwrap();
}

#[tokio::test]
async fn a_signature_that_names_no_key_is_refused_where_several_fit() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let claims = claims("https://a.example");
    // The keys are looked at, and looked at anew for want of one.
    signer.verify(&signer.sign("k1", &claims)).await.unwrap();
    signer.publish(&["k1", "k2"]);
    signer.verify(&signer.sign("k2", &claims)).await.unwrap();
    let nameless = encode(&Header::new(signer.algorithm), &claims, &signer.key).unwrap();
    let said = signer.verify(&nameless.into()).await.unwrap_err();
    assert!(said.contains("does not publish the key"), "{said}");
}

#[tokio::test]
async fn each_missing_claim_is_missed_by_name() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    for (name, wrong) in [
        ("iss", "issuer"),
        ("aud", "audience"),
        ("nonce", "nonce"),
        ("exp", "time"),
        ("iat", "time"),
        ("sub", "subject"),
    ] {
        let mut without = claims("https://a.example");
        without.as_object_mut().unwrap().remove(name);
        let said = signer
            .verify(&signer.sign("k1", &without))
            .await
            .unwrap_err();
        assert!(
            said.ends_with(&format!("its {wrong} is wrong")),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_renewed_identity_is_that_of_whoever_signed_in() {
    let unsigned = |claims: &Value| -> SecretString {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{payload}.x").into()
    };
    let said = |kind, issuer: &str, claims: &Value, subject: &str| {
        let (profile, endpoints) = (profile(kind), endpoints(issuer));
        let checked = check_renewed_identity(&profile, &endpoints, &unsigned(claims), subject);
        checked.map_err(|refusal| refusal.to_string())
    };
    let oidc = |claims: &Value| said(Oidc, "https://a.example", claims, "s-1");
    let good = claims("https://a.example");
    assert_eq!(oidc(&good), Ok(()));
    for (name, value, wrong) in [
        ("iss", json!("https://b.example"), "issuer"),
        ("sub", json!("s-2"), "subject"),
        ("aud", json!("other"), "audience"),
        ("azp", json!("other"), "audience"),
    ] {
        let refusal = oidc(&changed(name, value)).unwrap_err();
        assert!(refusal.contains(wrong), "{name}: {refusal}");
    }

    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let mut entra = claims(&template.replace("{tenantid}", TENANT));
    entra["tid"] = json!(TENANT);
    let object = format!("{TENANT}/o-1");
    let microsoft = |claims: &Value| said(Microsoft, template, claims, &object);
    // Without `profile` it does not name the object.
    assert_eq!(microsoft(&entra), Ok(()));
    entra["oid"] = json!("o-1");
    assert_eq!(microsoft(&entra), Ok(()));
    entra["oid"] = json!("o-2");
    assert!(microsoft(&entra).unwrap_err().contains("subject"));

    let (profile, endpoints) = (profile(Oidc), endpoints("https://a.example"));
    let opaque = "not a token".into();
    check_renewed_identity(&profile, &endpoints, &opaque, "s-1").unwrap();
}

#[tokio::test]
async fn each_wrong_claim_is_refused_by_name() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    for (name, value, wrong) in [
        ("iss", json!("https://b.example"), "issuer"),
        ("iss", json!("https://a.example/"), "issuer"),
        ("iss", json!(null), "issuer"),
        ("aud", json!("other"), "audience"),
        ("aud", json!(["client", "other"]), "audience"),
        ("aud", json!([]), "audience"),
        ("azp", json!("other"), "audience"),
        ("nonce", json!("n-2"), "nonce"),
        ("nonce", json!(null), "nonce"),
        ("nonce", json!(""), "nonce"),
        ("exp", json!(NOW - 121), "time"),
        ("exp", json!(null), "time"),
        ("exp", json!("never"), "time"),
        ("nbf", json!(NOW + 121), "time"),
        ("iat", json!(NOW + 121), "time"),
    ] {
        let token = signer.sign("k1", &changed(name, value.clone()));
        let said = signer.verify(&token).await.unwrap_err();
        assert!(
            said.ends_with(&format!("its {wrong} is wrong")),
            "{name}={value}: {said}"
        );
    }
}

#[tokio::test]
async fn clocks_may_differ_by_two_minutes_and_several_may_be_addressed() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    for (name, value) in [
        ("exp", json!(NOW - 119)),
        ("nbf", json!(NOW + 119)),
        ("iat", json!(NOW + 119)),
        ("aud", json!(["client"])),
        ("azp", json!("client")),
    ] {
        let token = signer.sign("k1", &changed(name, value));
        signer.verify(&token).await.unwrap();
    }
    let mut both = changed("aud", json!(["other", "client"]));
    both["azp"] = json!("client");
    signer.verify(&signer.sign("k1", &both)).await.unwrap();
}

#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_is_refused() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let other = Signer::new(Oidc, "https://a.example").await;
    let claims = claims("https://a.example");
    let forged = other.sign("k1", &claims);
    let symmetric = encode(
        &Header {
            kid: Some("k1".to_owned()),
            ..Header::default()
        },
        &claims,
        &EncodingKey::from_secret(b"k1"),
    )
    .unwrap();
    // {"alg":"none"}
    let none = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        symmetric.split('.').nth(1).unwrap()
    );
    let good = signer.sign("k1", &claims);
    let cut = good.expose_secret().rsplit_once('.').unwrap().0.to_owned();
    for (token, why) in [
        (forged, "signature is wrong"),
        (symmetric.into(), "signed with HS256"),
        (none.into(), "no signed token"),
        (cut.into(), ""),
        ("".into(), "no signed token"),
        ("a.b.c".into(), "no signed token"),
    ] {
        let said = signer.verify(&token).await.unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_once_more_and_not_again_and_again() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let claims = claims("https://a.example");
    signer.verify(&signer.sign("k1", &claims)).await.unwrap();
    signer.publish(&["k1", "k2"]);
    signer.verify(&signer.sign("k2", &claims)).await.unwrap();
    for _ in 0..3 {
        let said = signer
            .verify(&signer.sign("k3", &claims))
            .await
            .unwrap_err();
        assert!(said.contains("does not publish the key"), "{said}");
    }
    assert_eq!(signer.server.requests().len(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_are_nobodys_fault() {
    let signer = Signer::new(Oidc, "https://a.example").await;
    let nobody = Endpoints {
        jwks: Some(signer.server.url("/keys")),
        ..endpoints("https://a.example")
    };
    signer
        .http
        .get(nobody.jwks.as_ref().unwrap())
        .await
        .unwrap();
    let token = signer.sign("k1", &claims("https://a.example"));
    let now = Timestamp::from_second(NOW).unwrap();
    let found = identity(
        &signer.http,
        &profile(Oidc),
        &nobody,
        &token,
        Some(&"n-1".into()),
        now,
    )
    .await;
    assert!(matches!(
        found,
        Err(IdentityError::Keys(Refusal::Later { .. }))
    ));
}

#[tokio::test]
async fn microsofts_issuer_holds_the_tenant_and_its_subject_is_tenant_and_object() {
    let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let signer = Signer::new(Microsoft, template).await;
    let issuer = template.replace("{tenantid}", TENANT);
    let mut good = claims(&issuer);
    good["tid"] = json!(TENANT);
    good["oid"] = json!("o-1");
    let identity = signer.verify(&signer.sign("k1", &good)).await.unwrap();
    assert_eq!(identity.subject, format!("{TENANT}/o-1"));
    for tid in [
        json!("9188040d-6c67-4c5b-b112-36a304b66dad"),
        json!("{tenantid}"),
        json!(null),
    ] {
        let mut wrong = good.clone();
        wrong["tid"] = tid;
        signer.verify(&signer.sign("k1", &wrong)).await.unwrap_err();
    }
    let mut template_itself = good.clone();
    template_itself["iss"] = json!(template);
    signer
        .verify(&signer.sign("k1", &template_itself))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn googles_old_issuer_is_an_alias_at_google_alone() {
    let old = claims("accounts.google.com");
    let google = Signer::new(Google, "https://accounts.google.com").await;
    google.verify(&google.sign("k1", &old)).await.unwrap();
    let oidc = Signer::new(Oidc, "https://accounts.google.com").await;
    oidc.verify(&oidc.sign("k1", &old)).await.unwrap_err();
}

#[test]
fn the_best_name_is_shown_and_an_unverified_address_is_not() {
    for (value, expected) in [
        (json!({"sub": "s", "upn": "u"}), "u"),
        (
            json!({"sub": "s", "upn": "u", "preferred_username": "p"}),
            "p",
        ),
        (
            json!({"sub": "s", "email": "e", "preferred_username": "p"}),
            "e",
        ),
        (
            json!({"sub": "s", "email": "e", "email_verified": true}),
            "e",
        ),
        (
            json!({"sub": "s", "email": "e", "email_verified": false}),
            "s",
        ),
        (
            json!({"sub": "s", "email": "e", "email_verified": "false"}),
            "s",
        ),
        (json!({"sub": "s", "email": ""}), "s"),
        (json!({"email": "a\u{202e}b\n"}), "a b"),
    ] {
        assert_eq!(
            name(value.as_object().unwrap()).unwrap(),
            expected,
            "{value}"
        );
    }
}

/// Made once: it reads the system's certificates.
static NOBODY_IS_ASKED: LazyLock<HttpClient> = LazyLock::new(http_client);

proptest! {
    #[test]
    fn whatever_a_token_says_it_is_refused_or_of_somebody(
        text in any::<String>(), header in any::<String>(), payload in any::<String>(),
        issuer in any::<String>(), number in any::<f64>(),
    ) {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let claims = json!({
            "iss": issuer, "sub": text, "aud": [text], "azp": text, "tid": text, "oid": text,
            "exp": number, "iat": number, "email": text,
        });
        let known = r#"{"alg":"ES256","kid":"k"}"#;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for token in [
            text.clone(),
            format!("{}.{}.x", part(&header), part(&payload)),
            format!("{}.{}.{}", part(known), part(&claims.to_string()), part(&text)),
        ] {
            for kind in [Oidc, Microsoft] {
                let (profile, endpoints) = (profile(kind), endpoints("https://a.example"));
                let token = SecretString::from(token.as_str());
                // Of another issuer, or unreadable, or both.
                let _ = check_renewed_identity(&profile, &endpoints, &token, &text);
                let now = Timestamp::from_second(NOW).unwrap();
                let found = identity(&NOBODY_IS_ASKED, &profile, &endpoints, &token, None, now);
                prop_assert!(runtime.block_on(found).is_err());
            }
        }
    }
}
