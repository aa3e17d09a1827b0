//! Plays the person at the browser, so that tests need none.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// How long one page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest page that is read.
const LARGEST: usize = 256 * 1024;

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
    let url = Url::parse(authorize_url).map_err(invalid)?;
    let login_page = match visit(&url, None).await? {
        Step::Redirect(location) => return Ok(location),
        Step::Page(page) => page,
    };
    let attempt = attempt(&login_page)?;
    let credentials = [
        ("attempt", attempt),
        ("address", address),
        ("password", password),
    ];
    let target = url.join("/sign-in").map_err(invalid)?;
    let consent_page = match visit(&target, Some(&credentials)).await? {
        Step::Redirect(location) => return Ok(location),
        Step::Page(page) => page,
    };
    if !consent_page.contains("id=\"allow\"") {
        return Err(shown(&consent_page));
    }
    let choice = [("attempt", attempt), ("decision", decision)];
    let target = url.join("/consent").map_err(invalid)?;
    match visit(&target, Some(&choice)).await? {
        Step::Redirect(location) => Ok(location),
        Step::Page(page) => Err(shown(&page)),
    }
}

/// What comes of opening an address.
enum Step {
    Page(String),
    Redirect(String),
}

/// Opens an address, or sends it a form.
async fn visit(url: &Url, form: Option<&[(&str, &str)]>) -> io::Result<Step> {
    let response = tokio::time::timeout(PATIENCE, exchange(url, form)).await??;
    if let Some(location) = response.headers().get(header::LOCATION) {
        let location = location.to_str().map_err(invalid)?;
        return Ok(Step::Redirect(location.to_owned()));
    }
    Ok(Step::Page(response.into_body()))
}

async fn exchange(url: &Url, form: Option<&[(&str, &str)]>) -> io::Result<Response<String>> {
    let port = url
        .port_or_known_default()
        .ok_or_else(|| invalid("the address has no port"))?;
    let stream = TcpStream::connect((loopback(url)?, port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::builder()
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(header::HOST, url.authority());
    let request = match form {
        None => request.body(Body::empty()),
        Some(form) => {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(form);
            request
                .method("POST")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(body.finish()))
        }
    };
    let response = sender
        .send_request(request.map_err(invalid)?)
        .await
        .map_err(io::Error::other)?;
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(Body::new(body), LARGEST)
        .await
        .map_err(io::Error::other)?;
    drop(connection);
    let body = String::from_utf8(body.into()).map_err(invalid)?;
    Ok(Response::from_parts(parts, body))
}

/// The loopback address that a URL names; the sandbox talks to no other.
fn loopback(url: &Url) -> io::Result<IpAddr> {
    match url.host() {
        Some(Host::Ipv4(address)) if address.is_loopback() => Ok(address.into()),
        Some(Host::Ipv6(address)) if address.is_loopback() => Ok(address.into()),
        Some(Host::Domain("localhost")) => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => Err(invalid("the address is not on loopback")),
    }
}

/// The name of the sign-in that a login page carries.
fn attempt(page: &str) -> io::Result<&str> {
    between(page, "name=\"attempt\" value=\"", "\"").ok_or_else(|| shown(page))
}

/// What a page tells the person who wanted to go on.
fn shown(page: &str) -> io::Error {
    let text = between(page, "role=\"alert\">", "<")
        .or_else(|| between(page, "id=\"message\">", "<"))
        .unwrap_or(page);
    io::Error::other(format!("the provider says: {text}"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}
