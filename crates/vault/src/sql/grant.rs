//! The rows of `grants` and `access_tokens`, in SQL that both databases understand.

use async_trait::async_trait;

use super::{Backend, Transaction};
use crate::grant::{GrantFields, GrantRow, GrantStore, RenewalFields, TokenFields, TokenRow};
use crate::store::Answer;

#[async_trait]
impl GrantStore for Backend {
    async fn grant(&self, account: i64) -> Answer<Option<GrantRow>> {
        sqlx::query_as("SELECT * FROM grants WHERE account_id = $1")
            .bind(account)
            .fetch_optional(self.reader())
            .await
    }

    async fn grants(&self) -> Answer<Vec<GrantRow>> {
        sqlx::query_as("SELECT * FROM grants ORDER BY account_id")
            .fetch_all(self.reader())
            .await
    }

    async fn access_token(&self, account: i64, resource: &str) -> Answer<Option<TokenRow>> {
        sqlx::query_as("SELECT * FROM access_tokens WHERE account_id = $1 AND resource = $2")
            .bind(account)
            .bind(resource)
            .fetch_optional(self.reader())
            .await
    }

    async fn token_expiries(&self) -> Answer<Vec<(i64, String, i64)>> {
        sqlx::query_as("SELECT account_id, resource, expires_at FROM access_tokens")
            .fetch_all(self.reader())
            .await
    }

    async fn store_grant(
        &self,
        account: i64,
        grant: &GrantFields,
        now: i64,
    ) -> Answer<Option<GrantRow>> {
        let mut transaction = self.begin().await?;
        let row: Option<GrantRow> = sqlx::query_as(
            "UPDATE grants SET
                 state = 'active', reason = NULL, version = version + 1,
                 refresh_token = COALESCE($2, refresh_token), scopes = $3, subject = $4,
                 signed_in = $5, authorized_at = $6, renewed_at = $6,
                 failures = 0, last_failure = NULL, retry_at = NULL
             WHERE account_id = $1
             RETURNING *",
        )
        .bind(account)
        .bind(&grant.refresh_token)
        .bind(&grant.scopes)
        .bind(&grant.subject)
        .bind(&grant.signed_in)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        sqlx::query("DELETE FROM access_tokens WHERE account_id = $1")
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        put_token(&mut transaction, &row, &grant.token).await?;
        self.commit_change(transaction).await?;
        Ok(Some(row))
    }

    async fn store_renewal(
        &self,
        account: i64,
        version: i64,
        renewal: &RenewalFields,
        now: i64,
    ) -> Answer<Option<GrantRow>> {
        let mut transaction = self.begin().await?;
        let row: Option<GrantRow> = sqlx::query_as(
            "UPDATE grants SET
                 version = version + 1, refresh_token = COALESCE($3, refresh_token),
                 scopes = COALESCE($4, scopes), renewed_at = $5,
                 failures = 0, last_failure = NULL, retry_at = NULL
             WHERE account_id = $1 AND version = $2 AND state = 'active'
             RETURNING *",
        )
        .bind(account)
        .bind(version)
        .bind(&renewal.refresh_token)
        .bind(&renewal.scopes)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        put_token(&mut transaction, &row, &renewal.token).await?;
        self.commit_change(transaction).await?;
        Ok(Some(row))
    }

    async fn note_renewal_failure(
        &self,
        account: i64,
        version: i64,
        failure: &str,
        retry_at: i64,
    ) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE grants SET failures = failures + 1, last_failure = $3, retry_at = $4
             WHERE account_id = $1 AND version = $2 AND state = 'active'",
        );
        self.change(
            query
                .bind(account)
                .bind(version)
                .bind(failure)
                .bind(retry_at),
        )
        .await
    }

    async fn end_grant(
        &self,
        account: i64,
        version: i64,
        state: &str,
        reason: &str,
    ) -> Answer<Option<GrantRow>> {
        let mut transaction = self.begin().await?;
        let row: Option<GrantRow> = sqlx::query_as(
            "UPDATE grants SET
                 state = $3, reason = $4, version = version + 1, refresh_token = NULL,
                 failures = 0, last_failure = NULL, retry_at = NULL
             WHERE account_id = $1 AND version = $2
             RETURNING *",
        )
        .bind(account)
        .bind(version)
        .bind(state)
        .bind(reason)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_none() {
            return Ok(None);
        }
        sqlx::query("DELETE FROM access_tokens WHERE account_id = $1")
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        self.commit_change(transaction).await?;
        Ok(row)
    }

    async fn take_renewal(&self, account: i64, owner: &str, now: i64, until: i64) -> Answer<bool> {
        let mut transaction = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE grants SET lease_owner = $2, lease_until = $4
             WHERE account_id = $1
               AND (lease_owner IS NULL OR lease_owner = $2 OR lease_until <= $3)",
        )
        .bind(account)
        .bind(owner)
        .bind(now)
        .bind(until)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    async fn release_renewal(&self, account: i64, owner: &str) -> Answer<()> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE grants SET lease_owner = NULL, lease_until = NULL
             WHERE account_id = $1 AND lease_owner = $2",
        )
        .bind(account)
        .bind(owner)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}

async fn put_token(
    transaction: &mut Transaction,
    grant: &GrantRow,
    token: &TokenFields,
) -> Answer<()> {
    sqlx::query(
        "INSERT INTO access_tokens (
             account_id, resource, token, issued_at, expires_at, grant_version
         ) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account_id, resource) DO UPDATE SET
             token = excluded.token, issued_at = excluded.issued_at,
             expires_at = excluded.expires_at, grant_version = excluded.grant_version",
    )
    .bind(grant.account_id)
    .bind(&token.resource)
    .bind(&token.token)
    .bind(token.issued_at)
    .bind(token.expires_at)
    .bind(grant.version)
    .execute(&mut **transaction)
    .await
    .map(|_inserted| ())
}
