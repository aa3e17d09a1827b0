//! Where messages go that are not delivered: dropped, or held.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mailgrant_vault::AccountId;

use crate::lease::Lease;
use crate::shared::Shared;
use crate::sink::{BatchLimit, Recovered, Sink, SinkDown, Spool, Staged, Verdict};

/// A sink that delivers nothing.
#[derive(Debug)]
pub(super) struct Aside {
    holds: bool,
    spool: Spool,
}

impl Aside {
    /// Messages are dealt with.
    pub(super) fn dropped(shared: &Shared, account: AccountId, lease: &Arc<Lease>) -> Self {
        Self::new(shared, account, lease, false)
    }

    /// Messages wait in quarantine for a person.
    pub(super) fn held(shared: &Shared, account: AccountId, lease: &Arc<Lease>) -> Self {
        Self::new(shared, account, lease, true)
    }

    fn new(shared: &Shared, account: AccountId, lease: &Arc<Lease>, holds: bool) -> Self {
        let (folder, plug) = (&shared.settings.spool, shared.plug.clone());
        Self {
            holds,
            spool: Spool::new(folder, account, plug, Arc::clone(lease)),
        }
    }
}

#[async_trait]
impl Sink for Aside {
    fn name(&self) -> String {
        "the account's rules".to_owned()
    }

    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(100)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    async fn check(&self) -> Result<String, SinkDown> {
        Ok("nothing is needed".to_owned())
    }

    /// Whether it is dropped or held is decided again.
    async fn recover(
        &self,
        keys: Vec<String>,
        _sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        Ok(vec![Recovered::Again; keys.len()])
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let verdict = |message: Staged| {
            message.discard();
            if self.holds {
                Verdict::Never(message.route.why)
            } else {
                Verdict::Taken(format!("dropped by {}", message.route.why))
            }
        };
        Ok(batch.into_iter().map(verdict).collect())
    }
}
