//! Names and connections: what stands between this machine and a server.

use mailgrant_base::{Diagnosis, Fault};
use mailgrant_mail::{MailError, MailServer};

/// The name leads to no address.
pub(crate) fn not_resolved(host: &str, error: &MailError) -> Diagnosis {
    Diagnosis::new(
        Fault::Operator,
        format!("The name {host} leads to no address."),
        "Check how it is spelt in Mailgrant, and whether this machine can look up names at all.",
    )
    .said(why(error))
    .place(format!("getent hosts {host}, on this machine"))
}

/// There is an address, and no connection.
pub(crate) fn not_reached(server: &MailServer, error: &MailError) -> Diagnosis {
    Diagnosis::new(
        Fault::Operator,
        format!("{server} is not reached from this machine."),
        format!(
            "Check the port in Mailgrant, and whether a firewall lets this machine out to port {}. \
             If it worked before, the server may be down: Mailgrant tries again by itself.",
            server.port
        ),
    )
    .said(why(error))
}

/// What the operating system said, without our own words around it.
fn why(error: &MailError) -> String {
    match error {
        MailError::Connect { why, .. } => why.clone(),
        other => other.to_string(),
    }
}
