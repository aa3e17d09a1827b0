//! Gmail and Google Workspace.

use super::{Installation, Step, redirect_warnings, scopes, tell_mailgrant};
use crate::Resource;
use crate::catalogue::{Protocol, Row};

pub(super) fn guide(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let title = "Register Mailgrant with Google".to_owned();
    let steps = if installation.application {
        application(row, installation)
    } else {
        delegated(row, installation)
    };
    (title, steps)
}

/// Somebody signs in for each mailbox.
fn delegated(row: &Row, installation: &Installation<'_>) -> Vec<Step> {
    let asked = scopes(row, installation).on_the_wire;
    vec![
        project(row),
        Step::new("Describe the application")
            .text(
                "Google Auth Platform (formerly OAuth consent screen): Get started. Audience \
                 Internal serves the people of your own Workspace alone and needs no review.",
            )
            .text(
                "External serves everybody, gmail.com too. While it is in Testing, only the test \
                 users that you list may sign in. In Production Google wants to verify the \
                 application, because the scope for mail is a restricted one; until then people \
                 see a warning and a hundred of them may pass it.",
            )
            .value("App name", installation.name)
            .warning(
                "External and in Testing, every grant ends seven days after the consent. That is \
                 the most frequent reason for mailboxes that stop each week.",
            ),
        Step::new("Add the scope")
            .text("Data Access, Add or remove scopes: enter it by hand under the list.")
            .value("Scopes", asked.join(" "))
            .warning(
                "The slash at the end belongs to it. No narrower scope of Gmail opens IMAP, POP3 \
                 or SMTP.",
            ),
        Step::new("Make the client")
            .text("Clients, Create client, Web application; add the redirect URI.")
            .text(
                "For a command line on a desktop make a client of the type Desktop app instead: it \
                 takes http://127.0.0.1 with any port without being told.",
            )
            .value("Name", installation.name)
            .value("Authorized redirect URI", installation.redirect_uri)
            .text("Copy the Client ID (CLIENT-ID below) and the Client secret.")
            .warnings(redirect_warnings(installation))
            .warning(
                "Names that are not public and bare IP addresses are refused, except localhost.",
            ),
        Step::new("Let the Workspace trust it").text(
            "Only where the domain restricts applications: the domain's administrator opens \
                 Admin console, Security, Access and data control, API controls, App access \
                 control, and marks the client id as Trusted (otherwise: admin_policy_enforced).",
        ),
        mailbox_switches(installation),
        tell_mailgrant(
            row,
            installation,
            &["--client-id CLIENT-ID --client-secret-file secret.txt"],
        )
        .warning(
            "A change of the person's password ends the grant of a mailbox, and so do six months \
             without use or a hundred newer grants of the same person.",
        ),
    ]
}

/// A service account opens mailboxes of the domain.
fn application(row: &Row, installation: &Installation<'_>) -> Vec<Step> {
    let scope = row
        .application_grant
        .as_ref()
        .and_then(|grant| grant.scopes(Resource::Mail).first())
        .unwrap_or(&"");
    vec![
        project(row),
        Step::new("Make a service account and its key")
            .text(
                "IAM & Admin, Service accounts, Create service account; it needs no role. Then \
                 Keys, Add key, Create new key, JSON: the file is the credential, keep it safe.",
            )
            .text("Copy its Unique ID, a long number, from Details.")
            .value("Service account name", "mailgrant")
            .warning(
                "Where the organization's policy forbids keys for service accounts, its \
                 administrator must allow one here.",
            ),
        Step::new("Delegate the domain's mailboxes to it")
            .text(
                "The Workspace's super administrator opens https://admin.google.com, Security, \
                 Access and data control, API controls, Manage domain-wide delegation, Add new.",
            )
            .value(
                "Client ID",
                "the service account's Unique ID: the number, not its address",
            )
            .value("OAuth scopes", *scope)
            .warning("The scope must be exactly this, with the slash at its end.")
            .warning(
                "It may take from minutes to a day until Google accepts it; until then it says \
                 unauthorized_client.",
            ),
        mailbox_switches(installation),
        tell_mailgrant(row, installation, SERVICE_ACCOUNT)
            .text(
                "Each account's address is the mailbox that is opened: the person's own address, no \
                 alias, no group and nothing outside the domain.",
            )
            .warning(
                "This opens every mailbox of the domain: whoever has the key file, has them all.",
            ),
    ]
}

const SERVICE_ACCOUNT: &[&str] = &["--client-key-file KEY.json"];

fn project(row: &Row) -> Step {
    let portal = row.portal.unwrap_or_default();
    Step::new("Make a project").text(format!(
        "Open {portal}, choose or make a project; then APIs & Services, Library, Gmail API, \
             Enable."
    ))
}

fn mailbox_switches(installation: &Installation<'_>) -> Step {
    let reading: Vec<&str> = installation
        .protocols
        .iter()
        .filter(|protocol| **protocol != Protocol::Smtp)
        .map(|protocol| protocol.label())
        .collect();
    let names = if reading.is_empty() {
        "IMAP".to_owned()
    } else {
        reading.join(" and ")
    };
    Step::new("See that the mailbox takes these protocols").text(format!(
        "In a Workspace: Admin console, Apps, Google Workspace, Gmail, End User Access: {names} \
         must be allowed there, for all clients or for this client id. In the mailbox: Settings, \
         Forwarding and POP/IMAP."
    ))
}
