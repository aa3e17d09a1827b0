//! The rows of `app_passwords`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::app_password::{AppPasswordRow, AppPasswordStore};
use crate::store::Answer;

#[async_trait]
impl AppPasswordStore for Backend {
    async fn app_password_key(&self) -> Answer<Option<Vec<u8>>> {
        sqlx::query_scalar("SELECT app_password_key FROM vault")
            .fetch_one(self.reader())
            .await
    }

    async fn settle_app_password_key(&self, sealed: &[u8]) -> Answer<Vec<u8>> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE vault SET app_password_key = $1 WHERE app_password_key IS NULL")
            .bind(sealed)
            .execute(&mut *transaction)
            .await?;
        let there = sqlx::query_scalar("SELECT app_password_key FROM vault")
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(there)
    }

    async fn add_app_password(&self, row: &AppPasswordRow) -> Answer<i64> {
        let mut transaction = self.begin().await?;
        let id = sqlx::query_scalar(
            "INSERT INTO app_passwords (
                 account_id, label, secret_mac, protocols, networks, created_by, created_at
             ) VALUES ($1, $2, $3, $4, $5, $6, $7)
             RETURNING id",
        )
        .bind(row.account_id)
        .bind(&row.label)
        .bind(&row.secret_mac)
        .bind(&row.protocols)
        .bind(&row.networks)
        .bind(&row.created_by)
        .bind(row.created_at)
        .fetch_one(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(id)
    }

    async fn app_passwords(&self, account: i64) -> Answer<Vec<AppPasswordRow>> {
        sqlx::query_as("SELECT * FROM app_passwords WHERE account_id = $1 ORDER BY id")
            .bind(account)
            .fetch_all(self.reader())
            .await
    }

    async fn app_passwords_for(&self, user: &str) -> Answer<Vec<AppPasswordRow>> {
        sqlx::query_as(
            "SELECT app_passwords.* FROM app_passwords
             WHERE account_id IN (
                 SELECT id FROM accounts WHERE lower(address) = $1
                 UNION
                 SELECT id FROM accounts WHERE lower(name) = $1
             )
             ORDER BY id",
        )
        .bind(user)
        .fetch_all(self.reader())
        .await
    }

    async fn revoke_app_password(&self, account: i64, id: i64) -> Answer<bool> {
        let query = sqlx::query("DELETE FROM app_passwords WHERE account_id = $1 AND id = $2");
        self.change(query.bind(account).bind(id)).await
    }

    async fn note_app_password(&self, id: i64, at: i64, from: &str, protocol: &str) -> Answer<()> {
        // No news: nobody waits for it.
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE app_passwords
             SET last_used_at = $2, last_used_from = $3, last_used_protocol = $4
             WHERE id = $1",
        )
        .bind(id)
        .bind(at)
        .bind(from)
        .bind(protocol)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}
