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
    let paused = sent.yes_or_no("paused")?;
    let (kind, did, notice) = if paused {
        (EventKind::ProviderPaused, "paused", Notice::ProviderPaused)
    } else {
        (
            EventKind::ProviderResumed,
            "resumed",
            Notice::ProviderResumed,
        )
    };
    if provider.paused != paused {
        site.vault.pause_provider(provider.id, paused).await?;
        note(&site, kind, &visitor.name, &provider, did).await?;
    }
    Ok(see_other_with(&site, &format!("/providers/{id}"), notice))
}
