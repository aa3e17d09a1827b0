//! The store in a PostgreSQL database.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Postgres};

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

type Db = Postgres;
type Arguments = sqlx::postgres::PgArguments;
type Transaction = sqlx::Transaction<'static, Postgres>;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes two processes that open an empty database at once do it one after the other.
const UPGRADE_LOCK: i64 = 0x6d61_696c_6772_616e;

/// A PostgreSQL database.
pub(crate) struct Backend {
    location: String,
    pool: PgPool,
    news: Arc<News>,
}

impl Backend {
    /// Does not connect yet.
    pub(crate) fn new(url: &SecretString, news: Arc<News>) -> Result<Self, VaultError> {
        let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|_| {
            // The parser's own words might quote the password.
            VaultError::Unusable {
                location: "PostgreSQL".to_owned(),
                why: "its address is not of the form postgres://user:password@host/name".to_owned(),
            }
        })?;
        let location = format!(
            "PostgreSQL {}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(
                options
                    .application_name("mailgrant")
                    .disable_statement_logging(),
            );
        Ok(Self {
            location,
            pool,
            news,
        })
    }

    fn reader(&self) -> &PgPool {
        &self.pool
    }

    async fn begin(&self) -> Answer<Transaction> {
        self.pool.begin().await
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
        let tables: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_tables
             WHERE schemaname = current_schema() AND tablename IN ('_sqlx_migrations', 'vault')",
        )
        .fetch_one(&self.pool)
        .await?;
        let mut found = Found::default();
        if tables == 2 {
            found.schema = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .fetch_one(&self.pool)
                .await?;
            found.key_check = sqlx::query_scalar("SELECT key_check FROM vault")
                .fetch_optional(&self.pool)
                .await?;
        }
        Ok(found)
    }

    async fn upgrade(&self, key_check: &[u8]) -> Answer<Vec<u8>> {
        let mut transaction = self.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(UPGRADE_LOCK)
            .execute(&mut *transaction)
            .await?;
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
        self.pool.close().await;
    }

    fn explain(&self, error: sqlx::Error) -> VaultError {
        let error = beneath_migration(error);
        let why = match &error {
            sqlx::Error::PoolTimedOut => "it gives no connection in time".to_owned(),
            sqlx::Error::PoolClosed => "it has been closed".to_owned(),
            sqlx::Error::Io(error) => error.to_string(),
            sqlx::Error::Migrate(error) => {
                format!("this Mailgrant does not know its past: {error}")
            }
            sqlx::Error::Tls(error) => error.to_string(),
            sqlx::Error::Database(database) if is_about_the_server(database.code().as_deref()) => {
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

/// Classes and codes of PostgreSQL that speak of the server and our rights and not of the
/// statement (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): connection,
/// authorization, no such database, resources, operator, system, read-only, privilege.
fn is_about_the_server(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        ["08", "28", "3D", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class))
            || matches!(code, "25006" | "42501")
    })
}
