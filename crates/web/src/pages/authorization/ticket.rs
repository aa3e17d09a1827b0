//! The one-time link that `mailgrant account authorize` prints.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use mailgrant_keeper::AuthorizationError;
use secrecy::SecretString;

use super::{departure, trouble};
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    layout: Layout,
    address: String,
    signs_in: String,
    provider: String,
    action: String,
}

/// Says what is about to be authorised. The link stays good: programs that look at links before
/// people do must not spend it.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let action = path(&secret);
    let vault = &site.vault;
    let ticket = vault.open_ticket(&secret.into(), site.clock.now()).await?;
    let account = match ticket {
        Some(ticket) => vault.account(ticket.account).await?,
        None => None,
    };
    let Some(account) = account else {
        return Ok(trouble::show(&visit, &AuthorizationError::DeadTicket, None));
    };
    let provider = vault.provider(account.draft.provider).await?;
    Ok(page(&TicketPage {
        layout: Layout::open("Authorise a mailbox", &visit),
        signs_in: account.expected_sign_in().to_owned(),
        address: account.draft.address,
        provider: provider.map_or_else(String::new, |provider| provider.name),
        action,
    }))
}

/// Spends the link and leaves for the provider.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Response {
    let secret = SecretString::from(secret);
    let browser = &visit.browser().secret;
    match site.keeper.begin_with_ticket(&secret, browser).await {
        Ok(leaving) => departure::leave(&leaving).into_response(),
        Err(error) => trouble::show(&visit, &error, None),
    }
}

/// The secret is shown to whoever sent it, as a part of a path.
fn path(secret: &str) -> String {
    let secret: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    format!("/authorize/{secret}")
}
