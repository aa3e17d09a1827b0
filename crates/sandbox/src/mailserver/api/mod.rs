//! The APIs by which mail is read, over HTTP: who may ask, what goes wrong, and the pages of a listing.

mod gmail;
mod graph;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::fault::ApiFault;
use super::handle::Shared;

/// No request is longer.
const LONGEST_REQUEST: usize = 1024 * 1024;
/// So many entries make a page, however many were asked for.
const PAGE: usize = 20;

/// Serves until the mail server stops; says where.
pub(super) async fn serve(address: SocketAddr, server: Arc<Shared>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let stop = server.stop.clone();
    let router = Router::new().fallback(answer).with_state(server);
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = axum::serve(listener, router) => {}
        }
    });
    Ok(address)
}

/// A request, taken apart.
struct Asked {
    method: Method,
    /// The parts of its path, decoded.
    path: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Value,
    /// Where it was sent: scheme, host and path.
    address: String,
    /// Method and address with its query: what a fault is for.
    line: String,
}

impl Asked {
    /// Every value of a parameter.
    fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let query = self.query.iter().filter(move |(known, _)| known == name);
        query.map(|(_, value)| value.as_str())
    }

    /// A refusal as the API writes it.
    fn refusal(&self, status: StatusCode, code: &str, message: &str) -> Response {
        let error = if self.is_gmail() {
            let reasons = [json!({ "domain": "global", "reason": code, "message": message })];
            json!({ "code": status.as_u16(), "errors": reasons, "message": message })
        } else {
            json!({ "code": code, "message": message })
        };
        document(status, &json!({ "error": error }))
    }

    fn is_gmail(&self) -> bool {
        self.path.first().is_some_and(|part| part == "gmail")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        let found = query.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A refusal: its status, the API's own word for it, and a sentence.
struct No(StatusCode, &'static str, &'static str);

async fn answer(
    State(server): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Infallible> {
    Ok(match read(request).await {
        Ok(asked) => {
            let answered = answered(&server, &asked);
            answered.unwrap_or_else(|No(status, code, why)| asked.refusal(status, code, why))
        }
        Err(No(status, _, why)) => document(status, &json!({ "error": { "message": why } })),
    })
}

async fn read(request: Request) -> Result<Asked, No> {
    const MALFORMED: No = No(StatusCode::BAD_REQUEST, "BadRequest", "Malformed request.");
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LONGEST_REQUEST).await;
    let body = body.map_err(|_| MALFORMED)?;
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).map_err(|_| MALFORMED)?
    };
    let path = head.uri.path().trim_start_matches('/').split('/');
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let query = head.uri.query().unwrap_or_default();
    let query = url::form_urlencoded::parse(query.as_bytes());
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    Ok(Asked {
        path: path.map(decoded).collect(),
        query: query.into_owned().collect(),
        address: format!("http://{}{}", host.unwrap_or_default(), head.uri.path()),
        line: format!("{} {}", head.method, head.uri),
        method: head.method,
        headers: head.headers,
        body,
    })
}

fn answered(server: &Shared, asked: &Asked) -> Result<Response, No> {
    if let Some(refused) = struck(server, asked) {
        return Ok(refused);
    }
    let token = asked.headers.get(AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let user = token.and_then(|token| server.tokens.look_up(token));
    let Some((user, _)) = user else {
        let code = if asked.is_gmail() {
            "authError"
        } else {
            "InvalidAuthenticationToken"
        };
        return Err(No(StatusCode::UNAUTHORIZED, code, "The token has expired."));
    };
    if asked.is_gmail() {
        gmail::answer(server, &user, asked)
    } else {
        graph::answer(server, &user, asked)
    }
}

/// The refusal that was asked for on demand.
fn struck(server: &Shared, asked: &Asked) -> Option<Response> {
    let refused = server.api_faults.take(|fault| match fault {
        ApiFault::Refuse {
            to,
            status,
            code,
            retry_after,
        } if asked.line.contains(to) => Some((*status, code.clone(), *retry_after)),
        _ => None,
    });
    let (status, code, retry_after) = refused?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = asked.refusal(status, &code, "On demand.");
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Some(response)
}

fn document(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A message's bytes, in several parts; or the beginning of them, and then the connection breaks.
fn bytes(server: &Shared, raw: &Bytes) -> Response {
    const PART: usize = 64 * 1024;
    let cut = server.api_faults.take(|fault| match fault {
        ApiFault::TruncateMessage(after) => Some(*after),
        _ => None,
    });
    let end = cut.unwrap_or(raw.len()).min(raw.len());
    let mut parts: Vec<io::Result<Bytes>> = Vec::new();
    let mut start = 0;
    while start < end {
        let next = end.min(start + PART);
        parts.push(Ok(raw.slice(start..next)));
        start = next;
    }
    if cut.is_some() {
        parts.push(Err(io::ErrorKind::ConnectionAborted.into()));
    }
    Response::new(Body::from_stream(futures_util::stream::iter(parts)))
}
