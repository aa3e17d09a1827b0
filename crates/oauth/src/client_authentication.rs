//! How Mailgrant proves to a provider that it is the registered application: client authentication
//! (RFC 6749, section 2.3; RFC 7523, section 2.2), the same at every endpoint.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncReadExt as _;
use url::{Url, form_urlencoded};

use crate::answer::read_fields;
use crate::assertion::Claims;
use crate::error_catalogue::{CREDENTIAL_UNUSABLE, is_about_credential};
use crate::http_client::Answer;
use crate::words::Secrets;
use crate::{ClientCredential, HttpClient, Profile, Refusal, Said, SecretMethod, catalogue};

/// RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// No assertion is longer.
const LONGEST_ASSERTION: u64 = 64 * 1024;

/// What a credential is to prove.
pub(crate) enum Proving<'a> {
    /// Who asks: client authentication.
    Client,
    /// What is granted: an assertion in a grant's place, which needs no client authentication
    /// (RFC 7523, section 2.1).
    Grant {
        /// On whose behalf.
        subject: &'a str,
        /// The scopes, separated by spaces.
        scope: &'a str,
    },
}

/// What one credential adds to a request.
#[derive(Default)]
pub(crate) struct Proof {
    /// Parameters of the form, some of them secret.
    pub(crate) parameters: Vec<(&'static str, SecretString)>,
    /// The `Authorization` header.
    pub(crate) header: Option<SecretString>,
    secrets: Vec<SecretString>,
}

impl Proving<'_> {
    /// The proof of one credential, for one request.
    pub(crate) async fn prove(
        &self,
        http: &HttpClient,
        profile: &Profile,
        credential: &ClientCredential,
        token_endpoint: &Url,
    ) -> Result<Proof, Refusal> {
        let client = profile.client_id.as_str();
        let rsa = catalogue::row(profile.kind).rsa_algorithm;
        let claims =
            |subject| Claims::new((client, subject), token_endpoint, http.now(), http.random());
        let mut proof = Proof::default();
        match (self, credential) {
            (Self::Client, ClientCredential::None) => proof.add("client_id", client),
            (Self::Client, ClientCredential::Secret { secret, method, .. }) => match method {
                SecretMethod::Post => {
                    proof.add("client_id", client);
                    proof.add_secret("client_secret", secret.clone());
                }
                SecretMethod::Basic => proof.add_basic(client, secret),
            },
            (Self::Client, ClientCredential::Key(key)) => {
                proof.add_assertion(client, claims(client).sign(key, rsa)?);
            }
            (Self::Client, ClientCredential::FederatedTokenFile { path }) => {
                proof.add_assertion(client, read_assertion(path).await?);
            }
            (Self::Grant { subject, scope }, ClientCredential::Key(key)) => {
                let assertion = claims(subject).with_scope(scope).sign(key, rsa)?;
                proof.add_secret("assertion", assertion);
            }
            (Self::Grant { .. }, _) => {
                let said = "this way to a mailbox needs a service account's key; enter it in the \
                            client secret's place";
                return Err(Refusal::profile(CREDENTIAL_UNUSABLE, said));
            }
        }
        Ok(proof)
    }
}

impl Proof {
    fn add(&mut self, name: &'static str, value: &str) {
        self.parameters.push((name, value.into()));
    }

    fn add_secret(&mut self, name: &'static str, value: SecretString) {
        self.secrets.push(value.clone());
        self.parameters.push((name, value));
    }

    fn add_basic(&mut self, client_id: &str, secret: &SecretString) {
        let basic = basic(client_id, secret);
        self.header = Some(format!("Basic {}", basic.expose_secret()).into());
        self.secrets.extend([secret.clone(), basic]);
    }

    fn add_assertion(&mut self, client_id: &str, assertion: SecretString) {
        // Optional beside an assertion (RFC 7521, section 4.2), and asked for by many.
        self.add("client_id", client_id);
        self.add("client_assertion_type", JWT_BEARER);
        self.add_secret("client_assertion", assertion);
    }

    /// What must not be shown of an answer to this proof.
    pub(crate) fn hide_in<'a>(&self, mut secrets: Secrets<'a>) -> Secrets<'a> {
        for secret in &self.secrets {
            secrets.add_owned(secret.expose_secret().to_owned());
        }
        secrets
    }
}

