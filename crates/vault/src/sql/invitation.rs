//! The rows of `invitations`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::invitation::{InvitationRow, InvitationStore};
use crate::store::Answer;

#[async_trait]
impl InvitationStore for Backend {
    async fn invite(&self, secret_hash: &[u8], row: &InvitationRow) -> Answer<i64> {
        let mut transaction = self.begin().await?;
        let id = sqlx::query_scalar(
            "INSERT INTO invitations (account_id, secret_hash, invited_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)
             RETURNING id",
        )
        .bind(row.account_id)
        .bind(secret_hash)
        .bind(&row.invited_by)
        .bind(row.created_at)
        .bind(row.expires_at)
        .fetch_one(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(id)
    }

    async fn open_invitation(&self, secret_hash: &[u8], now: i64) -> Answer<Option<InvitationRow>> {
        sqlx::query_as(
            "SELECT * FROM invitations
             WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2",
        )
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(self.reader())
        .await
    }

    async fn invitations(&self, account: i64, now: i64) -> Answer<Vec<InvitationRow>> {
        sqlx::query_as(
            "SELECT * FROM invitations
             WHERE account_id = $1 AND used_at IS NULL AND expires_at > $2
             ORDER BY id DESC",
        )
        .bind(account)
        .bind(now)
        .fetch_all(self.reader())
        .await
    }

    async fn spend_invitation(&self, id: i64, now: i64) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE invitations SET used_at = $2
             WHERE id = $1 AND used_at IS NULL AND expires_at > $2",
        );
        self.change(query.bind(id).bind(now)).await
    }

    async fn withdraw_invitations(&self, account: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let gone = sqlx::query("DELETE FROM invitations WHERE account_id = $1 AND used_at IS NULL")
            .bind(account)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if gone > 0 {
            self.commit_change(transaction).await?;
        }
        Ok(gone)
    }

    async fn sweep_invitations(&self, dead_since: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let swept = sqlx::query("DELETE FROM invitations WHERE expires_at < $1")
            .bind(dead_since)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(swept.rows_affected())
    }
}
