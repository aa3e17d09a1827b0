//! An authorization that failed: what happened, what to do next, and a way to begin again.

use askama::Template;
use axum::response::Response;
use mailgrant_base::{Diagnose as _, Diagnosis};
use mailgrant_keeper::AuthorizationError;
use mailgrant_vault::AccountId;

use crate::layout::{Layout, page_with_status};
use crate::problem::status;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    layout: Layout,
    diagnosis: Diagnosis,
    /// Which account to begin again with, if that is known and the visitor may.
    again: Option<i64>,
}

/// The page; whatever grant was there before is untouched.
pub(crate) fn show(
    visit: &Visit,
    error: &AuthorizationError,
    account: Option<AccountId>,
) -> Response {
    let diagnosis = error.diagnosis();
    let again = account.filter(|_| visit.administrator().is_some());
    let page = TroublePage {
        layout: Layout::open("The mailbox was not authorised", visit),
        again: again.map(|account| account.0),
        diagnosis,
    };
    page_with_status(status(page.diagnosis.fault), &page)
}
