//! Mail services with logins of their own.

use super::{Installation, Step, redirect_warnings, scopes, tell_mailgrant};
use crate::catalogue::Row;

const WITH_SECRET: &[&str] = &["--client-id CLIENT-ID --client-secret-file secret.txt"];

fn title(row: &Row) -> String {
    format!("Register Mailgrant with {}", row.label)
}

fn asked(row: &Row, installation: &Installation<'_>) -> String {
    scopes(row, installation).on_the_wire.join(" ")
}

pub(super) fn yahoo(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let portal = row.portal.unwrap_or_default();
    let steps = vec![
        Step::new("Ask for access to mail")
            .text(
                "Send Yahoo its form for access to the Mail API and wait for the contract. Without \
                 it the scope below cannot be chosen, and there is nothing more to do here: use a \
                 password for applications until then.",
            )
            .value("Scope", asked(row, installation)),
        Step::new("Make the application")
            .text(format!("Open {portal}, Create an app, Confidential client."))
            .value("Application name", installation.name)
            .value("Redirect URI", installation.redirect_uri)
            .text("Copy the Client ID (CLIENT-ID below) and the Client Secret.")
            .warnings(redirect_warnings(installation))
            .warning("Notes of other applications say that Yahoo takes https alone, not even http://localhost."),
        tell_mailgrant(row, installation, WITH_SECRET),
    ];
    (title(row), steps)
}

pub(super) fn fastmail(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let portal = row.portal.unwrap_or_default();
    let steps = vec![
        Step::new("Ask Fastmail for a client")
            .text(format!(
                "Clients are registered by Fastmail's developers: see {portal}. Send them the \
                 values below, and pages about the client, its terms, its privacy and its support."
            ))
            .value("Client name", installation.name)
            .value("Redirect URI", installation.redirect_uri)
            .value("Scopes", asked(row, installation))
            .text("They send back a client id (CLIENT-ID below). There is no secret: PKCE protects the code.")
            .warnings(redirect_warnings(installation)),
        tell_mailgrant(
            row,
            installation,
            &["--client-id CLIENT-ID --no-client-secret"],
        ),
    ];
    (title(row), steps)
}

pub(super) fn yandex(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let portal = row.portal.unwrap_or_default();
    let steps = vec![
        Step::new("Make the application")
            .text(format!(
                "Open {portal}, create an application, platform Web services."
            ))
            .value("Name", installation.name)
            .value("Redirect URI", installation.redirect_uri)
            .value("Access to data", asked(row, installation))
            .text("Copy the ClientID (CLIENT-ID below) and the Client secret.")
            .warnings(redirect_warnings(installation))
            .warning("A later change of the rights ends all grants of the application."),
        Step::new("Let the mailbox take IMAP")
            .text("Mail, Settings, Email clients: allow access by IMAP, with tokens."),
        tell_mailgrant(row, installation, WITH_SECRET)
            .warning("A change of the person's password ends the grant."),
    ];
    (title(row), steps)
}

pub(super) fn mailru(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let portal = row.portal.unwrap_or_default();
    let steps = vec![
        Step::new("Make the application")
            .text(format!("Open {portal} and create an application."))
            .value("Name", installation.name)
            .value("Redirect URI", installation.redirect_uri)
            .value("Mailgrant asks for", asked(row, installation))
            .text("Copy the ID (CLIENT-ID below) and the secret.")
            .warnings(redirect_warnings(installation))
            .warning("Without offline_access and a fresh consent no refresh token comes; Mailgrant asks for both."),
        tell_mailgrant(row, installation, WITH_SECRET),
    ];
    (title(row), steps)
}

pub(super) fn zoho(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let portal = row.portal.unwrap_or_default();
    let steps = vec![
        Step::new("Make the client")
            .text(format!(
                "Open {portal}, or the same host of your own data centre (api-console.zoho.eu …): \
                 Add client, Server-based applications."
            ))
            .value("Client name", installation.name)
            .value("Authorized redirect URI", installation.redirect_uri)
            .value("Mailgrant asks for", asked(row, installation))
            .text("Copy the Client ID (CLIENT-ID below) and the Client Secret.")
            .warnings(redirect_warnings(installation)),
        Step::new("Let the mailbox take IMAP")
            .text("Zoho Mail, Settings, Mail accounts, the address, IMAP access."),
        tell_mailgrant(
            row,
            installation,
            &["--tenant DATA-CENTRE --client-id CLIENT-ID", "--client-secret-file secret.txt"],
        )
        .text("DATA-CENTRE is how Zoho's addresses end for you: com, eu, in, com.au, com.cn, jp or sa.")
        .text("Each account names its mail server by hand, for example imap.zoho.eu or imappro.zoho.eu."),
    ];
    (title(row), steps)
}

/// No page says how an application is registered.
pub(super) fn by_asking(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let steps = vec![
        Step::new("Ask for a client")
            .text(format!(
                "No public page says how {} registers applications. Ask its support for a client \
                 with these values.",
                row.label
            ))
            .value("Name", installation.name)
            .value("Redirect URI", installation.redirect_uri)
            .value("Scopes", asked(row, installation)),
        tell_mailgrant(row, installation, WITH_SECRET),
    ];
    (title(row), steps)
}
