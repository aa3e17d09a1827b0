//! The pages that people see. Askama escapes whatever is put into them.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::scope::Scope;

/// Nothing but our own style sheet; forms may go anywhere, because browsers apply `form-action`
/// to the redirect behind the consent form too.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; \
     frame-ancestors 'none'; base-uri 'none'";

/// The login page.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub(super) attempt: &'a str,
    pub(super) address: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) error: Option<&'a str>,
}

/// The consent page.
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) attempt: &'a str,
    pub(super) user: &'a str,
    pub(super) client: &'a str,
    /// Where the answer goes; `None`: to a device.
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) scopes: Vec<&'a str>,
    /// Whether each scope can be withheld.
    pub(super) granular: bool,
}

/// The page on which a device's code is typed.
#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct DevicePage<'a> {
    pub(super) action: &'a str,
    pub(super) code: &'a str,
    pub(super) error: Option<&'a str>,
}

/// A page that ends the matter.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    heading: &'a str,
    text: &'a str,
}

impl<'a> ConsentPage<'a> {
    /// The scopes as the page lists them.
    pub(super) fn list(scope: &'a Scope) -> Vec<&'a str> {
        scope.iter().collect()
    }
}

/// A page with the headers that every page has.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (
            status,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::CACHE_CONTROL, "no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            html,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page that says why it does not go on.
pub(super) fn message(status: StatusCode, heading: &str, text: &str) -> Response {
    page(status, &MessagePage { heading, text })
}

/// `GET /style.css`.
pub(super) async fn style_sheet() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../../templates/style.css"),
    )
}

/// Whatever is not there.
pub(super) async fn not_found() -> Response {
    message(
        StatusCode::NOT_FOUND,
        "Nothing here",
        "This is the identity provider of Mailgrant’s sandbox. Sign-ins begin in Mailgrant.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_into_a_page_is_escaped() {
        let evil = "\"><script>alert(1)</script>";
        let sign_in = SignInPage {
            attempt: evil,
            address: evil,
            hint: Some(evil),
            error: Some(evil),
        };
        let consent = ConsentPage {
            attempt: evil,
            user: evil,
            client: evil,
            redirect_uri: Some(evil),
            scopes: vec![evil],
            granular: true,
        };
        let device = DevicePage {
            action: evil,
            code: evil,
            error: Some(evil),
        };
        let message = MessagePage {
            heading: evil,
            text: evil,
        };
        for html in [
            sign_in.render(),
            consent.render(),
            device.render(),
            message.render(),
        ] {
            let html = html.unwrap();
            assert!(html.contains("script"), "{html}");
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("\"\">"), "{html}");
        }
    }
}
