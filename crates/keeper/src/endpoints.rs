//! Endpoints that were found once are not looked for at every renewal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use mailgrant_oauth::{Endpoints, Refusal, resolve};
use mailgrant_vault::{Provider, ProviderId};

use crate::Keeper;

/// How long discovery is believed; afterwards it is asked again.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// How long it is believed at most if it cannot be asked again.
const USABLE: SignedDuration = SignedDuration::from_hours(24);

/// The endpoints of each provider as they were found last; one entry per provider.
#[derive(Default)]
pub(crate) struct KnownEndpoints(Mutex<HashMap<ProviderId, Slot>>);

/// Locked while discovery is asked, so that it is asked once.
type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

struct Known {
    version: i64,
    at: Timestamp,
    endpoints: Endpoints,
}

impl Keeper {
    /// The provider's endpoints: as known, else looked for.
    pub(crate) async fn endpoints(&self, provider: &Provider) -> Result<Endpoints, Refusal> {
        let slot = self.inner.endpoints.slot(provider.id);
        let mut known = slot.lock().await;
        let now = self.now();
        let age = |known: &Known| now.duration_since(known.at).abs();
        if let Some(known) = &*known
            && known.version == provider.version
            && age(known) < FRESH
        {
            return Ok(known.endpoints.clone());
        }
        match resolve(&self.inner.http, &provider.profile).await {
            Ok(endpoints) => {
                *known = Some(Known {
                    version: provider.version,
                    at: now,
                    endpoints: endpoints.clone(),
                });
                Ok(endpoints)
            }
            Err(refusal) => match &*known {
                Some(known) if known.version == provider.version && age(known) < USABLE => {
                    Ok(known.endpoints.clone())
                }
                _ => Err(refusal),
            },
        }
    }
}

impl KnownEndpoints {
    fn slot(&self, provider: ProviderId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(provider).or_default())
    }
}
