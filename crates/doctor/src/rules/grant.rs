//! Where a grant stands: who gave it, how long it lasts, why it ended.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_oauth::catalogue::{self, Rotation};
use mailgrant_oauth::error_catalogue::refine;
use mailgrant_oauth::{Access, ProviderKind, Said, explain};
use mailgrant_vault::{Grant, GrantState};

use super::{Evidence, day, same};

/// A grant is used at least so often, in days, while Mailgrant runs.
const USED_WITHIN: i64 = 31;

/// What is known of a grant's past.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct History {
    /// When a person gave it.
    pub(crate) consented: Option<Timestamp>,
    /// When it was used last.
    pub(crate) used: Option<Timestamp>,
    /// When it was found to have ended.
    pub(crate) ended: Option<Timestamp>,
}

/// Why there is no grant, by the words that were kept of its end and by its age.
pub(crate) fn ended(evidence: &Evidence, grant: &Grant, history: History) -> Diagnosis {
    let account = &evidence.account;
    let authorize = format!("mailgrant account authorize {account}");
    let reason = grant.reason.as_deref();
    match (grant.state, reason) {
        (GrantState::Pending | GrantState::Active, None) => {
            let (fault, what, next) = match evidence.access {
                Access::Delegated => (
                    Fault::Owner,
                    format!("Nobody has authorised {account} yet."),
                    format!("{} signs in once.", evidence.expected),
                ),
                Access::Application => (
                    Fault::Operator,
                    format!("{account} has not been connected yet."),
                    "Connect it; nobody has to sign in.".to_owned(),
                ),
            };
            Diagnosis::new(fault, what, next).place(authorize)
        }
        (GrantState::Revoked, _) => {
            let what = format!("The grant of {account} was revoked here.");
            let next = format!(
                "If the mailbox is to be used again, {} signs in once more.",
                evidence.expected
            );
            Diagnosis::new(Fault::Operator, what, next).place(authorize)
        }
        (_, reason) => by_the_provider(evidence, reason.unwrap_or_default(), history, &authorize),
    }
}

fn by_the_provider(
    evidence: &Evidence,
    reason: &str,
    history: History,
    authorize: &str,
) -> Diagnosis {
    let said = Said::recall(reason);
    let known = refine(
        evidence.kind,
        &said,
        between(history.consented, history.ended),
        between(history.used, history.ended),
    );
    let is_refined = known.is_some();
    let mut diagnosis = known.or_else(|| explain(reason)).unwrap_or_else(|| {
        let what = format!("The grant of {} has ended.", evidence.account);
        let next = format!("{} signs in once more.", evidence.expected);
        Diagnosis::new(Fault::Owner, what, next).said(reason)
    });
    // A number that is known says why; where only the OAuth code is, all that can end it is told.
    if !is_refined && said.error == "invalid_grant" && !reason.contains("AADSTS") {
        let row = catalogue::row(evidence.kind);
        if !row.ended_by.is_empty() {
            let all = row.ended_by.join("; ");
            diagnosis.what = format!(
                "{} What ends a grant there without a word: {all}.",
                diagnosis.what
            );
        }
        if row.rotation == Rotation::OldEnds {
            diagnosis.what.push_str(
                " Or an older copy of Mailgrant's database was in use: there, the use of an old \
                 refresh token ends the grant.",
            );
        }
    }
    if diagnosis.place.is_none() {
        diagnosis = diagnosis.place(authorize);
    }
    diagnosis
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Duration> {
    to?.duration_since(from?).try_into().ok()
}

/// A living grant, in words.
pub(crate) fn active_in_words(evidence: &Evidence, grant: &Grant) -> String {
    if evidence.access == Access::Application {
        return "In the application's own name; it ends with the application's permission."
            .to_owned();
    }
    let given = grant
        .authorized_at
        .map(|at| format!("given on {}", day(at)));
    let used = grant
        .renewed_at
        .map(|at| format!("used last on {}", day(at)));
    let facts = ["Active".to_owned()].into_iter().chain(given).chain(used);
    let facts = facts.collect::<Vec<_>>().join(", ");
    match grant.ends_unused(evidence.kind, evidence.access) {
        Some(end) => format!("{facts}; unused it would end on {}.", day(end)),
        None => format!("{facts}."),
    }
}

/// A grant that has not been used for so long that nobody can be keeping it alive.
pub(crate) fn of_age(evidence: &Evidence, grant: &Grant) -> Option<Diagnosis> {
    let used = grant.last_used()?;
    let age = evidence.now.duration_since(used);
    if evidence.access == Access::Application || age < SignedDuration::from_hours(24 * USED_WITHIN)
    {
        return None;
    }
    let end = match grant.ends_unused(evidence.kind, evidence.access) {
        Some(end) => format!("the provider ends it on {}", day(end)),
        None => "many providers end what is not used".to_owned(),
    };
    let what = format!(
        "The grant was used last on {}: nobody keeps it alive, and {end}.",
        day(used)
    );
    let next = "Keep `mailgrant serve` running: it renews each grant long before that.";
    Some(Diagnosis::new(Fault::Operator, what, next))
}

/// Who signed in, against who was expected; for a shared mailbox both names.
pub(crate) fn of_identity(evidence: &Evidence) -> Result<String, Diagnosis> {
    let Evidence {
        address, expected, ..
    } = evidence;
    if evidence.access == Access::Application {
        return Ok(format!(
            "Nobody signs in: the application {} opens {address} in its own name.",
            evidence.client
        ));
    }
    let Some(person) = evidence.person() else {
        return Ok(format!(
            "The provider did not say who signed in for {address}; {expected} is expected."
        ));
    };
    if !same(person, expected) {
        let what =
            format!("{person} signed in for the mailbox {address}, where {expected} was expected.");
        let next = format!(
            "If {expected} is another name of the same person, all is well; else let {expected} \
             sign in, for example in a private window."
        );
        let place = format!("mailgrant account authorize {}", evidence.account);
        return Err(Diagnosis::new(Fault::Owner, what, next).place(place));
    }
    Ok(if same(person, address) {
        format!("{person} signed in for their own mailbox.")
    } else {
        format!("{person} signed in for the shared mailbox {address}.")
    })
}

/// More grants of one person than a provider keeps: one more ends the oldest without a word.
pub(crate) fn of_many_tokens(kind: ProviderKind, given: usize) -> Option<Diagnosis> {
    let row = catalogue::row(kind);
    let limit = row.refresh_tokens_per_user?;
    if given * 2 <= usize::from(limit) {
        return None;
    }
    let what = format!(
        "This person has authorised Mailgrant {given} times; {} keeps {limit} grants of a person \
         to a client, and one more ends the oldest without a word.",
        row.label
    );
    let next = "Do not authorise again what works. Where a script does so, stop it.";
    let source = row.documented.sources.first().copied().unwrap_or_default();
    Some(Diagnosis::new(Fault::Operator, what, next).source(source))
}