/// The refusal in an answer, if it is about the client credential and nothing else: then another
/// credential may be taken.
pub(crate) fn refused_credential(answer: &Answer, secrets: &Secrets<'_>) -> Option<Said> {
    if answer.status.is_success() && answer.body.is_empty() {
        return None;
    }
    match read_fields(answer, secrets) {
        Err(Refusal::Profile(said) | Refusal::NeedsPerson(said)) if is_about_credential(&said) => {
            Some(said)
        }
        // RFC 6749, section 5.2: 401 is for clients whose authentication failed.
        Err(Refusal::Garbled(why)) if answer.status == StatusCode::UNAUTHORIZED => Some(Said {
            error: "invalid_client".to_owned(),
            description: Some(why),
            status: Some(answer.status.as_u16()),
            ..Said::default()
        }),
        _ => None,
    }
}

/// `client_secret_basic`: id and secret are form-encoded before they are joined, which is easily
/// forgotten (RFC 6749, section 2.3.1).
pub(crate) fn basic(client_id: &str, secret: &SecretString) -> SecretString {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    BASE64_STANDARD.encode(pair).into()
}

/// The assertion in a federated token file, as it stands there now. Only what looks like one leaves
/// the machine: the file is named in a form, and there are files with other secrets in them.
async fn read_assertion(path: &Path) -> Result<SecretString, Refusal> {
    let unusable = |why: String| {
        let said = format!("the federated token file {} {why}", path.display());
        Refusal::profile(CREDENTIAL_UNUSABLE, said)
    };
    let cannot = |error: std::io::Error| unusable(format!("cannot be read: {error}"));
    // A pipe that nobody writes to would be waited for without end.
    if !tokio::fs::metadata(path).await.map_err(cannot)?.is_file() {
        return Err(unusable("is no regular file".to_owned()));
    }
    let file = tokio::fs::File::open(path).await.map_err(cannot)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(LONGEST_ASSERTION + 1)
        .read_to_string(&mut text)
        .await
        .map_err(cannot)?;
    let assertion = text.trim();
    if text.len() as u64 > LONGEST_ASSERTION || !looks_like_jwt(assertion) {
        return Err(unusable("does not hold an assertion".to_owned()));
    }
    Ok(assertion.into())
}

