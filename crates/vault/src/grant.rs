//! Grants and access tokens.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::{Access, ProviderKind, Resource, Scope, catalogue};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::column::{from_json, from_word, json, micros, number, plain, time, time_if, word};
use crate::seal::Place;
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

const REFRESH_TOKEN: Place = Place {
    table: "grants",
    column: "refresh_token",
};
const ACCESS_TOKEN: Place = Place {
    table: "access_tokens",
    column: "token",
};

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Nobody has authorised the account yet.
    Pending,
    /// There is a refresh token that works, as far as is known.
    Active,
    /// The provider ended the grant: a person must authorise again.
    NeedsAuthorization,
    /// Revoked here, by an administrator.
    Revoked,
}

/// What the provider gave for an account. One per account, made with it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose.
    pub account: AccountId,
    /// Where it stands.
    pub state: GrantState,
    /// Why, in words, where it is not active.
    pub reason: Option<String>,
    /// Grows with each change of the grant itself (not when a renewal fails and nothing is lost);
    /// what was begun under an older version is discarded.
    pub version: i64,
    /// The refresh token, while the grant is active and there is one.
    pub refresh_token: Option<SecretString>,
    /// What was granted.
    pub scopes: Vec<Scope>,
    /// The provider's own name for who signed in.
    pub subject: Option<String>,
    /// Who signed in, for people.
    pub signed_in: Option<String>,
    /// When a person authorised it last.
    pub authorized_at: Option<Timestamp>,
    /// When the refresh token was used last.
    pub renewed_at: Option<Timestamp>,
    /// Failed renewals since the last success; nobody's fault.
    pub failures: u32,
    /// The last such failure, in words.
    pub last_failure: Option<String>,
    /// When the next renewal may be tried after failures.
    pub retry_at: Option<Timestamp>,
}

impl Grant {
    /// When its refresh token was used last, or a person gave it.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.renewed_at.max(self.authorized_at)
    }

    /// When the provider ends it by itself if nobody uses it: so many days after its last use as the
    /// catalogue says. `None` where that is not known, and for an application's access, which needs no
    /// refresh token.
    pub fn ends_unused(&self, kind: ProviderKind, access: Access) -> Option<Timestamp> {
        if access == Access::Application {
            return None;
        }
        let days = catalogue::row(kind).idle_days?;
        let life = SignedDuration::from_hours(24 * i64::from(days));
        self.last_used()?.checked_add(life).ok()
    }
}

/// An access token as it is kept.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The token.
    pub token: SecretString,
    /// What it is for.
    pub resource: Resource,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The grant's version that it came with.
    pub grant_version: i64,
}

/// A grant that a person has just given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The refresh token. `None` keeps the one that is there: an answer without one never wipes it.
    pub refresh_token: Option<SecretString>,
    /// What was granted.
    pub scopes: Vec<Scope>,
    /// The provider's own name for who signed in.
    pub subject: Option<String>,
    /// Who signed in, for people.
    pub signed_in: Option<String>,
    /// The access token that came with it.
    pub access_token: SecretString,
    /// What that is for.
    pub resource: Resource,
    /// When that ends.
    pub expires_at: Timestamp,
}

/// What a successful renewal brought.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// A rotated refresh token; `None` keeps the one that is there.
    pub refresh_token: Option<SecretString>,
    /// What was granted, where the provider said.
    pub scopes: Option<Vec<Scope>>,
    /// The new access token.
    pub access_token: SecretString,
    /// What that is for.
    pub resource: Resource,
    /// When that ends.
    pub expires_at: Timestamp,
}

/// A row of `grants`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct GrantRow {
    pub(crate) account_id: i64,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) version: i64,
    pub(crate) refresh_token: Option<Vec<u8>>,
    pub(crate) scopes: String,
    pub(crate) subject: Option<String>,
    pub(crate) signed_in: Option<String>,
    pub(crate) authorized_at: Option<i64>,
    pub(crate) renewed_at: Option<i64>,
    pub(crate) failures: i64,
    pub(crate) last_failure: Option<String>,
    pub(crate) retry_at: Option<i64>,
}

/// A row of `access_tokens`; its grant's version is the one that it is stored with.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct TokenRow {
    pub(crate) token: Vec<u8>,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) grant_version: i64,
}

/// An access token to be stored.
#[derive(Debug)]
pub(crate) struct TokenFields {
    pub(crate) resource: String,
    pub(crate) token: Vec<u8>,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
}

/// A new grant to be stored; a column that is `None` keeps what is there.
#[derive(Debug)]
pub(crate) struct GrantFields {
    pub(crate) refresh_token: Option<Vec<u8>>,
    pub(crate) scopes: String,
    pub(crate) subject: Option<String>,
    pub(crate) signed_in: Option<String>,
    pub(crate) token: TokenFields,
}

