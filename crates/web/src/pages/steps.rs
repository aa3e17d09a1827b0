//! What a test found out, step by step.

use askama::Template;
use mailgrant_base::Diagnosis;

use crate::fields::Field;
use crate::layout::Layout;

/// What a test of a provider or a mailbox found out.
#[derive(Template)]
#[template(path = "steps.html")]
pub(crate) struct Steps {
    pub(crate) layout: Layout,
    /// Each step, and what came of it.
    pub(crate) found: Vec<(String, Result<String, Diagnosis>)>,
    /// Where the test can be run again.
    pub(crate) again: String,
    /// What is tested there; empty where that is all.
    pub(crate) to: String,
    /// The next thing to try where all is well: its button sends `send=yes` to the same place.
    pub(crate) then: Option<Then>,
    /// Where "Back" leads.
    pub(crate) back: String,
}

/// The next thing to try.
pub(crate) struct Then {
    /// What its button says.
    pub(crate) label: &'static str,
    /// What can be chosen with it, if anything.
    pub(crate) choice: Option<Field>,
}

impl Steps {
    fn all_well(&self) -> bool {
        self.found.iter().all(|(_, outcome)| outcome.is_ok())
    }
}
