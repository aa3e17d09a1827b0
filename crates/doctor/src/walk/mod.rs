//! The way, step by step. One file per stretch; the first failure of a stretch is its last step.

mod grant;
mod mailbox;
mod names;
mod provider;
mod token;

use std::time::Duration;

pub use mailbox::open_folders;

use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_mail::Protocol;
use mailgrant_vault::{Account, AccountId, Provider, VaultError};
use tokio::time::{Instant, timeout};

use crate::rules::Evidence;
use crate::{Doctor, Outcome, Report, Step, Verdict};

/// Walks the way of an account.
pub(crate) async fn examine(
    doctor: &Doctor,
    account: AccountId,
    told: impl FnMut(&Step) + Send,
) -> Report {
    let mut walk = Walk::begin(doctor, told);
    let look = walk.step(
        "profile",
        "Account and provider profile",
        profile(doctor, account),
    );
    let Some((account, provider)) = look.await else {
        return walk.end(account.0.to_string(), String::new());
    };
    let mut evidence = Evidence::of(&account, &provider, doctor.clock.now());
    walk.provider(&provider).await;
    let grant = walk.grant(&account, &provider, &mut evidence).await;
    let token = walk
        .token(&account, &provider, grant.is_some(), &mut evidence)
        .await;
    for protocol in Protocol::ALL {
        let way = mailbox::Way {
            account: &account,
            provider: &provider,
            grant: grant.as_ref(),
            token: token.as_ref(),
            evidence: &evidence,
            protocol,
        };
        Box::pin(walk.mailbox(way)).await;
    }
    walk.end(account.draft.name, provider.name)
}

async fn profile(
    doctor: &Doctor,
    id: AccountId,
) -> Result<(Outcome, (Account, Provider)), Diagnosis> {
    let stored = |error: VaultError| error.diagnosis();
    let gone = || {
        Diagnosis::new(
            Fault::Operator,
            "There is no such account.",
            "`mailgrant account list` shows the accounts.",
        )
    };
    let account = doctor.vault.account(id).await.map_err(stored)?;
    let account = account.ok_or_else(gone)?;
    let provider = doctor.vault.provider(account.draft.provider).await;
    let provider = provider.map_err(stored)?.ok_or_else(gone)?;
    let outcome = provider::profile_in_words(&account, &provider);
    Ok((outcome, (account, provider)))
}

/// An examination under way.
pub(super) struct Walk<'a, T> {
    doctor: &'a Doctor,
    told: T,
    steps: Vec<Step>,
    end: Instant,
}

impl<'a, T: FnMut(&Step) + Send> Walk<'a, T> {
    fn begin(doctor: &'a Doctor, told: T) -> Self {
        Self {
            doctor,
            told,
            steps: Vec::new(),
            end: Instant::now() + doctor.limits.total,
        }
    }

    fn end(self, account: String, provider: String) -> Report {
        Report {
            account,
            provider,
            verdict: Verdict::on(&self.steps),
            steps: self.steps,
        }
    }

    /// Does a step within its time; what it found, where it did not fail.
    async fn step<F>(
        &mut self,
        name: &'static str,
        title: impl Into<String>,
        work: impl Future<Output = Result<(Outcome, F), Diagnosis>>,
    ) -> Option<F> {
        let title = title.into();
        let began = Instant::now();
        let left = self.end.saturating_duration_since(began);
        if left.is_zero() {
            let seconds = self.doctor.limits.total.as_secs();
            self.skip(
                name,
                title,
                format!("The doctor's {seconds} seconds are over."),
            );
            return None;
        }
        let limit = left.min(self.doctor.limits.step);
        let (outcome, found) = match timeout(limit, work).await {
            Ok(Ok((outcome, found))) => (outcome, Some(found)),
            Ok(Err(diagnosis)) => (Outcome::Failed(diagnosis), None),
            Err(_) => (Outcome::Failed(too_slow(limit)), None),
        };
        self.tell(name, title, began.elapsed(), outcome);
        found
    }

    fn skip(&mut self, name: &'static str, title: impl Into<String>, why: impl Into<String>) {
        let why = why.into();
        self.tell(name, title, Duration::ZERO, Outcome::Skipped { why });
    }

    /// A step that is known.
    fn tell(
        &mut self,
        name: &'static str,
        title: impl Into<String>,
        took: Duration,
        outcome: Outcome,
    ) {
        let step = Step {
            name,
            title: title.into(),
            took,
            outcome,
        };
        (self.told)(&step);
        self.steps.push(step);
    }

    /// What needs no work to be known.
    fn note(
        &mut self,
        name: &'static str,
        title: impl Into<String>,
        found: Result<String, Diagnosis>,
    ) {
        let outcome = match found {
            Ok(found) => Outcome::Passed { found },
            Err(diagnosis) => Outcome::Noticed(diagnosis),
        };
        self.tell(name, title, Duration::ZERO, outcome);
    }
}

fn too_slow(limit: Duration) -> Diagnosis {
    let what = format!("There was no answer within {} seconds.", limit.as_secs());
    let next = "Run the doctor again; if it stays, look at the network between Mailgrant and the \
                other side.";
    Diagnosis::new(Fault::Server, what, next)
}

/// So many names of one kind are shown in a step.
const MOST_NAMES: usize = 20;

/// Names that a server shows of itself, in a line that can be read however many there are.
fn listed(names: &[String]) -> String {
    let shown = names.get(..MOST_NAMES).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A step that passed.
fn passed(found: impl Into<String>) -> Outcome {
    Outcome::Passed {
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_names_a_server_shows_the_line_can_be_read() {
        let names: Vec<String> = (0..100_000).map(|number| format!("M{number}")).collect();
        assert_eq!(listed(&names[..2]), "M0, M1");
        assert!(listed(&names[..20]).ends_with("M18, M19"));
        assert!(listed(&names).ends_with("M18, M19 and 99980 more"));
        assert_eq!(listed(&[]), "");
    }
}
