//! Transactions whose news others must hear, in SQL that both databases understand.

use sqlx::query::Query;

use super::{Arguments, Backend, Db, Transaction};
use crate::store::Answer;

impl Backend {
    /// Runs one statement as a change; says whether it touched a row.
    pub(super) async fn change(&self, query: Query<'_, Db, Arguments>) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let touched = query.execute(&mut *transaction).await?.rows_affected() > 0;
        if touched {
            self.commit_change(transaction).await?;
        }
        Ok(touched)
    }

    /// Commits, counts the change for other processes and tells this one.
    pub(super) async fn commit_change(&self, mut transaction: Transaction) -> Answer<()> {
        sqlx::query("UPDATE vault SET changes = changes + 1")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.news.tell();
        Ok(())
    }

    /// How many changes all processes have made.
    pub(super) async fn count_changes(&self) -> Answer<i64> {
        sqlx::query_scalar("SELECT changes FROM vault")
            .fetch_one(self.reader())
            .await
    }

    /// Puts the proof of the key where there is none yet; gives the one that is there.
    pub(super) async fn settle_key_check(
        transaction: &mut Transaction,
        key_check: &[u8],
    ) -> Answer<Vec<u8>> {
        sqlx::query(
            "INSERT INTO vault (only_row, key_check, changes) VALUES (1, $1, 0)
             ON CONFLICT DO NOTHING",
        )
        .bind(key_check)
        .execute(&mut **transaction)
        .await?;
        sqlx::query_scalar("SELECT key_check FROM vault")
            .fetch_one(&mut **transaction)
            .await
    }
}
