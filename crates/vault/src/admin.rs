//! Administrators, their sessions, and the one-time link that sets the first password.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{Vault, VaultError};

/// An administrator's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdministratorId(pub i64);

/// Somebody who may use the pages.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// The row.
    pub id: AdministratorId,
    /// The name to sign in with.
    pub name: String,
}

/// A browser session of an administrator.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose.
    pub administrator: Administrator,
    /// The secret that every form carries (against CSRF).
    pub csrf: SecretString,
}

impl Vault {
    /// Whether any administrator exists.
    pub async fn has_administrator(&self) -> Result<bool, VaultError> {
        todo!()
    }

    /// Makes the one-time link's secret; older ones die.
    pub async fn offer_setup(
        &self,
        secret: &SecretString,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// Whether the link's secret is good; does not use it up.
    pub async fn setup_is_open(
        &self,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        todo!()
    }

    /// Uses the link up and sets name and password (Argon2id) of the administrator, whose old
    /// sessions end. `None` where the secret is not good.
    pub async fn set_up_administrator(
        &self,
        secret: &SecretString,
        name: &str,
        password: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Administrator>, VaultError> {
        todo!()
    }

    /// Checks name and password, in the same time whether the name exists or not.
    pub async fn check_password(
        &self,
        name: &str,
        password: &SecretString,
    ) -> Result<Option<Administrator>, VaultError> {
        todo!()
    }

    /// Begins a session; `token` is the cookie's secret, kept as a hash.
    pub async fn begin_session(
        &self,
        administrator: AdministratorId,
        token: &SecretString,
        csrf: &SecretString,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), VaultError> {
        todo!()
    }

    /// The session of a cookie, if it lives.
    pub async fn session(
        &self,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Session>, VaultError> {
        todo!()
    }

    /// Ends a session.
    pub async fn end_session(&self, token: &SecretString) -> Result<(), VaultError> {
        todo!()
    }
}
