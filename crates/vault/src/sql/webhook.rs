//! The column `webhook_secret` of `accounts` and of `sink_secrets`, in SQL that both databases
//! understand.

use async_trait::async_trait;

use super::Backend;
use crate::store::Answer;
use crate::webhook::WebhookStore;

#[async_trait]
impl WebhookStore for Backend {
    async fn webhook_secret(
        &self,
        account: i64,
        sink: Option<&str>,
    ) -> Answer<Option<Option<Vec<u8>>>> {
        let Some(sink) = sink else {
            return sqlx::query_scalar("SELECT webhook_secret FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_optional(self.reader())
                .await;
        };
        sqlx::query_scalar(
            "SELECT s.webhook_secret FROM accounts a
             LEFT JOIN sink_secrets s ON s.account_id = a.id AND s.sink = $2
             WHERE a.id = $1",
        )
        .bind(account)
        .bind(sink)
        .fetch_optional(self.reader())
        .await
    }

    async fn set_webhook_secret(
        &self,
        account: i64,
        sink: Option<&str>,
        sealed: &[u8],
        replace: bool,
    ) -> Answer<()> {
        let mut transaction = self.begin().await?;
        match sink {
            None => {
                sqlx::query(
                    "UPDATE accounts SET webhook_secret = $2
                     WHERE id = $1 AND ($3 OR webhook_secret IS NULL)",
                )
                .bind(account)
                .bind(sealed)
                .bind(replace)
                .execute(&mut *transaction)
                .await?;
            }
            Some(sink) => {
                sqlx::query(
                    "INSERT INTO sink_secrets (account_id, sink, webhook_secret)
                     SELECT id, $4, $2 FROM accounts WHERE id = $1
                     ON CONFLICT (account_id, sink) DO UPDATE
                     SET webhook_secret = excluded.webhook_secret WHERE $3",
                )
                .bind(account)
                .bind(sealed)
                .bind(replace)
                .bind(sink)
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await
    }

    async fn forget_webhook_secret(&self, account: i64, sink: &str) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM sink_secrets WHERE account_id = $1 AND sink = $2")
            .bind(account)
            .bind(sink)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
