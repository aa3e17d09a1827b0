//! Leaving for the provider.

use axum::extract::State;
use axum::response::Response;
use mailgrant_oauth::Access;

use super::find;
use crate::app::Site;
use crate::notice::{Notice, see_other_with};
use crate::pages::authorization::{departure, trouble};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Begins an authorization and sends the browser to the provider's own login page. Where nobody
/// signs in, the application's own access is asked for at once.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let provider = site.vault.provider(account.draft.provider).await?;
    if provider.is_some_and(|provider| provider.profile.access == Access::Application) {
        return Ok(match site.keeper.connect(account.id, &visitor.name).await {
            Ok(()) => see_other_with(&site, &format!("/accounts/{id}"), Notice::Connected),
            Err(error) => trouble::show(&visitor.visit, &error, Some(account.id)),
        });
    }
    let browser = &visitor.visit.browser().secret;
    match site.keeper.begin(account.id, browser).await {
        Ok(leaving) => Ok(departure::leave(&leaving)),
        Err(error) => Ok(trouble::show(&visitor.visit, &error, Some(account.id))),
    }
}
