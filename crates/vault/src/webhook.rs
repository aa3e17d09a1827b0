//! What webhook requests are signed with.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::account::GONE;
use crate::seal::Place;
use crate::store::Answer;
use crate::{AccountId, Vault, VaultError};

const PLACE: Place = Place {
    table: "accounts",
    column: "webhook_secret",
};

/// How a secret begins (<https://www.standardwebhooks.com>, "Signature scheme").
const PREFIX: &str = "whsec_";

/// The column `webhook_secret` of `accounts`.
#[async_trait]
pub(crate) trait WebhookStore: Send + Sync {
    /// `None` where the account is gone, `Some(None)` where it has no secret yet.
    async fn webhook_secret(&self, account: i64) -> Answer<Option<Option<Vec<u8>>>>;
    /// Puts a secret where there is none, or in the place of the one that is there.
    async fn set_webhook_secret(&self, account: i64, sealed: &[u8], replace: bool) -> Answer<()>;
}

impl Vault {
    /// What this account's webhook requests are signed with: `whsec_` and 32 random bytes in
    /// Base64. Made when it is asked for the first time.
    pub async fn webhook_secret(&self, account: AccountId) -> Result<SecretString, VaultError> {
        if let Some(secret) = self.stored_webhook_secret(account).await? {
            return Ok(secret);
        }
        self.set_webhook_secret(account, false).await?;
        let stored = self.stored_webhook_secret(account).await?;
        stored.ok_or(GONE)
    }

    /// Makes another secret; what was signed with the former one is no longer believed by a
    /// receiver that is told of this one.
    pub async fn renew_webhook_secret(
        &self,
        account: AccountId,
    ) -> Result<SecretString, VaultError> {
        self.set_webhook_secret(account, true).await?;
        let stored = self.stored_webhook_secret(account).await?;
        stored.ok_or(GONE)
    }

    async fn stored_webhook_secret(
        &self,
        account: AccountId,
    ) -> Result<Option<SecretString>, VaultError> {
        let stored = self.told(self.store().webhook_secret(account.0).await)?;
        let sealed = stored.ok_or(GONE)?;
        let unsealed = sealed.map(|sealed| self.unseal(PLACE, &account.0.to_string(), &sealed));
        unsealed.transpose()
    }

    async fn set_webhook_secret(
        &self,
        account: AccountId,
        replace: bool,
    ) -> Result<(), VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.random().fill(&mut *bytes);
        let secret = SecretString::from(format!("{PREFIX}{}", BASE64_STANDARD.encode(*bytes)));
        let sealed = self.seal(PLACE, &account.0.to_string(), &secret)?;
        let set = self.store().set_webhook_secret(account.0, &sealed, replace);
        self.told(set.await)
    }
}
