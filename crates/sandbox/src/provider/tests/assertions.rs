//! Clients and service accounts that prove themselves by signing, several secrets at once, and
//! grants that need no person.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{post_bare, text};
use super::*;

pub(super) const NOW: i64 = 1_800_000_000;
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Somebody who signs.
pub(super) struct Signer {
    key: EncodingKey,
    header: Header,
    pub(super) keys: PublicKeys,
}

impl Signer {
    /// With a key in a JWK Set.
    pub(super) fn with_jwks(algorithm: Algorithm) -> Self {
        let key = if algorithm == Algorithm::ES256 {
            let pair = rcgen::KeyPair::generate().unwrap();
            EncodingKey::from_ec_der(pair.serialized_der())
        } else {
            EncodingKey::from_rsa_pem(rsa().serialize_pem().as_bytes()).unwrap()
        };
        let mut public = Jwk::from_encoding_key(&key, algorithm).unwrap();
        public.common.key_id = Some("1".to_owned());
        let set = serde_json::to_string(&JwkSet { keys: vec![public] }).unwrap();
        let mut header = Header::new(algorithm);
        header.kid = Some("1".to_owned());
        Self {
            key,
            header,
            keys: PublicKeys::Jwks(set),
        }
    }

    /// With a certificate.
    fn with_certificate(algorithm: Algorithm) -> Self {
        let (pair, key) = if algorithm == Algorithm::ES256 {
            let pair = rcgen::KeyPair::generate().unwrap();
            let key = EncodingKey::from_ec_der(pair.serialized_der());
            (pair, key)
        } else {
            let pair = rsa();
            let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
            (pair, key)
        };
        let certificate = rcgen::CertificateParams::default()
            .self_signed(&pair)
            .unwrap();
        let mut header = Header::new(algorithm);
        let hash = Sha256::digest(certificate.der());
        header.x5t_s256 = Some(BASE64_URL_SAFE_NO_PAD.encode(hash));
        Self {
            key,
            header,
            keys: PublicKeys::Certificate(certificate.pem()),
        }
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header, claims, &self.key).unwrap()
    }
}

fn rsa() -> rcgen::KeyPair {
    let size = rcgen::RsaKeySize::_2048;
    rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap()
}

