//! A message as it stands in the mailbox: its text to look at, and all of it to take away. Nothing of
//! it is run or loaded: what is shown is plain text.

use std::io::{self, Read as _};

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use mail_parser::{Message as Mail, MessageParser, MimeHeaders as _};
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_fetch::Original;
use mailgrant_vault::Message;
use tokio_util::io::ReaderStream;

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::{Problem, status};
use crate::visit::SignedIn;

/// How much of a text is shown, in characters.
const SHOWN: usize = 100_000;
/// A larger message is not opened on a page, in bytes.
const LARGEST: u64 = 50 << 20;
/// How much of a message is in memory while it is taken away, in bytes.
const PIECE: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "message_text.html")]
struct TextPage {
    layout: Layout,
    message: Message,
    shown: Shown,
}

/// What is shown of a message.
struct Shown {
    headers: Vec<(String, String)>,
    text: String,
    is_cut: bool,
    attachments: Vec<String>,
}

/// Shows its header and text.
pub(crate) async fn look(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let (message, mut original) = read(&site, &id).await?;
    if original.size > LARGEST {
        return Err(told(
            "The message is too large to be shown on a page.",
            "Download it.",
        ));
    }
    // Fifty megabytes are read and taken apart: nobody else is to wait for that.
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        original.read_to_end(&mut bytes)?;
        Ok(Shown::of(&bytes))
    });
    let read = read
        .await
        .unwrap_or_else(|died| Err(io::Error::other(died)));
    let shown = read.map_err(|error: io::Error| unreadable(&error))?;
    Ok(page(&TextPage {
        layout: Layout::signed_in(super::title(&message), &visitor).section("messages"),
        message,
        shown,
    }))
}

impl Shown {
    fn of(bytes: &[u8]) -> Self {
        let parsed = MessageParser::new().parse(bytes).unwrap_or_default();
        let text = text(&parsed).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
        let headers = parsed.headers_raw();
        Self {
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            is_cut: text.chars().nth(SHOWN).is_some(),
            text: text.chars().take(SHOWN).collect(),
            attachments: parsed.attachments().map(attachment).collect(),
        }
    }
}

/// Gives all of it.
pub(crate) async fn download(
    State(site): State<Site>,
    Path(id): Path<String>,
    _visitor: SignedIn,
) -> Result<Response, Problem> {
    let (message, original) = read(&site, &id).await?;
    let name = format!("attachment; filename=\"message-{}.eml\"", message.id);
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    // Not as what it is: no browser is to open it by itself.
    let kind = HeaderValue::from_static("application/octet-stream");
    let body = Body::from_stream(ReaderStream::with_capacity(original.into_reader(), PIECE));
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], body).into_response())
}

async fn read(site: &Site, id: &str) -> Result<(Message, Original), Problem> {
    let message = find(site, id).await?;
    let original = site.fetcher.original(&message).await?;
    let original = original.ok_or_else(not_there)?;
    Ok((message, original))
}

/// It is not where it was.
pub(crate) fn not_there() -> Problem {
    let next = "Ask the application for it, if it was delivered.";
    told("The message is not in its mailbox any more.", next)
}

/// What came of it cannot be read.
pub(crate) fn unreadable(error: &std::io::Error) -> Problem {
    let what = format!("The message cannot be read: {error}.");
    told(&what, "Try it again.")
}

fn told(what: &str, next: &str) -> Problem {
    let fault = Fault::Operator;
    Problem::new(status(fault), Diagnosis::new(fault, what, next))
}

fn text(message: &Mail<'_>) -> Option<String> {
    let texts = message.text_body_count();
    let parts: Vec<_> = (0..texts).filter_map(|at| message.body_text(at)).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> String {
    let name = part.attachment_name().unwrap_or("without a name");
    format!("{name} ({} bytes)", part.contents().len())
}
