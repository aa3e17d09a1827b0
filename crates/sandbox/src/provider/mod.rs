//! The identity provider: discovery, login and consent pages, authorization code with PKCE,
//! refresh with rotation, introspection, revocation, JWKS.

use std::net::SocketAddr;
use std::time::Duration;

use crate::TokenBook;

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret; `None` for a public client.
    pub secret: Option<String>,
    /// Its redirect URIs, compared exactly.
    pub redirect_uris: Vec<String>,
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// The address, which is also the subject.
    pub address: String,
    /// The password.
    pub password: String,
}

/// How the provider behaves when all is well.
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// Where to listen (port 0 for any).
    pub listen: SocketAddr,
    /// Clients.
    pub clients: Vec<Client>,
    /// Users.
    pub users: Vec<User>,
    /// How long access tokens live.
    pub access_token_lifetime: Duration,
    /// Whether each refresh gives a new refresh token, and the use of an old one ends the grant
    /// (reuse detection, RFC 9700 section 4.14.2).
    pub rotate: bool,
}

/// What goes wrong on demand. Each stays until cleared, or for so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderFault {
    /// The token endpoint refuses with this OAuth error and description (400, or 401 for
    /// `invalid_client`).
    Refuse {
        /// `invalid_grant`, `invalid_client`…
        error: String,
        /// The description.
        description: String,
    },
    /// The token endpoint answers with this status and no JSON; with `Retry-After` if given.
    Status {
        /// The HTTP status.
        status: u16,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// The token endpoint waits so long before it answers.
    Slow(Duration),
    /// The token endpoint closes the connection in the middle of its answer.
    Truncate,
    /// The answer is HTML where JSON was due.
    Html,
    /// Refresh answers bring no refresh token even though rotation is on (the old one is kept
    /// valid).
    OmitRefreshToken,
    /// The consent page answers `access_denied` whatever is pressed.
    DenyConsent,
    /// The callback carries another issuer in `iss`.
    WrongIss,
    /// The `id_token` carries another nonce.
    WrongNonce,
    /// Discovery answers 503.
    DiscoveryDown,
}

/// A running identity provider; stops when dropped.
#[derive(Debug)]
pub struct IdentityProvider {
    _private: (),
}

impl IdentityProvider {
    /// Starts one on loopback, over plain HTTP.
    pub async fn start(options: ProviderOptions, tokens: TokenBook) -> std::io::Result<Self> {
        todo!()
    }

    /// Its issuer: `http://127.0.0.1:PORT`.
    pub fn issuer(&self) -> String {
        todo!()
    }

    /// Lets a fault happen `times` times (`None`: until [`clear_faults`](Self::clear_faults)).
    pub fn fault(&self, fault: ProviderFault, times: Option<u32>) {
        todo!()
    }

    /// All is well again.
    pub fn clear_faults(&self) {
        todo!()
    }

    /// Ends all grants of a user: the next refresh answers `invalid_grant`.
    pub fn revoke_grants(&self, user: &str) {
        todo!()
    }

    /// How many refresh requests have been answered, with whatever answer.
    pub fn refreshes(&self) -> u64 {
        todo!()
    }

    /// How many grants have been ended because an old refresh token was used again.
    pub fn reuse_detected(&self) -> u64 {
        todo!()
    }

    /// Gives a grant without a browser, as if `user` had signed in and consented: a refresh token.
    pub fn grant(&self, client_id: &str, user: &str, scope: &str) -> String {
        todo!()
    }
}
