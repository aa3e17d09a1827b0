//! How many connections a mailbox may have.

use mailgrant_base::Diagnosis;
use mailgrant_mail::{MailError, Protocol};
use mailgrant_oauth::{ProviderKind, catalogue};

/// Words by which servers say that there are too many connections.
const TOO_MANY: [&str; 4] = [
    "too many simultaneous connections",
    "too many connections",
    "concurrent connections limit",
    "sender thread limit",
];

fn limit(kind: ProviderKind, protocol: Protocol) -> Option<u16> {
    let connections = catalogue::row(kind).connections;
    match protocol {
        Protocol::Imap => connections.imap,
        Protocol::Pop3 => connections.pop3,
        Protocol::Smtp => connections.smtp,
    }
}

/// What is known of the limit; `own` is how many connections Mailgrant itself may have open.
pub(crate) fn connections_in_words(kind: ProviderKind, protocol: Protocol, own: usize) -> String {
    let label = protocol.label();
    let known = match limit(kind, protocol) {
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
    let words = error.to_string().to_ascii_lowercase();
    if TOO_MANY.iter().any(|known| words.contains(known))
        && let Some(limit) = limit(kind, protocol)
    {
        diagnosis.what = format!(
            "{} The provider allows {limit} at a time by {}, all programs together.",
            diagnosis.what,
            protocol.label()
        );
    }
    diagnosis
}
