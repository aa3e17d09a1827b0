//! What the pages stand on, and the table of routes.

use std::sync::Arc;

use axum::Router;
use mailgrant_base::{Clock, Random};
use mailgrant_fetch::Fetcher;
use mailgrant_keeper::Keeper;
use mailgrant_oauth::RedirectUri;
use mailgrant_vault::Vault;
use prometheus_client::registry::Registry;
use url::Url;

/// What the pages stand on.
#[derive(Clone)]
pub struct App {
    /// The store.
    pub vault: Vault,
    /// The keeper.
    pub keeper: Keeper,
    /// The fetcher.
    pub fetcher: Fetcher,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The metrics that `/metrics` shows.
    pub metrics: Arc<Registry>,
    /// Where browsers reach these pages; decides whether cookies are `Secure`.
    pub public_url: Url,
    /// Where providers send browsers back to; its path is routed to the callback.
    pub redirect_uri: RedirectUri,
}

/// All routes.
pub fn router(app: App) -> Router {
    todo!()
}
