//! The keys that a provider signs with (RFC 7517).

use std::sync::Arc;

use http::StatusCode;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::endpoints::{later, unreadable};
use crate::{HttpClient, Refusal};

/// A published set of keys; those that cannot be understood are left out.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Arc<[Jwk]>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl Keys {
    /// The keys at this address, kept or fetched.
    pub(crate) async fn of(http: &HttpClient, url: &Url) -> Result<Self, Refusal> {
        let fetch = async || Self::fetch(http, url).await;
        http.keys().get(url.as_str(), fetch).await
    }

    /// The keys at this address, fetched again because one is missing.
    pub(crate) async fn newer(http: &HttpClient, url: &Url) -> Result<Self, Refusal> {
        let fetch = async || Self::fetch(http, url).await;
        http.keys().get_newer(url.as_str(), fetch).await
    }

    async fn fetch(http: &HttpClient, url: &Url) -> Result<Self, Refusal> {
        let answer = http.get(url).await?;
        if answer.status == StatusCode::OK {
            Self::read(url, &answer.body)
        } else {
            Err(later(url, &answer))
        }
    }

    fn read(url: &Url, body: &[u8]) -> Result<Self, Refusal> {
        let document: Document =
            serde_json::from_slice(body).map_err(|error| unreadable(url, &error))?;
        let keys = document.keys.into_iter();
        Ok(Self(
            keys.filter_map(|key| serde_json::from_value(key).ok())
                .collect(),
        ))
    }

    /// The key that a signature was made with: the one so named, or, where the signature names none,
    /// the only one that fits.
    pub(crate) fn find(&self, name: Option<&str>, algorithm: Algorithm) -> Option<&Jwk> {
        let mut fitting = self.0.iter().filter(|key| {
            let named = name.is_none() || key.common.key_id.as_deref() == name;
            named && fits(key, algorithm)
        });
        let first = fitting.next();
        match fitting.next() {
            Some(_) if name.is_none() => None,
            _ => first,
        }
    }
}

/// A key serves its own kind of algorithm alone, whatever the token says.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            matches!(algorithm, Algorithm::RS256 | Algorithm::PS256)
        }
        AlgorithmParameters::EllipticCurve(curve) => {
            curve.curve == EllipticCurve::P256 && algorithm == Algorithm::ES256
        }
        _ => false,
    };
    let own = key.common.key_algorithm;
    let promised = own.is_none_or(|own| own == KeyAlgorithm::from(algorithm));
    let for_signing = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    kind && promised && for_signing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &[u8]) -> Result<Keys, Refusal> {
        Keys::read(&Url::parse("https://a.example/keys").unwrap(), body)
    }

    #[test]
    fn a_key_that_cannot_be_understood_leaves_the_others_in_place() {
        let ec = r#"{"kty":"EC","crv":"P-256","kid":"ec",
            "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
        let body = format!(r#"{{"keys":[{{"kty":"new"}},7,null,{ec}]}}"#);
        let keys = read(body.as_bytes()).unwrap();
        assert!(keys.find(Some("ec"), Algorithm::ES256).is_some());
        assert!(keys.find(Some("ec"), Algorithm::RS256).is_none());
        assert!(keys.find(Some("other"), Algorithm::ES256).is_none());
    }

    proptest! {
        #[test]
        fn any_key_set_is_read_or_refused_in_few_words(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,3000}",
        ) {
            let quoted = serde_json::json!({ "keys": text }).to_string();
            for body in [bytes.as_slice(), quoted.as_bytes()] {
                if let Err(refusal) = read(body) {
                    let shown = refusal.to_string();
                    prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
                    prop_assert!(shown.chars().count() < 1000, "{}", shown);
                }
            }
        }
    }
}
