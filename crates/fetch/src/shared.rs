//! What every worker stands on.

use std::sync::Arc;

use jiff::Timestamp;
use mailgrant_base::{Clock, Random};
use mailgrant_keeper::Keeper;
use mailgrant_vault::Vault;

use crate::connections::Connections;
use crate::plug::Plug;
use crate::routing::Circles;
use crate::sink::{Couriers, HalfDelivered};
use crate::source::Apis;
use crate::status::Board;
use crate::{FetchSettings, FetcherMetrics};

/// What every worker stands on.
pub(crate) struct Shared {
    pub(crate) vault: Vault,
    pub(crate) keeper: Keeper,
    pub(crate) settings: FetchSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) metrics: FetcherMetrics,
    pub(crate) board: Board,
    pub(crate) couriers: Couriers,
    pub(crate) apis: Apis,
    pub(crate) half_delivered: HalfDelivered,
    pub(crate) connections: Arc<Connections>,
    pub(crate) circles: Circles,
    pub(crate) plug: Plug,
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
