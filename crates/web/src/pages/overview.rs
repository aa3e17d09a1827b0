//! The overview: what needs a person, and all accounts in one table.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::Site;
use crate::layout::{Layout, page};
use crate::problem::Problem;
use crate::summary::{Everything, Need, Remedy, Summary};
use crate::visit::SignedIn;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    layout: Layout,
    accounts: Vec<Summary>,
    needs: Needs,
    providers: usize,
}

/// What needs a person; also sent alone, when it changes while the page is open.
#[derive(Template)]
#[template(path = "needs.html")]
pub(crate) struct Needs {
    pub(crate) needs: Vec<Need>,
    pub(crate) csrf: String,
}

/// The page.
pub(crate) async fn show(State(site): State<Site>, visitor: SignedIn) -> Result<Response, Problem> {
    let everything = Everything::load(&site).await?;
    let layout = Layout::signed_in("Overview", &visitor).section("overview");
    Ok(page(&Overview {
        needs: Needs {
            needs: everything.needs,
            csrf: layout.csrf.clone(),
        },
        layout,
        accounts: everything.accounts,
        providers: everything.providers,
    }))
}
