//! The rows of `numbered_folders` and `numbered_messages`, in SQL that both databases understand.

use async_trait::async_trait;

use super::{Backend, Transaction};
use crate::numbering::{NameRow, Named, NumberedRow, Numbering, NumberingStore};
use crate::store::Answer;

#[derive(sqlx::FromRow)]
struct FolderRow {
    id: i64,
    epoch: i64,
    next_uid: i64,
}

#[async_trait]
impl NumberingStore for Backend {
    async fn number(
        &self,
        (account, name): (i64, &str),
        names: &[Named<'_>],
        complete: bool,
        now: i64,
        forget_before: i64,
    ) -> Answer<Option<NumberedRow>> {
        let mut transaction = self.begin().await?;
        // Epochs begin where no IMAP server's UIDVALIDITY is: the folder may be read by IMAP one day.
        // Taken first, so that two that number one folder come one after the other.
        sqlx::query(
            "INSERT INTO numbered_folders (account_id, name, epoch, next_uid)
             SELECT id, $2, 2147483648, 1 FROM accounts WHERE id = $1
             ON CONFLICT (account_id, name) DO UPDATE SET next_uid = numbered_folders.next_uid",
        )
        .bind(account)
        .bind(name)
        .execute(&mut *transaction)
        .await?;
        let folder: Option<FolderRow> = sqlx::query_as(
            "SELECT id, epoch, next_uid FROM numbered_folders
             WHERE account_id = $1 AND name = $2",
        )
        .bind(account)
        .bind(name)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(mut folder) = folder else {
            return Ok(None);
        };
        let mut before: Vec<NameRow> = Vec::new();
        if complete {
            before = sqlx::query_as(
                "SELECT foreign_id, uid, gone_at, octets FROM numbered_messages
                 WHERE folder_id = $1",
            )
            .bind(folder.id)
            .fetch_all(&mut *transaction)
            .await?;
        } else {
            // A large folder's names are not all read for some new ones.
            for named in names {
                let known: Option<NameRow> = sqlx::query_as(
                    "SELECT foreign_id, uid, gone_at, octets FROM numbered_messages
                     WHERE folder_id = $1 AND foreign_id = $2",
                )
                .bind(folder.id)
                .bind(named.name)
                .fetch_optional(&mut *transaction)
                .await?;
                before.extend(known);
            }
        }
        let reuses: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM numbered_messages WHERE folder_id = $1 AND by_content)",
        )
        .bind(folder.id)
        .fetch_one(&mut *transaction)
        .await?;
        let numbering = Numbering::of(before, names, folder.next_uid, (complete, reuses));
        folder.next_uid = numbering.next_uid;
        if numbering.begins_anew {
            folder.epoch += 1;
            sqlx::query("DELETE FROM numbered_messages WHERE folder_id = $1")
                .bind(folder.id)
                .execute(&mut *transaction)
                .await?;
        }
        write(&mut transaction, folder.id, &numbering, now).await?;
        sqlx::query("DELETE FROM numbered_messages WHERE folder_id = $1 AND gone_at < $2")
            .bind(folder.id)
            .bind(forget_before)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE numbered_folders SET epoch = $2, next_uid = $3 WHERE id = $1")
            .bind(folder.id)
            .bind(folder.epoch)
            .bind(folder.next_uid)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(NumberedRow {
            epoch: folder.epoch,
            next_uid: folder.next_uid,
            uids: numbering.uids,
        }))
    }

    async fn numbered(&self, (account, name): (i64, &str)) -> Answer<Option<(i64, i64)>> {
        sqlx::query_as(
            "SELECT epoch, next_uid FROM numbered_folders WHERE account_id = $1 AND name = $2",
        )
        .bind(account)
        .bind(name)
        .fetch_optional(self.reader())
        .await
    }

    async fn names_of(
        &self,
        (account, name): (i64, &str),
        epoch: i64,
        uids: &[i64],
    ) -> Answer<Vec<(i64, String)>> {
        let mut names = Vec::with_capacity(uids.len());
        for uid in uids {
            let found: Option<(i64, String)> = sqlx::query_as(
                "SELECT m.uid, m.foreign_id
                 FROM numbered_messages m JOIN numbered_folders f ON f.id = m.folder_id
                 WHERE f.account_id = $1 AND f.name = $2 AND m.uid = $3 AND f.epoch = $4",
            )
            .bind(account)
            .bind(name)
            .bind(uid)
            .bind(epoch)
            .fetch_optional(self.reader())
            .await?;
            names.extend(found);
        }
        Ok(names)
    }

    async fn leave(&self, (account, name): (i64, &str), uids: &[i64], now: i64) -> Answer<()> {
        let mut transaction = self.begin().await?;
        for uid in uids {
            sqlx::query(
                "UPDATE numbered_messages SET gone_at = $4
                 WHERE uid = $3 AND folder_id IN
                 (SELECT id FROM numbered_folders WHERE account_id = $1 AND name = $2)",
            )
            .bind(account)
            .bind(name)
            .bind(uid)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await
    }

    async fn left(&self, (account, name): (i64, &str), uids: &[i64]) -> Answer<()> {
        let mut transaction = self.begin().await?;
        for uid in uids {
            sqlx::query(
                "DELETE FROM numbered_messages
                 WHERE uid = $3 AND folder_id IN
                 (SELECT id FROM numbered_folders WHERE account_id = $1 AND name = $2)",
            )
            .bind(account)
            .bind(name)
            .bind(uid)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await
    }

    async fn place(&self, (account, name): (i64, &str)) -> Answer<Option<String>> {
        let place: Option<Option<String>> = sqlx::query_scalar(
            "SELECT place FROM numbered_folders WHERE account_id = $1 AND name = $2",
        )
        .bind(account)
        .bind(name)
        .fetch_optional(self.reader())
        .await?;
        Ok(place.flatten())
    }

    async fn set_place(&self, (account, name): (i64, &str), place: Option<&str>) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE numbered_folders SET place = $3 WHERE account_id = $1 AND name = $2")
            .bind(account)
            .bind(name)
            .bind(place)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}

/// Writes what has become of the names.
async fn write(
    transaction: &mut Transaction,
    folder: i64,
    numbering: &Numbering,
    now: i64,
) -> Answer<()> {
    for (name, uid, octets) in &numbering.new {
        sqlx::query(
            "INSERT INTO numbered_messages (folder_id, foreign_id, uid, octets)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(folder)
        .bind(name)
        .bind(uid)
        .bind(octets)
        .execute(&mut **transaction)
        .await?;
    }
    for (name, uid, octets) in &numbering.reused {
        sqlx::query(
            "UPDATE numbered_messages SET uid = $3, octets = $4, gone_at = NULL, by_content = TRUE
             WHERE folder_id = $1 AND foreign_id = $2",
        )
        .bind(folder)
        .bind(name)
        .bind(uid)
        .bind(octets)
        .execute(&mut **transaction)
        .await?;
    }
    for (name, octets) in &numbering.sized {
        sqlx::query(
            "UPDATE numbered_messages SET octets = $3
             WHERE folder_id = $1 AND foreign_id = $2",
        )
        .bind(folder)
        .bind(name)
        .bind(octets)
        .execute(&mut **transaction)
        .await?;
    }
    let back = numbering.back.iter().map(|name| (name, None));
    let gone = numbering.gone.iter().map(|name| (name, Some(now)));
    for (name, gone_at) in back.chain(gone) {
        sqlx::query(
            "UPDATE numbered_messages SET gone_at = $3
             WHERE folder_id = $1 AND foreign_id = $2",
        )
        .bind(folder)
        .bind(name)
        .bind(gone_at)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
