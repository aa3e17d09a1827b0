//! Who signed in: the `id_token`, verified.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{Endpoints, HttpClient, Profile, Refusal};

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

/// Verifies an `id_token` (OpenID Connect Core, section 3.1.3.7): signature by the provider's
/// published keys, issuer, audience, nonce, times.
pub async fn identity(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    id_token: &SecretString,
    nonce: &SecretString,
    now: Timestamp,
) -> Result<Identity, IdentityError> {
    todo!()
}
