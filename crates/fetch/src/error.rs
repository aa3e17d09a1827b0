//! Why a mailbox is not being fetched.

use mailgrant_base::{Diagnose, Diagnosis};
use mailgrant_keeper::KeeperError;
use mailgrant_mail::MailError;
use mailgrant_vault::VaultError;

/// Why a mailbox is not being fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// No token.
    #[error(transparent)]
    Keeper(#[from] KeeperError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The sink cannot take anything now: a full disk, a program that cannot be started.
    #[error("{sink} takes no mail now: {why}")]
    SinkDown {
        /// Which sink, for people.
        sink: String,
        /// What happened.
        why: String,
    },
    /// The store failed.
    #[error("{0}")]
    Vault(std::sync::Arc<VaultError>),
}

impl From<VaultError> for FetchError {
    fn from(error: VaultError) -> Self {
        Self::Vault(std::sync::Arc::new(error))
    }
}

impl Diagnose for FetchError {
    fn diagnosis(&self) -> Diagnosis {
        todo!()
    }
}
