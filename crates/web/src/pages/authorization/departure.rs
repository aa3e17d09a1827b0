//! The browser leaves for the provider's own login page.

use askama::Template;
use axum::response::Response;
use http::HeaderValue;
use http::header::REFRESH;
use mailgrant_keeper::Departure;

use crate::layout::{Layout, page};

#[derive(Template)]
#[template(path = "departure.html")]
struct DeparturePage {
    layout: Layout,
    url: String,
    host: String,
}

/// Leaves by a page of its own. A redirect would still count as the answer to our form, and a
/// browser that keeps to `form-action 'self'` would stop it: at the provider, or at whatever login
/// page the provider sends the browser on to, which nobody knows beforehand.
pub(crate) fn leave(departure: &Departure) -> Response {
    let url = departure.url.as_str();
    let mut response = page(&DeparturePage {
        layout: Layout::bare("To the login page"),
        url: url.to_owned(),
        host: departure
            .url
            .host_str()
            .unwrap_or("the provider")
            .to_owned(),
    });
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={url}")) {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}
