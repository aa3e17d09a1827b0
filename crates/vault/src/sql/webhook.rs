//! The column `webhook_secret` of `accounts`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::store::Answer;
use crate::webhook::WebhookStore;

#[async_trait]
impl WebhookStore for Backend {
    async fn webhook_secret(&self, account: i64) -> Answer<Option<Option<Vec<u8>>>> {
        sqlx::query_scalar("SELECT webhook_secret FROM accounts WHERE id = $1")
            .bind(account)
            .fetch_optional(self.reader())
            .await
    }

    async fn set_webhook_secret(&self, account: i64, sealed: &[u8], replace: bool) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE accounts SET webhook_secret = $2
             WHERE id = $1 AND ($3 OR webhook_secret IS NULL)",
        )
        .bind(account)
        .bind(sealed)
        .bind(replace)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}
