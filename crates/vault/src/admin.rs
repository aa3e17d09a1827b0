//! Administrators, their sessions, and the one-time link that sets the first password.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::column::micros;
use crate::password;
use crate::seal::{Place, hash, hex};
use crate::store::Answer;
use crate::{Vault, VaultError};

const CSRF: Place = Place {
    table: "sessions",
    column: "csrf",
};

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

/// A row of `administrators`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AdministratorRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) password_hash: String,
}

/// A session with its administrator.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) administrator_id: i64,
    pub(crate) name: String,
    pub(crate) csrf: Vec<u8>,
}

/// The rows of `administrators`, `setup_links` and `sessions`.
#[async_trait]
pub(crate) trait AdminStore: Send + Sync {
    async fn has_administrator(&self) -> Answer<bool>;
    /// Replaces all older ones.
    async fn offer_setup(&self, secret_hash: &[u8], expires_at: i64) -> Answer<()>;
    async fn setup_is_open(&self, secret_hash: &[u8], now: i64) -> Answer<bool>;
    /// Uses the link up, sets the password and ends the sessions; `None` where the link is dead.
    async fn set_up_administrator(
        &self,
        secret_hash: &[u8],
        name: &str,
        password_hash: &str,
        now: i64,
    ) -> Answer<Option<i64>>;
    async fn administrator(&self, name: &str) -> Answer<Option<AdministratorRow>>;
    /// Also drops the sessions that are over.
    async fn begin_session(
        &self,
        administrator: i64,
        token_hash: &[u8],
        csrf: &[u8],
        now: i64,
        expires_at: i64,
    ) -> Answer<()>;
    async fn session(&self, token_hash: &[u8], now: i64) -> Answer<Option<SessionRow>>;
    async fn end_session(&self, token_hash: &[u8]) -> Answer<()>;
}

impl Vault {
    /// Whether any administrator exists.
    pub async fn has_administrator(&self) -> Result<bool, VaultError> {
        self.told(self.store().has_administrator().await)
    }

    /// Makes the one-time link's secret; older ones die.
    pub async fn offer_setup(
        &self,
        secret: &SecretString,
        _now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), VaultError> {
        let offered = self
            .store()
            .offer_setup(&hash(secret), micros(expires_at))
            .await;
        self.told(offered)
    }

    /// Whether the link's secret is good; does not use it up.
    pub async fn setup_is_open(
        &self,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<bool, VaultError> {
        self.told(self.store().setup_is_open(&hash(secret), micros(now)).await)
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
        // Nobody without a good link makes this machine compute.
        if name.contains('\0') || !self.setup_is_open(secret, now).await? {
            return Ok(None);
        }
        let password_hash = password::hash(self, password).await?;
        let (store, secret_hash) = (self.store(), hash(secret));
        let set = store.set_up_administrator(&secret_hash, name, &password_hash, micros(now));
        let id = self.told(set.await)?;
        Ok(id.map(|id| Administrator {
            id: AdministratorId(id),
            name: name.to_owned(),
        }))
    }

    /// Checks name and password, in the same time whether the name exists or not.
    pub async fn check_password(
        &self,
        name: &str,
        password: &SecretString,
    ) -> Result<Option<Administrator>, VaultError> {
        let name = name.replace('\0', " ");
        let found = self.told(self.store().administrator(&name).await)?;
        let Some(row) = found else {
            // As much work as a check; what comes out is of no use to anybody.
            password::hash(self, password).await?;
            return Ok(None);
        };
        let right = password::is_right(self, password, row.password_hash).await?;
        Ok(right.then_some(Administrator {
            id: AdministratorId(row.id),
            name: row.name,
        }))
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
        let (now, expires_at) = (micros(now), micros(expires_at));
        let token_hash = hash(token);
        let csrf = self.seal(CSRF, &hex(&token_hash), csrf)?;
        let store = self.store();
        let begun = store.begin_session(administrator.0, &token_hash, &csrf, now, expires_at);
        self.told(begun.await)
    }

    /// The session of a cookie, if it lives.
    pub async fn session(
        &self,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Option<Session>, VaultError> {
        let token_hash = hash(token);
        let Some(row) = self.told(self.store().session(&token_hash, micros(now)).await)? else {
            return Ok(None);
        };
        Ok(Some(Session {
            administrator: Administrator {
                id: AdministratorId(row.administrator_id),
                name: row.name,
            },
            csrf: self.unseal(CSRF, &hex(&token_hash), &row.csrf)?,
        }))
    }

    /// Ends a session.
    pub async fn end_session(&self, token: &SecretString) -> Result<(), VaultError> {
        self.told(self.store().end_session(&hash(token)).await)
    }
}
