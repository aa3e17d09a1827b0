//! Where a provider's endpoints are: by hand, from the catalogue, by discovery.

use url::Url;

use crate::{HttpClient, Profile, Refusal};

/// A provider's endpoints, ready to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer that `iss` (RFC 9207) and `id_token` are compared with; may hold the template
    /// `{tenantid}`; `None` for plain OAuth 2.0.
    pub issuer: Option<String>,
    /// Where the browser is sent.
    pub authorization: Url,
    /// Where codes and refresh tokens are redeemed.
    pub token: Url,
    /// Where the signing keys are.
    pub jwks: Option<Url>,
    /// Where a grant is ended, if the provider has such a place.
    pub revocation: Option<Url>,
    /// The provider says that it always sends `iss` with the code (RFC 9207, section 3).
    pub sends_iss: bool,
    /// The scopes that the provider says it supports, where discovery told.
    pub scopes_supported: Option<Vec<String>>,
}

/// Finds a profile's endpoints: what was entered by hand, then the catalogue's, then discovery
/// (OpenID Connect Discovery 1.0, RFC 8414), whose issuer is checked.
pub async fn resolve(http: &HttpClient, profile: &Profile) -> Result<Endpoints, Refusal> {
    todo!()
}

#[derive(Debug, Clone)]
pub(crate) struct Document;
