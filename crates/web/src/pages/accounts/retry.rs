//! Letting quarantined messages be tried again.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::EventKind;

use super::{find, note};
use crate::app::Site;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// All quarantined messages of the account go back to waiting.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let now = site.clock.now();
    if site.vault.retry_quarantine(account.id, now).await? > 0 {
        let did = "let the quarantine be tried again of";
        note(
            &site,
            EventKind::QuarantineRetried,
            &visitor.name,
            &account,
            did,
        )
        .await?;
    }
    Ok(see_other_with(
        &site,
        &format!("/accounts/{id}"),
        Notice::Retried,
    ))
}
