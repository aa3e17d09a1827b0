//! The ledger: each message's way from source to sink.
//!
//! ```text
//!            prepare              delivered            acknowledged
//!  (unknown) ───────▶ Prepared ───────────▶ Delivered ─────────────▶ Acknowledged
//!      │                 │  ▲ retry
//!      │ defer           │  │
//!      ├──────────▶ Waiting ┘        quarantine
//!      └───────────────────────────────────────────▶ Quarantined ──retry──▶ Waiting
//! ```
//!
//! Every step is on disk before the act that it allows, and each is written for many messages in
//! one transaction.

use jiff::Timestamp;
use serde::Serialize;

use crate::{AccountId, Vault, VaultError};

/// A folder's row: one per account, folder name and UIDVALIDITY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FolderId(pub i64);

/// A folder in one epoch of its UIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its row.
    pub id: FolderId,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// All UIDs below this one are settled or in the ledger.
    pub next_uid: u32,
    /// An older epoch of this folder is known: content that was delivered then is not delivered
    /// again.
    pub has_older_epoch: bool,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// The sink could not take it yet; it is tried again.
    Waiting,
    /// About to be handed to the sink: after a crash, may or may not have been.
    Prepared,
    /// The sink has it, durably.
    Delivered,
    /// The source knows (or need not know); the end.
    Acknowledged,
    /// The sink refuses it for good.
    Quarantined,
}

/// A message in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its UID.
    pub uid: u32,
    /// Where it stands.
    pub state: MessageState,
    /// The one key under which it is delivered, also when it is delivered again.
    pub key: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it may be tried again.
    pub retry_at: Option<Timestamp>,
}

/// A message about to be handed to the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Its UID.
    pub uid: u32,
    /// Its idempotency key.
    pub key: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
}

/// A message that the sink has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its UID.
    pub uid: u32,
    /// What the sink said, for the history.
    pub answer: String,
}

/// A message that the sink refuses for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantine {
    /// Which folder.
    pub folder: String,
    /// Its UID.
    pub uid: u32,
    /// Why, in the sink's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// How much mail an account has had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Taken by the sink.
    pub delivered: u64,
    /// To be tried again.
    pub waiting: u64,
    /// In quarantine.
    pub quarantined: u64,
    /// When the last message was delivered.
    pub last_delivered_at: Option<Timestamp>,
}

impl Vault {
    /// The folder's present epoch; made where it is new, with `next_uid` as the start. A new
    /// UIDVALIDITY of a known folder makes a new epoch that starts at 1.
    pub async fn open_folder(
        &self,
        account: AccountId,
        name: &str,
        uid_validity: u32,
        start: u32,
        now: Timestamp,
    ) -> Result<Folder, VaultError> {
        todo!()
    }

    /// What is not finished: `Waiting`, `Prepared` and `Delivered` entries, ascending by UID.
    pub async fn unfinished(&self, folder: FolderId) -> Result<Vec<LedgerEntry>, VaultError> {
        todo!()
    }

    /// These are about to be handed to the sink; `next_uid` is the folder's new floor.
    pub async fn note_prepared(
        &self,
        folder: FolderId,
        messages: &[Prepared],
        next_uid: u32,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The sink has these.
    pub async fn note_delivered(
        &self,
        folder: FolderId,
        messages: &[Delivery],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The source knows of these (or they are gone from it).
    pub async fn note_acknowledged(
        &self,
        folder: FolderId,
        uids: &[u32],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The sink could not take this one now.
    pub async fn note_deferred(
        &self,
        folder: FolderId,
        uid: u32,
        reason: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The sink refuses this one for good.
    pub async fn note_quarantined(
        &self,
        folder: FolderId,
        uid: u32,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// These UIDs are settled without the sink: gone from the source before they were fetched.
    pub async fn forget(&self, folder: FolderId, uids: &[u32]) -> Result<(), VaultError> {
        todo!()
    }

    /// Whether content with this digest was delivered in an older epoch of the folder and has not
    /// been matched yet by another message of this epoch.
    pub async fn delivered_in_older_epoch(
        &self,
        folder: FolderId,
        digest: &[u8; 32],
    ) -> Result<bool, VaultError> {
        todo!()
    }

    /// How much mail an account has had.
    pub async fn counts(&self, account: AccountId) -> Result<Counts, VaultError> {
        todo!()
    }

    /// How much mail every account has had.
    pub async fn all_counts(&self) -> Result<Vec<(AccountId, Counts)>, VaultError> {
        todo!()
    }

    /// The newest `limit` messages in quarantine.
    pub async fn quarantine(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<Quarantine>, VaultError> {
        todo!()
    }

    /// Lets all quarantined messages of an account be tried again; says how many.
    pub async fn retry_quarantine(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<u64, VaultError> {
        todo!()
    }
}
