//! Leaving for the provider.

use axum::extract::State;
use axum::response::Response;

use super::find;
use crate::app::Site;
use crate::pages::authorization::{departure, trouble};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Begins an authorization and sends the browser to the provider's own login page.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let browser = &visitor.visit.browser().secret;
    match site.keeper.begin(account.id, browser).await {
        Ok(leaving) => Ok(departure::leave(&leaving)),
        Err(error) => Ok(trouble::show(&visitor.visit, &error, Some(account.id))),
    }
}
