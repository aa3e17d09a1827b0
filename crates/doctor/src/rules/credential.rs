//! The end of client credentials, and what a refused one stops.

use jiff::{SignedDuration, Timestamp};
use mailgrant_base::{Diagnosis, Fault};
use mailgrant_vault::CredentialExpiry;

use super::day;

/// So many days before its end a credential is noticed.
const AHEAD: i64 = 60;

/// What there is to say about a credential's end, as it was entered or stands in its certificate.
/// Whether the provider takes it is another step.
pub(crate) fn of_expiry(
    provider: &str,
    expiry: &CredentialExpiry,
    now: Timestamp,
) -> Option<Diagnosis> {
    let left = expiry.at.duration_since(now);
    let end = day(expiry.at);
    let what = if left <= SignedDuration::ZERO {
        format!("The {} of {provider} ended on {end}.", expiry.what)
    } else if left <= SignedDuration::from_hours(24 * AHEAD) {
        let days = left.as_hours() / 24;
        format!(
            "The {} of {provider} ends on {end}, in {days} days: then no account of it gets a new \
             token.",
            expiry.what
        )
    } else {
        return None;
    };
    let next = "Make a new one at the provider and enter it in Mailgrant beside the old one, which \
                serves as the second until its end.";
    let diagnosis = Diagnosis::new(Fault::Operator, what, next);
    Some(diagnosis.place(format!(
        "mailgrant provider change {provider} --client-secret-file FILE --keep-second"
    )))
}

/// A refused registration is nobody's mailbox's fault: it is told once for all of them.
pub(crate) fn client_refused(mut refusal: Diagnosis, provider: &str, accounts: usize) -> Diagnosis {
    if refusal.fault != Fault::Provider && accounts > 1 {
        refusal.what = format!(
            "{} This stops all {accounts} accounts of {provider}, and is mended once for all of \
             them.",
            refusal.what
        );
    }
    refusal
}
