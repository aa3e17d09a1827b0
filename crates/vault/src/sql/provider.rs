//! The rows of `providers`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::provider::{ProviderFields, ProviderRow, ProviderStore};
use crate::store::Answer;

#[async_trait]
impl ProviderStore for Backend {
    async fn providers(&self) -> Answer<Vec<ProviderRow>> {
        sqlx::query_as("SELECT * FROM providers ORDER BY name")
            .fetch_all(self.reader())
            .await
    }

    async fn provider(&self, id: i64) -> Answer<Option<ProviderRow>> {
        sqlx::query_as("SELECT * FROM providers WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
    }

    async fn provider_named(&self, name: &str) -> Answer<Option<ProviderRow>> {
        sqlx::query_as("SELECT * FROM providers WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reader())
            .await
    }

    async fn add_provider(
        &self,
        handle: &str,
        fields: &ProviderFields,
        now: i64,
    ) -> Answer<ProviderRow> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as(
            "INSERT INTO providers (
                 handle, name, kind, client_id, access, credential, client_secret, client_key,
                 credential_expires_at, second_credential, second_secret, second_key,
                 second_expires_at, tenant, issuer, endpoints, scopes, paused, version, created_at
             ) VALUES (
                 $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                 1, $19
             )
             RETURNING *",
        )
        .bind(handle)
        .bind(&fields.name)
        .bind(&fields.kind)
        .bind(&fields.client_id)
        .bind(&fields.access)
        .bind(&fields.credential)
        .bind(&fields.client_secret)
        .bind(&fields.client_key)
        .bind(fields.credential_expires_at)
        .bind(&fields.second_credential)
        .bind(&fields.second_secret)
        .bind(&fields.second_key)
        .bind(fields.second_expires_at)
        .bind(&fields.tenant)
        .bind(&fields.issuer)
        .bind(&fields.endpoints)
        .bind(&fields.scopes)
        .bind(false)
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(row)
    }

    async fn change_provider(
        &self,
        id: i64,
        version: i64,
        fields: &ProviderFields,
    ) -> Answer<Option<ProviderRow>> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as(
            "UPDATE providers SET
                 name = $3, kind = $4, client_id = $5, access = $6, credential = $7,
                 client_secret = $8, client_key = $9, credential_expires_at = $10,
                 second_credential = $11, second_secret = $12, second_key = $13,
                 second_expires_at = $14, tenant = $15, issuer = $16, endpoints = $17,
                 scopes = $18,
                 trouble_reason = NULL, trouble_since = NULL, version = version + 1
             WHERE id = $1 AND version = $2
             RETURNING *",
        )
        .bind(id)
        .bind(version)
        .bind(&fields.name)
        .bind(&fields.kind)
        .bind(&fields.client_id)
        .bind(&fields.access)
        .bind(&fields.credential)
        .bind(&fields.client_secret)
        .bind(&fields.client_key)
        .bind(fields.credential_expires_at)
        .bind(&fields.second_credential)
        .bind(&fields.second_secret)
        .bind(&fields.second_key)
        .bind(fields.second_expires_at)
        .bind(&fields.tenant)
        .bind(&fields.issuer)
        .bind(&fields.endpoints)
        .bind(&fields.scopes)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_some() {
            self.commit_change(transaction).await?;
        }
        Ok(row)
    }

    async fn pause_provider(&self, id: i64, paused: bool) -> Answer<bool> {
        let query = sqlx::query("UPDATE providers SET paused = $2 WHERE id = $1");
        self.change(query.bind(id).bind(paused)).await
    }

    async fn note_trouble(&self, id: i64, version: i64, reason: &str, since: i64) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE providers SET trouble_reason = $3, trouble_since = $4
             WHERE id = $1 AND version = $2 AND trouble_since IS NULL",
        );
        self.change(query.bind(id).bind(version).bind(reason).bind(since))
            .await
    }

    async fn clear_trouble(&self, id: i64, version: i64) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE providers SET trouble_reason = NULL, trouble_since = NULL
             WHERE id = $1 AND version = $2 AND trouble_since IS NOT NULL",
        );
        self.change(query.bind(id).bind(version)).await
    }

    async fn accounts_of_provider(&self, id: i64) -> Answer<i64> {
        sqlx::query_scalar("SELECT count(*) FROM accounts WHERE provider_id = $1")
            .bind(id)
            .fetch_one(self.reader())
            .await
    }

    async fn remove_provider(&self, id: i64) -> Answer<bool> {
        self.change(sqlx::query("DELETE FROM providers WHERE id = $1").bind(id))
            .await
    }
}
