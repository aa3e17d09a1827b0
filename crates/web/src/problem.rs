//! A failure as a page: what happened, what to do next, what the other side said.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mailgrant_base::{Diagnose, Diagnosis, Fault};
use tracing::Level;

use crate::layout::{Layout, page_with_status};

/// A failure, on its way to a page.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    diagnosis: Box<Diagnosis>,
}

/// The one table from who is at fault to the status of the page.
pub(crate) fn status(fault: Fault) -> StatusCode {
    match fault {
        Fault::Provider | Fault::Server => StatusCode::BAD_GATEWAY,
        Fault::Owner | Fault::Tenant => StatusCode::FORBIDDEN,
        Fault::Operator => StatusCode::CONFLICT,
        Fault::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, diagnosis: Diagnosis) -> Self {
        Self {
            status,
            diagnosis: Box::new(diagnosis),
        }
    }

    /// The account or provider of a link is not there (any more).
    pub(crate) fn gone(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Diagnosis::new(
                Fault::Owner,
                format!("There is no such {what}; perhaps it was removed meanwhile."),
                "Go back to the overview.",
            ),
        )
    }

    /// A form was sent that none of our buttons sends.
    pub(crate) fn nothing_said() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Diagnosis::new(
                Fault::Owner,
                "The form does not say what to do, so nothing was done.",
                "Go back, load the page again and press the button once more.",
            ),
        )
    }
}

impl<E: Diagnose> From<E> for Problem {
    fn from(error: E) -> Self {
        let diagnosis = error.diagnosis();
        Self::new(status(diagnosis.fault), diagnosis)
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    layout: Layout,
    diagnosis: &'a Diagnosis,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // What is the visitor's own turn is told to the visitor alone.
        if self.diagnosis.fault.level() == Level::ERROR {
            self.diagnosis.log("a page");
        }
        let page = ProblemPage {
            layout: Layout::bare("That did not work"),
            diagnosis: &self.diagnosis,
        };
        page_with_status(self.status, &page)
    }
}

/// Nothing is served under this path.
pub(crate) async fn no_such_page() -> Response {
    let diagnosis = Diagnosis::new(
        Fault::Owner,
        "There is no page at this address.",
        "Check the address, or go to the overview.",
    );
    Problem::new(StatusCode::NOT_FOUND, diagnosis).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(place: &str) -> String {
        let diagnosis = Diagnosis::new(Fault::Tenant, "It is blocked.", "Allow it.").place(place);
        let layout = Layout::bare("That did not work");
        let page = ProblemPage {
            layout,
            diagnosis: &diagnosis,
        };
        page.render().unwrap_or_default()
    }

    #[test]
    fn the_place_to_go_is_a_link_where_it_is_an_address() {
        let address = "https://login.microsoftonline.com/error?code=50105";
        let link = format!(r#"<a href="{address}" rel="noreferrer">{address}</a>"#);
        assert!(shown(address).contains(&link), "{}", shown(address));
        for words in [
            "Admin console > Security",
            "javascript:alert(1)",
            "https://a b",
        ] {
            let page = shown(words);
            assert!(page.contains("Where: "), "{page}");
            assert!(!page.contains("rel=\"noreferrer\""), "{page}");
        }
        assert_eq!(status(Fault::Tenant), StatusCode::FORBIDDEN);
    }
}
