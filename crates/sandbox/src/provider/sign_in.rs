//! The whole sign-in in one step, for tests that care about what comes back from it.

use std::io;

use crate::{Browser, Page};

/// Opens an authorization URL of the sandbox's provider, signs in, presses *Allow*, and says where
/// the provider sends the browser: the redirect URI with the answer. Nothing is fetched from there.
///
/// Where the provider shows an error instead, the error says what it shows.
pub async fn sign_in(authorize_url: &str, address: &str, password: &str) -> io::Result<String> {
    walk(authorize_url, address, password, "allow").await
}

/// As [`sign_in`], but presses *Deny*.
pub async fn sign_in_and_deny(
    authorize_url: &str,
    address: &str,
    password: &str,
) -> io::Result<String> {
    walk(authorize_url, address, password, "deny").await
}

async fn walk(
    authorize_url: &str,
    address: &str,
    password: &str,
    decision: &str,
) -> io::Result<String> {
    let mut browser = Browser::default();
    let mut page = browser.open(authorize_url).await?;
    let credentials = [("address", address), ("password", password)];
    for (button, typed) in [("sign-in", &credentials[..]), (decision, &[])] {
        if page.leads_to.is_some() {
            break;
        }
        if !page.body.contains(&format!("id=\"{button}\"")) {
            return Err(shown(&page));
        }
        page = browser.press(&page, button, typed).await?;
    }
    match page.leads_to {
        Some(url) => Ok(url.into()),
        None => Err(shown(&page)),
    }
}

/// What a page tells the person who wanted to go on.
fn shown(page: &Page) -> io::Error {
    let text = between(&page.body, "role=\"alert\">", "<")
        .or_else(|| between(&page.body, "id=\"message\">", "<"))
        .unwrap_or(&page.body);
    io::Error::other(format!("the provider says: {text}"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
