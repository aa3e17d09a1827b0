//! The authorization request: where the browser is sent, and what must be remembered meanwhile.

use mailgrant_base::Random;
use secrecy::SecretString;
use url::Url;

use crate::{Endpoints, Profile, RedirectUri, Scope};

/// What is remembered from sending the browser away until it comes back.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Against CSRF: comes back with the answer (RFC 6749, section 10.12).
    pub state: SecretString,
    /// Ties the `id_token` to this attempt (OpenID Connect Core, section 3.1.2.1).
    pub nonce: SecretString,
    /// The PKCE code verifier (RFC 7636), method S256.
    pub verifier: SecretString,
}

impl Attempt {
    /// A fresh attempt: 256 random bits each.
    pub fn new(random: &dyn Random) -> Self {
        Self {
            state: random.token().into(),
            nonce: random.token().into(),
            verifier: random.token().into(),
        }
    }
}

/// All that the authorization request is made of.
#[derive(Debug)]
pub struct AuthorizeUrl<'a> {
    /// The provider.
    pub profile: &'a Profile,
    /// Its endpoints.
    pub endpoints: &'a Endpoints,
    /// Where the answer goes.
    pub redirect_uri: &'a RedirectUri,
    /// The scopes asked for.
    pub scopes: &'a [Scope],
    /// Who is expected to sign in.
    pub login_hint: &'a str,
}

/// The URL of the provider's own login page for this attempt.
pub fn authorize_url(request: &AuthorizeUrl<'_>, attempt: &Attempt) -> Url {
    todo!()
}

/// The scopes to ask for: those entered by hand, else the catalogue's, less what the provider says
/// that it does not support.
pub fn requested_scopes(profile: &Profile, endpoints: &Endpoints) -> Vec<Scope> {
    todo!()
}
