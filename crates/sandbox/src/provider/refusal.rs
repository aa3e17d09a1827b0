//! The answer that says no.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// An OAuth error (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: String,
    pub(super) description: String,
    /// The number that Entra has for it, where it has one.
    pub(super) entra: Option<u32>,
}

impl Refusal {
    pub(super) fn new(error: &str, description: impl Into<String>) -> Self {
        Self {
            error: error.to_owned(),
            description: description.into(),
            entra: None,
        }
    }

    /// The same, with the number that Entra has for it.
    pub(super) fn entra(mut self, number: u32) -> Self {
        self.entra = Some(number);
        self
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new("invalid_client", description)
    }

    pub(super) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let unknown_client = self.error == "invalid_client";
        let body = Json(json!({
            "error": self.error,
            "error_description": self.description,
        }));
        let mut response = if unknown_client {
            let challenge = (header::WWW_AUTHENTICATE, "Basic realm=\"sandbox\"");
            (StatusCode::UNAUTHORIZED, [challenge], body).into_response()
        } else {
            (StatusCode::BAD_REQUEST, body).into_response()
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
