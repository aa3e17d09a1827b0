//! The fetcher's handle.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::{Clock, Diagnosis, Random};
use mailgrant_keeper::{Keeper, KeeperError};
use mailgrant_mail::{Limits, Trust};
use mailgrant_vault::{AccountId, Message, Vault};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::connect::{LoggedIn, Login};
use crate::connections::Connections;
use crate::plug::Plug;
use crate::routing::Circles;
use crate::shared::Shared;
use crate::sink::{Couriers, HalfDelivered};
use crate::source::Apis;
use crate::status::Board;
use crate::trial::TestTo;
use crate::visit::{Memory, Visit};
use crate::{
    FetchError, FetcherMetrics, Original, Status, canary, check, original, supervisor,
    watch as alarms,
};

/// Fetches mail. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
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
    /// How many logins may be under way at once at one mail server; four times as many at all of them
    /// together. The others wait for their turn.
    pub logins_at_once: usize,
    /// A folder of Mailgrant's own, below the data directory; made where it is missing. Large
    /// messages wait in it until a program has read them, and a lock file per mailbox keeps two
    /// processes from fetching the same one.
    pub spool: PathBuf,
}

/// What a test of a mailbox found out, step by step.
#[derive(Debug, Clone)]
pub struct MailboxCheck {
    /// Each step's name (`access token`, `connection`, `login`, `folder`, `sink`) and what came of
    /// it; ends with the first that failed.
    pub steps: Vec<(String, Result<String, Diagnosis>)>,
}

/// What one fetch of a mailbox did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fetched {
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that the sink could not take yet.
    pub deferred: u64,
    /// Messages that the sink refuses.
    pub quarantined: u64,
}

impl Fetched {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            delivered: self.delivered + other.delivered,
            deferred: self.deferred + other.deferred,
            quarantined: self.quarantined + other.quarantined,
        }
    }
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
        Self::with_plug(
            vault,
            keeper,
            settings,
            clock,
            random,
            metrics,
            Plug::default(),
        )
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    #[cfg(test)]
    pub(crate) fn unplugged(&self, plug: Plug) -> Self {
        let shared = &self.shared;
        Self::with_plug(
            shared.vault.clone(),
            shared.keeper.clone(),
            shared.settings.clone(),
            Arc::clone(&shared.clock),
            Arc::clone(&shared.random),
            shared.metrics.clone(),
            plug,
        )
    }

    #[cfg(test)]
    pub(crate) fn at(&self, clock: impl Clock) -> Self {
        let shared = &self.shared;
        Self::with_plug(
            shared.vault.clone(),
            shared.keeper.clone(),
            shared.settings.clone(),
            Arc::new(clock),
            Arc::clone(&shared.random),
            shared.metrics.clone(),
            Plug::default(),
        )
    }

    fn with_plug(
        vault: Vault,
        keeper: Keeper,
        settings: FetchSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: FetcherMetrics,
        plug: Plug,
    ) -> Self {
        let board = Board::new(metrics.clone());
        let connections = Connections::new(settings.logins_at_once, metrics.clone());
        let shared = Shared {
            vault,
            keeper,
            settings,
            clock,
            random,
            metrics,
            board,
            couriers: Couriers::default(),
            apis: Apis::default(),
            half_delivered: HalfDelivered::default(),
            connections,
            circles: Circles::default(),
            plug,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Keeps one worker per account that has a sink and is not paused (nor its provider), until
    /// `stopping`; returns when the last worker has finished the messages it has in hand. A worker
    /// whose account is not authorised holds still until that changes.
    pub async fn run(&self, stopping: CancellationToken) {
        let (spool, now) = (self.shared.settings.spool.clone(), self.shared.now());
        let swept = tokio::task::spawn_blocking(move || original::sweep(&spool, now));
        // What it cannot do it lets be.
        let _ = swept.await;
        let watching = alarms::watch(&self.shared, &stopping);
        let working = supervisor::run(Arc::clone(&self.shared), stopping.clone());
        let flying = canary::fly(&self.shared, &stopping);
        tokio::join!(watching, working, flying);
    }

    /// Fetches what is there now, once. Goes on to its end even if the caller gives up waiting.
    pub async fn fetch_once(&self, account: AccountId) -> Result<Fetched, FetchError> {
        let shared = Arc::clone(&self.shared);
        match tokio::spawn(fetch_once(shared, account)).await {
            Ok(fetched) => fetched,
            Err(died) if died.is_panic() => std::panic::resume_unwind(died.into_panic()),
            Err(_) => Err(FetchError::Busy),
        }
    }

    /// Tests the whole way without fetching anything: token, connection, login, folder, sink.
    pub async fn check(&self, account: AccountId) -> MailboxCheck {
        check::check(&self.shared, account).await
    }

    /// Tests one of the account's further sinks alone, without delivering anything.
    pub async fn check_sink(&self, account: AccountId, name: &str) -> MailboxCheck {
        check::check_sink(&self.shared, account, name).await
    }

    /// Hands a test message to one of the account's sinks: a step `test message`, and what came of it.
    pub async fn hand_over_test(&self, account: AccountId, to: &TestTo) -> MailboxCheck {
        check::hand_over_test(&self.shared, account, to).await
    }

    /// Reads a message from its mailbox, as it stands there; `None` where it is gone.
    pub async fn original(&self, message: &Message) -> Result<Option<Original>, FetchError> {
        original::read(&self.shared, message).await
    }

    /// What each mailbox is doing; changes as they do.
    pub fn status(&self) -> watch::Receiver<BTreeMap<AccountId, Status>> {
        self.shared.board.watch()
    }
}

async fn fetch_once(shared: Arc<Shared>, id: AccountId) -> Result<Fetched, FetchError> {
    let account = shared
        .vault
        .account(id)
        .await?
        .ok_or_else(|| KeeperError::NoAccount(id.0.to_string()))?;
    if account.draft.sink.is_none() {
        return Err(FetchError::NoSink {
            account: account.draft.name,
        });
    }
    let LoggedIn {
        mut source,
        permit: _permit,
        ..
    } = Login::new(&shared).open(&account).await?;
    let (mut memory, never) = (Memory::default(), CancellationToken::new());
    let mut visit = Visit::begin(&shared, &account, &mut source, &mut memory, &never).await?;
    let done = visit.fetch().await?;
    if let Some(refused) = done.refused {
        return Err(refused.into());
    }
    source.close().await;
    Ok(done.fetched)
}
