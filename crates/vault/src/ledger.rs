//! The ledger: each message's way from source to sink.
//!
//! ```text
//!            prepare              delivered            acknowledged
//!  (unknown) ───────▶ Prepared ───────────▶ Delivered ─────────────▶ Acknowledged
//!      │                 │  ▲ retry
//!      │ defer           │  │
//!      ├──────────▶ Waiting ┘        quarantine
//!      └───────────────────────────────────────────▶ Quarantined ──retry──▶ Waiting
//!                                                        └────────drop───▶ Dropped
//! ```
//!
//! Every step is on disk before the act that it allows, and each is written for many messages in
//! one transaction.
//!
//! A folder whose UIDVALIDITY changes begins a new epoch: all its messages come again under other
//! UIDs. What was delivered in another epoch is recognised by its digest, each old message once, so
//! that two identical messages stay two ([`Vault::adopt_delivered`]).

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use crate::backfill::{FillRow, FirstFields};
use crate::column::{json, micros, number, plain, time, time_if};
use crate::history::HeadFields;
use crate::store::Answer;
use crate::{AccountId, Fill, FirstSight, Floor, MessageHead, MessageId, Sink, Vault, VaultError};

/// A folder's row: one per account, folder name and UIDVALIDITY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FolderId(pub i64);

/// A folder in one epoch of its UIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its row.
    pub id: FolderId,
    /// Its name, in UTF-8.
    pub name: String,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// All UIDs below this one are settled or in the ledger, but for those that `fill` names.
    pub next_uid: u32,
    /// What of the mail that was there before is still to be fetched.
    pub fill: Option<Fill>,
    /// Another epoch of this folder is known, or its server has given a name to two messages: content
    /// that was delivered then is not delivered again ([`Vault::adopt_delivered`]).
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
    /// The sink refuses it for good, and an administrator threw it away.
    Dropped,
}

/// A message in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its UID.
    pub uid: u32,
    /// Where it stands.
    pub state: MessageState,
    /// The one key under which it is delivered, also when it is delivered again; empty until it
    /// has been prepared for the first time.
    pub key: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it may be tried again.
    pub retry_at: Option<Timestamp>,
    /// Where it was going when it was prepared, as far as that is on record.
    pub going_to: Option<Sink>,
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
    /// What a person recognises it by.
    pub head: MessageHead,
    /// When the source first showed it.
    pub seen_at: Timestamp,
    /// Where it is going, if it could be looked for there.
    pub going_to: Option<Sink>,
    /// When it arrived, if it counts among its sender's.
    pub counted_at: Option<Timestamp>,
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
    /// Which message.
    pub id: MessageId,
    /// Its folder.
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

/// A row of `folders`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct FolderRow {
    pub(crate) id: i64,
    pub(crate) uid_validity: i64,
    pub(crate) next_uid: i64,
    #[sqlx(flatten)]
    pub(crate) fill: FillRow,
    pub(crate) has_other_epoch: bool,
}

/// A row of `messages` that is not finished.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EntryRow {
    pub(crate) uid: i64,
    pub(crate) state: i64,
    pub(crate) delivery_key: String,
    pub(crate) attempts: i64,
    pub(crate) retry_at: Option<i64>,
    pub(crate) going_to: Option<String>,
}

/// A message about to be handed to the sink, or taken over from another epoch.
#[derive(Debug)]
pub(crate) struct PreparedFields {
    pub(crate) uid: i64,
    pub(crate) delivery_key: String,
    pub(crate) digest: Vec<u8>,
    pub(crate) size: i64,
    pub(crate) head: HeadFields,
    pub(crate) seen_at: i64,
    /// JSON.
    pub(crate) going_to: Option<String>,
    pub(crate) counted_at: Option<i64>,
}

/// How much mail an account has had.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct CountsRow {
    pub(crate) account_id: i64,
    pub(crate) delivered: i64,
    pub(crate) waiting: i64,
    pub(crate) quarantined: i64,
    pub(crate) last_delivered_at: Option<i64>,
}

/// A message in quarantine.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct QuarantineRow {
    pub(crate) folder_id: i64,
    pub(crate) name: String,
    pub(crate) uid: i64,
    pub(crate) note: Option<String>,
    pub(crate) changed_at: i64,
}

