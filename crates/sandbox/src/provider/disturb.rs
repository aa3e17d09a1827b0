//! The faults of the token endpoint, carried out.

use std::convert::Infallible;
use std::io;

use axum::body::{Body, Bytes};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use http::{StatusCode, header};

use super::faults::{Faults, ProviderFault};
use super::refusal::Refusal;

/// Waits, if the answer is to be slow.
pub(super) async fn delay(faults: &Faults) {
    let slow = |fault: &ProviderFault| matches!(fault, ProviderFault::Slow(_));
    if let Some(ProviderFault::Slow(delay)) = faults.take(slow) {
        tokio::time::sleep(delay).await;
    }
}

/// What is answered instead of the truth, with its name for the log.
pub(super) fn replacement(faults: &Faults) -> Option<(String, Response)> {
    let fault = faults.take(|fault| {
        matches!(
            fault,
            ProviderFault::Refuse { .. }
                | ProviderFault::Answer { .. }
                | ProviderFault::Status { .. }
                | ProviderFault::Html
                | ProviderFault::Endless
        )
    })?;
    match fault {
        ProviderFault::Refuse { error, description } => {
            let name = error.clone();
            Some((name, Refusal::new(&error, description).into_response()))
        }
        ProviderFault::Answer { status, body } => {
            let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
            Some((code.to_string(), (code, json, body).into_response()))
        }
        ProviderFault::Status {
            status,
            retry_after,
        } => {
            let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (code, "The sandbox was told to fail.").into_response();
            if let Some(seconds) = retry_after {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, seconds.into());
            }
            Some((code.to_string(), response))
        }
        ProviderFault::Html => {
            let page = Html("<!DOCTYPE html><title>Please log in to the network</title>");
            Some(("HTML".to_owned(), page.into_response()))
        }
        ProviderFault::Endless => {
            let spaces = Ok::<_, Infallible>(Bytes::from_static(&[b' '; 8192]));
            let body = Body::from_stream(stream::repeat(spaces));
            let json = [(header::CONTENT_TYPE, "application/json")];
            Some(("endless".to_owned(), (json, body).into_response()))
        }
        _ => None,
    }
}

/// Lets the connection break in the middle of the answer, if that is due.
pub(super) fn cut(faults: &Faults, name: &str, response: Response) -> (String, Response) {
    if !faults.happens(&ProviderFault::Truncate) {
        return (name.to_owned(), response);
    }
    let (mut parts, _) = response.into_parts();
    // More is announced than comes. Between the part that comes and the break the server gets to
    // its socket once, so that the part is sent indeed.
    parts.headers.insert(header::CONTENT_LENGTH, 4096.into());
    let part = stream::once(async { Ok(Bytes::from_static(b"{\"access_token\":\"at_")) });
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let body = Body::from_stream(part.chain(end));
    (
        format!("{name}, truncated"),
        Response::from_parts(parts, body),
    )
}
