//! A person authorises an account: to the provider ([`begin`]) and back ([`finish`]).

mod application;
mod begin;
mod checks;
mod device;
mod error;
mod finish;

use std::fmt;

use mailgrant_oauth::Access;
use mailgrant_vault::{AccountId, AuthorizationId, AuthorizationOutcome, Provider};
use secrecy::SecretString;
use url::Url;

pub use device::DeviceOffer;
pub use error::AuthorizationError;

/// Somebody can sign in only where the profile says that somebody does.
fn require_somebody(provider: &Provider) -> Result<(), AuthorizationError> {
    match provider.profile.access {
        Access::Delegated => Ok(()),
        Access::Application => Err(AuthorizationError::NobodySignsIn(provider.name.clone())),
    }
}

/// A one-time link's secret, for `mailgrant account authorize`.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// What the link ends with.
    pub secret: SecretString,
    /// Where its outcome will be recorded.
    pub id: AuthorizationId,
}

/// The browser leaves.
#[derive(Clone)]
pub struct Departure {
    /// Where to send it: the provider's own login page.
    pub url: Url,
}

/// Without the query, which has the state and the nonce.
impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = &self.url[..url::Position::AfterPath];
        f.debug_struct("Departure").field("url", &page).finish()
    }
}

/// The browser is back.
pub struct Arrival<'a> {
    /// The raw query of the request to the redirect URI.
    pub query: &'a str,
    /// The secret of the browser's session cookie, if it had one.
    pub browser: Option<&'a SecretString>,
}

/// Without the query, which has the state and the code.
impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").finish_non_exhaustive()
    }
}

/// A finished authorization.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its row.
    pub id: AuthorizationId,
    /// For which account.
    pub account: AccountId,
    /// `Granted` or `OtherIdentity`.
    pub outcome: AuthorizationOutcome,
}
