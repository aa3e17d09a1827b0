//! Revoking a grant.

use axum::extract::State;
use axum::response::Response;
use mailgrant_oauth::catalogue;

use super::find;
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
    let title = format!("Revoke the grant of {}?", account.draft.name);
    let mut consequences = vec![
        "Its tokens are deleted here, and the provider is told where it can be.".to_owned(),
        "No mail is fetched until somebody authorises the account again. Its place in the mailbox is kept.".to_owned(),
    ];
    let provider = site.vault.provider(account.draft.provider).await?;
    let kind = provider.map(|provider| provider.profile.kind);
    let places = kind.map_or(&[][..], |kind| catalogue::row(kind).revoke_elsewhere);
    consequences.extend(places.iter().map(|elsewhere| {
        format!(
            "Where the provider cannot be told: {} {}",
            elsewhere.text, elsewhere.place
        )
    }));
    Ok(page(&Confirm {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        consequences,
        action: format!("/accounts/{id}/revoke"),
        button: "Revoke grant",
        back: format!("/accounts/{id}"),
    }))
}

/// Revokes it.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let told = site.keeper.revoke(account.id, &visitor.name).await?;
    let notice = if told {
        Notice::Revoked
    } else {
        Notice::RevokedHere
    };
    Ok(see_other_with(&site, &format!("/accounts/{id}"), notice))
}