/// A renewal to be stored; a column that is `None` keeps what is there.
#[derive(Debug)]
pub(crate) struct RenewalFields {
    pub(crate) refresh_token: Option<Vec<u8>>,
    pub(crate) scopes: Option<String>,
    pub(crate) token: TokenFields,
}

/// The rows of `grants` and `access_tokens`. "Fenced" changes answer `None` or `false` where the
/// grant is not active in that version.
#[async_trait]
pub(crate) trait GrantStore: Send + Sync {
    async fn grant(&self, account: i64) -> Answer<Option<GrantRow>>;
    async fn grants(&self) -> Answer<Vec<GrantRow>>;
    async fn access_token(&self, account: i64, resource: &str) -> Answer<Option<TokenRow>>;
    /// Account, resource, end.
    async fn token_expiries(&self) -> Answer<Vec<(i64, String, i64)>>;
    /// The grant becomes active; older access tokens go. `None` where there is no account.
    async fn store_grant(
        &self,
        account: i64,
        grant: &GrantFields,
        now: i64,
    ) -> Answer<Option<GrantRow>>;
    /// Fenced.
    async fn store_renewal(
        &self,
        account: i64,
        version: i64,
        renewal: &RenewalFields,
        now: i64,
    ) -> Answer<Option<GrantRow>>;
    /// Fenced.
    async fn note_renewal_failure(
        &self,
        account: i64,
        version: i64,
        failure: &str,
        retry_at: i64,
    ) -> Answer<bool>;
    /// The tokens go. `None` where the grant is no longer `version`.
    async fn end_grant(
        &self,
        account: i64,
        version: i64,
        state: &str,
        reason: &str,
    ) -> Answer<Option<GrantRow>>;
    async fn take_renewal(&self, account: i64, owner: &str, now: i64, until: i64) -> Answer<bool>;
    async fn release_renewal(&self, account: i64, owner: &str) -> Answer<()>;
}

impl Vault {
    /// The grant of an account.
    pub async fn grant(&self, account: AccountId) -> Result<Option<Grant>, VaultError> {
        let row = self.told(self.store().grant(account.0).await)?;
        row.map(|row| self.read_grant(row)).transpose()
    }

    /// All grants, for the overview and for what is due; the refresh tokens are left out (`None`).
    pub async fn grants(&self) -> Result<Vec<Grant>, VaultError> {
        let rows = self.told(self.store().grants().await)?;
        rows.into_iter().map(Grant::read).collect()
    }

    /// The access token of an account for a resource, if one is kept that belongs to the grant's
    /// present life (it may have expired).
    pub async fn access_token(
        &self,
        account: AccountId,
        resource: Resource,
    ) -> Result<Option<StoredToken>, VaultError> {
        let resource_word = word(resource)?;
        let found = self.store().access_token(account.0, &resource_word).await;
        let Some(row) = self.told(found)? else {
            return Ok(None);
        };
        let sealed_for = token_row(account, &resource_word);
        Ok(Some(StoredToken {
            token: self.unseal(ACCESS_TOKEN, &sealed_for, &row.token)?,
            resource,
            issued_at: time(row.issued_at)?,
            expires_at: time(row.expires_at)?,
            grant_version: row.grant_version,
        }))
    }

    /// When each kept access token ends: for what is due.
    pub async fn token_expiries(
        &self,
    ) -> Result<Vec<(AccountId, Resource, Timestamp)>, VaultError> {
        let rows = self.told(self.store().token_expiries().await)?;
        rows.into_iter()
            .map(|(account, resource, ends)| {
                Ok((AccountId(account), from_word(resource)?, time(ends)?))
            })
            .collect()
    }

    /// A person has authorised: the grant becomes active, in one transaction with its access
    /// token. Older access tokens of the account are dropped.
    pub async fn store_grant(
        &self,
        account: AccountId,
        grant: &NewGrant,
        now: Timestamp,
    ) -> Result<Grant, VaultError> {
        let fields = GrantFields {
            refresh_token: self.seal_refresh(account, grant.refresh_token.as_ref())?,
            scopes: json(&grant.scopes)?,
            subject: grant.subject.as_deref().map(plain),
            signed_in: grant.signed_in.as_deref().map(plain),
            token: self.token_fields(
                account,
                grant.resource,
                &grant.access_token,
                now,
                grant.expires_at,
            )?,
        };
        let stored = self.store().store_grant(account.0, &fields, micros(now));
        let row = self.told(stored.await)?;
        self.read_grant(row.ok_or(VaultError::Stale {
            what: "the account",
        })?)
    }

