//! What a backend is: every noun's rows, and the house around them.

use async_trait::async_trait;
use sqlx::migrate::MigrateError;

use crate::VaultError;
use crate::account::AccountStore;
use crate::admin::AdminStore;
use crate::alarm::AlarmStore;
use crate::app_password::AppPasswordStore;
use crate::appends::AppendStore;
use crate::authorization::AuthorizationStore;
use crate::backfill::BackfillStore;
use crate::canary::CanaryStore;
use crate::event::EventStore;
use crate::grant::GrantStore;
use crate::history::HistoryStore;
use crate::invitation::InvitationStore;
use crate::ledger::LedgerStore;
use crate::numbering::NumberingStore;
use crate::provider::ProviderStore;
use crate::senders::SenderStore;
use crate::warning::WarningStore;
use crate::webhook::WebhookStore;

/// What a query answers. [`House::explain`] makes the error one for people.
pub(crate) type Answer<T> = Result<T, sqlx::Error>;

/// What failed beneath a migration, where the migration itself is not to blame.
pub(crate) fn beneath_migration(error: sqlx::Error) -> sqlx::Error {
    match error {
        sqlx::Error::Migrate(failed) => match *failed {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
            other => other.into(),
        },
        error => error,
    }
}

/// All that a backend can do.
pub(crate) trait Store:
    House
    + ProviderStore
    + AccountStore
    + GrantStore
    + AppendStore
    + AuthorizationStore
    + InvitationStore
    + LedgerStore
    + NumberingStore
    + BackfillStore
    + HistoryStore
    + SenderStore
    + AdminStore
    + AppPasswordStore
    + EventStore
    + WarningStore
    + AlarmStore
    + CanaryStore
    + WebhookStore
{
}

/// What a database holds before it is touched.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The number of its newest migration; `None` for a database without any.
    pub(crate) schema: Option<i64>,
    /// The sealed proof of its key.
    pub(crate) key_check: Option<Vec<u8>>,
}

/// The database as a whole.
#[async_trait]
pub(crate) trait House: Send + Sync {
    /// The database's name for people, without credentials.
    fn location(&self) -> &str;

    /// The number of the newest migration that this program knows.
    fn known_schema(&self) -> i64;

    /// Looks without changing anything.
    async fn inspect(&self) -> Answer<Found>;

    /// Brings the schema up to date and puts `key_check` where there is none yet, all or nothing;
    /// gives the proof that is there. Fails where the database cannot be written.
    async fn upgrade(&self, key_check: &[u8]) -> Answer<Vec<u8>>;

    /// How many changes there have been that others must notice.
    async fn change_count(&self) -> Answer<i64>;

    /// Asks something that needs the database.
    async fn ping(&self) -> Answer<()>;

    /// Closes in good order.
    async fn close(&self);

    /// Says in words what an error of this database means.
    fn explain(&self, error: sqlx::Error) -> VaultError;
}
