//! Assertions that Mailgrant signs itself (RFC 7523, section 3).

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mailgrant_base::Random;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;

use crate::catalogue::RsaAlgorithm;
use crate::error_catalogue::CREDENTIAL_UNUSABLE;
use crate::{ClientKey, KeyAlgorithm, Refusal};

/// How long an assertion serves. Entra documentation, `certificate-credentials`, recommends five
/// to ten minutes.
const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// What an assertion says.
#[derive(Debug, Serialize)]
pub(crate) struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl<'a> Claims<'a> {
    /// Of `issuer` about `subject`, for `audience`; never twice the same.
    pub(crate) fn new(
        (issuer, subject): (&'a str, &'a str),
        audience: &'a Url,
        now: Timestamp,
        random: &dyn Random,
    ) -> Self {
        let now = now.as_second();
        Self {
            iss: issuer,
            sub: subject,
            aud: audience.as_str(),
            scope: None,
            jti: random.token(),
            iat: now,
            nbf: now,
            exp: now.saturating_add(LIFE.as_secs()),
        }
    }

    /// With the scopes that are asked for (Google's service accounts have them in the assertion).
    pub(crate) fn with_scope(self, scope: &'a str) -> Self {
        Self {
            scope: (!scope.is_empty()).then_some(scope),
            ..self
        }
    }

    /// The signed assertion.
    pub(crate) fn sign(&self, key: &ClientKey, rsa: RsaAlgorithm) -> Result<SecretString, Refusal> {
        let pem = key.private_key().expose_secret().as_bytes();
        let (algorithm, encoding) = match (key.algorithm(), rsa) {
            (KeyAlgorithm::EcP256, _) => (Algorithm::ES256, EncodingKey::from_ec_pem(pem)),
            (KeyAlgorithm::Rsa, RsaAlgorithm::Rs256) => {
                (Algorithm::RS256, EncodingKey::from_rsa_pem(pem))
            }
            (KeyAlgorithm::Rsa, RsaAlgorithm::Ps256) => {
                (Algorithm::PS256, EncodingKey::from_rsa_pem(pem))
            }
        };
        // `Header::new` sets `typ` to JWT.
        let header = Header {
            kid: key.key_id().map(str::to_owned),
            x5t_s256: key.thumbprint_sha256().map(|print| print.base64url()),
            ..Header::new(algorithm)
        };
        let signed = encoding.and_then(|encoding| jsonwebtoken::encode(&header, self, &encoding));
        signed.map(SecretString::from).map_err(|_| {
            Refusal::profile(
                CREDENTIAL_UNUSABLE,
                "the stored key signs nothing; enter it again",
            )
        })
    }
}
