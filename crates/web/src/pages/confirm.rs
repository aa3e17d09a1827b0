//! The page that asks before something is destroyed.

use askama::Template;

use crate::layout::Layout;

/// The page that asks before something is destroyed; works without scripts.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct Confirm {
    pub(crate) layout: Layout,
    /// What is lost, and what stays, each a sentence.
    pub(crate) consequences: Vec<String>,
    /// Where the form goes.
    pub(crate) action: String,
    /// What the button says.
    pub(crate) button: &'static str,
    /// Where "Cancel" leads.
    pub(crate) back: String,
}
