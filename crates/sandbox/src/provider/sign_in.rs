//! The whole sign-in in one step, for tests that care about what comes back from it.

use std::io;

use crate::{Browser, Page};

/// Opens an authorization URL of the sandbox's provider, signs in, presses *Allow*, and says where
/// the provider sends the browser: the redirect URI with the answer. Nothing is fetched from there.
///
/// Where the provider shows an error instead, the error says what it shows.
pub async fn sign_in(authorize_url: &str, address: &str, password: &str) -> io::Result<String> {
    walk(authorize_url, address, password, ("allow", &[])).await
}

/// As [`sign_in`], but presses *Deny*.
pub async fn sign_in_and_deny(
    authorize_url: &str,
    address: &str,
    password: &str,
) -> io::Result<String> {
    walk(authorize_url, address, password, ("deny", &[])).await
}

/// As [`sign_in`], but unticks these scopes where the page lets one (Google's persona).
pub async fn sign_in_withholding(
    authorize_url: &str,
    address: &str,
    password: &str,
    scopes: &[&str],
) -> io::Result<String> {
    walk(authorize_url, address, password, ("allow", scopes)).await
}

/// Types the code that a device shows on the provider's page (RFC 8628, section 3.3), signs in and
/// presses *Allow*, or *Deny*.
pub async fn answer_device(
    verification_uri: &str,
    user_code: &str,
    (address, password): (&str, &str),
    allow: bool,
) -> io::Result<()> {
    let mut browser = Browser::default();
    let page = browser.open(verification_uri).await?;
    let page = browser
        .press(&page, "next", &[("user_code", user_code)])
        .await?;
    let decision = if allow { "allow" } else { "deny" };
    let page = sign_in_and_decide(&mut browser, page, (address, password), (decision, &[])).await?;
    if page.body.contains("id=\"message\"") {
        Ok(())
    } else {
        Err(shown(&page))
    }
}

/// A button of the consent page, and the scopes that are unticked before it is pressed.
type Decision<'a> = (&'a str, &'a [&'a str]);

async fn walk(
    authorize_url: &str,
    address: &str,
    password: &str,
    decision: Decision<'_>,
) -> io::Result<String> {
    let mut browser = Browser::default();
    let page = browser.open(authorize_url).await?;
    let page = sign_in_and_decide(&mut browser, page, (address, password), decision).await?;
    match page.leads_to {
        Some(url) => Ok(url.into()),
        None => Err(shown(&page)),
    }
}

async fn sign_in_and_decide(
    browser: &mut Browser,
    mut page: Page,
    (address, password): (&str, &str),
    (decision, withheld): Decision<'_>,
) -> io::Result<Page> {
    let withheld: Vec<String> = withheld
        .iter()
        .map(|scope| format!("scope:{scope}"))
        .collect();
    let unticked: Vec<_> = withheld.iter().map(|name| (name.as_str(), "")).collect();
    let credentials = [("address", address), ("password", password)];
    for (button, typed) in [("sign-in", &credentials[..]), (decision, &unticked)] {
        if page.leads_to.is_some() {
            break;
        }
        if !page.body.contains(&format!("id=\"{button}\"")) {
            return Err(shown(&page));
        }
        page = browser.press(&page, button, typed).await?;
    }
    Ok(page)
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
