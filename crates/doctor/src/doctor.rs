//! The doctor's handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mailgrant_base::Clock;
use mailgrant_keeper::Keeper;
use mailgrant_mail::{Limits, Trust};
use mailgrant_oauth::HttpClient;
use mailgrant_vault::{AccountId, Vault};

use crate::walk;
use crate::{Report, Step};

/// Walks the way of an account and says what is wrong. Cheap to clone.
#[derive(Clone)]
pub struct Doctor {
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) http: HttpClient,
    pub(crate) trust: Trust,
    pub(crate) limits: DoctorLimits,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How patient the doctor is.
#[derive(Debug, Clone, Copy)]
pub struct DoctorLimits {
    /// How long all steps may take together.
    pub total: Duration,
    /// How long each may take.
    pub step: Duration,
}

impl Default for DoctorLimits {
    fn default() -> Self {
        Self {
            total: Duration::from_mins(3),
            step: Duration::from_secs(25),
        }
    }
}

impl DoctorLimits {
    pub(crate) fn mail(self) -> Limits {
        Limits {
            connect: self.step,
            answer: self.step,
            opening: self.step,
            ..Limits::default()
        }
    }
}

impl Doctor {
    /// A doctor over this store. `http` asks identity providers, `trust` says which certificates are
    /// believed.
    pub fn new(
        vault: Vault,
        keeper: Keeper,
        http: HttpClient,
        trust: Trust,
        limits: DoctorLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            vault,
            keeper,
            http,
            trust,
            limits,
            clock,
        }
    }

    /// Walks the way of an account, up to the first failure of each branch. Each step is told as
    /// soon as it is known. No mail is fetched or sent, and no grant is put at risk: the only token
    /// that is asked for is the one that the account would be given anyway.
    pub async fn examine(&self, account: AccountId, told: impl FnMut(&Step) + Send) -> Report {
        walk::examine(self, account, told).await
    }
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doctor")
    }
}
