//! How many messages came from whom in the last while: so that a count of them survives a restart.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::column::{micros, number, time};
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

/// No more are read.
const MOST: i64 = 50_000;

/// A message that counts among its sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Who sent it.
    pub sender: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Its folder's name.
    pub folder: String,
    /// Its UID.
    pub uid: u32,
}

/// A row of `messages` that counts among its sender's.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct CountedRow {
    pub(crate) sender: String,
    pub(crate) counted_at: i64,
    pub(crate) name: String,
    pub(crate) uid: i64,
}

/// The column `counted_at` of `messages`.
#[async_trait]
pub(crate) trait SenderStore: Send + Sync {
    /// In the order in which they arrived.
    async fn counted_since(&self, account: i64, since: i64, limit: i64) -> Answer<Vec<CountedRow>>;
}

impl Vault {
    /// An account's messages that arrived since then and count among their senders', in the order in
    /// which they arrived.
    pub async fn counted_since(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> Result<Vec<Counted>, VaultError> {
        let rows = self.store().counted_since(account.0, micros(since), MOST);
        let rows = self.told(rows.await)?.into_iter();
        rows.map(|row| {
            Ok(Counted {
                sender: row.sender,
                at: time(row.counted_at)?,
                folder: row.name,
                uid: number(row.uid)?,
            })
        })
        .collect()
    }
}
