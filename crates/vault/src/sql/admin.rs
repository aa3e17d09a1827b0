//! The rows of `administrators`, `setup_links` and `sessions`, in SQL that both databases
//! understand.

use async_trait::async_trait;

use super::Backend;
use crate::admin::{AdminStore, AdministratorRow, SessionRow};
use crate::store::Answer;

#[async_trait]
impl AdminStore for Backend {
    async fn has_administrator(&self) -> Answer<bool> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM administrators")
            .fetch_one(self.reader())
            .await?;
        Ok(count > 0)
    }

    async fn offer_setup(&self, secret_hash: &[u8], expires_at: i64) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM setup_links")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO setup_links (secret_hash, expires_at) VALUES ($1, $2)")
            .bind(secret_hash)
            .bind(expires_at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    async fn setup_is_open(&self, secret_hash: &[u8], now: i64) -> Answer<bool> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM setup_links WHERE secret_hash = $1 AND expires_at > $2",
        )
        .bind(secret_hash)
        .bind(now)
        .fetch_one(self.reader())
        .await?;
        Ok(count > 0)
    }

    async fn set_up_administrator(
        &self,
        secret_hash: &[u8],
        name: &str,
        password_hash: &str,
        now: i64,
    ) -> Answer<Option<i64>> {
        let mut transaction = self.begin().await?;
        let used =
            sqlx::query("DELETE FROM setup_links WHERE secret_hash = $1 AND expires_at > $2")
                .bind(secret_hash)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        if used.rows_affected() == 0 {
            return Ok(None);
        }
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO administrators (name, password_hash, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash
             RETURNING id",
        )
        .bind(name)
        .bind(password_hash)
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM sessions WHERE administrator_id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    async fn administrator(&self, name: &str) -> Answer<Option<AdministratorRow>> {
        sqlx::query_as("SELECT * FROM administrators WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reader())
            .await
    }

    async fn begin_session(
        &self,
        administrator: i64,
        token_hash: &[u8],
        csrf: &[u8],
        now: i64,
        expires_at: i64,
    ) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (token_hash, administrator_id, csrf, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(token_hash)
        .bind(administrator)
        .bind(csrf)
        .bind(now)
        .bind(expires_at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    async fn session(&self, token_hash: &[u8], now: i64) -> Answer<Option<SessionRow>> {
        sqlx::query_as(
            "SELECT s.administrator_id, a.name, s.csrf
             FROM sessions s JOIN administrators a ON a.id = s.administrator_id
             WHERE s.token_hash = $1 AND s.expires_at > $2",
        )
        .bind(token_hash)
        .bind(now)
        .fetch_optional(self.reader())
        .await
    }

    async fn end_session(&self, token_hash: &[u8]) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(token_hash)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
