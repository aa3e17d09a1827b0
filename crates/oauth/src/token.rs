//! The token endpoint: codes and refresh tokens become access tokens.

use std::time::Duration;

use secrecy::SecretString;

use crate::{Endpoints, HttpClient, Profile, RedirectUri, Refusal, Scope};

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

/// Redeems an authorization code, once; never repeated, for a code serves one time.
pub async fn redeem_code(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    redirect_uri: &RedirectUri,
    code: &SecretString,
    verifier: &SecretString,
) -> Result<Tokens, Refusal> {
    todo!()
}

/// Fetches a new access token with a refresh token (RFC 6749, section 6) for exactly `scopes`.
pub async fn refresh(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
    scopes: &[Scope],
) -> Result<Tokens, Refusal> {
    todo!()
}

/// Ends a grant at the provider (RFC 7009). `Ok(false)` where the provider has no such endpoint.
pub async fn revoke(
    http: &HttpClient,
    profile: &Profile,
    endpoints: &Endpoints,
    refresh_token: &SecretString,
) -> Result<bool, Refusal> {
    todo!()
}
