//! Testing a provider, without touching any grant.

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
    let provider = find(&site, id).await?;
    let check = site.keeper.check_provider(&provider).await;
    let title = format!("Test of {}", provider.name);
    Ok(page(&Steps {
        layout: Layout::signed_in(title, &visitor).section("providers"),
        found: check.steps,
        to: String::new(),
        then: None,
        again: format!("/providers/{id}/test"),
        back: format!("/providers/{id}"),
    }))
}
