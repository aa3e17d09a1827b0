//! The rows of `accounts`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::account::{AccountFields, AccountRow, AccountStore, Reset};
use crate::store::Answer;

#[async_trait]
impl AccountStore for Backend {
    async fn accounts(&self) -> Answer<Vec<AccountRow>> {
        sqlx::query_as("SELECT * FROM accounts ORDER BY name")
            .fetch_all(self.reader())
            .await
    }

    async fn account(&self, id: i64) -> Answer<Option<AccountRow>> {
        sqlx::query_as("SELECT * FROM accounts WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
    }

    async fn account_named(&self, name: &str) -> Answer<Option<AccountRow>> {
        sqlx::query_as("SELECT * FROM accounts WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reader())
            .await
    }

    async fn add_account(&self, fields: &AccountFields, now: i64) -> Answer<AccountRow> {
        let mut transaction = self.begin().await?;
        let row: AccountRow = sqlx::query_as(
            "INSERT INTO accounts (
                 name, address, provider_id, settings, paused, version, created_at
             ) VALUES ($1, $2, $3, $4, $5, 1, $6)
             RETURNING *",
        )
        .bind(&fields.name)
        .bind(&fields.address)
        .bind(fields.provider_id)
        .bind(&fields.settings)
        .bind(false)
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO grants (account_id, state, version, scopes, failures)
             VALUES ($1, 'pending', 1, '[]', 0)",
        )
        .bind(row.id)
        .execute(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(row)
    }

    async fn change_account(
        &self,
        id: i64,
        version: i64,
        fields: &AccountFields,
        reset: Option<&Reset>,
    ) -> Answer<Option<AccountRow>> {
        let mut transaction = self.begin().await?;
        let row: Option<AccountRow> = sqlx::query_as(
            "UPDATE accounts SET
                 name = $3, address = $4, provider_id = $5, settings = $6, version = version + 1
             WHERE id = $1 AND version = $2
             RETURNING *",
        )
        .bind(id)
        .bind(version)
        .bind(&fields.name)
        .bind(&fields.address)
        .bind(fields.provider_id)
        .bind(&fields.settings)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_none() {
            return Ok(None);
        }
        if let Some(reset) = reset {
            sqlx::query(
                "UPDATE grants SET
                     state = 'pending', reason = $2, version = version + 1, refresh_token = NULL,
                     scopes = '[]', subject = NULL, signed_in = NULL, authorized_at = NULL,
                     renewed_at = NULL, failures = 0, last_failure = NULL, retry_at = NULL
                 WHERE account_id = $1",
            )
            .bind(id)
            .bind(&reset.reason)
            .execute(&mut *transaction)
            .await?;
            sqlx::query("DELETE FROM access_tokens WHERE account_id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "UPDATE authorizations SET
                     outcome = $2, nonce = NULL, verifier = NULL, held_grant = NULL
                 WHERE account_id = $1 AND (outcome IS NULL OR held_grant IS NOT NULL)",
            )
            .bind(id)
            .bind(&reset.outcome)
            .execute(&mut *transaction)
            .await?;
        }
        self.commit_change(transaction).await?;
        Ok(row)
    }

    async fn pause_account(&self, id: i64, paused: bool) -> Answer<bool> {
        let query = sqlx::query("UPDATE accounts SET paused = $2 WHERE id = $1");
        self.change(query.bind(id).bind(paused)).await
    }

    async fn remove_account(&self, id: i64) -> Answer<bool> {
        self.change(sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id))
            .await
    }
}
