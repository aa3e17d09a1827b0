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

const OWN: Place = Place {
    table: "accounts",
    column: "webhook_secret",
};
const NAMED: Place = Place {
    table: "sink_secrets",
    column: "webhook_secret",
};

/// How a secret begins (<https://www.standardwebhooks.com>, "Signature scheme").
const PREFIX: &str = "whsec_";

/// The column `webhook_secret` of `accounts`, and of `sink_secrets` for its further sinks.
#[async_trait]
pub(crate) trait WebhookStore: Send + Sync {
    /// `None` where the account is gone, `Some(None)` where it has no secret yet.
    async fn webhook_secret(
        &self,
        account: i64,
        sink: Option<&str>,
    ) -> Answer<Option<Option<Vec<u8>>>>;
    /// Puts a secret where there is none, or in the place of the one that is there.
    async fn set_webhook_secret(
        &self,
        account: i64,
        sink: Option<&str>,
        sealed: &[u8],
        replace: bool,
    ) -> Answer<()>;
    async fn forget_webhook_secret(&self, account: i64, sink: &str) -> Answer<()>;
}

impl Vault {
    /// What the webhook requests of an account's own sink are signed with, or of its further sink of
    /// this name: `whsec_` and 32 random bytes in Base64. Made when it is asked for the first time.
    pub async fn webhook_secret(
        &self,
        account: AccountId,
        sink: Option<&str>,
    ) -> Result<SecretString, VaultError> {
        if let Some(secret) = self.stored_webhook_secret(account, sink).await? {
            return Ok(secret);
        }
        self.set_webhook_secret(account, sink, false).await?;
        let stored = self.stored_webhook_secret(account, sink).await?;
        stored.ok_or(GONE)
    }

    /// Makes another secret; what was signed with the former one is no longer believed by a
    /// receiver that is told of this one.
    pub async fn renew_webhook_secret(
        &self,
        account: AccountId,
        sink: Option<&str>,
    ) -> Result<SecretString, VaultError> {
        self.set_webhook_secret(account, sink, true).await?;
        let stored = self.stored_webhook_secret(account, sink).await?;
        stored.ok_or(GONE)
    }

    /// A sink of the same name would be another one.
    pub(crate) async fn forget_webhook_secret(
        &self,
        account: AccountId,
        sink: &str,
    ) -> Result<(), VaultError> {
        self.told(self.store().forget_webhook_secret(account.0, sink).await)
    }

    async fn stored_webhook_secret(
        &self,
        account: AccountId,
        sink: Option<&str>,
    ) -> Result<Option<SecretString>, VaultError> {
        let stored = self.told(self.store().webhook_secret(account.0, sink).await)?;
        let sealed = stored.ok_or(GONE)?;
        let (place, row) = place(account, sink);
        let unsealed = sealed.map(|sealed| self.unseal(place, &row, &sealed));
        unsealed.transpose()
    }

    async fn set_webhook_secret(
        &self,
        account: AccountId,
        sink: Option<&str>,
        replace: bool,
    ) -> Result<(), VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.random().fill(&mut *bytes);
        let secret = SecretString::from(format!("{PREFIX}{}", BASE64_STANDARD.encode(*bytes)));
        let (place, row) = place(account, sink);
        let sealed = self.seal(place, &row, &secret)?;
        let store = self.store();
        let set = store.set_webhook_secret(account.0, sink, &sealed, replace);
        self.told(set.await)
    }
}

/// Where a secret is sealed to.
fn place(account: AccountId, sink: Option<&str>) -> (Place, String) {
    match sink {
        None => (OWN, account.0.to_string()),
        Some(sink) => (NAMED, format!("{}/{sink}", account.0)),
    }
}
