//! Pausing and resuming a provider.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::EventKind;

use super::{find, note};
use crate::app::Site;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// Pauses (`paused=yes`) or resumes (`paused=no`): what the button said, however often it is
/// pressed.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let provider = find(&site, id).await?;
    let (paused, kind, did, notice) = match sent.raw("paused") {
        "yes" => (
            true,
            EventKind::ProviderPaused,
            "paused",
            Notice::ProviderPaused,
        ),
        "no" => (
            false,
            EventKind::ProviderResumed,
            "resumed",
            Notice::ProviderResumed,
        ),
        _ => return Err(Problem::nothing_said()),
    };
    if provider.paused != paused {
        site.vault.pause_provider(provider.id, paused).await?;
        note(&site, kind, &visitor.name, &provider, did).await?;
    }
    Ok(see_other_with(&site, &format!("/providers/{id}"), notice))
}
