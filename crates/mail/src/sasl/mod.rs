//! The two SASL mechanisms that carry an access token.

use secrecy::SecretString;

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// `OAUTHBEARER` (RFC 7628).
    OAuthBearer,
    /// `XOAUTH2` (Google's and Microsoft's protocol pages).
    XOAuth2,
}

impl Mechanism {
    /// The initial client response, not yet in base64.
    pub fn initial_response(
        self,
        user: &str,
        token: &SecretString,
        host: &str,
        port: u16,
    ) -> SecretString {
        todo!()
    }
}
