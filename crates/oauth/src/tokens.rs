//! What the token endpoint gives.

use std::time::Duration;

use http::StatusCode;
use secrecy::SecretString;

use crate::answer::read_tokens;
use crate::http_client::Answer;
use crate::words::Secrets;
use crate::{Refusal, Scope};

/// A successful answer of the token endpoint (RFC 6749, section 5.1).
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token; its type is `Bearer`.
    pub access_token: SecretString,
    /// How long the access token lives; `None` where the provider does not say.
    pub expires_in: Option<Duration>,
    /// A new refresh token; `None` means that the old one stays (it is never wiped).
    pub refresh_token: Option<SecretString>,
    /// The scopes that were granted; `None` means those that were asked for.
    pub scopes: Option<Vec<Scope>>,
    /// Who signed in, signed by the provider.
    pub id_token: Option<SecretString>,
}

impl Tokens {
    /// Reads an answer of the token endpoint: its status and its body, JSON in whatever media type.
    pub fn read(status: StatusCode, body: &[u8]) -> Result<Self, Refusal> {
        let answer = Answer {
            status,
            media_type: None,
            retry_after: None,
            body: body.to_vec(),
        };
        read_tokens(&answer, &Secrets::default())
    }
}