    /// A renewal succeeded: refresh token (where rotated) and access token are committed together,
    /// durably, before either is used. [`VaultError::Stale`] if the grant is no longer `version`.
    pub async fn store_renewal(
        &self,
        account: AccountId,
        version: i64,
        renewal: &Renewal,
        now: Timestamp,
    ) -> Result<Grant, VaultError> {
        let fields = RenewalFields {
            refresh_token: self.seal_refresh(account, renewal.refresh_token.as_ref())?,
            scopes: renewal.scopes.as_ref().map(json).transpose()?,
            token: self.token_fields(
                account,
                renewal.resource,
                &renewal.access_token,
                now,
                renewal.expires_at,
            )?,
        };
        let stored = self
            .store()
            .store_renewal(account.0, version, &fields, micros(now));
        let row = self.told(stored.await)?;
        self.read_grant(row.ok_or(STALE)?)
    }

    /// A renewal failed and it is nobody's fault: counted, the grant stays, and so does its
    /// version. Nothing happens if the grant is no longer `version`.
    pub async fn note_renewal_failure(
        &self,
        account: AccountId,
        version: i64,
        failure: &str,
        retry_at: Timestamp,
    ) -> Result<(), VaultError> {
        let (failure, retry_at) = (plain(failure), micros(retry_at));
        let store = self.store();
        let noted = store.note_renewal_failure(account.0, version, &failure, retry_at);
        self.told(noted.await).map(|_counted| ())
    }

    /// The grant is over (`NeedsAuthorization` or `Revoked`): the refresh token and the access
    /// tokens are wiped. [`VaultError::Stale`] if the grant is no longer `version`.
    pub async fn end_grant(
        &self,
        account: AccountId,
        version: i64,
        state: GrantState,
        reason: &str,
        _now: Timestamp,
    ) -> Result<Grant, VaultError> {
        if !matches!(state, GrantState::NeedsAuthorization | GrantState::Revoked) {
            return Err(VaultError::Unexpected(format!(
                "a grant cannot end as {state:?}"
            )));
        }
        let (state, reason) = (word(state)?, plain(reason));
        let ended = self.store().end_grant(account.0, version, &state, &reason);
        let row = self.told(ended.await)?;
        self.read_grant(row.ok_or(STALE)?)
    }

    /// Takes the right to renew this account's tokens until `until`, for `owner` (a random name of
    /// this process); `false` where somebody else has it. So a renewal happens once across
    /// processes.
    pub async fn take_renewal(
        &self,
        account: AccountId,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, VaultError> {
        let store = self.store();
        let taken = store.take_renewal(account.0, owner, micros(now), micros(until));
        self.told(taken.await)
    }

    /// Gives that right back.
    pub async fn release_renewal(&self, account: AccountId, owner: &str) -> Result<(), VaultError> {
        self.told(self.store().release_renewal(account.0, owner).await)
    }

    fn seal_refresh(
        &self,
        account: AccountId,
        token: Option<&SecretString>,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        token
            .map(|token| self.seal(REFRESH_TOKEN, &account.0.to_string(), token))
            .transpose()
    }

    fn token_fields(
        &self,
        account: AccountId,
        resource: Resource,
        token: &SecretString,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<TokenFields, VaultError> {
        let resource = word(resource)?;
        Ok(TokenFields {
            token: self.seal(ACCESS_TOKEN, &token_row(account, &resource), token)?,
            resource,
            issued_at: micros(now),
            expires_at: micros(expires_at),
        })
    }

    fn read_grant(&self, mut row: GrantRow) -> Result<Grant, VaultError> {
        let refresh_token = row
            .refresh_token
            .take()
            .map(|sealed| self.unseal(REFRESH_TOKEN, &row.account_id.to_string(), &sealed))
            .transpose()?;
        Ok(Grant {
            refresh_token,
            ..Grant::read(row)?
        })
    }
}

const STALE: VaultError = VaultError::Stale { what: "the grant" };

/// What an access token's sealed value is bound to.
fn token_row(account: AccountId, resource: &str) -> String {
    format!("{}/{resource}", account.0)
}

impl Grant {
    /// All but the refresh token.
    fn read(row: GrantRow) -> Result<Self, VaultError> {
        Ok(Self {
            account: AccountId(row.account_id),
            state: from_word(row.state)?,
            reason: row.reason,
            version: row.version,
            refresh_token: None,
            scopes: from_json(&row.scopes)?,
            subject: row.subject,
            signed_in: row.signed_in,
            authorized_at: time_if(row.authorized_at)?,
            renewed_at: time_if(row.renewed_at)?,
            failures: number(row.failures)?,
            last_failure: row.last_failure,
            retry_at: time_if(row.retry_at)?,
        })
    }
}
