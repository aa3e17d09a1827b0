//! The history's columns, in SQL that both databases understand.

use async_trait::async_trait;
use sqlx::QueryBuilder;

use super::{Backend, Db};
use crate::event::EventRow;
use crate::history::{HistoryStore, MessageRow, SearchFields};
use crate::store::Answer;

const MESSAGES: &str = "SELECT m.folder_id, m.uid, m.account_id, f.name, f.present, m.state,
     m.changed_at, m.message_id, m.sender, m.subject, m.found_by IS NULL AS cleared, m.size,
     m.first_seen_at, m.fetched_at, m.delivered_at, m.acknowledged_at, m.note, m.attempts,
     m.retry_at
 FROM messages m JOIN folders f ON f.id = m.folder_id
 WHERE ";

#[async_trait]
impl HistoryStore for Backend {
    async fn has_message_id(&self, message_id: &str) -> Answer<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM messages WHERE message_id = $1)")
            .bind(message_id)
            .fetch_one(self.reader())
            .await
    }

    async fn find_messages(&self, search: &SearchFields) -> Answer<Vec<MessageRow>> {
        let mut query = QueryBuilder::<Db>::new(MESSAGES);
        query.push("1 = 1");
        if let Some(account) = search.account {
            query.push(" AND m.account_id = ").push_bind(account);
        }
        if let Some(message_id) = &search.message_id {
            query.push(" AND m.message_id = ").push_bind(message_id);
        }
        if let Some(pattern) = &search.pattern {
            query.push(" AND m.found_by LIKE ").push_bind(pattern);
            query.push(r" ESCAPE '\'");
        }
        if let Some(whereabouts) = search.whereabouts {
            query.push(" AND m.state IN ").push(whereabouts.states());
        }
        if let Some(since) = search.since {
            query.push(" AND m.first_seen_at >= ").push_bind(since);
        }
        if let Some((seen_at, folder, uid)) = search.before {
            query.push(" AND (m.first_seen_at, m.folder_id, m.uid) < (");
            query.push_bind(seen_at).push(", ");
            query.push_bind(folder).push(", ");
            query.push_bind(uid).push(")");
        }
        query.push(" ORDER BY m.first_seen_at DESC, m.folder_id DESC, m.uid DESC LIMIT ");
        query.push_bind(search.limit);
        query.build_query_as().fetch_all(self.reader()).await
    }

    async fn message(&self, folder: i64, uid: i64) -> Answer<Option<MessageRow>> {
        let mut query = QueryBuilder::<Db>::new(MESSAGES);
        query.push("m.folder_id = ").push_bind(folder);
        query.push(" AND m.uid = ").push_bind(uid);
        query.build_query_as().fetch_optional(self.reader()).await
    }

    async fn leave_quarantine(
        &self,
        folder: i64,
        uid: i64,
        state: i64,
        event: &EventRow,
        now: i64,
    ) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let moved = sqlx::query(
            "UPDATE messages SET
                 state = $3, changed_at = $4, retry_at = CASE WHEN $3 = 0 THEN $4 END
             WHERE folder_id = $1 AND uid = $2 AND state = 4
               AND EXISTS (SELECT 1 FROM folders WHERE id = $1 AND present)",
        )
        .bind(folder)
        .bind(uid)
        .bind(state)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        Self::write_event(&mut transaction, event).await?;
        self.commit_change(transaction).await?;
        Ok(true)
    }

    async fn last_mail(&self, account: i64) -> Answer<Option<i64>> {
        sqlx::query_scalar(
            "SELECT m.first_seen_at FROM messages m JOIN folders f ON f.id = m.folder_id
             WHERE m.account_id = $1 AND m.uid >= f.fill_until
               AND NOT EXISTS (
                   SELECT 1 FROM canaries c WHERE c.folder_id = m.folder_id AND c.uid = m.uid
               )
             ORDER BY m.first_seen_at DESC LIMIT 1",
        )
        .bind(account)
        .fetch_optional(self.reader())
        .await
    }

    async fn times_of_mail(&self, account: i64, since: i64, part: i64) -> Answer<Vec<i64>> {
        sqlx::query_scalar(
            "SELECT DISTINCT m.first_seen_at / $3 AS at
             FROM messages m JOIN folders f ON f.id = m.folder_id
             WHERE m.account_id = $1 AND m.first_seen_at >= $2 AND m.uid >= f.fill_until
               AND NOT EXISTS (
                   SELECT 1 FROM canaries c WHERE c.folder_id = m.folder_id AND c.uid = m.uid
               )
             ORDER BY at",
        )
        .bind(account)
        .bind(since)
        .bind(part)
        .fetch_all(self.reader())
        .await
    }

    async fn prune_history(&self, older_than: i64, limit: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let pruned = sqlx::query(
            "UPDATE messages SET
                 message_id = NULL, sender = NULL, subject = NULL, note = NULL, found_by = NULL
             WHERE (folder_id, uid) IN (
                 SELECT folder_id, uid FROM messages
                 WHERE found_by IS NOT NULL AND state IN (3, 5) AND changed_at < $1
                 ORDER BY changed_at LIMIT $2
             )",
        )
        .bind(older_than)
        .bind(limit)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(pruned.rows_affected())
    }
}
