//! A person authorises an account: to the provider and back.

use mailgrant_base::{Diagnose, Diagnosis};
use mailgrant_oauth::{CallbackError, Refusal};
use mailgrant_vault::{AccountId, AuthorizationId, AuthorizationOutcome, VaultError};
use secrecy::SecretString;
use url::Url;

use crate::Keeper;

/// A one-time link's secret, for `mailgrant account authorize`.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// What the link ends with.
    pub secret: SecretString,
    /// Where its outcome will be recorded.
    pub id: AuthorizationId,
}

/// The browser leaves.
#[derive(Debug, Clone)]
pub struct Departure {
    /// Where to send it: the provider's own login page.
    pub url: Url,
}

/// The browser is back.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The raw query of the request to the redirect URI.
    pub query: &'a str,
    /// The secret of the browser's session cookie, if it had one.
    pub browser: Option<&'a SecretString>,
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

/// An authorization that failed; whatever grant was there is untouched.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// No such account, or it was removed meanwhile.
    #[error("the account does not exist any more")]
    NoAccount,
    /// The provider (profile) is paused.
    #[error("provider {0} is paused")]
    ProviderPaused(String),
    /// The link was used, is too old or was never given out.
    #[error("this link has been used or is too old")]
    DeadTicket,
    /// State unknown, used, older than 10 minutes, or of another browser.
    #[error("this answer does not belong to an authorization that began in this browser")]
    UnknownState,
    /// The answer itself is wrong.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The provider said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The provider gave fewer scopes than are needed for mail.
    #[error("the provider did not grant {missing}")]
    ScopeMissing {
        /// What is missing.
        missing: String,
    },
    /// The provider gave no refresh token, and there is none from before.
    #[error("the provider gave no refresh token")]
    NoRefreshToken,
    /// The `id_token` cannot be believed.
    #[error("{0}")]
    Identity(String),
    /// The profile was changed while the browser was away.
    #[error("the provider profile was changed meanwhile")]
    ProfileChanged,
    /// The store failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Diagnose for AuthorizationError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}

impl Keeper {
    /// Makes a one-time link for an account, good for 10 minutes.
    pub async fn offer(&self, account: AccountId) -> Result<Ticket, AuthorizationError> {
        todo!()
    }

    /// The browser (whose session cookie's secret is `browser`) leaves for the provider.
    pub async fn begin(
        &self,
        account: AccountId,
        browser: &SecretString,
    ) -> Result<Departure, AuthorizationError> {
        todo!()
    }

    /// The same, begun by opening a one-time link.
    pub async fn begin_with_ticket(
        &self,
        ticket: &SecretString,
        browser: &SecretString,
    ) -> Result<Departure, AuthorizationError> {
        todo!()
    }

    /// The browser is back: checks the answer, redeems the code, looks who signed in and stores
    /// the grant (or holds it until the unexpected identity is confirmed).
    pub async fn finish(&self, arrival: Arrival<'_>) -> Result<Finished, AuthorizationError> {
        todo!()
    }

    /// Somebody looked at the unexpected identity and accepts it.
    pub async fn accept_identity(
        &self,
        id: AuthorizationId,
        browser: &SecretString,
    ) -> Result<Finished, AuthorizationError> {
        todo!()
    }
}
