//! The keeper's handle.

use std::sync::Arc;

use jiff::Timestamp;
use mailgrant_base::{Clock, Diagnosis, Random};
use mailgrant_oauth::{HttpClient, RedirectUri, Resource};
use mailgrant_vault::{AccountId, Provider, Vault};
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::KeeperError;

/// Keeps tokens. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    inner: Arc<()>,
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

/// What the keeper counts.
#[derive(Debug, Clone, Default)]
pub struct KeeperMetrics {}

impl KeeperMetrics {
    /// Registers the counters (`mailgrant_renewals_total{outcome}`, `mailgrant_grants{state}`).
    pub fn register(registry: &mut Registry) -> Self {
        todo!()
    }
}

/// What a test of a provider found out, step by step.
#[derive(Debug, Clone)]
pub struct ProviderCheck {
    /// Each step's name and what came of it.
    pub steps: Vec<(String, Result<String, Diagnosis>)>,
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
        todo!()
    }

    /// A valid access token: the kept one while it lives, else a renewed one. However many ask at
    /// once, one renewal happens.
    pub async fn access_token(
        &self,
        account: AccountId,
        resource: Resource,
    ) -> Result<AccessToken, KeeperError> {
        todo!()
    }

    /// The mail server refused this token although it should be valid: one forced renewal, unless
    /// a newer one is there already.
    pub async fn renew_refused(
        &self,
        account: AccountId,
        resource: Resource,
        refused: &AccessToken,
    ) -> Result<AccessToken, KeeperError> {
        todo!()
    }

    /// Renews whatever is due now, each account's failure apart from the others; says when the
    /// next is due.
    pub async fn renew_due(&self) -> Result<Option<Timestamp>, KeeperError> {
        todo!()
    }

    /// Renews ahead of need until `stopping`; wakes for what is due and for changes in the store.
    pub async fn run(&self, stopping: CancellationToken) {
        todo!()
    }

    /// Ends an account's grant: here first, then at the provider where it can. Says whether the
    /// provider was told.
    pub async fn revoke(&self, account: AccountId, actor: &str) -> Result<bool, KeeperError> {
        todo!()
    }

    /// Tests a provider without touching any grant: endpoints found, token endpoint answers, the
    /// client credential is not refused outright.
    pub async fn check_provider(&self, provider: &Provider) -> ProviderCheck {
        todo!()
    }
}
