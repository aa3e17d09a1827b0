//! Alarms: what is wrong with a mailbox although nothing fails. Each is there until it is over.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::column::{from_word, micros, plain, time, word};
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

/// What is wrong with a mailbox although nothing fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// With whose.
    #[serde(skip)]
    pub account: AccountId,
    /// In which way.
    pub kind: AlarmKind,
    /// Since when.
    pub since: Timestamp,
    /// What happened, as a sentence.
    pub what: String,
    /// What to do next.
    pub next: String,
}

/// In which way something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// No mail comes any more.
    Silent,
    /// Mailgrant does not come to the end of a look.
    Stuck,
    /// A canary has not arrived.
    Canary,
}

impl AlarmKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Silent, Self::Stuck, Self::Canary];

    /// The kind as one word, for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Canary => "canary",
        }
    }
}

/// A row of `alarms`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AlarmRow {
    pub(crate) account_id: i64,
    pub(crate) kind: String,
    pub(crate) since: i64,
    pub(crate) what: String,
    pub(crate) next: String,
}

/// The rows of `alarms`.
#[async_trait]
pub(crate) trait AlarmStore: Send + Sync {
    /// Says whether it was not there.
    async fn raise_alarm(&self, row: &AlarmRow) -> Answer<bool>;
    /// Says whether it was there.
    async fn end_alarm(&self, account: i64, kind: &str) -> Answer<bool>;
    async fn alarms(&self) -> Answer<Vec<AlarmRow>>;
}

impl Vault {
    /// Raises an alarm. Says whether that is news; where it is none, the words of the first time stay.
    pub async fn raise_alarm(&self, alarm: &Alarm) -> Result<bool, VaultError> {
        let row = AlarmRow {
            account_id: alarm.account.0,
            kind: word(alarm.kind)?,
            since: micros(alarm.since),
            what: plain(&alarm.what),
            next: plain(&alarm.next),
        };
        self.told_of_account(self.store().raise_alarm(&row).await)
    }

    /// It is over. Says whether there was one.
    pub async fn end_alarm(&self, account: AccountId, kind: AlarmKind) -> Result<bool, VaultError> {
        let kind = word(kind)?;
        self.told(self.store().end_alarm(account.0, &kind).await)
    }

    /// All alarms, the oldest first.
    pub async fn alarms(&self) -> Result<Vec<Alarm>, VaultError> {
        let rows = self.told(self.store().alarms().await)?;
        rows.into_iter()
            .map(|row| {
                Ok(Alarm {
                    account: AccountId(row.account_id),
                    kind: from_word(row.kind)?,
                    since: time(row.since)?,
                    what: row.what,
                    next: row.next,
                })
            })
            .collect()
    }
}
