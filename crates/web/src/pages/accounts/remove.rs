//! Removing an account.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::EventKind;

use super::{find, note};
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::notice::{Notice, see_other_with};
use crate::pages::confirm::Confirm;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Asks first.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let title = format!("Remove account {}?", account.draft.name);
    Ok(page(&Confirm {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        consequences: vec![
            "Its grant is ended, here and at the provider where it can be told.".to_owned(),
            "The record of which messages were delivered is deleted."
                .to_owned(),
            "If you add it again later, mail that is still in the mailbox may be delivered a second time.".to_owned(),
            "Mail that was delivered, and the mailbox itself, stay as they are.".to_owned(),
        ],
        action: format!("/accounts/{id}/remove"),
        button: "Remove account",
        back: format!("/accounts/{id}"),
    }))
}

/// Removes it.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    site.keeper.remove(account.id, &visitor.name).await?;
    note(
        &site,
        EventKind::AccountRemoved,
        &visitor.name,
        &account,
        "removed",
    )
    .await?;
    Ok(see_other_with(&site, "/", Notice::AccountRemoved))
}
