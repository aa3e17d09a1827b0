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
use crate::http_client::Answer;
use crate::words::Secrets;
use crate::{ClientCredential, HttpClient, Profile, Refusal, Said, SecretMethod, catalogue};

/// A credential that cannot even be sent; Mailgrant's own code.
pub(crate) const CREDENTIAL_UNUSABLE: &str = "credential_unusable";

/// RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// No assertion is longer.
const LONGEST_ASSERTION: u64 = 64 * 1024;

/// The numbers with which Microsoft says that the credential is what is wrong, whatever the `error`
/// (Entra documentation, `reference-error-codes`).
const ENTRA_NUMBERS: &[&str] = &[
    "50012", "70002", "70021", "700021", "700023", "700024", "700025", "700027", "700030",
    "700211", "700212", "700213", "7000110", "7000112", "7000215", "7000216", "7000218", "7000222",
];

/// How Google says that it does not know the key of a service account (developers.google.com,
/// `identity/protocols/oauth2/service-account`, "JWT error codes").
const BAD_SIGNATURES: &[&str] = &["Invalid JWT Signature", "Invalid JWT: No valid verifier"];

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

/// Whether what was said is about the client credential, or the key that stands in its place.
pub(crate) fn is_about_credential(said: &Said) -> bool {
    let number = said.description.as_deref().and_then(|text| {
        let rest = text.strip_prefix("AADSTS")?;
        let end = rest.find(|c: char| !c.is_ascii_digit());
        Some(&rest[..end.unwrap_or(rest.len())])
    });
    let by_number = number.is_some_and(|number| ENTRA_NUMBERS.contains(&number));
    let signature = said.description.as_deref().is_some_and(|text| {
        BAD_SIGNATURES
            .iter()
            .any(|beginning| text.starts_with(beginning))
    });
    by_number
        || (signature && said.error == "invalid_grant")
        || [CREDENTIAL_UNUSABLE, "invalid_client"].contains(&said.error.as_str())
}

/// `client_secret_basic`: id and secret are form-encoded before they are joined, which is easily
/// forgotten (RFC 6749, section 2.3.1).
pub(crate) fn basic(client_id: &str, secret: &SecretString) -> SecretString {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    BASE64_STANDARD.encode(pair).into()
}

/// The assertion in a federated token file, as it stands there now.
async fn read_assertion(path: &Path) -> Result<SecretString, Refusal> {
    let unusable = |why: String| {
        let said = format!("the federated token file {} {why}", path.display());
        Refusal::profile(CREDENTIAL_UNUSABLE, said)
    };
    let cannot = |error: std::io::Error| unusable(format!("cannot be read: {error}"));
    let file = tokio::fs::File::open(path).await.map_err(cannot)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(LONGEST_ASSERTION)
        .read_to_string(&mut text)
        .await
        .map_err(cannot)?;
    let assertion = text.trim();
    if assertion.is_empty() || !assertion.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable("does not hold an assertion".to_owned()));
    }
    Ok(assertion.into())
}
