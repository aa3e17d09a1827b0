//! The parameters of a request, from a query or a form.

use std::collections::HashSet;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};

use super::refusal::Refusal;

/// The longest query or form that is read.
const LONGEST: usize = 16 * 1024;

/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The parameters of a request. None appears twice, and one without a value counts as not sent
/// (RFC 6749, section 3.1).
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, Refusal> {
        if encoded.len() > LONGEST {
            return Err(Refusal::invalid_request("the request is too long"));
        }
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(encoded).into_owned().collect();
        let mut seen = HashSet::new();
        if let Some((name, _)) = pairs.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            let description = format!("`{name}` appears more than once");
            return Err(Refusal::invalid_request(description));
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.iter().find(|(candidate, _)| *candidate == name)?;
        Some(value).filter(|value| !value.is_empty())
    }

    pub(super) fn require(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::invalid_request(format!("`{name}` is missing")))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Reads a form, within a bound of length and time.
impl<S: Sync> FromRequest<S> for Parameters {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !is_form(request.headers()) {
            return Err(Refusal::invalid_request(
                "the content type is not application/x-www-form-urlencoded",
            ));
        }
        if request.body().size_hint().lower() > LONGEST as u64 {
            return Err(Refusal::invalid_request("the request is too long"));
        }
        let body = axum::body::to_bytes(request.into_body(), LONGEST);
        match tokio::time::timeout(PATIENCE, body).await {
            Ok(Ok(body)) => Self::parse(&body),
            Ok(Err(_)) => Err(Refusal::invalid_request("the request is too long")),
            Err(_) => Err(Refusal::invalid_request("the request took too long")),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_value_counts_as_not_sent() {
        let parameters = Parameters::parse(b"a=&b=1+2%26&c").unwrap();
        assert_eq!(parameters.get("a"), None);
        assert_eq!(parameters.get("b"), Some("1 2&"));
        assert_eq!(parameters.get("c"), None);
        assert_eq!(parameters.get("d"), None);
    }

    #[test]
    fn a_parameter_that_appears_twice_is_refused() {
        let refusal = Parameters::parse(b"a=1&b=2&a=1").unwrap_err();
        assert_eq!(refusal.error, "invalid_request");
        assert!(refusal.description.contains("`a`"));
    }

    #[test]
    fn a_request_without_end_is_refused() {
        assert!(Parameters::parse("a".repeat(LONGEST).as_bytes()).is_ok());
        assert!(Parameters::parse("a".repeat(LONGEST + 1).as_bytes()).is_err());
    }
}
