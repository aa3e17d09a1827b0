//! The audit trail: every change of state, with who caused it.

use jiff::Timestamp;
use serde::Serialize;

use crate::{AccountId, ProviderId, Vault, VaultError};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name says it")]
pub enum EventKind {
    ProviderAdded,
    ProviderChanged,
    ProviderPaused,
    ProviderResumed,
    ProviderRemoved,
    ProviderRefused,
    ProviderRecovered,
    AccountAdded,
    AccountChanged,
    AccountPaused,
    AccountResumed,
    AccountRemoved,
    AuthorizationGranted,
    AuthorizationFailed,
    GrantEnded,
    GrantRevoked,
    TokenHandedOut,
    MessageQuarantined,
    QuarantineRetried,
    AdministratorSet,
    SignedIn,
    SignInRefused,
}

/// An event to be recorded.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// Who caused it: an administrator's name, `command line`, `keeper`, `fetcher`.
    pub actor: String,
    /// To which provider.
    pub provider: Option<ProviderId>,
    /// To which account.
    pub account: Option<AccountId>,
    /// One sentence for people, without secrets.
    pub text: String,
}

/// A recorded event.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Who caused it.
    pub actor: String,
    /// To which provider.
    pub provider: Option<ProviderId>,
    /// To which account.
    pub account: Option<AccountId>,
    /// One sentence for people.
    pub text: String,
}

impl Vault {
    /// Records an event.
    pub async fn record(&self, event: NewEvent, now: Timestamp) -> Result<(), VaultError> {
        todo!()
    }

    /// The newest `limit` events, of one account or of all, newest first.
    pub async fn events(
        &self,
        account: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Event>, VaultError> {
        todo!()
    }
}
