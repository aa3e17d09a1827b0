//! Invitations: links with which a mailbox's owner authorises an account without being an
//! administrator of Mailgrant.
//!
//! A link serves until one authorization that began with it has succeeded, so that a sign-in that
//! went wrong can be repeated; then, or when its time is over, it is dead.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;

use crate::column::{micros, plain, time, time_if};
use crate::seal::hash;
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

/// An invitation's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct InvitationId(pub i64);

/// An invitation. Its link is known to whoever has it, and to nobody here: only a hash is kept.
#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    /// Its row.
    pub id: InvitationId,
    /// For which account.
    pub account: AccountId,
    /// Who made it.
    pub invited_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it dies, used or not.
    pub expires_at: Timestamp,
    /// When the account was authorised with it.
    pub used_at: Option<Timestamp>,
}

/// A row of `invitations`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct InvitationRow {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) invited_by: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) used_at: Option<i64>,
}

/// The rows of `invitations`. One that serves is neither used nor over.
#[async_trait]
pub(crate) trait InvitationStore: Send + Sync {
    async fn invite(&self, secret_hash: &[u8], row: &InvitationRow) -> Answer<i64>;
    /// Only one that serves.
    async fn open_invitation(&self, secret_hash: &[u8], now: i64) -> Answer<Option<InvitationRow>>;
    /// Those that serve, newest first.
    async fn invitations(&self, account: i64, now: i64) -> Answer<Vec<InvitationRow>>;
    /// Says whether it served until now.
    async fn spend_invitation(&self, id: i64, now: i64) -> Answer<bool>;
    /// How many went.
    async fn withdraw_invitations(&self, account: i64) -> Answer<u64>;
    async fn sweep_invitations(&self, dead_since: i64) -> Answer<u64>;
}

impl Vault {
    /// Keeps an invitation whose link carries `secret`.
    pub async fn invite(
        &self,
        account: AccountId,
        secret: &SecretString,
        invited_by: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Invitation, VaultError> {
        let mut row = InvitationRow {
            id: 0,
            account_id: account.0,
            invited_by: plain(invited_by),
            created_at: micros(now),
            expires_at: micros(expires_at),
            used_at: None,
        };
        let invited = self.store().invite(&hash(secret), &row).await;
        row.id = self.told_of_account(invited)?;
        Invitation::read(&row)
    }

    /// The invitation of this link; `None` where it is unknown, used, withdrawn or over.
    pub async fn open_invitation(
        &self,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Invitation>, VaultError> {
        let row = self
            .store()
            .open_invitation(&hash(secret), micros(now))
            .await;
        let row = self.told(row)?;
        row.as_ref().map(Invitation::read).transpose()
    }

    /// An account's invitations that still serve, newest first.
    pub async fn invitations(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Invitation>, VaultError> {
        let rows = self.told(self.store().invitations(account.0, micros(now)).await)?;
        rows.iter().map(Invitation::read).collect()
    }

    /// The account was authorised with it: it is dead from now on. Says whether it served until
    /// now.
    pub async fn spend_invitation(
        &self,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        self.told(self.store().spend_invitation(id.0, micros(now)).await)
    }

    /// Ends all invitations of an account; says how many there were that had not been used.
    pub async fn withdraw_invitations(&self, account: AccountId) -> Result<u64, VaultError> {
        self.told(self.store().withdraw_invitations(account.0).await)
    }
}

impl Invitation {
    fn read(row: &InvitationRow) -> Result<Self, VaultError> {
        Ok(Self {
            id: InvitationId(row.id),
            account: AccountId(row.account_id),
            invited_by: row.invited_by.clone(),
            created_at: time(row.created_at)?,
            expires_at: time(row.expires_at)?,
            used_at: time_if(row.used_at)?,
        })
    }
}
