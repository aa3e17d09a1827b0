//! Testing an account: the whole way, without fetching anything, and then with a message of
//! Mailgrant's own.

use axum::extract::State;
use axum::response::Response;

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::pages::steps::Steps;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// Runs the test and shows what it found.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let hand_over = sent.ticked("send");
    let check = if hand_over {
        site.fetcher.hand_over_test(account.id).await
    } else {
        site.fetcher.check(account.id).await
    };
    let title = format!("Test of {}", account.draft.name);
    Ok(page(&Steps {
        layout: Layout::signed_in(title, &visitor).section("overview"),
        found: check.steps,
        then: (account.draft.sink.is_some() && !hand_over).then_some("Send a test message"),
        again: format!("/accounts/{id}/test"),
        back: format!("/accounts/{id}"),
    }))
}
