//! App passwords: what an application logs in to the proxy with. Generated, shown once, known here by
//! a keyed hash alone. It opens the proxy and seals nothing.

use std::net::IpAddr;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use mailgrant_mail::Protocol;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::column::{from_json, json, micros, plain, time, time_if};
use crate::seal::Place;
use crate::store::Answer;
use crate::{Account, AccountId, Network, Vault, VaultError};

const KEY: Place = Place {
    table: "vault",
    column: "app_password_key",
};
const KEY_ROW: &str = "1";

/// An app password's letters: neither `l` nor `1`, `o` nor `0` are among them.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// So many of them, with five bits each, hold 128 bits.
const LENGTH: usize = 26;

/// The last use is noted again after this time.
const NOTED_FOR: SignedDuration = SignedDuration::from_mins(1);

/// An app password's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AppPasswordId(pub i64);

/// What is entered of an app password. Checked, so that it can be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppPasswordDraft {
    /// What it is for, in somebody's words.
    pub label: String,
    /// The protocols that it opens.
    pub protocols: Vec<Protocol>,
    /// Where it may be used; from everywhere where there is none.
    pub networks: Vec<Network>,
}

/// An app password. What it is nobody here knows.
#[derive(Debug, Clone, Serialize)]
pub struct AppPassword {
    /// Its row.
    pub id: AppPasswordId,
    /// What it opens.
    pub account: AccountId,
    /// What was entered.
    #[serde(flatten)]
    pub draft: AppPasswordDraft,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, where it was.
    pub last_used: Option<LastUse>,
}

/// When and from where an app password was last used; exact to a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub from: String,
    /// What for.
    pub protocol: String,
}

impl AppPasswordDraft {
    /// Whether it may be used from this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.networks.is_empty()
            || self
                .networks
                .iter()
                .any(|network| network.contains(address))
    }
}

/// A row of `app_passwords`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AppPasswordRow {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) label: String,
    pub(crate) secret_mac: Vec<u8>,
    pub(crate) protocols: String,
    pub(crate) networks: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) last_used_from: Option<String>,
    pub(crate) last_used_protocol: Option<String>,
}

/// The rows of `app_passwords`, and the key of their hashes.
#[async_trait]
pub(crate) trait AppPasswordStore: Send + Sync {
    async fn app_password_key(&self) -> Answer<Option<Vec<u8>>>;
    /// Puts the sealed key where there is none yet; gives the one that is there.
    async fn settle_app_password_key(&self, sealed: &[u8]) -> Answer<Vec<u8>>;
    async fn add_app_password(&self, row: &AppPasswordRow) -> Answer<i64>;
    /// Oldest first.
    async fn app_passwords(&self, account: i64) -> Answer<Vec<AppPasswordRow>>;
    /// Those of all accounts whose address or name this is, in small letters.
    async fn app_passwords_for(&self, user: &str) -> Answer<Vec<AppPasswordRow>>;
    /// Says whether it was there.
    async fn revoke_app_password(&self, account: i64, id: i64) -> Answer<bool>;
    async fn note_app_password(&self, id: i64, at: i64, from: &str, protocol: &str) -> Answer<()>;
}

impl Vault {
    /// Makes an app password; what it is stands in the answer alone.
    pub async fn add_app_password(
        &self,
        account: AccountId,
        draft: &AppPasswordDraft,
        created_by: &str,
        now: Timestamp,
    ) -> Result<(AppPassword, SecretString), VaultError> {
        let secret = self.generated();
        let mut row = AppPasswordRow {
            id: 0,
            account_id: account.0,
            label: plain(&draft.label),
            secret_mac: mac(&self.app_password_key().await?, account.0, &secret),
            protocols: json(&draft.protocols)?,
            networks: json(&draft.networks)?,
            created_by: plain(created_by),
            created_at: micros(now),
            last_used_at: None,
            last_used_from: None,
            last_used_protocol: None,
        };
        row.id = self.told_of_account(self.store().add_app_password(&row).await)?;
        Ok((AppPassword::read(row)?, secret))
    }

