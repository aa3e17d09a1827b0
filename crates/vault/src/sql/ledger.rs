//! The rows of `folders` and `messages`, in SQL that both databases understand.
//!
//! Many messages are one transaction and few statements: each costs a way to the database and back.
//! Conditions such as `state IN (0, 4)` repeat the words of a partial index, or it is not used.

use async_trait::async_trait;
use sqlx::QueryBuilder;
use sqlx::query::Query;

use super::{Arguments, Backend, Db, Transaction};
use crate::Floor;
use crate::backfill::{FirstFields, wanted_again};
use crate::ledger::{CountsRow, EntryRow, FolderRow, LedgerStore, PreparedFields, QuarantineRow};
use crate::store::Answer;

/// How many messages one statement is for. A database takes some 32,000 values at once (SQLite).
const AT_ONCE: usize = 500;

/// A statement for so many messages. The one for a single message comes again and again: it alone
/// stays prepared.
fn ready(builder: &mut QueryBuilder<Db>, messages: usize) -> Query<'_, Db, Arguments> {
    builder.build().persistent(messages == 1)
}

impl Backend {
    async fn insert_prepared(
        transaction: &mut Transaction,
        (folder, account): (i64, i64),
        messages: &[PreparedFields],
        now: i64,
    ) -> Answer<()> {
        let mut builder = QueryBuilder::new(
            "INSERT INTO messages (
                 folder_id, uid, state, delivery_key, digest, size, attempts, matched, changed_at,
                 account_id, first_seen_at, fetched_at, message_id, sender, subject, found_by,
                 going_to, counted_at
             ) ",
        );
        builder.push_values(messages, |mut row, message| {
            row.push_bind(folder)
                .push_bind(message.uid)
                .push("1")
                .push_bind(&message.delivery_key)
                .push_bind(&message.digest)
                .push_bind(message.size)
                .push("0")
                .push("FALSE")
                .push_bind(now)
                .push_bind(account)
                .push_bind(message.seen_at)
                .push_bind(now)
                .push_bind(&message.head.message_id)
                .push_bind(&message.head.sender)
                .push_bind(&message.head.subject)
                .push_bind(&message.head.found_by)
                .push_bind(&message.going_to)
                .push_bind(message.counted_at);
        });
        builder.push(
            " ON CONFLICT (folder_id, uid) DO UPDATE SET
                 state = 1, digest = excluded.digest, size = excluded.size, retry_at = NULL,
                 changed_at = excluded.changed_at, fetched_at = excluded.fetched_at,
                 message_id = excluded.message_id, sender = excluded.sender,
                 subject = excluded.subject, found_by = excluded.found_by,
                 delivery_key = excluded.delivery_key, going_to = excluded.going_to,
                 counted_at = COALESCE(messages.counted_at, excluded.counted_at)
             WHERE messages.state NOT IN (2, 3, 5)",
        );
        let insert = ready(&mut builder, messages.len());
        insert.execute(&mut **transaction).await?;
        Ok(())
    }
}

