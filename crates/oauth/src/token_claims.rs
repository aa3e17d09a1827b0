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
        payload(token).as_ref().map(Self::of)
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

/// The claims of a JWT, **unverified**; `None` where it is none that can be read.
pub(crate) fn payload(token: &SecretString) -> Option<Map<String, Value>> {
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
    serde_json::from_slice(&payload).ok()
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

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn token(claims: &Value) -> SecretString {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.sig",
            part(r#"{"alg":"RS256"}"#),
            part(&claims.to_string())
        )
        .into()
    }

    #[test]
    fn a_persons_token_and_an_applications_token_are_told_apart() {
        let person = TokenClaims::peek(&token(&serde_json::json!({
            "aud": "https://outlook.office.com", "scp": "IMAP.AccessAsUser.All SMTP.Send",
            "upn": "desk@example.com", "oid": "o", "tid": "t", "sub": "s", "appid": "a",
            "idtyp": "user", "iss": "https://sts.windows.net/t/", "iat": 1_767_225_600,
            "exp": 1_767_229_200.0,
        })));
        let person = person.unwrap();
        assert_eq!(person.audience, ["https://outlook.office.com"]);
        assert_eq!(person.scopes, ["IMAP.AccessAsUser.All", "SMTP.Send"]);
        assert_eq!(person.user_name.as_deref(), Some("desk@example.com"));
        assert_eq!(person.object_id.as_deref(), Some("o"));
        assert_eq!(person.tenant_id.as_deref(), Some("t"));
        assert_eq!(person.application.as_deref(), Some("a"));
        assert_eq!(person.identity_type.as_deref(), Some("user"));
        assert_eq!(
            person.issued_at.unwrap().to_string(),
            "2026-01-01T00:00:00Z"
        );
        assert_eq!(
            person.expires_at.unwrap().to_string(),
            "2026-01-01T01:00:00Z"
        );
        assert!(person.roles.is_empty());

        let application = TokenClaims::peek(&token(&serde_json::json!({
            "aud": ["https://ps.outlook.com"], "roles": ["IMAP.AccessAsApp"], "idtyp": "app",
        })));
        assert_eq!(application.unwrap().roles, ["IMAP.AccessAsApp"]);
    }

    #[test]
    fn what_is_no_jwt_is_left_alone() {
        for opaque in ["", "ya29.vF9dft4", "a.b.c", "a.b.c.d.e", "..", "e30.W10.x"] {
            assert_eq!(TokenClaims::peek(&opaque.into()), None, "{opaque}");
        }
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(TokenClaims::peek(&long.into()), None);
    }

    proptest! {
        #[test]
        fn any_token_is_read_or_left_and_what_is_shown_is_clean(text in any::<String>(), payload in any::<String>(), number in any::<f64>()) {
            let _ = TokenClaims::peek(&text.as_str().into());
            let part = BASE64_URL_SAFE_NO_PAD.encode(&payload);
            let _ = TokenClaims::peek(&format!("e30.{part}.x").into());
            let many = vec![text.as_str(); 200];
            let claims = serde_json::json!({"aud": many, "upn": text, "scp": text, "exp": number});
            let claims = TokenClaims::peek(&token(&claims)).unwrap();
            prop_assert!(claims.audience.len() <= MOST && claims.scopes.len() <= MOST);
            for text in claims.audience.iter().chain(&claims.scopes).chain(&claims.user_name) {
                prop_assert!(!text.chars().any(char::is_control));
                prop_assert!(text.chars().count() <= 501);
            }
        }
    }
}
