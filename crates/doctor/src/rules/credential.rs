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
    let is_second = expiry.what.starts_with("second ");
    let what = if left <= SignedDuration::ZERO {
        format!("The {} of {provider} ended on {end}.", expiry.what)
    } else if left <= SignedDuration::from_hours(24 * AHEAD) {
        let days = left.as_hours() / 24;
        let then = if is_second {
            "the first must serve by then."
        } else {
            "then no account of it gets a new token."
        };
        format!(
            "The {} of {provider} ends on {end}, in {days} days: {then}",
            expiry.what
        )
    } else {
        return None;
    };
    // Beside two credentials there is no room for a third.
    if is_second {
        let next = "See that the first one serves, then drop the second.";
        let diagnosis = Diagnosis::new(Fault::Operator, what, next);
        return Some(diagnosis.place(format!(
            "mailgrant provider test {provider}, then mailgrant provider change {provider} \
             --drop-second"
        )));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_an_end_is_possible_for_each_of_two_credentials() {
        let now: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        let ends = |what: &str| {
            let expiry = CredentialExpiry {
                what: what.to_owned(),
                at: now + SignedDuration::from_hours(24 * 5),
            };
            of_expiry("entra", &expiry, now).unwrap()
        };
        let first = ends("client secret");
        assert!(first.what.contains("in 5 days: then no account"));
        assert!(first.place.unwrap().ends_with("--keep-second"));
        let second = ends("second client secret");
        assert!(second.what.contains("in 5 days: the first must serve"));
        assert!(second.place.unwrap().ends_with("--drop-second"));
    }
}
