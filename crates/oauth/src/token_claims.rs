//! What an access token says about itself, where it is a JWT: for diagnosis only.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::words::{Secrets, clean};

/// No token that anybody sends is longer, in bytes.
const LONGEST: usize = 64 * 1024;

/// No list of a token is looked at further.
const MOST: usize = 64;

/// With padding or without: what is shown is not what is checked.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims of an access token, **unverified**: anybody could have written them, and an access
/// token is meant for the mail server, not for us (Entra documentation, `access-tokens`). They help
/// a person to see why a mail server refuses a token. They must never be used for a decision: not to
/// let somebody in, not to tell who somebody is, not to say when a token ends.
///
/// All texts are fit to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenClaims {
    /// Whom it is for (`aud`).
    pub audience: Vec<String>,
    /// What a person allowed (`scp`, `scope`).
    pub scopes: Vec<String>,
    /// What an administrator allowed the application itself (`roles`).
    pub roles: Vec<String>,
    /// When it ends (`exp`).
    pub expires_at: Option<Timestamp>,
    /// When it was made (`iat`).
    pub issued_at: Option<Timestamp>,
    /// Who made it (`iss`).
    pub issuer: Option<String>,
    /// Who signed in, for people: `upn`, `preferred_username`, `unique_name` or `email`.
    pub user_name: Option<String>,
    /// The person or service principal within its tenant (`oid`).
    pub object_id: Option<String>,
    /// The tenant (`tid`).
    pub tenant_id: Option<String>,
    /// The person, for machines (`sub`).
    pub subject: Option<String>,
    /// The application (`appid`, `azp`).
    pub application: Option<String>,
    /// Whether it is a person's or an application's (`idtyp`).
    pub identity_type: Option<String>,
}

impl TokenClaims {
    /// Reads a token without verifying anything; `None` where it is no JWT that can be read
    /// (opaque or encrypted).
    pub fn peek(token: &SecretString) -> Option<Self> {
        let token = token.expose_secret();
        if token.len() > LONGEST {
            return None;
        }
        let mut parts = token.split('.');
        let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let payload = BASE64.decode(payload).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        Some(Self::of(&claims))
    }

    fn of(claims: &Map<String, Value>) -> Self {
        let secrets = Secrets::default();
        let text = |name: &str| text(claims, name, &secrets);
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        let texts = |name: &str| texts(claims, name, &secrets);
        let mut scopes = texts("scp");
        scopes.extend(texts("scope"));
        Self {
            audience: texts("aud"),
            scopes,
            roles: texts("roles"),
            expires_at: moment(claims, "exp"),
            issued_at: moment(claims, "iat"),
            issuer: text("iss"),
            user_name: first(&["upn", "preferred_username", "unique_name", "email"]),
            object_id: text("oid"),
            tenant_id: text("tid"),
            subject: text("sub"),
            application: first(&["appid", "azp"]),
            identity_type: text("idtyp"),
        }
    }
}

/// A field as text that may be shown.
pub(crate) fn text(
    fields: &Map<String, Value>,
    name: &str,
    secrets: &Secrets<'_>,
) -> Option<String> {
    clean(fields.get(name)?.as_str()?, secrets)
}

/// A field that is a list, or words separated by spaces.
pub(crate) fn texts(fields: &Map<String, Value>, name: &str, secrets: &Secrets<'_>) -> Vec<String> {
    let words: Vec<&str> = match fields.get(name) {
        Some(Value::String(text)) => text.split_whitespace().take(MOST).collect(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(MOST).collect(),
        _ => Vec::new(),
    };
    let words = words.into_iter();
    words.filter_map(|word| clean(word, secrets)).collect()
}

/// A field that is a time: seconds since 1970, whole or not.
pub(crate) fn moment(fields: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let value = fields.get(name)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates, and what no calendar has is refused below"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_second(seconds).ok()
}
