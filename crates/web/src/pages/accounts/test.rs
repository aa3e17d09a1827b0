//! Testing an account: the whole way, without fetching anything.

use axum::extract::State;
use axum::response::Response;

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::pages::steps::Steps;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Runs the test and shows what it found.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let check = site.fetcher.check(account.id).await;
    let title = format!("Test of {}", account.draft.name);
    Ok(page(&Steps {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        found: check.steps,
        again: format!("/accounts/{id}/test"),
        back: format!("/accounts/{id}"),
    }))
}
