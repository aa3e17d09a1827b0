//! How many connections a mailbox may have.

use mailgrant_base::Diagnosis;
use mailgrant_mail::{MailError, Protocol};
use mailgrant_oauth::{ProviderKind, catalogue};

/// What is known of the limit; `own` is how many connections Mailgrant itself may have open.
pub(crate) fn connections_in_words(kind: ProviderKind, protocol: Protocol, own: usize) -> String {
    let label = protocol.label();
    let known = match catalogue::row(kind).connections.of(protocol) {
        Some(limit) => format!("The provider allows {limit} at a time by {label}"),
        None => format!("No limit is published for {label}"),
    };
    format!(
        "{known}; Mailgrant itself has at most {own} open, one for each account on this mailbox."
    )
}

/// Adds the published limit to a refusal that is about it.
pub(crate) fn login_limit(
    kind: ProviderKind,
    protocol: Protocol,
    error: &MailError,
    mut diagnosis: Diagnosis,
) -> Diagnosis {
    if error.too_many_connections().is_some()
        && let Some(limit) = catalogue::row(kind).connections.of(protocol)
    {
        diagnosis.what = format!(
            "{} The provider allows {limit} at a time by {}, all programs together.",
            diagnosis.what,
            protocol.label()
        );
    }
    diagnosis
}
