//! Signing in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use askama::Template;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use axum::{Extension, RequestPartsExt as _};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use mailgrant_vault::{Administrator, EventKind, NewEvent};

use crate::app::Site;
use crate::cookies::{Cookie, Jar};
use crate::fields::{Field, Filled, Section};
use crate::guard::append;
use crate::layout::{Layout, page, page_with_status, see_other};
use crate::problem::Problem;
use crate::visit::{Sent, Visit};

/// A session ends so long after the sign-in, whatever happens in it.
const SESSION: Duration = Duration::from_hours(12);

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    layout: Layout,
    form: Filled,
    next: String,
    /// Nobody can sign in yet.
    not_set_up: bool,
}

/// The page.
pub(crate) async fn show(
    State(site): State<Site>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let next = wanted(query.as_deref().unwrap_or_default());
    if visit.administrator().is_some() {
        return Ok(see_other(local(&next)));
    }
    Ok(page(&SignIn {
        layout: Layout::open("Sign in", &visit),
        form: Filled::new(sections("")),
        next: local(&next).to_owned(),
        not_set_up: !site.vault.has_administrator().await?,
    }))
}

/// Name and password were sent.
pub(crate) async fn submit(
    State(site): State<Site>,
    From(address): From,
    visit: Visit,
    sent: Sent,
) -> Result<Response, Problem> {
    let name = sent.text("name");
    let refuse = |status, problem: String| {
        let page = SignIn {
            layout: Layout::open("Sign in", &visit),
            form: Filled::with_problem(sections(&name), problem),
            next: local(sent.raw("next")).to_owned(),
            not_set_up: false,
        };
        page_with_status(status, &page)
    };
    if let Err(wait) = site.sign_in_limit.admit(address) {
        let seconds = wait.as_secs() + 1;
        let problem = format!("Too many tries. Wait {seconds} seconds, then try again.");
        let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, problem);
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    let password = sent.secret("password");
    let Some(who) = site.vault.check_password(&name, &password).await? else {
        site.sign_in_limit.failed(address);
        let text = format!("Somebody at {address} gave a wrong name or password.");
        note(&site, EventKind::SignInRefused, "nobody", text).await?;
        let problem = "Name or password is wrong.".to_owned();
        return Ok(refuse(StatusCode::UNAUTHORIZED, problem));
    };
    site.sign_in_limit.succeeded(address);
    if let Some(old) = visit.session_token() {
        site.vault.end_session(old).await?;
    }
    let text = format!("{} signed in from {address}.", who.name);
    note(&site, EventKind::SignedIn, &who.name, text).await?;
    begin_session(&site, &who, see_other(local(sent.raw("next")))).await
}

fn sections(name: &str) -> Vec<Section> {
    let name = Field::text("name", "Name", name)
        .complete("username")
        .required();
    let password = Field::password("password", "Password")
        .complete("current-password")
        .required();
    vec![Section::new("", vec![name, password])]
}

/// Begins a session and gives its cookie to the browser.
pub(crate) async fn begin_session(
    site: &Site,
    who: &Administrator,
    mut response: Response,
) -> Result<Response, Problem> {
    let token = site.random.token();
    let csrf = site.random.token().into();
    let now = site.clock.now();
    let ends = now
        .saturating_add(SignedDuration::try_from(SESSION).unwrap_or_default())
        .unwrap_or(now);
    site.vault
        .begin_session(who.id, &token.as_str().into(), &csrf, now, ends)
        .await?;
    let cookie = Jar::of(&site.public_url).set(Cookie::Session, &token, Some(SESSION));
    append(&mut response, cookie);
    Ok(response)
}

/// Records what an administrator (or somebody who is none) did at the door.
pub(crate) async fn note(
    site: &Site,
    kind: EventKind,
    actor: &str,
    text: String,
) -> Result<(), Problem> {
    let event = NewEvent {
        kind,
        actor: actor.to_owned(),
        provider: None,
        account: None,
        text,
    };
    Ok(site.vault.record(event, site.clock.now()).await?)
}

/// Where to go after the sign-in.
fn wanted(query: &str) -> String {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    found.map_or_else(String::new, |(_, next)| next.into_owned())
}

/// A path of our own pages, and nothing that a browser could read as another site.
fn local(path: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-');
    if path.starts_with('/') && !path.starts_with("//") && path.chars().all(plain) {
        path
    } else {
        "/"
    }
}

/// Where a request comes from. Behind a reverse proxy that is the proxy: headers that anybody
/// could write are not believed.
pub(crate) struct From(pub(crate) IpAddr);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        let peer = parts.extract::<Extension<ConnectInfo<SocketAddr>>>().await;
        Ok(Self(peer.map_or(
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            |Extension(ConnectInfo(peer))| peer.ip(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_gone_to_after_the_sign_in() {
        assert_eq!(local("/accounts/3"), "/accounts/3");
        for evil in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a?b=//c",
            "/\n//evil",
            "javascript:alert(1)",
        ] {
            assert_eq!(local(evil), "/", "{evil}");
        }
    }
}