/// The rows of `folders` and `messages`. States are the numbers of [`MessageState`] in its order.
/// Each method is one transaction; `false` means that the folder is gone.
#[async_trait]
pub(crate) trait LedgerStore: Send + Sync {
    /// Makes the epoch where it is new, and makes it the present one of its folder. A later epoch
    /// begins as its folder's first one did.
    async fn open_folder(
        &self,
        account: i64,
        name: &str,
        uid_validity: i64,
        first: &FirstFields,
        now: i64,
    ) -> Answer<FolderRow>;
    async fn epoch(&self, folder: i64) -> Answer<Option<i64>>;
    async fn unfinished(&self, folder: i64, delivered_until: i64) -> Answer<Vec<EntryRow>>;
    /// UIDs in the ledger from `from` on, below `until`.
    async fn known(&self, folder: i64, from: i64, until: i64) -> Answer<Vec<i64>>;
    /// A message that is settled stays as it is, and so does when it was first seen.
    async fn note_prepared(
        &self,
        folder: i64,
        messages: &[PreparedFields],
        floor: Floor,
        now: i64,
    ) -> Answer<bool>;
    /// UIDs and what the sink said.
    async fn note_delivered(
        &self,
        folder: i64,
        messages: &[(i64, String)],
        now: i64,
    ) -> Answer<bool>;
    async fn note_acknowledged(&self, folder: i64, uids: &[i64], now: i64) -> Answer<()>;
    async fn note_deferred(
        &self,
        folder: i64,
        uid: i64,
        reason: &str,
        retry_at: i64,
        now: i64,
    ) -> Answer<()>;
    async fn note_quarantined(&self, folder: i64, uid: i64, reason: &str, now: i64) -> Answer<()>;
    async fn forget(&self, folder: i64, uids: &[i64]) -> Answer<()>;
    /// The state of a message that is settled: delivered, acknowledged or dropped.
    async fn adopt_delivered(
        &self,
        folder: i64,
        message: &PreparedFields,
        now: i64,
    ) -> Answer<Option<i64>>;
    async fn counts(&self, account: i64) -> Answer<Option<CountsRow>>;
    async fn all_counts(&self) -> Answer<Vec<CountsRow>>;
    async fn quarantine(&self, account: i64, limit: i64) -> Answer<Vec<QuarantineRow>>;
    async fn retry_quarantine(&self, account: i64, now: i64) -> Answer<u64>;
    /// Accounts with waiting messages that are due, and when the newest of them began to wait.
    async fn due(&self, now: i64) -> Answer<Vec<(i64, i64)>>;
}

impl Vault {
    /// The folder's present epoch; made where it is new, as `first` says. A new UIDVALIDITY of a
    /// known folder makes a new epoch, into which everything is filled again that was meant in the
    /// first one or has arrived since then.
    pub async fn open_folder(
        &self,
        account: AccountId,
        name: &str,
        uid_validity: u32,
        first: FirstSight,
        now: Timestamp,
    ) -> Result<Folder, VaultError> {
        let store = self.store();
        let opened = store
            .open_folder(
                account.0,
                name,
                uid_validity.into(),
                &FirstFields::of(first, now),
                micros(now),
            )
            .await;
        let row = match opened {
            Err(error) => Err(self.gone_or(error, "the account")),
            Ok(row) => Ok(row),
        }?;
        Ok(Folder {
            id: FolderId(row.id),
            name: name.to_owned(),
            uid_validity: number(row.uid_validity)?,
            next_uid: number(row.next_uid)?,
            fill: Fill::read(&row.fill)?,
            has_older_epoch: row.has_other_epoch,
        })
    }

    /// The UIDVALIDITY of a folder's row; `None` where that is gone.
    pub async fn epoch(&self, folder: FolderId) -> Result<Option<u32>, VaultError> {
        let epoch = self.told(self.store().epoch(folder.0).await)?;
        epoch.map(number).transpose()
    }

