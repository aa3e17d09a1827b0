//! Grants and access tokens.

use jiff::Timestamp;
use mailgrant_oauth::{Resource, Scope};
use secrecy::SecretString;
use serde::Serialize;

use crate::{AccountId, Vault, VaultError};

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
    /// Grows with each change; what was begun under an older version is discarded.
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

impl Vault {
    /// The grant of an account.
    pub async fn grant(&self, account: AccountId) -> Result<Option<Grant>, VaultError> {
        todo!()
    }

    /// All grants, for the overview and for what is due; the refresh tokens are left out (`None`).
    pub async fn grants(&self) -> Result<Vec<Grant>, VaultError> {
        todo!()
    }

    /// The access token of an account for a resource, if one is kept that belongs to the grant's
    /// present life (it may have expired).
    pub async fn access_token(
        &self,
        account: AccountId,
        resource: Resource,
    ) -> Result<Option<StoredToken>, VaultError> {
        todo!()
    }

    /// When each kept access token ends: for what is due.
    pub async fn token_expiries(
        &self,
    ) -> Result<Vec<(AccountId, Resource, Timestamp)>, VaultError> {
        todo!()
    }

    /// A person has authorised: the grant becomes active, in one transaction with its access
    /// token. Older access tokens of the account are dropped.
    pub async fn store_grant(
        &self,
        account: AccountId,
        grant: &NewGrant,
        now: Timestamp,
    ) -> Result<Grant, VaultError> {
        todo!()
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
        todo!()
    }

    /// A renewal failed and it is nobody's fault: counted, the grant stays.
    pub async fn note_renewal_failure(
        &self,
        account: AccountId,
        version: i64,
        failure: &str,
        retry_at: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The grant is over (`NeedsAuthorization` or `Revoked`): the refresh token and the access
    /// tokens are wiped. [`VaultError::Stale`] if the grant is no longer `version`.
    pub async fn end_grant(
        &self,
        account: AccountId,
        version: i64,
        state: GrantState,
        reason: &str,
        now: Timestamp,
    ) -> Result<Grant, VaultError> {
        todo!()
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
        todo!()
    }

    /// Gives that right back.
    pub async fn release_renewal(&self, account: AccountId, owner: &str) -> Result<(), VaultError> {
        todo!()
    }
}
