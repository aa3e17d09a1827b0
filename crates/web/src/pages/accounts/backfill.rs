//! Having the mail wait that was there before, or go on.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::EventKind;

use super::{find, note};
use crate::app::Site;
use crate::notice::{Notice, see_other_with};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// Has it wait (`paused=yes`) or go on (`paused=no`): what the button said, however often it is
/// pressed.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let paused = sent.yes_or_no("paused")?;
    let (kind, did, notice) = if paused {
        (
            EventKind::BackfillPaused,
            "had the earlier mail wait of",
            Notice::BackfillPaused,
        )
    } else {
        (
            EventKind::BackfillResumed,
            "had the earlier mail fetched of",
            Notice::BackfillResumed,
        )
    };
    if account.fill_paused != paused {
        site.vault.pause_fill(account.id, paused).await?;
        note(&site, kind, &visitor.name, &account, did).await?;
    }
    Ok(see_other_with(&site, &format!("/accounts/{id}"), notice))
}
