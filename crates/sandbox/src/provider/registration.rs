//! Who is registered: clients with their credentials, service accounts, users.

use std::fmt;

/// A registered client.
#[derive(Clone, Default)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret; `None` for a public client and for one with other credentials.
    pub secret: Option<String>,
    /// Its redirect URIs, compared exactly; `http://localhost/` and
    /// `http://127.0.0.1/` stand for every port
    /// (RFC 8252, section 7.3).
    pub redirect_uris: Vec<String>,
    /// Further credentials, each as good as the secret: two at once let a client roll over without
    /// a gap.
    pub credentials: Vec<Credential>,
    /// What the client may do in its own name (client credentials): scopes, or in Microsoft's
    /// persona application permissions such as `https://outlook.office365.com/IMAP.AccessAsApp`.
    pub own_scopes: Vec<String>,
}

/// A way of a client to prove who it is.
#[derive(Clone)]
pub enum Credential {
    /// Another secret.
    Secret(String),
    /// A secret that was right once: `invalid_client` with this description.
    ExpiredSecret {
        /// The secret.
        secret: String,
        /// What the refusal says.
        description: String,
    },
    /// A key of its own, with which it signs assertions about itself (`private_key_jwt`, RFC 7523,
    /// section 2.2).
    Key(PublicKeys),
    /// The assertions of somebody else (workload identity federation).
    Federated {
        /// Who signs: `iss`.
        issuer: String,
        /// About whom: `sub`.
        subject: String,
        /// For whom: `aud`.
        audience: String,
        /// The issuer's keys.
        keys: PublicKeys,
    },
}

/// Public keys by which assertions are checked.
#[derive(Debug, Clone)]
pub enum PublicKeys {
    /// A JWK Set (RFC 7517), as JSON.
    Jwks(String),
    /// A certificate, as PEM. Assertions have to name it in `x5t#S256` (RFC 7515, section 4.1.8).
    Certificate(String),
}

/// Somebody who may vouch for users by a signed assertion (RFC 7523, section 2.1): what Google
/// calls a service account with domain-wide delegation.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// Its name in `iss`: at Google an e-mail address.
    pub issuer: String,
    /// Its keys.
    pub keys: PublicKeys,
    /// The scopes that are delegated to it, each compared exactly.
    pub scopes: Vec<String>,
}

/// Somebody who can sign in.
#[derive(Clone)]
pub struct User {
    /// The address, which is also the subject.
    pub address: String,
    /// The password.
    pub password: String,
}

impl Client {
    /// Whether its name alone is enough.
    pub(super) fn is_public(&self) -> bool {
        self.secret.is_none() && self.credentials.is_empty()
    }
}

impl Client {
    pub(super) fn redirects_to(&self, asked: &str) -> bool {
        let registered = |uri: &str| self.redirect_uris.iter().any(|one| one == uri);
        registered(asked)
            || ["http://localhost", "http://127.0.0.1"].iter().any(|host| {
                let rest = asked
                    .strip_prefix(host)
                    .and_then(|rest| rest.strip_prefix(':'));
                let port = rest.and_then(|rest| rest.strip_suffix('/'));
                port.is_some_and(|port| port.parse::<u16>().is_ok())
                    && registered(&format!("{host}/"))
            })
    }
}

/// Without secrets.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

/// Without secrets.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::ExpiredSecret { .. } => "ExpiredSecret { .. }",
            Self::Key(_) => "Key(..)",
            Self::Federated { .. } => "Federated { .. }",
        })
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