    /// What is not finished: `Waiting`, `Prepared` and `Delivered` entries, ascending by UID; of the
    /// latter those that were delivered until then.
    pub async fn unfinished(
        &self,
        folder: FolderId,
        delivered_until: Timestamp,
    ) -> Result<Vec<LedgerEntry>, VaultError> {
        let store = self.store();
        let unfinished = store.unfinished(folder.0, micros(delivered_until));
        let rows = self.told(unfinished.await)?;
        rows.into_iter().map(LedgerEntry::read).collect()
    }

    /// Which UIDs from `from` on, below `until`, stand in the ledger in any state: above a floor
    /// there are few, those that came before their neighbours.
    pub async fn known(
        &self,
        folder: FolderId,
        from: u32,
        until: u32,
    ) -> Result<Vec<u32>, VaultError> {
        let known = self.store().known(folder.0, from.into(), until.into());
        self.told(known.await)?.into_iter().map(number).collect()
    }

    /// These are about to be handed to the sink; a floor never sinks. One that is settled stays
    /// settled. The key is that under which it is handed over now: whoever prepares a message anew knows
    /// that a former sink has not got it.
    pub async fn note_prepared(
        &self,
        folder: FolderId,
        messages: &[Prepared],
        floor: Floor,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let messages: Vec<_> = messages
            .iter()
            .map(PreparedFields::of)
            .collect::<Result<_, _>>()?;
        let store = self.store();
        let noted = store.note_prepared(folder.0, &messages, floor, micros(now));
        self.told_of_folder(noted.await)
    }

    /// The sink has these.
    pub async fn note_delivered(
        &self,
        folder: FolderId,
        messages: &[Delivery],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let messages: Vec<_> = messages
            .iter()
            .map(|message| (message.uid.into(), plain(&message.answer)))
            .collect();
        let store = self.store();
        let noted = store.note_delivered(folder.0, &messages, micros(now));
        self.told_of_folder(noted.await)
    }

    /// The source knows of these (or they are gone from it).
    pub async fn note_acknowledged(
        &self,
        folder: FolderId,
        uids: &[u32],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let uids = wide(uids);
        let noted = self.store().note_acknowledged(folder.0, &uids, micros(now));
        self.told(noted.await)
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
        let (reason, retry_at) = (plain(reason), micros(retry_at));
        let store = self.store();
        let noted = store.note_deferred(folder.0, uid.into(), &reason, retry_at, micros(now));
        noted
            .await
            .map_err(|error| self.gone_or(error, "the folder"))
    }

    /// The sink refuses this one for good.
    pub async fn note_quarantined(
        &self,
        folder: FolderId,
        uid: u32,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let reason = plain(reason);
        let store = self.store();
        let noted = store.note_quarantined(folder.0, uid.into(), &reason, micros(now));
        noted
            .await
            .map_err(|error| self.gone_or(error, "the folder"))
    }

    /// These UIDs are settled without the sink: gone from the source before they were fetched.
    /// What the sink has, or an administrator has thrown away, is not forgotten.
    pub async fn forget(&self, folder: FolderId, uids: &[u32]) -> Result<(), VaultError> {
        self.told(self.store().forget(folder.0, &wide(uids)).await)
    }

    /// Whether this message is settled already, because the same content was delivered in another
    /// epoch of the folder (or in this one, where the message's name had another number) and no other
    /// message was matched with it. Then the
    /// message stands in the ledger as [`MessageState::Delivered`] from now on (it counts once),
    /// and only its acknowledgement is left to do. What was dropped in another epoch stands there
    /// as [`MessageState::Dropped`], and nothing is left to do. Asked again, after a crash, it
    /// answers the same.
    pub async fn adopt_delivered(
        &self,
        folder: FolderId,
        message: &Prepared,
        now: Timestamp,
    ) -> Result<Option<MessageState>, VaultError> {
        let fields = PreparedFields::of(message)?;
        let store = self.store();
        let adopted = store.adopt_delivered(folder.0, &fields, micros(now));
        let state = adopted
            .await
            .map_err(|error| self.gone_or(error, "the folder"))?;
        state.map(MessageState::read).transpose()
    }

    /// How much mail an account has had.
    pub async fn counts(&self, account: AccountId) -> Result<Counts, VaultError> {
        let row = self.told(self.store().counts(account.0).await)?;
        row.map_or(Ok(Counts::default()), |row| Counts::read(&row))
    }

