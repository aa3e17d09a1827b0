//! How an authorization ended.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailgrant_vault::{AuthorizationId, AuthorizationOutcome};

use crate::app::Site;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "authorization.html")]
struct ResultPage {
    layout: Layout,
    id: i64,
    account: String,
    outcome: AuthorizationOutcome,
}

/// The page, for the browser that began it alone: it says who signed in.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visit: Visit,
) -> Result<Response, Problem> {
    let browser = &visit.browser().secret;
    let found = site
        .vault
        .authorization_of_browser(AuthorizationId(id), browser)
        .await?;
    let Some((authorization, outcome)) =
        found.and_then(|found| found.outcome.clone().map(|outcome| (found, outcome)))
    else {
        return Err(Problem::gone("authorization"));
    };
    let account = site.vault.account(authorization.account).await?;
    let title = match outcome {
        AuthorizationOutcome::Granted(_) => "The mailbox is authorised",
        AuthorizationOutcome::OtherIdentity { .. } => "Somebody else signed in",
        AuthorizationOutcome::Failed(_) => "That did not work",
    };
    Ok(page(&ResultPage {
        layout: Layout::open(title, &visit),
        id,
        account: account.map_or_else(|| "the mailbox".to_owned(), |account| account.draft.address),
        outcome,
    }))
}
