//! What every page has around it, and how pages become answers.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::notice::Notice;
use crate::statics;
use crate::visit::{SignedIn, Visit};

/// What every page has around it.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) title: String,
    /// Which part of the navigation is the present one: `overview`, `messages`, `providers` or
    /// none of them.
    pub(crate) section: &'static str,
    /// Who is signed in; the navigation is only there for them.
    pub(crate) name: Option<String>,
    /// What every form carries.
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    /// Names the present style sheet and script, so that a new version is not hidden by a cache.
    pub(crate) edition: &'static str,
}

impl Layout {
    /// For a page that an administrator sees.
    pub(crate) fn signed_in(title: impl Into<String>, visitor: &SignedIn) -> Self {
        Self::open(title, &visitor.visit)
    }

    /// For a page that anybody may see.
    pub(crate) fn open(title: impl Into<String>, visit: &Visit) -> Self {
        Self {
            title: title.into(),
            section: "",
            name: visit.administrator().map(|who| who.name.clone()),
            csrf: visit.csrf(),
            notice: visit.notice(),
            edition: statics::edition(),
        }
    }

    /// For a page without forms and without knowledge of who looks at it.
    pub(crate) fn bare(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            section: "",
            name: None,
            csrf: String::new(),
            notice: None,
            edition: statics::edition(),
        }
    }

    /// Marks the present part of the navigation.
    pub(crate) fn section(mut self, section: &'static str) -> Self {
        self.section = section;
        self
    }
}

/// A page as an answer.
pub(crate) fn page(template: &impl Template) -> Response {
    page_with_status(StatusCode::OK, template)
}

/// A page with another status than 200.
pub(crate) fn page_with_status(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered; please report this");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends the browser on by GET. `location` is a path of ours, or built from our own settings:
/// never from a request.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
