//! Somebody looked at the unexpected identity and accepts it.

use axum::extract::State;
use axum::response::Response;
use mailgrant_keeper::AuthorizationError;
use mailgrant_vault::AuthorizationId;

use super::{onwards, trouble};
use crate::app::Site;
use crate::visit::{Sent, Visit};

/// Stores the held grant.
pub(crate) async fn submit(State(site): State<Site>, visit: Visit, sent: Sent) -> Response {
    let browser = &visit.browser().secret;
    let accepted = match sent.raw("authorization").parse() {
        Ok(id) => {
            let id = AuthorizationId(id);
            site.keeper.accept_identity(id, browser).await
        }
        Err(_) => Err(AuthorizationError::UnknownState),
    };
    match accepted {
        Ok(finished) => onwards(&site, &visit, &finished),
        Err(error) => trouble::show(&visit, &error, None),
    }
}