/// Three parts in base64url, as a signed JWT has them (RFC 7515, section 3.1).
fn looks_like_jwt(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.split('.').count() == 3
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(is_letter))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::StatusCode;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    use mailgrant_base::{Clock as _, ManualClock, SeededRandom};
    use serde_json::Value;

    use super::*;
    use crate::ProviderKind::{self, Microsoft, Oidc};
    use crate::endpoints::tests::endpoints;
    use crate::test_server::{Received, Reply, TestServer, http_client, profile};
    use crate::{ClientKey, Endpoints, Resource, introspect, refresh, revoke};

    const TOKENS: &str = r#"{"access_token":"AT"}"#;
    const RSA: &str = concat!(
        include_str!("../testdata/keys/rsa-pkcs8.pem"),
        include_str!("../testdata/keys/rsa-certificate.pem")
    );
    const EC: &str = include_str!("../testdata/keys/ec-pkcs8.pem");

    fn at(server: &TestServer) -> Endpoints {
        Endpoints {
            token: server.url("/token"),
            revocation: Some(server.url("/revoke")),
            introspection: Some(server.url("/introspect")),
            device_authorization: Some(server.url("/device")),
            ..endpoints("https://login.example.com")
        }
    }

    fn with_key(kind: ProviderKind, pem: &str, key_id: Option<&str>) -> Profile {
        let key = ClientKey::read(pem.as_bytes(), None).unwrap().key;
        let certificates = key.certificates_pem();
        let key_id = key_id.map(str::to_owned);
        let key = ClientKey::of_parts(key.private_key(), certificates.as_deref(), key_id);
        Profile {
            credential: ClientCredential::Key(key.unwrap()),
            ..profile(kind)
        }
    }

    fn field(request: &Received, name: &str) -> Option<String> {
        let form = request.form();
        form.into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    async fn assertion_of(profile: &Profile) -> (String, TestServer, ManualClock) {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS)]);
        let clock = ManualClock::default();
        let random = Arc::new(SeededRandom::new(1));
        let http = http_client().with_clock(Arc::new(ManualClock::default()), random);
        let (token, endpoints) = ("RT".into(), at(&server));
        let sent = refresh(&http, profile, &endpoints, &token, Resource::Mail, &[]);
        sent.await.unwrap();
        let request = &server.requests()[0];
        assert_eq!(field(request, "client_id").unwrap(), "client");
        assert_eq!(field(request, "client_assertion_type").unwrap(), JWT_BEARER);
        assert_eq!(field(request, "client_secret"), None);
        (field(request, "client_assertion").unwrap(), server, clock)
    }

    fn verified(assertion: &str, key: &DecodingKey, algorithm: Algorithm, audience: &Url) -> Value {
        let mut rules = Validation::new(algorithm);
        rules.set_audience(&[audience.as_str()]);
        // The test's clock is not the machine's: the times are compared below.
        rules.validate_exp = false;
        decode::<Value>(assertion, key, &rules).unwrap().claims
    }

    #[tokio::test]
    async fn microsoft_gets_ps256_with_the_certificates_thumbprint() {
        let (assertion, server, clock) = assertion_of(&with_key(Microsoft, RSA, None)).await;
        let header = decode_header(&assertion).unwrap();
        assert_eq!(header.alg, Algorithm::PS256);
        assert_eq!(header.typ.as_deref(), Some("JWT"));
        assert_eq!(header.kid, None);
        // base64url of the thumbprint that OpenSSL shows.
        assert_eq!(
            header.x5t_s256.as_deref(),
            Some("Ps2qvpc-bBTxXK5Bi9rQjXeYEjF0XppDdPonp0MziJs")
        );
        let public = include_bytes!("../testdata/keys/rsa-public.pem");
        let key = DecodingKey::from_rsa_pem(public).unwrap();
        let claims = verified(&assertion, &key, Algorithm::PS256, &server.url("/token"));
        let now = clock.now().as_second();
        assert_eq!(claims["iss"], "client");
        assert_eq!(claims["sub"], "client");
        assert_eq!(claims["iat"], now);
        assert_eq!(claims["nbf"], now);
        assert_eq!(claims["exp"], now + 300);
        assert!(claims["jti"].as_str().unwrap().len() > 20);
        assert_eq!(claims.get("scope"), None);
    }

    #[tokio::test]
    async fn elsewhere_rsa_signs_with_rs256_and_a_curve_with_es256() {
        let (assertion, server, _) = assertion_of(&with_key(Oidc, RSA, None)).await;
        let public = include_bytes!("../testdata/keys/rsa-public.pem");
        let key = DecodingKey::from_rsa_pem(public).unwrap();
        verified(&assertion, &key, Algorithm::RS256, &server.url("/token"));

        let (assertion, server, _) = assertion_of(&with_key(Microsoft, EC, Some("k1"))).await;
        let header = decode_header(&assertion).unwrap();
        assert_eq!((header.kid.as_deref(), header.x5t_s256), (Some("k1"), None));
        let public = include_bytes!("../testdata/keys/ec-public.pem");
        let key = DecodingKey::from_ec_pem(public).unwrap();
        verified(&assertion, &key, Algorithm::ES256, &server.url("/token"));
    }

    #[tokio::test]
    async fn no_assertion_is_sent_twice_and_every_endpoint_gets_one_for_the_token_endpoint() {
        let server = TestServer::start().await;
        server.queue([
            Reply::json(TOKENS),
            Reply::status(200, ""),
            Reply::json(r#"{"active":true}"#),
            Reply::json(
                r#"{"device_code":"D","user_code":"U","expires_in":9,
                    "verification_uri":"https://login.example.com/d"}"#,
            ),
        ]);
        let profile = with_key(Oidc, EC, None);
        let (http, token, endpoints) = (http_client(), "RT".into(), at(&server));
        refresh(&http, &profile, &endpoints, &token, Resource::Mail, &[])
            .await
            .unwrap();
        revoke(&http, &profile, &endpoints, &token).await.unwrap();
        introspect(&http, &profile, &endpoints, &token)
            .await
            .unwrap();
        crate::begin_device(&http, &profile, &endpoints)
            .await
            .unwrap();
        let public = include_bytes!("../testdata/keys/ec-public.pem");
        let key = DecodingKey::from_ec_pem(public).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for request in server.requests() {
            let assertion = field(&request, "client_assertion").unwrap();
            let claims = verified(&assertion, &key, Algorithm::ES256, &server.url("/token"));
            assert!(seen.insert(claims["jti"].to_string()));
        }
        assert_eq!(seen.len(), 4);
    }

    #[tokio::test]
    async fn a_federated_token_file_is_read_anew_for_each_request() {
        let server = TestServer::start().await;
        server.queue([Reply::json(TOKENS), Reply::json(TOKENS)]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let write = |text: &str| {
            let _ = std::fs::remove_file(&path);
            mailgrant_base::files::create_private(&path, text.as_bytes()).unwrap();
        };
        let workload = Profile {
            credential: ClientCredential::FederatedTokenFile { path: path.clone() },
            ..profile(Microsoft)
        };
        let (http, token, endpoints) = (http_client(), "RT".into(), at(&server));
        let ask = || refresh(&http, &workload, &endpoints, &token, Resource::Mail, &[]);
        for assertion in ["one.one.one", "two.two.two"] {
            write(&format!("{assertion}\n"));
            ask().await.unwrap();
            let sent = server.requests().pop().unwrap();
            assert_eq!(field(&sent, "client_assertion").unwrap(), assertion);
            assert_eq!(field(&sent, "client_assertion_type").unwrap(), JWT_BEARER);
        }
        let long = format!("one.one.{}", "x".repeat(64 * 1024));
        // The last three: other secrets that stand in files of one line.
        for unusable in [
            "",
            "not one word",
            "one.two.",
            "one.two.three.four.five",
            &long,
            "AbC8Q~secret.of.an_application",
            "AGE-SECRET-KEY-1QQQQ",
            "bm90IGFuIGFzc2VydGlvbiBidXQgYSBrZXk=",
        ] {
            write(unusable);
            let refusal = ask().await.unwrap_err();
            assert!(
                refusal.to_string().contains("does not hold an assertion"),
                "{refusal}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        #[cfg(unix)]
        {
            // A pipe that nobody writes to, and a folder.
            let pipe = std::process::Command::new("mkfifo").arg(&path).status();
            assert!(pipe.unwrap().success());
            let refusal = ask().await.unwrap_err();
            assert!(refusal.to_string().contains("no regular file"), "{refusal}");
            std::fs::remove_file(&path).unwrap();
            mailgrant_base::files::create_private_dir(&path).unwrap();
            let refusal = ask().await.unwrap_err();
            assert!(refusal.to_string().contains("no regular file"), "{refusal}");
            std::fs::remove_dir(&path).unwrap();
        }
        let refusal = ask().await.unwrap_err();
        assert!(matches!(&refusal, Refusal::Profile(said) if said.error == CREDENTIAL_UNUSABLE));
        assert!(refusal.to_string().contains("cannot be read"), "{refusal}");
        assert_eq!(server.requests().len(), 2);
    }

    #[test]
    fn only_what_is_said_about_the_credential_calls_for_another() {
        let about = |error: &str, description: &str| {
            is_about_credential(&Said {
                error: error.to_owned(),
                description: Some(description.to_owned()),
                status: Some(400),
                ..Said::default()
            })
        };
        assert!(about("invalid_client", ""));
        assert!(about(
            "invalid_grant",
            "AADSTS7000222: The provided client secret keys are expired."
        ));
        assert!(about(
            "invalid_request",
            "AADSTS7000218: The request body must contain …"
        ));
        assert!(about(
            "unauthorized_client",
            "AADSTS700027: Client assertion failed"
        ));
        assert!(about("invalid_grant", "Invalid JWT Signature."));
        assert!(!about(
            "invalid_grant",
            "AADSTS700082: The refresh token has expired."
        ));
        assert!(!about(
            "unauthorized_client",
            "AADSTS700016: Application not found."
        ));
        assert!(!about("invalid_scope", "Invalid JWT Signature."));
        assert!(about("invalid_client", "AADSTS98765432: new"));
        assert!(!about(
            "invalid_client",
            "AADSTS7000112: The application is disabled."
        ));
        assert!(!about("invalid_grant", "AADSTS70000822"));
    }

    #[test]
    fn an_empty_401_is_about_the_credential() {
        let answer = |status| Answer {
            status,
            media_type: None,
            retry_after: None,
            body: Vec::new(),
        };
        let refused = |status| refused_credential(&answer(status), &Secrets::default());
        assert!(refused(StatusCode::UNAUTHORIZED).is_some());
        assert!(refused(StatusCode::OK).is_none());
        assert!(refused(StatusCode::SERVICE_UNAVAILABLE).is_none());
    }
}
