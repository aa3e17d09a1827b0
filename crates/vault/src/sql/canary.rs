//! The rows of `canaries`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::canary::{CanaryRow, CanaryStore};
use crate::store::Answer;

#[async_trait]
impl CanaryStore for Backend {
    async fn send_canary(
        &self,
        account: i64,
        secret_hash: &[u8],
        now: i64,
        forgotten: i64,
    ) -> Answer<i64> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM canaries WHERE account_id = $1 AND sent_at < $2")
            .bind(account)
            .bind(forgotten)
            .execute(&mut *transaction)
            .await?;
        let id = sqlx::query_scalar(
            "INSERT INTO canaries (account_id, secret_hash, sent_at) VALUES ($1, $2, $3)
             RETURNING id",
        )
        .bind(account)
        .bind(secret_hash)
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    async fn canary_failed(&self, id: i64, failure: &str) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE canaries SET failure = $2 WHERE id = $1 AND arrived_at IS NULL")
            .bind(id)
            .bind(failure)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn canary_seen(
        &self,
        account: i64,
        secret_hash: &[u8],
        (folder, uid): (i64, i64),
        now: i64,
    ) -> Answer<bool> {
        let known: Option<(Option<i64>,)> = sqlx::query_as(
            "SELECT arrived_at FROM canaries WHERE account_id = $1 AND secret_hash = $2",
        )
        .bind(account)
        .bind(secret_hash)
        .fetch_optional(self.reader())
        .await?;
        if let Some((None,)) = known {
            let mut transaction = self.begin().await?;
            sqlx::query(
                "UPDATE canaries SET arrived_at = $3, folder_id = $4, uid = $5, failure = NULL
                 WHERE account_id = $1 AND secret_hash = $2 AND arrived_at IS NULL",
            )
            .bind(account)
            .bind(secret_hash)
            .bind(now)
            .bind(folder)
            .bind(uid)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
        }
        Ok(known.is_some())
    }

    async fn canaries(&self, account: i64, limit: i64) -> Answer<Vec<CanaryRow>> {
        sqlx::query_as(
            "SELECT id, sent_at, failure, arrived_at FROM canaries
             WHERE account_id = $1 ORDER BY sent_at DESC, id DESC LIMIT $2",
        )
        .bind(account)
        .bind(limit)
        .fetch_all(self.reader())
        .await
    }
}
