//! The rows of `events`, in SQL that both databases understand.

use async_trait::async_trait;

use super::{Backend, Transaction};
use crate::event::{EventRow, EventStore};
use crate::store::Answer;

impl Backend {
    /// Records an event together with what it tells of.
    pub(super) async fn write_event(transaction: &mut Transaction, event: &EventRow) -> Answer<()> {
        sqlx::query(
            "INSERT INTO events (at, kind, actor, provider_id, account_id, text)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(event.at)
        .bind(&event.kind)
        .bind(&event.actor)
        .bind(event.provider_id)
        .bind(event.account_id)
        .bind(&event.text)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}

#[async_trait]
impl EventStore for Backend {
    async fn record(&self, event: &EventRow) -> Answer<()> {
        let mut transaction = self.begin().await?;
        Self::write_event(&mut transaction, event).await?;
        transaction.commit().await
    }

    async fn events(&self, limit: i64) -> Answer<Vec<EventRow>> {
        sqlx::query_as("SELECT * FROM events ORDER BY id DESC LIMIT $1")
            .bind(limit)
            .fetch_all(self.reader())
            .await
    }

    async fn events_of_account(&self, account: i64, limit: i64) -> Answer<Vec<EventRow>> {
        sqlx::query_as("SELECT * FROM events WHERE account_id = $1 ORDER BY id DESC LIMIT $2")
            .bind(account)
            .bind(limit)
            .fetch_all(self.reader())
            .await
    }
}
