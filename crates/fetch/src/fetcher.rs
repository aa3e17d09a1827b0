//! The fetcher's handle: one worker per mailbox, started and stopped as accounts come and go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{Clock, Diagnosis, Random};
use mailgrant_keeper::Keeper;
use mailgrant_mail::{Limits, Trust};
use mailgrant_vault::{AccountId, Vault};
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{FetchError, Status};

/// Fetches mail. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<()>,
}

/// How mail is fetched, the same for all mailboxes.
#[derive(Debug, Clone)]
pub struct FetchSettings {
    /// Whom to believe.
    pub trust: Trust,
    /// Time and size limits of a session.
    pub limits: Limits,
    /// How often a mailbox without IDLE is looked at.
    pub poll: Duration,
    /// A folder of Mailgrant's own, below the data directory; made where it is missing. Large
    /// messages wait in it until a program has read them, and a lock file per mailbox keeps two
    /// processes from fetching the same one.
    pub spool: PathBuf,
}

/// What the fetcher counts.
#[derive(Debug, Clone, Default)]
pub struct FetcherMetrics {}

impl FetcherMetrics {
    /// Registers the counters (`mailgrant_messages_total{outcome}`, `mailgrant_mailboxes{activity}`
    /// …).
    pub fn register(registry: &mut Registry) -> Self {
        todo!()
    }
}

/// What a test of a mailbox found out, step by step.
#[derive(Debug, Clone)]
pub struct MailboxCheck {
    /// Each step's name (`access token`, `connection`, `login`, `folder`, `sink`) and what came of
    /// it; ends with the first that failed.
    pub steps: Vec<(String, Result<String, Diagnosis>)>,
}

/// What one fetch of a mailbox did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that the sink could not take yet.
    pub deferred: u64,
    /// Messages that the sink refuses.
    pub quarantined: u64,
}

impl Fetcher {
    /// A fetcher over this store.
    pub fn new(
        vault: Vault,
        keeper: Keeper,
        settings: FetchSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: FetcherMetrics,
    ) -> Self {
        todo!()
    }

    /// Keeps one worker per account that has a sink, is not paused and whose grant is active, until
    /// `stopping`; returns when the last worker has finished the messages it has in hand.
    pub async fn run(&self, stopping: CancellationToken) {
        todo!()
    }

    /// Fetches what is there now, once.
    pub async fn fetch_once(&self, account: AccountId) -> Result<Fetched, FetchError> {
        todo!()
    }

    /// Tests the whole way without fetching anything: token, connection, login, folder, sink.
    pub async fn check(&self, account: AccountId) -> MailboxCheck {
        todo!()
    }

    /// What each mailbox is doing; changes as they do.
    pub fn status(&self) -> watch::Receiver<BTreeMap<AccountId, Status>> {
        todo!()
    }
}
