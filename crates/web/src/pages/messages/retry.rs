//! Letting one quarantined message be tried again.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::Whereabouts;

use super::find;
use crate::app::Site;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// It goes back to waiting; if it waits already, nothing is to be done.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let message = find(&site, &id).await?;
    if message.state.whereabouts() != Whereabouts::Waiting {
        let now = site.clock.now();
        let retried = site.vault.retry_message(message.id, &visitor.name, now);
        retried.await?;
    }
    let path = format!("/messages/{}", message.id);
    Ok(see_other_with(&site, &path, Notice::MessageRetried))
}
