//! What a provider says no with, sorted by what has to happen next.

use std::time::Duration;

use mailgrant_base::{Diagnose, Diagnosis};

/// Why there are no tokens.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The grant is over, or a person must do something in a browser: `invalid_grant`,
    /// `interaction_required`, `consent_required`, `login_required`, `access_denied`. The only kind
    /// that ends a grant.
    #[error("the identity provider asks for a person: {0}")]
    NeedsPerson(Said),
    /// The provider profile is wrong: `invalid_client`, `unauthorized_client`, `invalid_scope`,
    /// a redirect URI that is not registered… All accounts of the profile keep their grants.
    #[error("the identity provider does not accept Mailgrant's registration: {0}")]
    Profile(Said),
    /// Nobody's fault: no answer, 408, 429, 5xx, `temporarily_unavailable`. The old token serves
    /// until it ends.
    #[error("the identity provider gives no answer now: {why}")]
    Later {
        /// What happened, in words.
        why: String,
        /// What the provider asked for (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The answer makes no sense: no JSON where JSON was due, no access token in a 200… Tried
    /// again, and shown.
    #[error("the identity provider's answer cannot be understood: {0}")]
    Garbled(String),
}

/// What the provider said; never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The OAuth error code (RFC 6749, sections 4.1.2.1 and 5.2).
    pub error: String,
    /// `error_description`, shortened to a length that a page can show.
    pub description: Option<String>,
    /// HTTP status, where it came from the token endpoint.
    pub status: Option<u16>,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.error),
            None => f.write_str(&self.error),
        }
    }
}

impl Diagnose for Refusal {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}
