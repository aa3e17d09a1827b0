//! The JSON that a server sends when it refuses a token.

use mailgrant_base::is_treacherous;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The JSON that a server sends when it refuses a token (XOAUTH2 and RFC 7628, section 3.2.2),
/// decoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Challenge {
    /// `invalid_token`, or an HTTP status such as `400` or `401` as text.
    #[serde(deserialize_with = "text_or_number")]
    pub status: String,
    /// The scope that would do.
    #[serde(default)]
    pub scope: Option<String>,
    /// Where the provider describes itself (RFC 7628). Only to be shown: it comes from whoever
    /// answers on that port.
    #[serde(default, rename = "openid-configuration")]
    pub openid_configuration: Option<String>,
}

impl Challenge {
    /// Decodes what stands behind the `+`; `None` when it is no such JSON.
    pub fn decode(base64: &[u8]) -> Option<Self> {
        let json = STANDARD.decode(base64.trim_ascii()).ok()?;
        // An object: serde would take an array of its values as well.
        let object: Map<String, Value> = serde_json::from_slice(&json).ok()?;
        let challenge: Self = serde_json::from_value(object.into()).ok()?;
        Some(Self {
            status: plain(&challenge.status),
            scope: challenge.scope.as_deref().map(plain),
            openid_configuration: challenge.openid_configuration.as_deref().map(plain),
        })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if let Some(scope) = &self.scope {
            write!(f, ", wants scope {scope}")?;
        }
        Ok(())
    }
}

/// Words of the other side, fit to be shown: no control characters, and not without end.
fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let shown = text.chars().filter(|c| !is_treacherous(*c));
    shown.take(LONGEST).collect()
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Status {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(match Status::deserialize(deserializer)? {
        Status::Text(text) => text,
        Status::Number(number) => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(json: &str) -> Option<Challenge> {
        Challenge::decode(STANDARD.encode(json).as_bytes())
    }

    #[test]
    fn what_gmail_sends_is_read() {
        let challenge = Challenge::decode(
            b"eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xl\
              LmNvbS8ifQ==",
        )
        .unwrap();
        assert_eq!(challenge.status, "400");
        assert_eq!(challenge.scope.as_deref(), Some("https://mail.google.com/"));
    }

    #[test]
    fn a_status_is_a_word_or_a_number() {
        assert_eq!(decode(r#"{"status":401}"#).unwrap().status, "401");
        let full = decode(
            r#"{"status":"invalid_token","scope":"s","openid-configuration":"https://x.example/"}"#,
        )
        .unwrap();
        assert_eq!(full.status, "invalid_token");
        assert_eq!(
            full.openid_configuration.as_deref(),
            Some("https://x.example/")
        );
    }

    #[test]
    fn anything_else_is_no_challenge() {
        for json in ["", "{}", "[]", r#"{"status":null}"#, "not json"] {
            assert_eq!(decode(json), None, "{json}");
        }
        assert_eq!(Challenge::decode(b"*not base64*"), None);
    }

    proptest! {
        #[test]
        fn what_a_server_sends_is_what_is_read(
            // Of what is fit to be shown; the rest is left out, which another test shows.
            status in "[ -~äß€日]{0,80}",
            scope in proptest::option::of("[ -~äß€日]{0,80}"),
            configuration in proptest::option::of("[ -~äß€日]{0,80}"),
        ) {
            let json = serde_json::json!({
                "status": status, "scope": scope, "openid-configuration": configuration,
                "schemes": "Bearer",
            });
            let challenge = Challenge { status, scope, openid_configuration: configuration };
            prop_assert_eq!(decode(&json.to_string()), Some(challenge));
        }

        #[test]
        fn anything_is_read_without_harm(bytes in any::<Vec<u8>>(), json in any::<String>()) {
            let _ = Challenge::decode(&bytes);
            prop_assert_eq!(decode(&format!("[{json:?}]")), None);
        }
    }

    #[test]
    fn what_is_shown_of_it_has_no_control_characters_and_an_end() {
        let long = "s".repeat(5000);
        let json = format!(r#"{{"status":"\u001b[2J401","scope":"{long}"}}"#);
        let challenge = decode(&json).unwrap();
        assert_eq!(challenge.status, "[2J401");
        assert_eq!(challenge.scope.unwrap().len(), 300);
    }
}
