//! Who signed in: the `id_token`, verified.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mailgrant_base::{Diagnose, Diagnosis, Fault};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use crate::endpoints::issuer_of_tenant;
use crate::keys::Keys;
use crate::token_claims::payload;
use crate::words::{Secrets, clean};
use crate::{Endpoints, HttpClient, Profile, Refusal, catalogue};

/// Who signed in, as the provider signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's own stable name for the person (`sub`; for Microsoft `tid` and `oid`).
    pub subject: String,
    /// The name or address to show to people and to compare with what was expected
    /// (`email`, `preferred_username`, `upn`, else `sub`).
    pub name: String,
}

/// An `id_token` that proves nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    /// Signature, issuer, audience, nonce or times are wrong; says which.
    #[error("the id_token cannot be believed: {0}")]
    Invalid(String),
    /// The keys could not be fetched.
    #[error(transparent)]
    Keys(#[from] Refusal),
}

/// Clocks differ; this much is borne.
const LEEWAY_SECONDS: f64 = 120.0;

/// The algorithms that are believed: public keys alone, of today's strength.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// The claims that may name the person, the best first.
const NAMES: [&str; 4] = ["email", "preferred_username", "upn", "sub"];

type Claims = Map<String, Value>;

/// Verifies an `id_token` (OpenID Connect Core, section 3.1.3.7): signature by the provider's
/// published keys, issuer, audience, nonce, times. Where the token came through no browser there was
/// no nonce to give it (RFC 8628 has none): then there is nothing that it could be an answer to but
/// this very request.
pub async fn identity(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    id_token: &SecretString,
    nonce: Option<&SecretString>,
    now: Timestamp,
) -> Result<Identity, IdentityError> {
    let claims = signed_claims(http, endpoints, id_token.expose_secret()).await?;
    let checks = [
        ("issuer", is_of_issuer(&claims, profile, endpoints)),
        ("audience", is_for(&claims, &profile.client_id)),
        ("nonce", nonce.is_none_or(|nonce| has_nonce(&claims, nonce))),
        ("time", is_valid_at(&claims, now)),
        ("subject", text(&claims, "sub").is_some()),
    ];
    if let Some((what, _)) = checks.iter().find(|(_, right)| !right) {
        return invalid(format!("its {what} is wrong"));
    }
    let Some(subject) = subject(&claims, catalogue::row(profile.kind).subject_claims) else {
        return invalid("it names no subject");
    };
    let name = name(&claims).unwrap_or_else(|| subject.clone());
    Ok(Identity { subject, name })
}

/// Checks the `id_token` that a renewal may bring (OpenID Connect Core, section 12.2): of the same
/// issuer, for the same client and about the same person as the one that began. It comes straight
/// from the token endpoint, so no keys have to be fetched to believe it (section 3.1.3.7, rule 6).
///
/// What it does not say contradicts nothing: Microsoft names a person's object only where `profile`
/// is asked for again. An answer about somebody else cannot be understood, and ends nothing.
pub fn check_renewed_identity(
    profile: &Profile,
    endpoints: &Endpoints,
    id_token: &SecretString,
    subject: &str,
) -> Result<(), Refusal> {
    let Some(claims) = payload(id_token) else {
        return Ok(());
    };
    let same_issuer = endpoints.issuer.is_none() || is_of_issuer(&claims, profile, endpoints);
    let names = catalogue::row(profile.kind).subject_claims;
    let own = whole_subject(&claims, names);
    let same_person = own.is_none_or(|own| own == subject || text(&claims, "sub") == Some(subject));
    let checks = [
        ("issuer", same_issuer),
        ("audience", is_for(&claims, &profile.client_id)),
        ("subject", same_person),
    ];
    match checks.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((what, _)) => Err(Refusal::Garbled(format!(
            "its renewed id_token has another {what} than whoever signed in"
        ))),
    }
}

