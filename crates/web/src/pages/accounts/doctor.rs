//! The doctor: walks the way of an account and says what is wrong, whose turn it is and where to go.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_doctor::{Outcome, Step, Verdict};
use mailgrant_vault::Account;

use super::find;
use crate::app::Site;
use crate::layout::{Layout, page};
use crate::path::Path;
use crate::problem::Problem;
use crate::visit::SignedIn;

/// How long a person waits before the page; what is not known then is left out.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Template)]
#[template(path = "doctor.html")]
struct DoctorPage {
    layout: Layout,
    id: i64,
    name: String,
    found: Option<Found>,
}

/// What came of an examination.
struct Found {
    steps: Vec<Step>,
    conclusion: Conclusion,
}

/// What it comes to.
enum Conclusion {
    /// Nothing is in the way; so many things are noted.
    Well(usize),
    /// The step that failed first, and what is wrong by all that was found.
    Ill(String, Box<Diagnosis>),
    /// The examination took too long.
    Unfinished,
}

/// The button.
pub(crate) async fn show(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    Ok(page(&view(&visitor, &account, None)))
}

/// Examines the account and shows what was found.
pub(crate) async fn submit(
    State(site): State<Site>,
    Path(id): Path<i64>,
    visitor: SignedIn,
) -> Result<Response, Problem> {
    let account = find(&site, id).await?;
    let mut told = Vec::new();
    // Nobody closes it; a place is held until the examination is over.
    let _place = site.examinations.acquire().await;
    let examining = site
        .doctor
        .examine(account.id, |step| told.push(step.clone()));
    let report = tokio::time::timeout(PATIENCE, examining).await;
    let found = match report {
        Ok(report) => Found {
            conclusion: conclusion(&report.steps, report.verdict),
            steps: report.steps,
        },
        Err(_) => Found {
            steps: told,
            conclusion: Conclusion::Unfinished,
        },
    };
    Ok(page(&view(&visitor, &account, Some(found))))
}

fn conclusion(steps: &[Step], verdict: Verdict) -> Conclusion {
    match verdict {
        Verdict::Well { notices } => Conclusion::Well(notices),
        Verdict::Ill { step, diagnosis } => {
            let title = steps.iter().find(|one| one.name == step);
            let title = title.map_or_else(|| step.to_owned(), |one| one.title.clone());
            Conclusion::Ill(title, Box::new(diagnosis))
        }
    }
}

fn view(visitor: &SignedIn, account: &Account, found: Option<Found>) -> DoctorPage {
    let title = format!("Doctor for {}", account.draft.name);
    DoctorPage {
        layout: Layout::signed_in(title, visitor).section("overview"),
        id: account.id.0,
        name: account.draft.name.clone(),
        found,
    }
}

/// How a step looks, and its mark in a word.
fn mark(step: &Step) -> (&'static str, &'static str) {
    match &step.outcome {
        Outcome::Passed { .. } => ("good", "well"),
        Outcome::Noticed(_) => ("noticed", "noted"),
        Outcome::Failed(_) => ("attention", "failed"),
        Outcome::Skipped { .. } => ("skipped", "skipped"),
    }
}

/// `12 ms`, `3.4 s`.
fn time(took: &Duration) -> String {
    if *took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// Whose turn it is, as the beginning of a sentence.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a template hands out references"
)]
fn turn(fault: &Fault) -> String {
    let words = fault.turn();
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", letters.as_str())
}