    /// How much mail every account has had; those that have never been looked into are left out.
    pub async fn all_counts(&self) -> Result<Vec<(AccountId, Counts)>, VaultError> {
        let rows = self.told(self.store().all_counts().await)?;
        rows.iter()
            .map(|row| Ok((AccountId(row.account_id), Counts::read(row)?)))
            .collect()
    }

    /// The newest `limit` messages in quarantine, of the folder that is being read now.
    pub async fn quarantine(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<Quarantine>, VaultError> {
        let rows = self.told(self.store().quarantine(account.0, limit.into()).await)?;
        rows.into_iter()
            .map(|row| {
                let uid = number(row.uid)?;
                Ok(Quarantine {
                    id: MessageId::new(FolderId(row.folder_id), uid),
                    folder: row.name,
                    uid,
                    reason: row.note.unwrap_or_default(),
                    since: time(row.changed_at)?,
                })
            })
            .collect()
    }

    /// The accounts whose waiting messages are due, each with when the newest of them began to wait:
    /// for whoever wakes their fetchers, also when another process let a quarantine be tried again.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<(AccountId, Timestamp)>, VaultError> {
        let rows = self.told(self.store().due(micros(now)).await)?;
        rows.into_iter()
            .map(|(account, since)| Ok((AccountId(account), time(since)?)))
            .collect()
    }

    /// Lets all quarantined messages of an account be tried again; says how many.
    pub async fn retry_quarantine(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<u64, VaultError> {
        self.told(self.store().retry_quarantine(account.0, micros(now)).await)
    }

    pub(crate) fn told_of_folder(&self, there: Answer<bool>) -> Result<(), VaultError> {
        let there = self.told(there)?;
        there
            .then_some(())
            .ok_or(VaultError::Stale { what: "the folder" })
    }

    /// A broken foreign key means that what a row belongs to was removed meanwhile.
    fn gone_or(&self, error: sqlx::Error, what: &'static str) -> VaultError {
        match error {
            sqlx::Error::Database(error) if error.is_foreign_key_violation() => {
                VaultError::Stale { what }
            }
            error => self.store().explain(error),
        }
    }
}

fn wide(uids: &[u32]) -> Vec<i64> {
    uids.iter().map(|uid| i64::from(*uid)).collect()
}

impl PreparedFields {
    fn of(message: &Prepared) -> Result<Self, VaultError> {
        Ok(Self {
            uid: message.uid.into(),
            delivery_key: plain(&message.key),
            digest: message.digest.to_vec(),
            size: number(message.size)?,
            head: HeadFields::of(&message.head),
            seen_at: micros(message.seen_at),
            going_to: message.going_to.as_ref().map(json).transpose()?,
            counted_at: message.counted_at.map(micros),
        })
    }
}

impl MessageState {
    pub(crate) fn read(number: i64) -> Result<Self, VaultError> {
        match number {
            0 => Ok(Self::Waiting),
            1 => Ok(Self::Prepared),
            2 => Ok(Self::Delivered),
            3 => Ok(Self::Acknowledged),
            4 => Ok(Self::Quarantined),
            5 => Ok(Self::Dropped),
            other => Err(VaultError::Unexpected(format!("message state {other}"))),
        }
    }
}

impl LedgerEntry {
    fn read(row: EntryRow) -> Result<Self, VaultError> {
        Ok(Self {
            uid: number(row.uid)?,
            state: MessageState::read(row.state)?,
            key: row.delivery_key,
            attempts: number(row.attempts)?,
            retry_at: time_if(row.retry_at)?,
            // What another version wrote is as good as nothing.
            going_to: row
                .going_to
                .and_then(|sink| serde_json::from_str(&sink).ok()),
        })
    }
}

impl Counts {
    fn read(row: &CountsRow) -> Result<Self, VaultError> {
        Ok(Self {
            delivered: number(row.delivered)?,
            waiting: number(row.waiting)?,
            quarantined: number(row.quarantined)?,
            last_delivered_at: time_if(row.last_delivered_at)?,
        })
    }
}
