//! How the provider behaves when all is well.

use std::net::SocketAddr;
use std::time::Duration;

use super::ambient::Now;
use super::persona::Persona;
use super::registration::{Client, ServiceAccount, User};

/// How the provider behaves when all is well.
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// Where to listen (port 0 for any); a loopback address.
    pub listen: SocketAddr,
    /// Whom it behaves like.
    pub persona: Persona,
    /// Clients.
    pub clients: Vec<Client>,
    /// Those who may vouch for users by a signed assertion (RFC 7523, section 2.1).
    pub service_accounts: Vec<ServiceAccount>,
    /// Users.
    pub users: Vec<User>,
    /// How long access tokens live.
    pub access_token_lifetime: Duration,
    /// Whether each refresh gives a new refresh token, and the use of an old one ends the grant
    /// (reuse detection, RFC 9700 section 4.14.2).
    pub rotate: bool,
    /// How long a device code can be used (RFC 8628, section 3.2).
    pub device_code_lifetime: Duration,
    /// How long a device waits between two questions (RFC 8628, section 3.2).
    pub device_interval: Duration,
    /// The time of day by which assertions and device codes are judged and identities are signed.
    pub now: Now,
    /// What the login page tells whoever tries Mailgrant out: which address and password to use.
    pub hint: Option<String>,
}

impl Default for ProviderOptions {
    /// Any free port, nobody registered, tokens for ten minutes, rotation on.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            persona: Persona::Plain,
            clients: Vec::new(),
            service_accounts: Vec::new(),
            users: Vec::new(),
            access_token_lifetime: Duration::from_mins(10),
            rotate: true,
            device_code_lifetime: Duration::from_mins(15),
            device_interval: Duration::from_secs(5),
            now: Now::default(),
            hint: None,
        }
    }
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

    pub(super) fn service_account(&self, issuer: &str) -> Option<&ServiceAccount> {
        self.service_accounts
            .iter()
            .find(|account| account.issuer == issuer)
    }

    /// The user with this address, in whatever case.
    pub(super) fn user_named(&self, address: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.address.eq_ignore_ascii_case(address))
    }
}