    /// An account's app passwords, oldest first.
    pub async fn app_passwords(&self, account: AccountId) -> Result<Vec<AppPassword>, VaultError> {
        let rows = self.told(self.store().app_passwords(account.0).await)?;
        rows.into_iter().map(AppPassword::read).collect()
    }

    /// Ends an app password of an account; says whether it was there.
    pub async fn revoke_app_password(
        &self,
        account: AccountId,
        id: AppPasswordId,
    ) -> Result<bool, VaultError> {
        self.told(self.store().revoke_app_password(account.0, id.0).await)
    }

    /// The account that `user` (its address or its name, in large or small letters) opens with this
    /// password, and the app password that it is. How long it takes says nothing of how much of the
    /// password is right.
    pub async fn recognise(
        &self,
        user: &str,
        password: &SecretString,
    ) -> Result<Option<(Account, AppPassword)>, VaultError> {
        if user.contains('\0') {
            return Ok(None);
        }
        let key = self.app_password_key().await?;
        let user = user.to_ascii_lowercase();
        let rows = self.told(self.store().app_passwords_for(&user).await)?;
        let mut found = None;
        for row in rows {
            let tag = mac(&key, row.account_id, password);
            if aws_lc_rs::constant_time::verify_slices_are_equal(&tag, &row.secret_mac).is_ok() {
                found = Some(row);
            }
        }
        let Some(row) = found else {
            return Ok(None);
        };
        let account = self.account(AccountId(row.account_id)).await?;
        let password = AppPassword::read(row)?;
        Ok(account.map(|account| (account, password)))
    }

    /// Notes that an app password is used, unless the same was noted less than a minute ago.
    pub async fn note_app_password_used(
        &self,
        password: &AppPassword,
        protocol: Protocol,
        from: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let known = password.last_used.as_ref().is_some_and(|last| {
            let age = now.duration_since(last.at);
            last.from == from
                && last.protocol == protocol.word()
                && !age.is_negative()
                && age < NOTED_FOR
        });
        if known {
            return Ok(());
        }
        let (id, now) = (password.id.0, micros(now));
        let noted = self
            .store()
            .note_app_password(id, now, from, protocol.word());
        self.told(noted.await)
    }

    /// A password with 128 random bits.
    fn generated(&self) -> SecretString {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        self.random().fill(&mut *bytes);
        let letters = bytes
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        SecretString::from(letters.collect::<String>())
    }

    /// What app passwords are hashed with; made when it is asked for the first time.
    async fn app_password_key(&self) -> Result<hmac::Key, VaultError> {
        if let Some(key) = self.kept_app_password_key().get() {
            return Ok(key.clone());
        }
        let there = self.told(self.store().app_password_key().await)?;
        let sealed = if let Some(sealed) = there {
            sealed
        } else {
            let fresh = SecretString::from(self.random().token());
            let sealed = self.seal(KEY, KEY_ROW, &fresh)?;
            // Another process may be first.
            self.told(self.store().settle_app_password_key(&sealed).await)?
        };
        let secret = self.unseal(KEY, KEY_ROW, &sealed)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Ok(self.kept_app_password_key().get_or_init(|| key).clone())
    }
}

/// The hash of a password, bound to its account.
fn mac(key: &hmac::Key, account: i64, password: &SecretString) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    context.update(&account.to_be_bytes());
    context.update(password.expose_secret().as_bytes());
    context.sign().as_ref().to_vec()
}

impl AppPassword {
    fn read(row: AppPasswordRow) -> Result<Self, VaultError> {
        let last_used = match (time_if(row.last_used_at)?, row.last_used_from) {
            (Some(at), Some(from)) => Some(LastUse {
                at,
                from,
                protocol: row.last_used_protocol.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(Self {
            id: AppPasswordId(row.id),
            account: AccountId(row.account_id),
            draft: AppPasswordDraft {
                label: row.label,
                protocols: from_json(&row.protocols)?,
                networks: from_json(&row.networks)?,
            },
            created_by: row.created_by,
            created_at: time(row.created_at)?,
            last_used,
        })
    }
}