#[async_trait]
impl LedgerStore for Backend {
    async fn open_folder(
        &self,
        account: i64,
        name: &str,
        uid_validity: i64,
        first: &FirstFields,
        now: i64,
    ) -> Answer<FolderRow> {
        let mut transaction = self.begin().await?;
        let as_before: Option<(Option<i64>, bool, i64)> = sqlx::query_as(
            "SELECT fill_since, fill_unseen, created_at FROM folders
             WHERE account_id = $1 AND name = $2 ORDER BY id LIMIT 1",
        )
        .bind(account)
        .bind(name)
        .fetch_optional(&mut *transaction)
        .await?;
        let (fills, since, unseen) = match as_before {
            Some((since, unseen, created_at)) => {
                let since = wanted_again(since, unseen, created_at);
                (true, since, unseen)
            }
            None => (first.fills, first.since, first.unseen),
        };
        sqlx::query(
            "INSERT INTO folders (
                 account_id, name, uid_validity, next_uid, fill_next, fill_until, fill_since,
                 fill_unseen, present, delivered, created_at
             ) VALUES ($1, $2, $3, $4, 1, $5, $6, $7, FALSE, 0, $8)
             ON CONFLICT DO NOTHING",
        )
        .bind(account)
        .bind(name)
        .bind(uid_validity)
        .bind(first.next_uid)
        .bind(if fills { first.next_uid } else { 0 })
        .bind(since)
        .bind(unseen)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        let row: FolderRow = sqlx::query_as(
            "SELECT f.id, f.uid_validity, f.next_uid, f.fill_next, f.fill_until, f.fill_since,
                 f.fill_unseen, a.fill_paused, EXISTS (
                 SELECT 1 FROM folders o
                 WHERE o.account_id = f.account_id AND o.name = f.name AND o.id <> f.id
             ) OR EXISTS (
                 SELECT 1 FROM numbered_folders n JOIN numbered_messages m ON m.folder_id = n.id
                 WHERE n.account_id = f.account_id AND n.name = f.name
                   AND n.epoch = f.uid_validity AND m.by_content
             ) AS has_other_epoch
             FROM folders f JOIN accounts a ON a.id = f.account_id
             WHERE f.account_id = $1 AND f.name = $2 AND f.uid_validity = $3",
        )
        .bind(account)
        .bind(name)
        .bind(uid_validity)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query(
            "UPDATE folders SET present = (id = $2)
             WHERE account_id = $1 AND name = $3 AND present <> (id = $2)",
        )
        .bind(account)
        .bind(row.id)
        .bind(name)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(row)
    }

    async fn epoch(&self, folder: i64) -> Answer<Option<i64>> {
        sqlx::query_scalar("SELECT uid_validity FROM folders WHERE id = $1")
            .bind(folder)
            .fetch_optional(self.reader())
            .await
    }

    async fn unfinished(&self, folder: i64, delivered_until: i64) -> Answer<Vec<EntryRow>> {
        sqlx::query_as(
            "SELECT uid, state, delivery_key, attempts, retry_at, going_to FROM messages
             WHERE folder_id = $1 AND state < 3 AND (state < 2 OR changed_at <= $2) ORDER BY uid",
        )
        .bind(folder)
        .bind(delivered_until)
        .fetch_all(self.reader())
        .await
    }

    async fn known(&self, folder: i64, from: i64, until: i64) -> Answer<Vec<i64>> {
        sqlx::query_scalar(
            "SELECT uid FROM messages WHERE folder_id = $1 AND uid >= $2 AND uid < $3",
        )
        .bind(folder)
        .bind(from)
        .bind(until)
        .fetch_all(self.reader())
        .await
    }

    async fn note_prepared(
        &self,
        folder: i64,
        messages: &[PreparedFields],
        floor: Floor,
        now: i64,
    ) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let (raise, to) = match floor {
            Floor::New(to) => (
                "UPDATE folders SET next_uid = CASE WHEN next_uid < $2 THEN $2 ELSE next_uid END
                 WHERE id = $1 RETURNING account_id",
                to,
            ),
            Floor::Past(to) => (
                "UPDATE folders SET fill_next = CASE WHEN fill_next < $2 THEN $2 ELSE fill_next END
                 WHERE id = $1 RETURNING account_id",
                to,
            ),
        };
        let account: Option<i64> = sqlx::query_scalar(raise)
            .bind(folder)
            .bind(i64::from(to))
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(account) = account else {
            return Ok(false);
        };
        for messages in messages.chunks(AT_ONCE) {
            Self::insert_prepared(&mut transaction, (folder, account), messages, now).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn note_delivered(
        &self,
        folder: i64,
        messages: &[(i64, String)],
        now: i64,
    ) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let mut delivered = 0;
        for messages in messages.chunks(AT_ONCE) {
            let mut builder = QueryBuilder::new("WITH said (uid, note) AS (");
            builder.push_values(messages, |mut row, (uid, answer)| {
                row.push_bind(*uid).push_bind(answer);
            });
            builder.push(") UPDATE messages SET state = 2, note = said.note, retry_at = NULL, ");
            builder.push("going_to = NULL, ");
            builder.push("changed_at = ").push_bind(now);
            builder.push(", delivered_at = ").push_bind(now);
            builder
                .push(" FROM said WHERE messages.folder_id = ")
                .push_bind(folder);
            builder.push(" AND messages.uid = said.uid AND messages.state NOT IN (2, 3, 5)");
            let update = ready(&mut builder, messages.len());
            delivered += update.execute(&mut *transaction).await?.rows_affected();
        }
        // Mailgrant's own canaries are nobody's mail.
        let own: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM canaries c
             JOIN messages m ON m.folder_id = c.folder_id AND m.uid = c.uid
             WHERE c.folder_id = $1 AND m.delivered_at = $2",
        )
        .bind(folder)
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        let counted = sqlx::query(
            "UPDATE folders SET
                 delivered = delivered + $2,
                 last_delivered_at = CASE WHEN $2 > 0 THEN $3 ELSE last_delivered_at END
             WHERE id = $1",
        )
        .bind(folder)
        .bind(delivered.cast_signed().saturating_sub(own).max(0))
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        if counted.rows_affected() == 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn note_acknowledged(&self, folder: i64, uids: &[i64], now: i64) -> Answer<()> {
        let mut transaction = self.begin().await?;
        for uids in uids.chunks(AT_ONCE) {
            let mut builder = QueryBuilder::new("UPDATE messages SET state = 3, changed_at = ");
            builder
                .push_bind(now)
                .push(", acknowledged_at = ")
                .push_bind(now);
            builder.push(" WHERE folder_id = ").push_bind(folder);
            builder.push(" AND state = 2 AND uid IN (");
            let mut list = builder.separated(", ");
            for uid in uids {
                list.push_bind(*uid);
            }
            list.push_unseparated(")");
            let update = ready(&mut builder, uids.len());
            update.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn note_deferred(
        &self,
        folder: i64,
        uid: i64,
        reason: &str,
        retry_at: i64,
        now: i64,
    ) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO messages (
                 folder_id, uid, state, delivery_key, attempts, retry_at, note, matched,
                 changed_at, account_id, first_seen_at, found_by
             ) VALUES (
                 $1, $2, 0, '', 1, $3, $4, FALSE, $5,
                 COALESCE((SELECT account_id FROM folders WHERE id = $1), 0), $5, ''
             )
             ON CONFLICT (folder_id, uid) DO UPDATE SET
                 state = 0, attempts = messages.attempts + 1, retry_at = excluded.retry_at,
                 note = excluded.note, changed_at = excluded.changed_at
             WHERE messages.state NOT IN (2, 3, 5)",
        )
        .bind(folder)
        .bind(uid)
        .bind(retry_at)
        .bind(reason)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    async fn note_quarantined(&self, folder: i64, uid: i64, reason: &str, now: i64) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO messages (
                 folder_id, uid, state, delivery_key, attempts, note, matched, changed_at,
                 account_id, first_seen_at, found_by
             ) VALUES (
                 $1, $2, 4, '', 1, $3, FALSE, $4,
                 COALESCE((SELECT account_id FROM folders WHERE id = $1), 0), $4, ''
             )
             ON CONFLICT (folder_id, uid) DO UPDATE SET
                 state = 4, attempts = messages.attempts + 1, retry_at = NULL,
                 note = excluded.note, changed_at = excluded.changed_at
             WHERE messages.state NOT IN (2, 3, 5)",
        )
        .bind(folder)
        .bind(uid)
        .bind(reason)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    async fn forget(&self, folder: i64, uids: &[i64]) -> Answer<()> {
        let mut transaction = self.begin().await?;
        for uid in uids {
            sqlx::query(
                "DELETE FROM messages
                 WHERE folder_id = $1 AND uid = $2 AND state NOT IN (2, 3, 5)",
            )
            .bind(folder)
            .bind(uid)
            .execute(&mut *transaction)
            .await?;
            // Where numbers stand for names: a message that comes back is a new one then, for the
            // floor may have passed its number. What the sink has keeps its own.
            sqlx::query(
                "DELETE FROM numbered_messages WHERE uid = $2 AND folder_id = (
                     SELECT n.id FROM numbered_folders n JOIN folders f
                         ON n.account_id = f.account_id AND n.name = f.name
                     WHERE f.id = $1 AND f.uid_validity = n.epoch
                 ) AND NOT EXISTS (
                     SELECT 1 FROM messages WHERE folder_id = $1 AND uid = $2
                 )",
            )
            .bind(folder)
            .bind(uid)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await
    }

    async fn adopt_delivered(
        &self,
        folder: i64,
        message: &PreparedFields,
        now: i64,
    ) -> Answer<Option<i64>> {
        let mut transaction = self.begin().await?;
        // This change does nothing but lock the row, where rows are locked: two who look at once
        // would find the same older message and take two for one.
        sqlx::query(
            "UPDATE accounts SET paused = paused
             WHERE id = (SELECT account_id FROM folders WHERE id = $1)",
        )
        .bind(folder)
        .execute(&mut *transaction)
        .await?;
        let there: Option<i64> =
            sqlx::query_scalar("SELECT state FROM messages WHERE folder_id = $1 AND uid = $2")
                .bind(folder)
                .bind(message.uid)
                .fetch_optional(&mut *transaction)
                .await?;
        if matches!(there, Some(2 | 3 | 5)) {
            return Ok(there);
        }
        let older: Option<(i64, i64, i64)> = sqlx::query_as(
            "SELECT m.folder_id, m.uid, m.state
             FROM folders here
             JOIN folders other ON other.account_id = here.account_id
                 AND other.name = here.name
             JOIN messages m ON m.folder_id = other.id AND m.digest = $2
             WHERE here.id = $1 AND m.state IN (2, 3, 5) AND NOT m.matched
               AND (other.id <> here.id OR EXISTS (
                   SELECT 1 FROM numbered_folders n JOIN numbered_messages this
                       ON this.folder_id = n.id AND this.uid = $3 AND this.by_content
                   WHERE n.account_id = here.account_id AND n.name = here.name
                     AND n.epoch = here.uid_validity AND NOT EXISTS (
                       SELECT 1 FROM numbered_messages there
                       WHERE there.folder_id = n.id AND there.uid = m.uid
                         AND there.gone_at IS NULL
                   )
               ))
             ORDER BY m.folder_id DESC, m.uid
             LIMIT 1",
        )
        .bind(folder)
        .bind(&message.digest)
        .bind(message.uid)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some((older_folder, older_uid, older_state)) = older else {
            return Ok(None);
        };
        let state = if older_state == 5 { 5 } else { 2 };
        sqlx::query("UPDATE messages SET matched = TRUE WHERE folder_id = $1 AND uid = $2")
            .bind(older_folder)
            .bind(older_uid)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO messages (
                 folder_id, uid, state, delivery_key, digest, size, attempts, matched, changed_at,
                 account_id, first_seen_at, fetched_at, delivered_at, note, message_id, sender,
                 subject, found_by
             ) SELECT
                 $1, $2, $3, $4, $5, $6, 0, FALSE, $7, m.account_id, $8, $7, m.delivered_at,
                 m.note, $9, $10, $11, $12
               FROM messages m WHERE m.folder_id = $13 AND m.uid = $14
             ON CONFLICT (folder_id, uid) DO UPDATE SET
                 state = excluded.state, digest = excluded.digest, size = excluded.size,
                 retry_at = NULL, changed_at = excluded.changed_at,
                 fetched_at = excluded.fetched_at, delivered_at = excluded.delivered_at,
                 note = excluded.note, message_id = excluded.message_id,
                 sender = excluded.sender, subject = excluded.subject,
                 found_by = excluded.found_by",
        )
        .bind(folder)
        .bind(message.uid)
        .bind(state)
        .bind(&message.delivery_key)
        .bind(&message.digest)
        .bind(message.size)
        .bind(now)
        .bind(message.seen_at)
        .bind(&message.head.message_id)
        .bind(&message.head.sender)
        .bind(&message.head.subject)
        .bind(&message.head.found_by)
        .bind(older_folder)
        .bind(older_uid)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Some(state))
    }

    async fn counts(&self, account: i64) -> Answer<Option<CountsRow>> {
        sqlx::query_as(
            "SELECT f.account_id, CAST(sum(f.delivered) AS BIGINT) AS delivered,
                 max(f.last_delivered_at) AS last_delivered_at,
                 (SELECT count(*) FROM folders p JOIN messages m ON m.folder_id = p.id
                  WHERE p.account_id = f.account_id AND p.present
                    AND m.state IN (0, 4) AND m.state = 0) AS waiting,
                 (SELECT count(*) FROM folders p JOIN messages m ON m.folder_id = p.id
                  WHERE p.account_id = f.account_id AND p.present
                    AND m.state IN (0, 4) AND m.state = 4) AS quarantined
             FROM folders f WHERE f.account_id = $1 GROUP BY f.account_id",
        )
        .bind(account)
        .fetch_optional(self.reader())
        .await
    }

    async fn all_counts(&self) -> Answer<Vec<CountsRow>> {
        sqlx::query_as(
            "SELECT f.account_id, CAST(sum(f.delivered) AS BIGINT) AS delivered,
                 max(f.last_delivered_at) AS last_delivered_at,
                 CAST(sum(COALESCE(h.waiting, 0)) AS BIGINT) AS waiting,
                 CAST(sum(COALESCE(h.quarantined, 0)) AS BIGINT) AS quarantined
             FROM folders f
             LEFT JOIN (
                 SELECT folder_id,
                     sum(CASE WHEN state = 0 THEN 1 ELSE 0 END) AS waiting,
                     sum(CASE WHEN state = 4 THEN 1 ELSE 0 END) AS quarantined
                 FROM messages WHERE state IN (0, 4) GROUP BY folder_id
             ) h ON h.folder_id = f.id AND f.present
             GROUP BY f.account_id",
        )
        .fetch_all(self.reader())
        .await
    }

    async fn quarantine(&self, account: i64, limit: i64) -> Answer<Vec<QuarantineRow>> {
        sqlx::query_as(
            "SELECT m.folder_id, f.name, m.uid, m.note, m.changed_at
             FROM folders f JOIN messages m ON m.folder_id = f.id
             WHERE f.account_id = $1 AND f.present AND m.state IN (0, 4) AND m.state = 4
             ORDER BY m.changed_at DESC, m.uid DESC
             LIMIT $2",
        )
        .bind(account)
        .bind(limit)
        .fetch_all(self.reader())
        .await
    }

    async fn retry_quarantine(&self, account: i64, now: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let retried = sqlx::query(
            "UPDATE messages SET state = 0, retry_at = $2, changed_at = $2
             WHERE state IN (0, 4) AND state = 4
               AND folder_id IN (SELECT id FROM folders WHERE account_id = $1 AND present)",
        )
        .bind(account)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(retried.rows_affected())
    }

    async fn due(&self, now: i64) -> Answer<Vec<(i64, i64)>> {
        sqlx::query_as(
            "SELECT folders.account_id, MAX(messages.changed_at)
             FROM messages JOIN folders ON folders.id = messages.folder_id
             WHERE messages.state IN (0, 4) AND messages.state = 0 AND folders.present
               AND messages.retry_at <= $1
             GROUP BY folders.account_id",
        )
        .bind(now)
        .fetch_all(self.reader())
        .await
    }
}
