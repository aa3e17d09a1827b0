//! The guard in front of every route: session, cross-site requests, size of forms.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_oauth::is_loopback;
use mailgrant_vault::VaultError;
use secrecy::SecretString;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::app::Site;
use crate::cookies::{Cookie, Jar};
use crate::layout::see_other;
use crate::notice::Notice;
use crate::problem::Problem;
use crate::visit::{Browser, Sent, Visit};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever comes; forms are still protected.
    Anyone,
    /// Administrators who are signed in.
    SignedIn,
    /// Machines: no cookies are read or set, nothing can be changed.
    Machine,
}

/// A guard's post.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) site: Site,
    pub(crate) access: Access,
}

/// A form is never larger; a request that is larger is refused unread.
const LARGEST_FORM: usize = 64 * 1024;

/// Lets a request through to its page, or answers in its place.
pub(crate) async fn guard(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if gate.access == Access::Machine {
        return next.run(request).await;
    }
    if let Some(there) = same_page_under_our_name(&gate.site.public_url, &request) {
        return see_other(&there);
    }
    let jar = Jar::of(&gate.site.public_url);
    let visit = match recognise(&gate.site, jar, request.headers()).await {
        Ok(visit) => visit,
        Err(error) => return Problem::from(error).into_response(),
    };
    let mut response = match admit(&gate, &visit, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => *refusal,
    };
    if !visit.browser().arrived {
        let secret = secrecy::ExposeSecret::expose_secret(&visit.browser().secret);
        append(&mut response, jar.set(Cookie::Browser, secret, None));
    }
    if visit.notice().is_some() && is_page(&response) {
        append(&mut response, jar.drop(Cookie::Notice));
    }
    response
}

/// Where a page is asked for under another name of this machine than the one that the provider sends
/// browsers back to (`127.0.0.1` for `localhost`), cookies would be set where they do not arrive
/// later: the same page under our own name.
fn same_page_under_our_name(public_url: &Url, request: &Request) -> Option<String> {
    let asked = request.headers().get(HOST)?.to_str().ok()?;
    let asked = Url::parse(&format!("http://{asked}/")).ok()?;
    let reads = *request.method() == Method::GET;
    let both_local = is_loopback(&asked) && is_loopback(public_url);
    if !reads || !both_local || asked.host() == public_url.host() {
        return None;
    }
    let origin = public_url.origin().ascii_serialization();
    let path = request.uri().path_and_query()?;
    Some(format!("{origin}{path}"))
}

/// Finds out who is visiting.
async fn recognise(site: &Site, jar: Jar, headers: &HeaderMap) -> Result<Visit, VaultError> {
    let session = match jar.read(headers, Cookie::Session) {
        Some(token) => {
            let token = SecretString::from(token);
            let session = site.vault.session(&token, site.clock.now()).await?;
            session.map(|session| (token, session))
        }
        None => None,
    };
    let browser = match jar.read(headers, Cookie::Browser) {
        Some(secret) => Browser {
            secret: secret.into(),
            arrived: true,
        },
        None => Browser {
            secret: site.random.token().into(),
            arrived: false,
        },
    };
    let notice = jar.read(headers, Cookie::Notice).and_then(Notice::parse);
    Ok(Visit::new(session, browser, notice))
}

/// Checks what the visitor may do; hands back the request with all that its page needs.
async fn admit(gate: &Gate, visit: &Visit, request: Request) -> Result<Request, Box<Response>> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if gate.access == Access::SignedIn && visit.administrator().is_none() {
        let wanted = if reads { request.uri().path() } else { "/" };
        return Err(Box::new(sign_in_first(wanted)));
    }
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(visit.clone());
    if reads {
        return Ok(Request::from_parts(parts, body));
    }
    if !comes_from_here(&parts.headers, &gate.site.public_url) {
        return Err(Box::new(foreign_form().into_response()));
    }
    let Ok(body) = to_bytes(body, LARGEST_FORM).await else {
        return Err(Box::new(too_large().into_response()));
    };
    let sent = Sent::parse(&body);
    let expected = visit.csrf();
    if !bool::from(sent.raw("csrf").as_bytes().ct_eq(expected.as_bytes())) {
        return Err(Box::new(foreign_form().into_response()));
    }
    parts.extensions.insert(sent);
    Ok(Request::from_parts(parts, Body::empty()))
}

/// Whether the browser says that a form was sent by one of our own pages. `Sec-Fetch-Site` is
/// believed first; browsers that do not send it (or to an address that they do not trust) send
/// `Origin`. A program that sends neither still needs the form's own secret.
fn comes_from_here(headers: &HeaderMap, public_url: &Url) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    match headers.get(ORIGIN) {
        Some(origin) => *origin == *public_url.origin().ascii_serialization(),
        None => true,
    }
}

/// No session.
#[derive(Debug)]
pub(crate) struct NotSignedIn;

/// Sends the browser to the sign-in page, which leads to `wanted` afterwards.
pub(crate) fn sign_in_first(wanted: &str) -> Response {
    match wanted {
        "/" => see_other("/sign-in"),
        path => {
            let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
            see_other(&format!("/sign-in?next={next}"))
        }
    }
}

fn foreign_form() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        Diagnosis::new(
            Fault::Owner,
            "This form did not come from a page that is still valid, so nothing was done.",
            "Go back, load the page again and send it once more. The browser must accept cookies.",
        ),
    )
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        Diagnosis::new(
            Fault::Owner,
            "The form is too large, so nothing was done.",
            "Go back and send less.",
        ),
    )
}

fn is_page(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Adds a cookie to an answer.
pub(crate) fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