/// Claims with some replaced, or left out where `null`.
pub(super) fn claims_with(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => {
                claims.as_object_mut().unwrap().remove(name);
            }
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A provider whose client `robot` may ask for `imap smtp` in its own name.
async fn with_robot(credentials: Vec<Credential>) -> IdentityProvider {
    let mut options = options();
    options.now = Now::told_by(|| NOW);
    options.clients.push(Client {
        id: "robot".into(),
        credentials,
        own_scopes: vec!["imap".into(), "smtp".into()],
        ..Client::default()
    });
    start(options).await.0
}

async fn ask_as_robot(provider: &IdentityProvider, proof: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![("grant_type", "client_credentials"), ("client_id", "robot")];
    form.extend(proof);
    post_bare(provider, "/token", &form).await
}

async fn ask_with(provider: &IdentityProvider, assertion: &str) -> (u16, Value) {
    let proof = [
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    ask_as_robot(provider, &proof).await
}

fn own_claims(provider: &IdentityProvider, id: &str) -> Value {
    json!({
        "iss": "robot", "sub": "robot", "aud": format!("{}/token", provider.origin()),
        "iat": NOW, "exp": NOW + 300, "jti": id,
    })
}

#[tokio::test]
async fn a_client_proves_itself_by_a_key_or_by_a_certificate_that_it_names() {
    for signer in [
        Signer::with_jwks(Algorithm::ES256),
        Signer::with_jwks(Algorithm::RS256),
        Signer::with_certificate(Algorithm::PS256),
        Signer::with_certificate(Algorithm::ES256),
    ] {
        let provider = with_robot(vec![Credential::Key(signer.keys.clone())]).await;
        let (status, answer) = ask_with(&provider, &signer.sign(&own_claims(&provider, "1"))).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["scope"], "imap smtp");
        assert_eq!(answer.get("refresh_token"), None);
        // The same is refused, and another is taken.
        let (status, answer) = ask_with(&provider, &signer.sign(&own_claims(&provider, "1"))).await;
        assert_eq!((status, text(&answer, "error")), (401, "invalid_client"));
        let (status, _) = ask_with(&provider, &signer.sign(&own_claims(&provider, "2"))).await;
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn an_assertion_with_a_fault_is_refused() {
    let signer = Signer::with_jwks(Algorithm::ES256);
    let other = Signer::with_jwks(Algorithm::ES256);
    let provider = with_robot(vec![Credential::Key(signer.keys.clone())]).await;
    for changes in [
        json!({ "aud": "https://other.invalid/token" }),
        json!({ "aud": null }),
        json!({ "exp": NOW - 61 }),
        json!({ "exp": null }),
        json!({ "exp": NOW + 3601 }),
        json!({ "iat": NOW + 61 }),
        json!({ "iat": null }),
        json!({ "nbf": NOW + 61 }),
        json!({ "jti": null }),
        json!({ "iss": "somebody" }),
    ] {
        let claims = claims_with(own_claims(&provider, "1"), &changes);
        let (status, answer) = ask_with(&provider, &signer.sign(&claims)).await;
        assert_eq!(
            (status, text(&answer, "error")),
            (401, "invalid_client"),
            "{changes}"
        );
    }
    let claims = own_claims(&provider, "1");
    let secret = EncodingKey::from_secret(b"secret");
    let symmetric = jsonwebtoken::encode(&Header::default(), &claims, &secret).unwrap();
    for assertion in [other.sign(&claims), symmetric, "no JWT".to_owned()] {
        let (status, answer) = ask_with(&provider, &assertion).await;
        assert_eq!((status, text(&answer, "error")), (401, "invalid_client"));
    }
    // Nothing of that has used it up.
    let (status, _) = ask_with(&provider, &signer.sign(&claims)).await;
    assert_eq!(status, 200);
    // By another name it is known only once it has been told.
    let claims = claims_with(
        own_claims(&provider, "2"),
        &json!({ "aud": "http://gate/token" }),
    );
    assert_eq!(ask_with(&provider, &signer.sign(&claims)).await.0, 401);
    provider.known_as("http://gate/token");
    assert_eq!(ask_with(&provider, &signer.sign(&claims)).await.0, 200);
}

#[tokio::test]
async fn a_workload_that_the_registration_trusts_vouches_for_the_client() {
    let signer = Signer::with_jwks(Algorithm::RS256);
    let provider = with_robot(vec![Credential::Federated {
        issuer: "https://cluster.example".into(),
        subject: "system:serviceaccount:mail:mailgrant".into(),
        audience: "api://AzureADTokenExchange".into(),
        keys: signer.keys.clone(),
    }])
    .await;
    let claims = json!({
        "iss": "https://cluster.example", "sub": "system:serviceaccount:mail:mailgrant",
        "aud": ["api://AzureADTokenExchange"], "iat": NOW, "exp": NOW + 86_400,
    });
    assert_eq!(ask_with(&provider, &signer.sign(&claims)).await.0, 200);
    for changes in [
        json!({ "sub": "system:serviceaccount:mail:other" }),
        json!({ "iss": "https://other.example" }),
        json!({ "aud": "another" }),
        json!({ "exp": NOW - 61 }),
    ] {
        let claims = claims_with(claims.clone(), &changes);
        let (status, answer) = ask_with(&provider, &signer.sign(&claims)).await;
        assert_eq!(
            (status, text(&answer, "error")),
            (401, "invalid_client"),
            "{changes}"
        );
    }
}

#[tokio::test]
async fn several_secrets_are_good_and_an_expired_one_says_so() {
    let provider = with_robot(vec![
        Credential::Secret("old".into()),
        Credential::Secret("new".into()),
        Credential::ExpiredSecret {
            secret: "older".into(),
            description: "the secret has expired".into(),
        },
    ])
    .await;
    for secret in ["old", "new"] {
        let (status, _) = ask_as_robot(&provider, &[("client_secret", secret)]).await;
        assert_eq!(status, 200, "{secret}");
    }
    let (status, answer) = ask_as_robot(&provider, &[("client_secret", "older")]).await;
    assert_eq!((status, text(&answer, "error")), (401, "invalid_client"));
    assert_eq!(answer["error_description"], "the secret has expired");
    for proof in [&[("client_secret", "wrong")][..], &[]] {
        let (status, answer) = ask_as_robot(&provider, proof).await;
        assert_eq!((status, text(&answer, "error")), (401, "invalid_client"));
    }
}

#[tokio::test]
async fn a_client_gets_in_its_own_name_what_it_may_and_no_more() {
    let provider = with_robot(vec![Credential::Secret("s".into())]).await;
    let (_, answer) = ask_as_robot(&provider, &[("client_secret", "s"), ("scope", "smtp")]).await;
    assert_eq!(answer["scope"], "smtp");
    let (status, answer) =
        ask_as_robot(&provider, &[("client_secret", "s"), ("scope", "smtp pop")]).await;
    assert_eq!((status, text(&answer, "error")), (400, "invalid_scope"));
    let public = [
        ("grant_type", "client_credentials"),
        ("client_id", "script"),
    ];
    let (status, answer) = post_bare(&provider, "/token", &public).await;
    assert_eq!(
        (status, text(&answer, "error")),
        (400, "unauthorized_client")
    );
}

#[tokio::test]
async fn a_service_account_vouches_for_a_user_within_what_is_delegated_to_it() {
    let signer = Signer::with_jwks(Algorithm::RS256);
    let mut options = options();
    options.now = Now::told_by(|| NOW);
    options.service_accounts.push(ServiceAccount {
        issuer: "robot@project.example".into(),
        keys: signer.keys.clone(),
        scopes: vec!["imap".into()],
    });
    let (provider, book) = start(options).await;
    let claims = json!({
        "iss": "robot@project.example", "sub": USER,
        "aud": provider.issuer(), "iat": NOW, "exp": NOW + 3600,
    });
    let ask = async |changes: Value, scope: &str| {
        let assertion = signer.sign(&claims_with(claims.clone(), &changes));
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
            ("scope", scope),
        ];
        post_bare(&provider, "/token", &form).await
    };
    let (status, answer) = ask(json!({}), "imap").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer.get("refresh_token"), None);
    let entry = book.look_up(text(&answer, "access_token"));
    assert_eq!(entry, Some((USER.into(), "imap".into())));
    for (changes, scope, error) in [
        (json!({}), "imap smtp", "invalid_scope"),
        (
            json!({ "sub": "nobody@example.com" }),
            "imap",
            "invalid_grant",
        ),
        (json!({ "iss": "other" }), "imap", "invalid_grant"),
        (json!({ "exp": NOW + 3601 }), "imap", "invalid_grant"),
        (json!({ "aud": "other" }), "imap", "invalid_grant"),
    ] {
        let (status, answer) = ask(changes.clone(), scope).await;
        assert_eq!((status, text(&answer, "error")), (400, error), "{changes}");
    }
}
