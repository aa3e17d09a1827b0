//! The link with which a mailbox's owner authorises an account.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use mailgrant_keeper::AuthorizationError;
use secrecy::SecretString;

use super::ticket::{TicketPage, in_path};
use super::{departure, trouble};
use crate::app::Site;
use crate::layout::page;
use crate::moment::Moment;
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::Visit;

/// Says what is about to be authorised, and who asks for it.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Result<Response, Problem> {
    let action = format!("/invitation/{}", in_path(&secret));
    let now = site.clock.now();
    let opened = site.vault.open_invitation(&secret.into(), now).await?;
    let page_of = match &opened {
        Some(invitation) => TicketPage::of(&site, &visit, invitation.account, action).await?,
        None => None,
    };
    let (Some(invitation), Some(mut shown)) = (opened, page_of) else {
        return Ok(trouble::show(
            &visit,
            &AuthorizationError::DeadInvitation,
            None,
        ));
    };
    shown.invited = Some((
        invitation.invited_by,
        Moment::new(invitation.expires_at, now),
    ));
    Ok(page(&shown))
}

/// Leaves for the provider. The link goes on serving until the mailbox is authorised.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(secret): Path<String>,
    visit: Visit,
) -> Response {
    let secret = SecretString::from(secret);
    let browser = &visit.browser().secret;
    match site.keeper.begin_with_invitation(&secret, browser).await {
        Ok(leaving) => departure::leave(&leaving).into_response(),
        Err(error) => trouble::show(&visit, &error, None),
    }
}
