//! A message's own page: what is known of it, and its way so far.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use mailgrant_vault::{Message, MessageState};

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::moment::Moment;
use crate::path::Path;
use crate::problem::Problem;
use crate::summary::State as Shown;
use crate::visit::SignedIn;

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    layout: Layout,
    message: Message,
    account: String,
    state: Shown,
    way: Vec<Step>,
    /// In quarantine.
    refused: bool,
}

/// A step of its way.
struct Step {
    at: Moment,
    what: String,
    said: Option<String>,
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let message = find(&site, &id).await?;
    let account = site.vault.account(message.account).await?;
    let account = account.ok_or_else(|| Problem::gone("message"))?;
    Ok(page(&MessagePage {
        layout: Layout::signed_in(super::title(&message), &visitor).section("messages"),
        account: account.draft.name,
        state: super::state(message.state),
        way: way(&message, site.clock.now()),
        refused: message.state == MessageState::Quarantined,
        message,
    }))
}

/// The steps in the order in which they are taken.
fn way(message: &Message, now: Timestamp) -> Vec<Step> {
    let answer = message.answer.clone().filter(|words| !words.is_empty());
    let step = |at: Option<Timestamp>, what: String, said: Option<String>| {
        at.map(|at| Step {
            at: Moment::new(at, now),
            what,
            said,
        })
    };
    let plain = |at, what: &str| step(at, what.to_owned(), None);
    let delivered = step(
        message.delivered_at,
        "Delivered.".to_owned(),
        answer.clone(),
    );
    let now_it = match message.state {
        MessageState::Quarantined => "Put into quarantine.",
        MessageState::Dropped => "An administrator dropped it from quarantine.",
        MessageState::Waiting => "Waits to be tried again.",
        MessageState::Prepared => "Is being delivered.",
        MessageState::Delivered | MessageState::Acknowledged => "",
    };
    let stands = (!now_it.is_empty()).then_some(message.since);
    let next = message
        .retry_at
        .filter(|_| message.state == MessageState::Waiting);
    [
        plain(Some(message.seen_at), "Seen at the mail server."),
        plain(message.fetched_at, "Fetched."),
        delivered,
        step(stands, now_it.to_owned(), answer),
        plain(next, "Is tried again."),
        plain(message.acknowledged_at, "Settled at the mail server."),
    ]
    .into_iter()
    .flatten()
    .collect()
}
