//! The one-time link that `mailgrant account authorize` prints.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use mailgrant_keeper::AuthorizationError;
use mailgrant_vault::AccountId;
use secrecy::SecretString;

use super::{departure, trouble};
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::moment::Moment;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "ticket.html")]
pub(super) struct TicketPage {
    layout: Layout,
    address: String,
    signs_in: String,
    provider: String,
    action: String,
    /// By whom, and until when the link serves.
    pub(super) invited: Option<(String, Moment)>,
}

impl TicketPage {
    /// What whoever opens a link for this account reads; `None` where the account is gone.
    pub(super) async fn of(
        site: &Site,
        visit: &Visit,
        account: AccountId,
        action: String,
    ) -> Result<Option<Self>, Problem> {
        let Some(account) = site.vault.account(account).await? else {
            return Ok(None);
        };
        let provider = site.vault.provider(account.draft.provider).await?;
        Ok(Some(Self {
            layout: Layout::open("Authorise a mailbox", visit),
            signs_in: account.expected_sign_in().to_owned(),
            address: account.draft.address,
            provider: provider.map_or_else(String::new, |provider| provider.name),
            action,
            invited: None,
        }))
    }
}

/// Says what is about to be authorised. The link stays good: programs that look at links before
/// people do must not spend it.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let action = format!("/authorize/{}", in_path(&secret));
    let vault = &site.vault;
    let ticket = vault.open_ticket(&secret.into(), site.clock.now()).await?;
    let shown = match ticket {
        Some(ticket) => TicketPage::of(&site, &visit, ticket.account, action).await?,
        None => None,
    };
    Ok(match shown {
        Some(shown) => page(&shown),
        None => trouble::show(&visit, &AuthorizationError::DeadTicket, None),
    })
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
pub(super) fn in_path(secret: &str) -> String {
    url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()
}
