//! The keeper's handle.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use mailgrant_base::{Clock, Random};
use mailgrant_oauth::{HttpClient, RedirectUri, Resource};
use mailgrant_vault::{AccountId, NewEvent, ProviderId, StoredToken, Vault};
use secrecy::SecretString;
use tokio_util::task::TaskTracker;
use tracing::error;

use crate::holds::Holds;
use crate::refused::Refused;
use crate::schedule::Jitter;
use crate::single_flight::Flights;
use crate::unstored::Unstored;
use crate::{KeeperError, KeeperMetrics};

/// Keeps tokens. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) vault: Vault,
    pub(crate) http: HttpClient,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) metrics: KeeperMetrics,
    pub(crate) flights: Flights<(AccountId, Resource), Result<AccessToken, KeeperError>>,
    pub(crate) unstored: Unstored,
    pub(crate) refused: Refused,
    /// Providers that refuse Mailgrant's registration: when the next probe may go out.
    pub(crate) held_providers: Holds<ProviderId>,
    /// Accounts whose own renewal met such a refusal.
    pub(crate) held_accounts: Holds<AccountId>,
    pub(crate) jitter: Jitter,
    /// What goes on although whoever asked for it may have gone.
    pub(crate) in_hand: TaskTracker,
    process: String,
    renewals: AtomicU64,
}

/// A valid access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The grant's version that it came with: given back to [`Keeper::renew_refused`].
    pub grant_version: i64,
}

impl From<StoredToken> for AccessToken {
    fn from(kept: StoredToken) -> Self {
        Self {
            token: kept.token,
            expires_at: kept.expires_at,
            grant_version: kept.grant_version,
        }
    }
}

impl Keeper {
    /// A keeper over this store. `redirect_uri` is the one that new authorizations use.
    pub fn new(
        vault: Vault,
        http: HttpClient,
        redirect_uri: RedirectUri,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: KeeperMetrics,
    ) -> Self {
        let jitter = Jitter::new(random.as_ref());
        let process = random.token();
        Self {
            inner: Arc::new(Inner {
                vault,
                http,
                redirect_uri,
                clock,
                random,
                metrics,
                flights: Flights::default(),
                unstored: Unstored::default(),
                refused: Refused::default(),
                held_providers: Holds::default(),
                held_accounts: Holds::default(),
                jitter,
                in_hand: TaskTracker::new(),
                process,
                renewals: AtomicU64::new(0),
            }),
        }
    }

    /// Waits until the authorizations and revocations in hand are over, also those whose browser has
    /// gone: at a stop, before the store is closed.
    pub async fn settled(&self) {
        self.inner.in_hand.close();
        self.inner.in_hand.wait().await;
        self.inner.in_hand.reopen();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A name for the renewal lease that nobody else has: not another process, and not another
    /// renewal of this one (for another resource of the same account, say).
    pub(crate) fn lease_owner(&self) -> String {
        let count = self.inner.renewals.fetch_add(1, Ordering::Relaxed);
        format!("{}-{count}", self.inner.process)
    }

    /// Records an event. What happened has happened: if only its record fails, that is logged.
    pub(crate) async fn record(&self, event: NewEvent) {
        if let Err(failure) = self.inner.vault.record(event, self.now()).await {
            error!(%failure, "an audit event could not be recorded");
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper")
    }
}
