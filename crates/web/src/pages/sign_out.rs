//! Ending a session.

use axum::extract::State;
use axum::response::Response;

use crate::app::Site;
use crate::cookies::{Cookie, Jar};
use crate::guard::append;
use crate::layout::see_other;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// Ends the session, here and in the browser.
pub(crate) async fn submit(
    State(site): State<Site>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    if let Some(token) = visitor.visit.session_token() {
        site.vault.end_session(token).await?;
    }
    let mut response = see_other("/sign-in");
    append(
        &mut response,
        Jar::of(&site.public_url).drop(Cookie::Session),
    );
    Ok(response)
}
