//! The headers that every answer carries.

use axum::response::Response;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// Nothing but our own style sheet, script, pictures and live numbers; no frames; forms lead here.
/// `form-action` also holds for redirects that answer a form, which is why
/// [`departure`](crate::pages::authorization::departure) leaves by a page of its own.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

const EVERYWHERE: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// A code stands in the page's address (RFC 9700, section 4.2.4).
pub(crate) fn tell_nobody_the_address(response: &mut Response) {
    let nobody = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(REFERRER_POLICY, nobody);
}

/// Adds them, except where an answer has its own.
pub(crate) async fn add(mut response: Response) -> Response {
    for (name, value) in EVERYWHERE {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
