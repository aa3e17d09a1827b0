//! A person authorises an account: the one-time link, the way to the provider and back, and how it
//! ended.
//!
//! ```text
//! ticket, invitation ──▶ departure ──▶ (the provider's own login page) ──▶ arrive ──▶ result ──▶ accept
//!    └───────────────────────┴─────────────────────────────────────────────┴──▶ trouble
//! ```

pub(crate) mod accept;
pub(crate) mod arrive;
pub(crate) mod departure;
pub(crate) mod invitation;
pub(crate) mod result;
pub(crate) mod ticket;
pub(crate) mod trouble;

use axum::response::Response;
use mailgrant_keeper::Finished;
use mailgrant_vault::AuthorizationOutcome;

use crate::app::Site;
use crate::layout::see_other;
use crate::notice::{Notice, see_other_with};
use crate::visit::Visit;

/// Sends the browser on when an authorization has come to an outcome: an administrator whose
/// account is authorised to the account, everybody else to the result.
fn onwards(site: &Site, visit: &Visit, finished: &Finished) -> Response {
    let granted = matches!(finished.outcome, AuthorizationOutcome::Granted(_));
    if granted && visit.administrator().is_some() {
        let path = format!("/accounts/{}", finished.account.0);
        return see_other_with(site, &path, Notice::Authorized);
    }
    see_other(&format!("/authorization/{}", finished.id.0))
}
