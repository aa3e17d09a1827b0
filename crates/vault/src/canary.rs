//! Canaries: messages that Mailgrant sends to a mailbox to see them arrive there, each known by a
//! secret in its header.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Serialize;

use crate::column::{micros, plain, time, time_if};
use crate::seal::hash;
use crate::store::Answer;
use crate::{AccountId, FolderId, Vault, VaultError};

/// So long a canary is known again: its copy must not be taken for mail.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 60);

/// A canary's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CanaryId(i64);

/// A message that Mailgrant has sent to a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Canary {
    /// Its row.
    #[serde(skip)]
    pub id: CanaryId,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Why it could not be sent.
    pub failure: Option<String>,
    /// When it was seen in the mailbox.
    pub arrived_at: Option<Timestamp>,
}

/// A row of `canaries`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct CanaryRow {
    pub(crate) id: i64,
    pub(crate) sent_at: i64,
    pub(crate) failure: Option<String>,
    pub(crate) arrived_at: Option<i64>,
}

/// The rows of `canaries`.
#[async_trait]
pub(crate) trait CanaryStore: Send + Sync {
    /// Forgets what is older than `forgotten` besides.
    async fn send_canary(
        &self,
        account: i64,
        secret_hash: &[u8],
        now: i64,
        forgotten: i64,
    ) -> Answer<i64>;
    async fn canary_failed(&self, id: i64, failure: &str) -> Answer<()>;
    /// Notes the first arrival; says whether there is such a canary.
    async fn canary_seen(
        &self,
        account: i64,
        secret_hash: &[u8],
        message: (i64, i64),
        now: i64,
    ) -> Answer<bool>;
    /// Newest first.
    async fn canaries(&self, account: i64, limit: i64) -> Answer<Vec<CanaryRow>>;
}

impl Vault {
    /// A canary with this secret is about to be sent.
    pub async fn send_canary(
        &self,
        account: AccountId,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<CanaryId, VaultError> {
        let forgotten = now.saturating_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let (now, forgotten) = (micros(now), micros(forgotten));
        let (store, hash) = (self.store(), hash(secret));
        let sent = store.send_canary(account.0, &hash, now, forgotten);
        Ok(CanaryId(self.told_of_account(sent.await)?))
    }

    /// It could not be sent.
    pub async fn canary_failed(&self, id: CanaryId, failure: &str) -> Result<(), VaultError> {
        self.told(self.store().canary_failed(id.0, &plain(failure)).await)
    }

    /// A message in an account's mailbox has this secret in its header. Says whether it is one of that
    /// account's canaries, and notes its first arrival.
    pub async fn canary_seen(
        &self,
        account: AccountId,
        secret: &SecretString,
        (folder, uid): (FolderId, u32),
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        let (hash, message) = (hash(secret), (folder.0, uid.into()));
        let seen = self
            .store()
            .canary_seen(account.0, &hash, message, micros(now));
        self.told(seen.await)
    }

    /// The newest `limit` canaries of an account, newest first.
    pub async fn canaries(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<Canary>, VaultError> {
        let rows = self.told(self.store().canaries(account.0, limit.into()).await)?;
        rows.into_iter()
            .map(|row| {
                Ok(Canary {
                    id: CanaryId(row.id),
                    sent_at: time(row.sent_at)?,
                    failure: row.failure,
                    arrived_at: time_if(row.arrived_at)?,
                })
            })
            .collect()
    }
}

impl Canary {
    /// One that was sent then, of which nothing is known yet.
    pub fn sent(sent_at: Timestamp) -> Self {
        Self {
            id: CanaryId(0),
            sent_at,
            failure: None,
            arrived_at: None,
        }
    }

    /// What became of it: `came through in 4 s`.
    pub fn in_words(&self) -> String {
        match (self.round_trip().map(|took| took.as_secs()), &self.failure) {
            (Some(seconds @ ..120), _) => format!("came through in {seconds} s"),
            (Some(seconds @ 120..7200), _) => format!("came through in {} min", seconds / 60),
            (Some(seconds), _) => format!("came through in {} h", seconds / 3600),
            (None, Some(failure)) => format!("could not be sent: {failure}"),
            (None, None) => "has not arrived yet".to_owned(),
        }
    }

    /// From its sending until it was seen in the mailbox.
    pub fn round_trip(&self) -> Option<SignedDuration> {
        Some(self.arrived_at?.duration_since(self.sent_at))
    }
}
