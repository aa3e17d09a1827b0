//! Messages that are handed to another mailbox (IMAP's APPEND), which knows no key: from where on in
//! the folder each of them may be found. It is on disk before a message is sent, and stays until the
//! ledger knows what became of it.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::column::{micros, number};
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

/// What nobody has handed over again for so long is forgotten.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The end of a folder: what comes into it has this UID or a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderEnd {
    /// The folder's UIDVALIDITY.
    pub uid_validity: u32,
    /// Its UIDNEXT.
    pub uid_next: u32,
}

/// A message that is about to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appending<'a> {
    /// Its idempotency key.
    pub key: &'a str,
    /// The folder, of whichever account.
    pub target: &'a str,
    /// Its Message-ID.
    pub message_id: &'a str,
    /// SHA-256 of what it is, whichever way its lines end.
    pub digest: [u8; 32],
    /// The folder's end before it is sent.
    pub end: FolderEnd,
}

/// What is known of a message that was appended before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// The folder has it.
    Taken,
    /// It may be there, from this end on.
    InDoubt(FolderEnd),
}

/// A row of `appends`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AppendRow {
    pub(crate) uid_validity: i64,
    pub(crate) uid_next: i64,
    pub(crate) taken: Option<i64>,
}

/// The rows of `appends`.
#[async_trait]
pub(crate) trait AppendStore: Send + Sync {
    async fn append(&self, account: i64, key: &str, target: &str) -> Answer<Option<AppendRow>>;
    /// Forgets what the ledger knows, and what is older than `forget_before`.
    async fn note_append(
        &self,
        account: i64,
        message: &Appending<'_>,
        now: i64,
        forget_before: i64,
    ) -> Answer<()>;
    /// What is like it and in doubt is looked for from `behind` on.
    async fn note_append_taken(&self, account: i64, key: &str, uid: i64, behind: i64)
    -> Answer<()>;
    async fn forget_append(&self, account: i64, key: &str) -> Answer<()>;
}

impl Vault {
    /// What is known of a message; `None` where it has never been sent to this folder.
    pub async fn append(
        &self,
        account: AccountId,
        key: &str,
        target: &str,
    ) -> Result<Option<Append>, VaultError> {
        let row = self.told(self.store().append(account.0, key, target).await)?;
        let read = |row: AppendRow| {
            if row.taken.is_some() {
                return Ok(Append::Taken);
            }
            Ok(Append::InDoubt(FolderEnd {
                uid_validity: number(row.uid_validity)?,
                uid_next: number(row.uid_next)?,
            }))
        };
        row.map(read).transpose()
    }

    /// A message is about to be sent. One that is in doubt already may be where it was looked for
    /// before, unless all UIDs have changed since.
    pub async fn note_append(
        &self,
        account: AccountId,
        message: &Appending<'_>,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let forget = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let store = self.store();
        let noted = store.note_append(account.0, message, micros(now), micros(forget));
        self.told(noted.await)
    }

    /// The folder has it, as this UID where it said so. Messages with the same content of which
    /// nobody knows yet whether they are there are others; where nobody knows which one this is, they are no longer
    /// looked for, and rather come twice.
    pub async fn note_append_taken(
        &self,
        account: AccountId,
        key: &str,
        uid: Option<u32>,
    ) -> Result<(), VaultError> {
        let behind = uid.map_or(u32::MAX, |uid| uid.saturating_add(1));
        let (store, uid) = (self.store(), uid.unwrap_or(0).into());
        let noted = store.note_append_taken(account.0, key, uid, behind.into());
        self.told(noted.await)
    }

    /// The folder has said that it does not have it.
    pub async fn forget_append(&self, account: AccountId, key: &str) -> Result<(), VaultError> {
        self.told(self.store().forget_append(account.0, key).await)
    }
}
