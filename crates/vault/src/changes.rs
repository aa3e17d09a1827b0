//! News that something in the store has changed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::Vault;

/// How often the database is asked for changes by other processes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Wakes whoever must look at the store again: after a change through this process at once, after
/// one by another process (the command line beside a running server) within about a second.
#[derive(Debug)]
pub struct Changes {
    vault: Vault,
    own: watch::Receiver<()>,
    others: i64,
    next_look: Instant,
}

impl Changes {
    /// Waits for the next change of a provider, an account, a grant or an authorization. Several
    /// changes may be told as one; none is missed. May be dropped at any time and called again.
    pub async fn changed(&mut self) {
        loop {
            tokio::select! {
                // Its sender lives as long as the vault that is held here.
                _ = self.own.changed() => return,
                () = tokio::time::sleep_until(self.next_look) => {}
            }
            let looked = self.vault.changes_by_others().await;
            self.next_look = Instant::now() + LOOK_EVERY;
            match looked {
                Ok(others) if others != self.others => {
                    self.others = others;
                    return;
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "cannot look for changes by other processes"),
            }
        }
    }
}

/// The sending side: counts what this process changed, so that the rest is others' doing.
#[derive(Debug, Default)]
pub(crate) struct News {
    sender: watch::Sender<()>,
    own: AtomicI64,
    others: AtomicI64,
}

impl News {
    /// One change has been committed by this process.
    pub(crate) fn tell(&self) {
        self.own.fetch_add(1, Ordering::Relaxed);
        self.sender.send_replace(());
    }

    /// How many of all `count` changes are not ours. While one of our own is between its commit
    /// and [`tell`](Self::tell) it is counted as another's: that wakes once too often, never too
    /// seldom.
    pub(crate) fn others(&self, count: i64) -> i64 {
        let others = count - self.own.load(Ordering::Relaxed);
        self.others.store(others, Ordering::Relaxed);
        others
    }

    pub(crate) fn listen(&self, vault: Vault) -> Changes {
        Changes {
            vault,
            own: self.sender.subscribe(),
            others: self.others.load(Ordering::Relaxed),
            next_look: Instant::now() + LOOK_EVERY,
        }
    }
}
