//! The rows of `appends`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::appends::{AppendRow, AppendStore, Appending};
use crate::store::Answer;

#[async_trait]
impl AppendStore for Backend {
    async fn append(&self, account: i64, key: &str, target: &str) -> Answer<Option<AppendRow>> {
        sqlx::query_as(
            "SELECT uid_validity, uid_next, taken FROM appends
             WHERE account_id = $1 AND delivery_key = $2 AND target = $3",
        )
        .bind(account)
        .bind(key)
        .bind(target)
        .fetch_optional(self.reader())
        .await
    }

    async fn note_append(
        &self,
        account: i64,
        message: &Appending<'_>,
        now: i64,
        forget_before: i64,
    ) -> Answer<()> {
        let mut transaction = self.begin().await?;
        // What was taken is needed until the ledger knows it.
        sqlx::query(
            "DELETE FROM appends
             WHERE account_id = $1 AND (since < $2 OR taken IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM folders f JOIN messages m ON m.folder_id = f.id
                 WHERE f.account_id = $1 AND m.state < 3 AND m.state = 1
                   AND m.delivery_key = appends.delivery_key
             ))",
        )
        .bind(account)
        .bind(forget_before)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO appends (
                 account_id, delivery_key, target, message_id, uid_validity, uid_next, since, digest
             ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (account_id, delivery_key) DO UPDATE SET
                 target = excluded.target, message_id = excluded.message_id,
                 digest = excluded.digest,
                 uid_validity = excluded.uid_validity, uid_next = excluded.uid_next,
                 taken = NULL, since = excluded.since
             WHERE appends.target <> excluded.target
                OR appends.uid_validity <> excluded.uid_validity
                OR appends.taken IS NOT NULL",
        )
        .bind(account)
        .bind(message.key)
        .bind(message.target)
        .bind(message.message_id)
        .bind(i64::from(message.end.uid_validity))
        .bind(i64::from(message.end.uid_next))
        .bind(now)
        .bind(message.digest.as_slice())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    async fn note_append_taken(
        &self,
        account: i64,
        key: &str,
        uid: i64,
        behind: i64,
    ) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE appends SET taken = $3 WHERE account_id = $1 AND delivery_key = $2")
            .bind(account)
            .bind(key)
            .bind(uid)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "UPDATE appends SET uid_next = $3
             WHERE uid_next < $3 AND taken IS NULL AND EXISTS (
                 SELECT 1 FROM appends this
                 WHERE this.account_id = $1 AND this.delivery_key = $2
                   AND this.target = appends.target AND this.message_id = appends.message_id
                   AND this.digest = appends.digest
                   AND this.uid_validity = appends.uid_validity
             )",
        )
        .bind(account)
        .bind(key)
        .bind(behind)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    async fn forget_append(&self, account: i64, key: &str) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM appends WHERE account_id = $1 AND delivery_key = $2")
            .bind(account)
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
