//! The store in a SQLite file: one writer, a few readers, any number of processes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mailgrant_base::files::{create_private, create_private_dir};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite};

use crate::VaultError;
use crate::changes::News;
use crate::store::{Answer, Found, House, Store, beneath_migration};

#[path = "../sql/account.rs"]
mod account;
#[path = "../sql/admin.rs"]
mod admin;
#[path = "../sql/alarm.rs"]
mod alarm;
#[path = "../sql/app_password.rs"]
mod app_password;
#[path = "../sql/appends.rs"]
mod appends;
#[path = "../sql/authorization.rs"]
mod authorization;
#[path = "../sql/backfill.rs"]
mod backfill;
#[path = "../sql/canary.rs"]
mod canary;
#[path = "../sql/change.rs"]
mod change;
#[path = "../sql/event.rs"]
mod event;
#[path = "../sql/grant.rs"]
mod grant;
#[path = "../sql/history.rs"]
mod history;
#[path = "../sql/invitation.rs"]
mod invitation;
#[path = "../sql/ledger.rs"]
mod ledger;
#[path = "../sql/numbering.rs"]
mod numbering;
#[path = "../sql/provider.rs"]
mod provider;
#[path = "../sql/senders.rs"]
mod senders;
#[path = "../sql/warning.rs"]
mod warning;
#[path = "../sql/webhook.rs"]
mod webhook;

type Db = Sqlite;
type Arguments = sqlx::sqlite::SqliteArguments;
type Transaction = sqlx::Transaction<'static, Sqlite>;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a writer waits for another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// `SQLITE_BUSY`, and how soon it is asked again where SQLite does not wait by itself.
const BUSY: &str = "5";
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A SQLite file.
pub(crate) struct Backend {
    location: String,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    writer: SqlitePool,
    news: Arc<News>,
}

impl Backend {
    /// Makes the file, for its owner alone, where there is none. Does not open it yet.
    pub(crate) fn new(path: &Path, news: Arc<News>) -> Result<Self, VaultError> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            create_private_dir(folder)?;
        }
        match create_private(path, b"") {
            Err(error) if error.source.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(error.into());
            }
            _ => {}
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .statement_cache_capacity(64)
            .disable_statement_logging();
        // Kibibytes, where negative.
        let writing = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-2048");
        let reading = options.clone().pragma("cache_size", "-1024");
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(PATIENCE)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                // SQLite itself rolls back what a full disk has ended; the driver then counts a
                // transaction that is not there any more, and would begin no other.
                .before_acquire(|connection, _| {
                    let idle = !connection.is_in_transaction();
                    Box::pin(async move { Ok(idle) })
                })
        };
        Ok(Self {
            location: path.display().to_string(),
            options,
            readers: pool(2).connect_lazy_with(reading),
            writer: pool(1).connect_lazy_with(writing),
            news,
        })
    }

    /// The first connection switches the journal to WAL. While another process does the same, SQLite
    /// says at once that it is busy, whatever `busy_timeout` is; this waits in its place.
    async fn begin_first(&self) -> Answer<Transaction> {
        let begun = async {
            loop {
                match self.begin().await {
                    Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(BUSY) => {
                        tokio::time::sleep(ASK_AGAIN).await;
                    }
                    begun => return begun,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, begun).await {
            Ok(begun) => begun,
            Err(_) => self.begin().await,
        }
    }

    fn reader(&self) -> &SqlitePool {
        &self.readers
    }

    /// Takes the right to write at once: a transaction that only finds out later that somebody
    /// else writes could not wait for it.
    async fn begin(&self) -> Answer<Transaction> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

impl Store for Backend {}

#[async_trait]
impl House for Backend {
    fn location(&self) -> &str {
        &self.location
    }

    fn known_schema(&self) -> i64 {
        MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
    }

    async fn inspect(&self) -> Answer<Found> {
        // A connection that leaves the journal as it is: this may be anybody's file.
        let mut connection = self.options.connect().await?;
        let tables: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('_sqlx_migrations', 'vault')",
        )
        .fetch_one(&mut connection)
        .await?;
        let mut found = Found::default();
        if tables == 2 {
            found.schema = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .fetch_one(&mut connection)
                .await?;
            found.key_check = sqlx::query_scalar("SELECT key_check FROM vault")
                .fetch_optional(&mut connection)
                .await?;
        }
        connection.close().await?;
        Ok(found)
    }

    async fn upgrade(&self, key_check: &[u8]) -> Answer<Vec<u8>> {
        let mut transaction = self.begin_first().await?;
        MIGRATIONS
            .run_direct(None, &mut *transaction, false)
            .await?;
        let there = Self::settle_key_check(&mut transaction, key_check).await?;
        transaction.commit().await?;
        Ok(there)
    }

    async fn change_count(&self) -> Answer<i64> {
        self.count_changes().await
    }

    async fn ping(&self) -> Answer<()> {
        self.count_changes().await.map(|_count| ())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn explain(&self, error: sqlx::Error) -> VaultError {
        let error = beneath_migration(error);
        let why = match &error {
            sqlx::Error::PoolTimedOut => "it has been busy for too long".to_owned(),
            sqlx::Error::PoolClosed => "it has been closed".to_owned(),
            sqlx::Error::Io(error) => error.to_string(),
            sqlx::Error::Migrate(error) => {
                format!("this Mailgrant does not know its past: {error}")
            }
            sqlx::Error::Database(database) if is_about_the_file(database.code().as_deref()) => {
                database.message().to_owned()
            }
            _ => return VaultError::Unexpected(error.to_string()),
        };
        VaultError::Unusable {
            location: self.location.clone(),
            why,
        }
    }
}

/// SQLite's result codes that speak of the file and not of the statement: PERM, BUSY, LOCKED,
/// READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB
/// (<https://www.sqlite.org/rescode.html>).
fn is_about_the_file(code: Option<&str>) -> bool {
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 3 | 5 | 6 | 8 | 10 | 11 | 13 | 14 | 15 | 26))
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::event::{EventRow, EventStore as _};

    /// Lets the file grow by this many pages and no more: what a full disk is to SQLite.
    async fn room(backend: &Backend, more: i64) {
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&backend.writer)
            .await
            .unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + more);
        sqlx::query(AssertSqlSafe(limit))
            .execute(&backend.writer)
            .await
            .unwrap();
    }

    fn assert_full(backend: &Backend, error: sqlx::Error) {
        let explained = backend.explain(error);
        assert!(
            matches!(&explained, VaultError::Unusable { why, .. } if why.contains("full")),
            "{explained:?}"
        );
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_nothing_is_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mailgrant.db");
        let backend = Backend::new(&file, Arc::default()).unwrap();
        room(&backend, 5).await;
        assert_full(&backend, backend.upgrade(b"proof").await.unwrap_err());
        let found = backend.inspect().await.unwrap();
        assert_eq!((found.schema, found.key_check), (None, None));
        room(&backend, 1000).await;
        backend.upgrade(b"proof").await.unwrap();

        room(&backend, 1).await;
        let event = EventRow {
            at: 0,
            kind: "signed_in".to_owned(),
            actor: "root".to_owned(),
            provider_id: None,
            account_id: None,
            text: "much ".repeat(10_000),
        };
        assert_full(&backend, backend.record(&event).await.unwrap_err());
        assert!(backend.events(9).await.unwrap().is_empty());
        room(&backend, 1000).await;
        backend.record(&event).await.unwrap();
        assert_eq!(backend.events(9).await.unwrap().len(), 1);
    }
}
