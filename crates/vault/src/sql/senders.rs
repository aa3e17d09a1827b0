//! The column `counted_at` of `messages`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::senders::{CountedRow, SenderStore};
use crate::store::Answer;

#[async_trait]
impl SenderStore for Backend {
    /// What has arrived since then was seen since then, and by that there is an index.
    async fn counted_since(&self, account: i64, since: i64, limit: i64) -> Answer<Vec<CountedRow>> {
        sqlx::query_as(
            "SELECT m.sender, m.counted_at, f.name, m.uid
             FROM messages m JOIN folders f ON f.id = m.folder_id
             WHERE m.account_id = $1 AND m.first_seen_at >= $2 AND m.counted_at >= $2
               AND m.sender IS NOT NULL
             ORDER BY m.counted_at, m.folder_id, m.uid
             LIMIT $3",
        )
        .bind(account)
        .bind(since)
        .bind(limit)
        .fetch_all(self.reader())
        .await
    }
}