/// The claims, if one of the provider's keys signed them.
async fn signed_claims(
    http: &HttpClient,
    endpoints: &Endpoints,
    token: &str,
) -> Result<Claims, IdentityError> {
    let Ok(header) = decode_header(token) else {
        return invalid("it is no signed token");
    };
    if !ALGORITHMS.contains(&header.alg) {
        return invalid(format!("it is signed with {:?}", header.alg));
    }
    // RFC 7515, section 4.1.11: an extension that is not understood makes the token invalid.
    if header.crit.is_some() {
        return invalid("it demands an extension");
    }
    let Some(url) = &endpoints.jwks else {
        return invalid("the provider publishes no keys");
    };
    let name = header.kid.as_deref();
    let mut keys = Keys::of(http, url).await?;
    if keys.find(name, header.alg).is_none() {
        keys = Keys::newer(http, url).await?;
    }
    let key = keys.find(name, header.alg);
    let Some(key) = key.and_then(|key| DecodingKey::from_jwk(key).ok()) else {
        return invalid("the provider does not publish the key that it is signed with");
    };
    let mut validation = Validation::new(header.alg);
    // Times, audience and issuer are compared here, at a time that is an argument.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    match decode::<Claims>(token, &key, &validation) {
        Ok(token) => Ok(token.claims),
        Err(_) => invalid("its signature is wrong"),
    }
}

/// OpenID Connect Core, section 3.1.3.7, rule 2; for Microsoft's template see Entra documentation,
/// `access-tokens`, "Validate the issuer".
fn is_of_issuer(claims: &Claims, profile: &Profile, endpoints: &Endpoints) -> bool {
    let (Some(issuer), Some(expected)) = (text(claims, "iss"), &endpoints.issuer) else {
        return false;
    };
    let known = catalogue::row(profile.kind).endpoints.as_ref();
    let aliases = known.filter(|known| known.issuer == Some(expected.as_str()));
    issuer_of_tenant(expected, text(claims, "tid")) == issuer
        || aliases.is_some_and(|known| known.issuer_aliases.contains(&issuer))
}

/// Rules 3 to 5: for us, and if for others as well, then asked for by us.
fn is_for(claims: &Claims, client_id: &str) -> bool {
    let is_us = |value: &Value| value.as_str() == Some(client_id);
    let (listed, alone) = match claims.get("aud") {
        Some(Value::Array(all)) => (all.iter().any(is_us), all.len() == 1),
        Some(one) => (is_us(one), true),
        None => (false, false),
    };
    listed && claims.get("azp").map_or(alone, is_us)
}

fn has_nonce(claims: &Claims, nonce: &SecretString) -> bool {
    let got = text(claims, "nonce").unwrap_or_default();
    let expected = nonce.expose_secret();
    !expected.is_empty() && bool::from(got.as_bytes().ct_eq(expected.as_bytes()))
}

/// Rules 9 and 10; the token must say when it ends and when it was made (section 2).
fn is_valid_at(claims: &Claims, now: Timestamp) -> bool {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds of this age are exact in 53 bits"
    )]
    let now = now.as_second() as f64;
    let time = |name| claims.get(name).and_then(Value::as_f64);
    let begun = |begin| begin <= now + LEEWAY_SECONDS;
    time("exp").is_some_and(|end| end > now - LEEWAY_SECONDS)
        && time("iat").is_some_and(begun)
        && time("nbf").is_none_or(begun)
}

fn subject(claims: &Claims, names: &[&str]) -> Option<String> {
    whole_subject(claims, names).or_else(|| text(claims, "sub").map(str::to_owned))
}

fn whole_subject(claims: &Claims, names: &[&str]) -> Option<String> {
    let parts: Option<Vec<&str>> = names.iter().map(|name| text(claims, name)).collect();
    parts.map(|parts| parts.join("/"))
}

fn name(claims: &Claims) -> Option<String> {
    let unverified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => !verified,
        Some(Value::String(verified)) => verified == "false",
        _ => false,
    };
    let mut names = NAMES
        .iter()
        .filter(|name| !(unverified && **name == "email"));
    let found = names.find_map(|name| text(claims, name));
    found.and_then(|name| clean(name, &Secrets::default()))
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    let text = claims.get(name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

fn invalid<T>(why: impl Into<String>) -> Result<T, IdentityError> {
    Err(IdentityError::Invalid(why.into()))
}

impl Diagnose for IdentityError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Invalid(_) => Diagnosis::new(
                Fault::Operator,
                format!("{self}."),
                "Check client id, tenant and issuer of the provider profile, and the clock of this \
                 machine; then press Authorize again.",
            ),
            Self::Keys(refusal) => refusal.diagnosis(),
        }
    }
}

#[cfg(test)]
mod tests;
