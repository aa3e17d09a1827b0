//! Where a message would go: which rule takes it, in words. Nothing is delivered.

use std::io::Read as _;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use mailgrant_fetch::explain_route;
use mailgrant_vault::{Account, Message, MessageId};

use super::find;
use crate::app::Site;
use crate::fields::Field;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::{Sent, SignedIn};

/// Rules look at a header, and none is longer.
const HEADER: u64 = 128 * 1024;

#[derive(Template)]
#[template(path = "route.html")]
struct RoutePage {
    layout: Layout,
    account: i64,
    rules: Vec<String>,
    fields: Vec<Field>,
    /// A message from the history, which is looked at in its mailbox.
    message: Option<(MessageId, String)>,
    told: Option<String>,
}

/// The page; with a message of the history, where that would go now.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    RawQuery(query): RawQuery,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let asked = Sent::parse(query.unwrap_or_default().as_bytes()).text("message");
    let message = match asked.parse() {
        Ok(id) => site.vault.message(id).await?,
        Err(_) => None,
    };
    let message = message.filter(|message| message.account == account.id);
    let Some(message) = message else {
        let fields = fields("", "", "INBOX");
        return Ok(page(&view(&visitor, &account, fields, None)));
    };
    let (beginning, bytes) = beginning(&site, &message).await?;
    let now = site.clock.now();
    let told = explain_route(&account, &message.folder, (&beginning, bytes), now);
    let fields = fields("", "", &message.folder);
    Ok(page(&RoutePage {
        message: Some((message.id, crate::pages::messages::title(&message))),
        ..view(&visitor, &account, fields, Some(told))
    }))
}

/// The page, with where what was pasted would go.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let (message, entered) = (sent.raw("message").trim_start(), sent.text("size"));
    let folder = match sent.text("folder") {
        named if named.is_empty() => "INBOX".to_owned(),
        named => named,
    };
    let bytes = entered.parse().unwrap_or(message.len() as u64);
    let told = explain_route(
        &account,
        &folder,
        (message.as_bytes(), bytes),
        site.clock.now(),
    );
    let fields = fields(message, &entered, &folder);
    Ok(page(&view(&visitor, &account, fields, Some(told))))
}

async fn beginning(site: &Site, message: &Message) -> Result<(Vec<u8>, u64), Problem> {
    let original = site.fetcher.original(message).await?;
    let original = original.ok_or_else(crate::pages::messages::not_there)?;
    let bytes = original.size;
    let mut beginning = Vec::new();
    let read = original.take(HEADER).read_to_end(&mut beginning);
    read.map_err(|error| crate::pages::messages::unreadable(&error))?;
    Ok((beginning, bytes))
}

fn fields(message: &str, size: &str, folder: &str) -> Vec<Field> {
    vec![
        Field::lines("message", "Message", message).hint(
            "Its source, as “show original” and the like have it; the header alone is enough.",
        ),
        Field::number("size", "Size in bytes", size)
            .hint("Where only the header is above. Empty means that of what is above."),
        Field::text("folder", "Folder", folder),
    ]
}

fn view(
    visitor: &SignedIn,
    account: &Account,
    fields: Vec<Field>,
    told: Option<String>,
) -> RoutePage {
    let title = format!("Rules of {}", account.draft.name);
    RoutePage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        account: account.id.0,
        rules: account
            .draft
            .rules
            .iter()
            .map(ToString::to_string)
            .collect(),
        fields,
        message: None,
        told,
    }
}
