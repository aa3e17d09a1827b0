//! What people have been warned of, so that each warning is given once: not again after a restart,
//! and not by each of several processes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::column::micros;
use crate::store::Answer;
use crate::{Vault, VaultError};

/// The rows of `warnings`.
#[async_trait]
pub(crate) trait WarningStore: Send + Sync {
    /// Says whether it was not there.
    async fn note_warning(&self, subject: &str, now: i64) -> Answer<bool>;
    async fn sweep_warnings(&self, before: i64) -> Answer<u64>;
}

impl Vault {
    /// Notes that people are being warned of `subject`. Says whether that is news: of several who
    /// ask, one hears yes.
    pub async fn note_warning(&self, subject: &str, now: Timestamp) -> Result<bool, VaultError> {
        self.told(self.store().note_warning(subject, micros(now)).await)
    }
}
