//! Throwing one quarantined message away.

use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::Whereabouts;

use super::{find, title};
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
    Path(id): Path<String>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let message = find(&site, &id).await?;
    let heading = format!("Drop “{}”?", title(&message));
    let back = format!("/messages/{}", message.id);
    Ok(page(&Confirm {
        layout: Layout::signed_in(heading, &visitor).section("messages"),
        consequences: vec![
            "It will not be delivered, and cannot be tried again.".to_owned(),
            "In the mailbox it stays as it is.".to_owned(),
        ],
        action: format!("{back}/drop"),
        button: "Drop the message",
        back,
    }))
}

/// Drops it; if it has been dropped already, nothing is to be done.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let message = find(&site, &id).await?;
    if message.state.whereabouts() != Whereabouts::Dropped {
        let now = site.clock.now();
        let dropped = site.vault.drop_message(message.id, &visitor.name, now);
        dropped.await?;
    }
    let path = format!("/messages/{}", message.id);
    Ok(see_other_with(&site, &path, Notice::MessageDropped))
}
