//! Why there is no access token.

use jiff::Timestamp;
use mailgrant_base::{Diagnose, Diagnosis, Fault};
use mailgrant_oauth::explain;
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

impl KeeperError {
    /// Whether the grant is untouched by this, so that its old token may go on serving.
    pub(crate) fn grant_stays(&self) -> bool {
        matches!(
            self,
            Self::Later { .. } | Self::ProviderTrouble { .. } | Self::Vault(_)
        )
    }
}

impl Diagnose for KeeperError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::NoAccount(name) => Diagnosis::new(
                Fault::Operator,
                format!("There is no account `{name}`."),
                "Look at the list of accounts for the right name.",
            ),
            Self::NotAuthorized { account } => Diagnosis::new(
                Fault::Owner,
                format!("Nobody has authorised {account} yet."),
                authorize(account),
            ),
            Self::NeedsAuthorization { account, reason } => {
                let ended = format!("The permission to read the mail of {account} has ended.");
                match known(reason) {
                    Some(known) => Diagnosis {
                        what: format!("{ended} {}", known.what),
                        ..known
                    },
                    None => Diagnosis::new(Fault::Owner, ended, authorize(account)).said(reason),
                }
            }
            Self::ProviderTrouble { provider, reason } => {
                let refused = format!("{provider} does not accept Mailgrant's registration");
                let wait = "Its accounts keep their permissions and wait.";
                match known(reason) {
                    Some(known) => Diagnosis {
                        what: format!("{refused}: {} {wait}", known.what),
                        ..known
                    },
                    None => Diagnosis::new(
                        Fault::Operator,
                        format!("{refused}. {wait}"),
                        "Compare client id and client secret with the registration at the provider \
                         (a secret may have expired), and correct them in Mailgrant's provider page.",
                    )
                    .said(reason),
                }
            }
            Self::ProviderPaused { provider } => Diagnosis::new(
                Fault::Operator,
                format!("The provider {provider} is paused."),
                "Resume it in Mailgrant when its accounts are to work again.",
            ),
            Self::Later {
                account,
                why,
                retry_at,
            } => Diagnosis::new(
                Fault::Provider,
                format!("There is no access token for {account} at the moment."),
                format!("Nothing needs to be done: Mailgrant tries again at {retry_at:.0}."),
            )
            .said(why),
            Self::Vault(failure) => failure.diagnosis(),
        }
    }
}

/// What the catalogue knows of the provider's words, where it is somebody's turn.
fn known(reason: &str) -> Option<Diagnosis> {
    explain(reason).filter(|known| !known.fault.passes_by_itself())
}

fn authorize(account: &str) -> String {
    format!(
        "Press Authorize on the account's page, or run `mailgrant account authorize {account}`."
    )
}
