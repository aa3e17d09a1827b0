//! The rows of `authorizations`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::authorization::{AuthorizationRow, AuthorizationStore, BegunFields, ClaimedRow};
use crate::store::Answer;

#[async_trait]
impl AuthorizationStore for Backend {
    async fn offer_authorization(
        &self,
        account: i64,
        ticket_hash: &[u8],
        now: i64,
        expires_at: i64,
    ) -> Answer<i64> {
        let mut transaction = self.begin().await?;
        let id = sqlx::query_scalar(
            "INSERT INTO authorizations (account_id, ticket_hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4)
             RETURNING id",
        )
        .bind(account)
        .bind(ticket_hash)
        .bind(now)
        .bind(expires_at)
        .fetch_one(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(id)
    }

    async fn redeem_ticket(
        &self,
        ticket_hash: &[u8],
        now: i64,
    ) -> Answer<Option<AuthorizationRow>> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as(
            "UPDATE authorizations SET redeemed_at = $2
             WHERE ticket_hash = $1 AND redeemed_at IS NULL AND expires_at > $2
               AND outcome IS NULL
             RETURNING *",
        )
        .bind(ticket_hash)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_some() {
            self.commit_change(transaction).await?;
        }
        Ok(row)
    }

    async fn begin_authorization(
        &self,
        account: i64,
        begun: &BegunFields,
        now: i64,
        expires_at: i64,
    ) -> Answer<i64> {
        let mut transaction = self.begin().await?;
        let id = sqlx::query_scalar(
            "INSERT INTO authorizations (
                 account_id, state_hash, browser_hash, nonce, verifier, redirect_uri, provider_id,
                 provider_version, created_at, expires_at, invitation_id
             ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             RETURNING id",
        )
        .bind(account)
        .bind(&begun.state_hash)
        .bind(&begun.browser_hash)
        .bind(&begun.nonce)
        .bind(&begun.verifier)
        .bind(&begun.redirect_uri)
        .bind(begun.provider_id)
        .bind(begun.provider_version)
        .bind(now)
        .bind(expires_at)
        .bind(begun.invitation_id)
        .fetch_one(&mut *transaction)
        .await?;
        self.commit_change(transaction).await?;
        Ok(id)
    }

    async fn begin_with_ticket(
        &self,
        id: i64,
        account: i64,
        begun: &BegunFields,
        expires_at: i64,
    ) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE authorizations SET
                 state_hash = $3, browser_hash = $4, nonce = $5, verifier = $6,
                 redirect_uri = $7, provider_id = $8, provider_version = $9, expires_at = $10
             WHERE id = $1 AND account_id = $2 AND redeemed_at IS NOT NULL
               AND state_hash IS NULL AND outcome IS NULL",
        )
        .bind(id)
        .bind(account)
        .bind(&begun.state_hash)
        .bind(&begun.browser_hash)
        .bind(&begun.nonce)
        .bind(&begun.verifier)
        .bind(&begun.redirect_uri)
        .bind(begun.provider_id)
        .bind(begun.provider_version)
        .bind(expires_at);
        self.change(query).await
    }

    async fn claim_authorization(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
        now: i64,
    ) -> Answer<Option<ClaimedRow>> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query_as(
            "UPDATE authorizations SET claimed_at = $3
             WHERE state_hash = $1 AND browser_hash = $2 AND claimed_at IS NULL
               AND expires_at > $3 AND outcome IS NULL
             RETURNING *",
        )
        .bind(state_hash)
        .bind(browser_hash)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_some() {
            self.commit_change(transaction).await?;
        }
        Ok(row)
    }

    async fn finish_authorization(&self, id: i64, outcome: &str, hold: bool) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE authorizations SET
                 outcome = $2, nonce = NULL, verifier = NULL,
                 held_grant = CASE WHEN $3 THEN held_grant END
             WHERE id = $1 AND (outcome IS NULL OR outcome LIKE '{\"other_identity\":%')",
        );
        self.change(query.bind(id).bind(outcome).bind(hold)).await
    }

    async fn hold_grant(&self, id: i64, grant: &[u8]) -> Answer<bool> {
        let query = sqlx::query(
            "UPDATE authorizations SET held_grant = $2
             WHERE id = $1 AND (outcome IS NULL OR outcome LIKE '{\"other_identity\":%')",
        );
        self.change(query.bind(id).bind(grant)).await
    }

    async fn take_held_grant(
        &self,
        id: i64,
        browser_hash: &[u8],
        now: i64,
    ) -> Answer<Option<(i64, Vec<u8>)>> {
        let mut transaction = self.begin().await?;
        // A provider that was changed meanwhile may be another one: its predecessor's grant is not
        // for it. This change does nothing but lock the row, where rows are locked.
        let row = sqlx::query_as(
            "UPDATE authorizations SET claimed_at = claimed_at
             WHERE id = $1 AND browser_hash = $2 AND expires_at > $3 AND held_grant IS NOT NULL
               AND EXISTS (
                   SELECT 1 FROM providers
                   WHERE providers.id = authorizations.provider_id
                     AND providers.version = authorizations.provider_version
               )
             RETURNING account_id, held_grant",
        )
        .bind(id)
        .bind(browser_hash)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        if row.is_some() {
            sqlx::query("UPDATE authorizations SET held_grant = NULL WHERE id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            self.commit_change(transaction).await?;
        }
        Ok(row)
    }

    async fn authorization(&self, id: i64) -> Answer<Option<AuthorizationRow>> {
        sqlx::query_as("SELECT * FROM authorizations WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
    }

    async fn open_ticket(&self, ticket_hash: &[u8], now: i64) -> Answer<Option<AuthorizationRow>> {
        sqlx::query_as(
            "SELECT * FROM authorizations
             WHERE ticket_hash = $1 AND redeemed_at IS NULL AND expires_at > $2
               AND outcome IS NULL",
        )
        .bind(ticket_hash)
        .bind(now)
        .fetch_optional(self.reader())
        .await
    }

    async fn authorization_of_browser(
        &self,
        id: i64,
        browser_hash: &[u8],
    ) -> Answer<Option<AuthorizationRow>> {
        sqlx::query_as("SELECT * FROM authorizations WHERE id = $1 AND browser_hash = $2")
            .bind(id)
            .bind(browser_hash)
            .fetch_optional(self.reader())
            .await
    }

    async fn authorization_of_state(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
    ) -> Answer<Option<AuthorizationRow>> {
        sqlx::query_as("SELECT * FROM authorizations WHERE state_hash = $1 AND browser_hash = $2")
            .bind(state_hash)
            .bind(browser_hash)
            .fetch_optional(self.reader())
            .await
    }

    async fn sweep_authorizations(&self, dead_since: i64) -> Answer<u64> {
        let mut transaction = self.begin().await?;
        let swept = sqlx::query("DELETE FROM authorizations WHERE expires_at < $1")
            .bind(dead_since)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(swept.rows_affected())
    }
}
