//! How the provider behaves when all is well.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// How the provider behaves when all is well.
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// Where to listen (port 0 for any); a loopback address.
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
    /// What the login page tells whoever tries Mailgrant out: which address and password to use.
    pub hint: Option<String>,
}

impl Default for ProviderOptions {
    /// Any free port, nobody registered, tokens for ten minutes, rotation on.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clients: Vec::new(),
            users: Vec::new(),
            access_token_lifetime: Duration::from_mins(10),
            rotate: true,
            hint: None,
        }
    }
}

/// A registered client.
#[derive(Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret; `None` for a public client.
    pub secret: Option<String>,
    /// Its redirect URIs, compared exactly; `http://localhost/` stands for every port
    /// (RFC 8252, section 7.3).
    pub redirect_uris: Vec<String>,
}

/// Somebody who can sign in.
#[derive(Clone)]
pub struct User {
    /// The address, which is also the subject.
    pub address: String,
    /// The password.
    pub password: String,
}

impl ProviderOptions {
    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The user with this address (in whatever case) and exactly this password.
    pub(super) fn user(&self, address: &str, password: &str) -> Option<&User> {
        let address = address.trim();
        self.users
            .iter()
            .find(|user| user.address.eq_ignore_ascii_case(address) && user.password == password)
    }
}

impl Client {
    pub(super) fn redirects_to(&self, asked: &str) -> bool {
        let loopback = asked
            .strip_prefix("http://localhost:")
            .and_then(|rest| rest.strip_suffix('/'))
            .is_some_and(|port| port.parse::<u16>().is_ok());
        let registered = |uri: &str| self.redirect_uris.iter().any(|one| one == uri);
        registered(asked) || (loopback && registered("http://localhost/"))
    }
}

/// Without the secret.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

/// Without the password.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
