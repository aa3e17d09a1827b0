//! The back-fill's columns, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::backfill::{BackfillRow, BackfillStore};
use crate::store::Answer;

#[async_trait]
impl BackfillStore for Backend {
    async fn note_fill(
        &self,
        folder: i64,
        next_uid: i64,
        left: i64,
        per_hour: Option<i64>,
        now: i64,
    ) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let noted = sqlx::query(
            "UPDATE folders SET
                 fill_next = CASE WHEN fill_next < $2 THEN $2 ELSE fill_next END,
                 fill_left = $3, fill_told_at = $4,
                 fill_total = COALESCE(fill_total, $3),
                 fill_began_at = COALESCE(fill_began_at, $4),
                 fill_per_hour = COALESCE($5, fill_per_hour)
             WHERE id = $1",
        )
        .bind(folder)
        .bind(next_uid)
        .bind(left)
        .bind(now)
        .bind(per_hour)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(noted.rows_affected() > 0)
    }

    async fn backfills(&self, account: i64) -> Answer<Vec<BackfillRow>> {
        sqlx::query_as(
            "SELECT f.name, f.fill_total, f.fill_left, f.fill_began_at, f.fill_told_at,
                 f.fill_per_hour,
                 a.fill_paused
             FROM folders f JOIN accounts a ON a.id = f.account_id
             WHERE f.account_id = $1 AND f.present AND f.fill_next < f.fill_until
               AND f.fill_total IS NOT NULL
             ORDER BY f.name",
        )
        .bind(account)
        .fetch_all(self.reader())
        .await
    }

    async fn pause_fill(&self, account: i64, paused: bool) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let there = sqlx::query("UPDATE accounts SET fill_paused = $2 WHERE id = $1")
            .bind(account)
            .bind(paused)
            .execute(&mut *transaction)
            .await?;
        self.commit_change(transaction).await?;
        Ok(there.rows_affected() > 0)
    }

    async fn keep_folders(&self, account: i64, names: &[String]) -> Answer<()> {
        let present: Vec<(i64, String)> =
            sqlx::query_as("SELECT id, name FROM folders WHERE account_id = $1 AND present")
                .bind(account)
                .fetch_all(self.reader())
                .await?;
        let others: Vec<i64> = present
            .into_iter()
            .filter(|(_, name)| !names.contains(name))
            .map(|(id, _)| id)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for id in others {
            sqlx::query("UPDATE folders SET present = FALSE WHERE id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }
}
