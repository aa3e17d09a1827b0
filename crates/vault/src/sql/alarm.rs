//! The rows of `alarms`, in SQL that both databases understand.

use async_trait::async_trait;

use super::Backend;
use crate::alarm::{AlarmRow, AlarmStore};
use crate::store::Answer;

#[async_trait]
impl AlarmStore for Backend {
    async fn raise_alarm(&self, row: &AlarmRow) -> Answer<bool> {
        let query = sqlx::query(
            "INSERT INTO alarms (account_id, kind, since, what, next) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        );
        let query = query.bind(row.account_id).bind(&row.kind).bind(row.since);
        self.change(query.bind(&row.what).bind(&row.next)).await
    }

    async fn end_alarm(&self, account: i64, kind: &str) -> Answer<bool> {
        let query = sqlx::query("DELETE FROM alarms WHERE account_id = $1 AND kind = $2");
        self.change(query.bind(account).bind(kind)).await
    }

    async fn alarms(&self) -> Answer<Vec<AlarmRow>> {
        sqlx::query_as("SELECT * FROM alarms ORDER BY since, account_id, kind")
            .fetch_all(self.reader())
            .await
    }
}
