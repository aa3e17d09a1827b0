//! The rows of `warnings`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::store::Answer;
use crate::warning::WarningStore;

#[async_trait]
impl WarningStore for Backend {
    async fn note_warning(&self, subject: &str, now: i64) -> Answer<bool> {
        let query = sqlx::query(
            "INSERT INTO warnings (subject, told_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        );
        self.change(query.bind(subject).bind(now)).await
    }

    async fn sweep_warnings(&self, before: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let swept = sqlx::query("DELETE FROM warnings WHERE told_at < $1")
            .bind(before)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(swept.rows_affected())
    }
}
