//! The audit trail: every change of state, with who caused it.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::column::{from_word, micros, plain, time, word};
use crate::store::Answer;
use crate::{AccountId, ProviderId, Vault, VaultError};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    CredentialRefused,
    CredentialEnding,
    GrantsEnding,
    AccountAdded,
    AccountChanged,
    AccountPaused,
    AccountResumed,
    AccountRemoved,
    AppPasswordMade,
    AppPasswordRevoked,
    InvitationMade,
    InvitationsWithdrawn,
    AuthorizationGranted,
    AuthorizationFailed,
    GrantEnded,
    GrantRevoked,
    TokenHandedOut,
    MessageQuarantined,
    QuarantineRetried,
    MailboxSilent,
    CanaryMissing,
    AlarmOver,
    MessageDropped,
    BackfillPaused,
    BackfillResumed,
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

/// A row of `events`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EventRow {
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) provider_id: Option<i64>,
    pub(crate) account_id: Option<i64>,
    pub(crate) text: String,
}

/// The rows of `events`.
#[async_trait]
pub(crate) trait EventStore: Send + Sync {
    async fn record(&self, event: &EventRow) -> Answer<()>;
    /// Newest first.
    async fn events(&self, limit: i64) -> Answer<Vec<EventRow>>;
    /// Newest first.
    async fn events_of_account(&self, account: i64, limit: i64) -> Answer<Vec<EventRow>>;
}

impl Vault {
    /// Records an event.
    pub async fn record(&self, event: NewEvent, now: Timestamp) -> Result<(), VaultError> {
        let row = EventRow::of(&event, now)?;
        self.told(self.store().record(&row).await)
    }

    /// The newest `limit` events, of one account or of all, newest first.
    pub async fn events(
        &self,
        account: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Event>, VaultError> {
        let rows = match account {
            Some(account) => {
                self.store()
                    .events_of_account(account.0, limit.into())
                    .await
            }
            None => self.store().events(limit.into()).await,
        };
        self.told(rows)?.into_iter().map(Event::read).collect()
    }
}

impl EventRow {
    pub(crate) fn of(event: &NewEvent, now: Timestamp) -> Result<Self, VaultError> {
        Ok(Self {
            at: micros(now),
            kind: word(event.kind)?,
            actor: plain(&event.actor),
            provider_id: event.provider.map(|id| id.0),
            account_id: event.account.map(|id| id.0),
            text: plain(&event.text),
        })
    }
}

impl Event {
    fn read(row: EventRow) -> Result<Self, VaultError> {
        Ok(Self {
            at: time(row.at)?,
            kind: from_word(row.kind)?,
            actor: row.actor,
            provider: row.provider_id.map(ProviderId),
            account: row.account_id.map(AccountId),
            text: row.text,
        })
    }
}
