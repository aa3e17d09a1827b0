//! Why there is no access token.

use jiff::Timestamp;
use mailgrant_base::{Diagnose, Diagnosis};
use mailgrant_vault::VaultError;

/// Why there is no access token; names the account.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeeperError {
    /// No such account.
    #[error("there is no account `{0}`")]
    NoAccount(String),
    /// Nobody has authorised the account yet.
    #[error("{account} has not been authorised yet")]
    NotAuthorized {
        /// The account's name.
        account: String,
    },
    /// The provider ended the grant, or an administrator revoked it: a person must authorise again.
    #[error("{account} must be authorised again: {reason}")]
    NeedsAuthorization {
        /// The account's name.
        account: String,
        /// Why.
        reason: String,
    },
    /// The provider does not accept Mailgrant's registration; all its accounts wait.
    #[error("provider {provider} does not accept Mailgrant's registration: {reason}")]
    ProviderTrouble {
        /// The provider's name.
        provider: String,
        /// The provider's words.
        reason: String,
    },
    /// The provider is paused.
    #[error("provider {provider} is paused")]
    ProviderPaused {
        /// The provider's name.
        provider: String,
    },
    /// The provider gives no answer now, and the old token has ended.
    #[error("no access token for {account} now: {why}")]
    Later {
        /// The account's name.
        account: String,
        /// What happened.
        why: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
    /// The store failed.
    #[error("{0}")]
    Vault(std::sync::Arc<VaultError>),
}

impl From<VaultError> for KeeperError {
    fn from(error: VaultError) -> Self {
        Self::Vault(std::sync::Arc::new(error))
    }
}

impl Diagnose for KeeperError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}
