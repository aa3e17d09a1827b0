//! The browser is back from the provider.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use mailgrant_keeper::Arrival;

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
        Err(error) => trouble::show(&visit, &error, None),
    }
}
