//! The browser is back from the provider.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use mailgrant_keeper::Arrival;
use mailgrant_oauth::Callback;
use mailgrant_vault::AccountId;

use super::{onwards, trouble};
use crate::app::Site;
use crate::visit::Visit;

/// Takes the provider's answer. A browser without our cookie cannot be the one that left.
pub(crate) async fn arrive(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Response {
    let browser = visit.browser();
    let arrival = Arrival {
        query: query.as_deref().unwrap_or_default(),
        browser: browser.arrived.then_some(&browser.secret),
    };
    match site.keeper.finish(arrival).await {
        Ok(finished) => onwards(&site, &visit, &finished),
        Err(error) => {
            let account = begun_for(&site, &visit, query.as_deref()).await;
            trouble::show(&visit, &error, account)
        }
    }
}

/// For which account this browser left, so that it can begin again.
async fn begun_for(site: &Site, visit: &Visit, query: Option<&str>) -> Option<AccountId> {
    let state = Callback::parse(query?).ok()?.state;
    let browser = &visit.browser().secret;
    let begun = site.vault.authorization_of_state(&state, browser).await;
    Some(begun.ok()??.account)
}
