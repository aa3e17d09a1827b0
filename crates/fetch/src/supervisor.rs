//! One worker per mailbox, started and stopped as accounts come, change and go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mailgrant_base::{Diagnose as _, Tasks};
use mailgrant_vault::{Account, AccountId, GrantState, VaultError};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{error, info};

use crate::shared::Shared;
use crate::worker::Worker;

/// How long workers may take to finish the messages they have in hand. Whoever runs the fetcher may
/// have less patience, and cuts them off with it.
const GRACE: Duration = Duration::from_mins(10);
/// The store is looked at so often even if nobody says that it changed: a worker that broke down is
/// started again then.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// How long after a change the store is looked at: many changes at once are looked at once.
const SETTLE: Duration = Duration::from_millis(50);

/// Starts and stops workers until `stopping`.
pub(crate) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut changes = shared.vault.changes();
    let mut supervisor = Supervisor {
        shared,
        tasks: Tasks::new(),
        workers: BTreeMap::new(),
    };
    while !stopping.is_cancelled() {
        match supervisor.wanted().await {
            Ok(wanted) => supervisor.arrange(wanted),
            Err(failure) => failure.diagnosis().log("all mailboxes"),
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = changes.changed() => tokio::time::sleep(SETTLE).await,
        }
    }
    if !supervisor.tasks.stop(GRACE).await {
        error!("some mailboxes did not finish in time; what they had in hand is delivered later");
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    tasks: Tasks,
    workers: BTreeMap<AccountId, Running>,
}

/// What a worker is started with.
struct Wanted {
    account: Account,
    means: Means,
}

/// What a worker logs in with. A change wakes the worker; a renewal is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Means {
    grant: Option<(GrantState, Option<Timestamp>)>,
    provider_version: i64,
    provider_in_trouble: bool,
    fill_paused: bool,
    /// Messages wait and are due, the newest since then: somebody let them be tried again.
    due_since: Option<Timestamp>,
}

struct Running {
    version: i64,
    means: Means,
    wake: Arc<Notify>,
    /// Asks the worker to stop.
    stop: CancellationToken,
    /// Cancelled when the worker is gone.
    gone: CancellationToken,
}

impl Supervisor {
    /// The mailboxes that somebody should look after.
    async fn wanted(&self) -> Result<BTreeMap<AccountId, Wanted>, VaultError> {
        let vault = &self.shared.vault;
        let providers: HashMap<_, _> = vault
            .providers()
            .await?
            .into_iter()
            .map(|provider| (provider.id, provider))
            .collect();
        let grants: HashMap<_, _> = vault
            .grants()
            .await?
            .into_iter()
            .map(|grant| (grant.account, grant))
            .collect();
        let due: HashMap<_, _> = vault.due(self.shared.now()).await?.into_iter().collect();
        let mut wanted = BTreeMap::new();
        for account in vault.accounts().await? {
            let Some(provider) = providers.get(&account.draft.provider) else {
                continue;
            };
            if account.paused || provider.paused || account.draft.sink.is_none() {
                continue;
            }
            let grant = grants
                .get(&account.id)
                .map(|grant| (grant.state, grant.authorized_at));
            let means = Means {
                grant,
                provider_version: provider.version,
                provider_in_trouble: provider.trouble.is_some(),
                fill_paused: account.fill_paused,
                due_since: due.get(&account.id).copied(),
            };
            wanted.insert(account.id, Wanted { account, means });
        }
        Ok(wanted)
    }

    fn arrange(&mut self, wanted: BTreeMap<AccountId, Wanted>) {
        for (id, running) in &self.workers {
            if !wanted.contains_key(id) {
                running.stop.cancel();
            }
        }
        self.workers
            .retain(|_, running| !running.gone.is_cancelled());
        for (id, Wanted { account, means }) in wanted {
            let before = match self.workers.get_mut(&id) {
                Some(running)
                    if running.version == account.version && !running.stop.is_cancelled() =>
                {
                    if running.means != means {
                        // That nothing is due any more is no news for a worker.
                        let settled = Means {
                            due_since: None,
                            ..running.means.clone()
                        };
                        if settled != means {
                            running.wake.notify_one();
                        }
                        running.means = means;
                    }
                    continue;
                }
                Some(running) => {
                    running.stop.cancel();
                    Some(running.gone.clone())
                }
                None => None,
            };
            let running = self.start(account, means, before);
            self.workers.insert(id, running);
        }
    }

    /// Starts a worker, once the one `before` it is gone.
    fn start(&self, account: Account, means: Means, before: Option<CancellationToken>) -> Running {
        let running = Running {
            version: account.version,
            means,
            wake: Arc::new(Notify::new()),
            stop: self.tasks.stopping().child_token(),
            gone: CancellationToken::new(),
        };
        let farewell = Farewell {
            shared: Arc::clone(&self.shared),
            account: account.id,
            _gone: running.gone.clone().drop_guard(),
        };
        info!(account = account.draft.name, "looking after a mailbox");
        let worker = Worker::new(
            &self.shared,
            account,
            Arc::clone(&running.wake),
            running.stop.clone(),
        );
        self.tasks.spawn("mailbox", async move {
            if let Some(before) = before {
                before.cancelled().await;
            }
            let _farewell = farewell;
            worker.run().await;
        });
        running
    }
}

/// Says that a worker is gone, however it went.
struct Farewell {
    shared: Arc<Shared>,
    account: AccountId,
    _gone: DropGuard,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.shared.board.gone(self.account);
    }
}
