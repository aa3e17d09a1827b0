//! Whether the process lives, and whether it can do its work.

use axum::extract::State;
use http::StatusCode;

use crate::app::Site;

/// The process lives.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The store answers.
pub(crate) async fn ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    match site.vault.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
        }
    }
}
