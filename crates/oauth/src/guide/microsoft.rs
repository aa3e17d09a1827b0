//! Microsoft Entra ID and Exchange Online, in each cloud.

use super::{Installation, Step, redirect_warnings, scopes, tell_mailgrant};
use crate::ProviderKind;
use crate::catalogue::{Protocol, Row};

const NO_QUERY: &str = "It has a query (the part behind “?”): Microsoft takes such a URI only where \
                        the supported account types leave personal Microsoft accounts out.";

pub(super) fn guide(row: &Row, installation: &Installation<'_>) -> (String, Vec<Step>) {
    let title = format!("Register Mailgrant with {}", row.label);
    let steps = if installation.application {
        application(row, installation)
    } else {
        delegated(row, installation)
    };
    (title, steps)
}

/// Somebody signs in for each mailbox.
fn delegated(row: &Row, installation: &Installation<'_>) -> Vec<Step> {
    let mut steps = vec![
        register(row, installation),
        copy_ids(),
        delegated_permissions(row, installation),
        credential(),
        who_may_sign_in(),
        mailbox_switches(installation),
        shared_mailbox(),
    ];
    steps.push(tell_mailgrant(row, installation, FLAGS));
    steps
}

/// The application opens mailboxes itself.
fn application(row: &Row, installation: &Installation<'_>) -> Vec<Step> {
    let mut steps = vec![
        register(row, installation),
        copy_ids(),
        application_permissions(row, installation),
        credential(),
        service_principal(row),
        mailbox_permissions(installation),
        mailbox_switches(installation),
    ];
    steps.push(
        tell_mailgrant(row, installation, FLAGS)
            .text("A certificate goes in the secret's place with --client-key-file.")
            .warning("The tenant must be its id or domain here: common, organizations and consumers have no access as an application."),
    );
    steps
}

const FLAGS: &[&str] = &[
    "--tenant TENANT-ID --client-id CLIENT-ID",
    "--client-secret-file secret.txt",
];

fn register(row: &Row, installation: &Installation<'_>) -> Step {
    let portal = row.portal.unwrap_or_default();
    let mut step = Step::new("Register the application")
        .text(format!(
            "Sign in at {portal} as at least an Application Developer and open Entra ID, App \
             registrations, New registration."
        ))
        .text(
            "Supported account types: “this organizational directory only” where all mailboxes \
             are in your own tenant; “any organizational directory” for those of several.",
        )
        .value("Name", installation.name)
        .value("Redirect URI, platform Web", installation.redirect_uri)
        .warnings(redirect_warnings(installation));
    if !installation.application {
        step = step.text(
            "For `account authorize --here` add http://localhost/ beside it. For `--device` \
                 switch on Allow public client flows under Authentication; where a tenant later \
                 forbids codes, what they brought ends too (AADSTS530036), so prefer the browser.",
        );
    }
    if row.kind == ProviderKind::Microsoft {
        step = step.text(
            "Mailboxes at Outlook.com need the choice that includes personal Microsoft accounts.",
        );
        if installation.redirect_uri.contains('?') {
            step = step.warning(NO_QUERY);
        }
    } else {
        step = step.warning(
            "This cloud has registrations of its own: one of the global cloud is worth nothing \
             here, and there are no personal accounts.",
        );
    }
    if installation.redirect_uri.starts_with("http://127.0.0.1") {
        step = step.warning(
            "The portal's form refuses 127.0.0.1: enter it in the manifest, or use localhost.",
        );
    }
    step.warning(
        "The platform must be Web. With “Mobile and desktop” the secret is refused \
         (AADSTS700025), with “Single-page application” every grant ends after 24 hours \
         (AADSTS700084).",
    )
}

fn copy_ids() -> Step {
    Step::new("Copy two ids from the application's Overview")
        .text(
            "The Application (client) ID is CLIENT-ID, the Directory (tenant) ID TENANT-ID below.",
        )
        .warning("The Object ID on the same page is neither.")
}

fn delegated_permissions(row: &Row, installation: &Installation<'_>) -> Step {
    let asked = scopes(row, installation).on_the_wire;
    let names = installation
        .protocols
        .iter()
        .map(|protocol| match protocol {
            Protocol::Imap => "IMAP.AccessAsUser.All",
            Protocol::Pop3 => "POP.AccessAsUser.All",
            Protocol::Smtp => "SMTP.Send",
        });
    let names: Vec<&str> = names.collect();
    Step::new("Add the permissions")
        .text(
            "API permissions, Add a permission, Microsoft Graph, Delegated permissions: search for \
             the names below. Where the list does not have them, choose the tab APIs my \
             organization uses, Office 365 Exchange Online, Delegated permissions.",
        )
        .text(
            "Then an administrator presses Grant admin consent. Without that each person is asked \
             on signing in, where your tenant allows people to consent at all.",
        )
        .value("Permissions", names.join(", "))
        .value(
            "And, for a lasting grant and the person's name",
            "offline_access, openid, profile, email",
        )
        .value("Mailgrant asks for", asked.join(" "))
        .warning(
            "Mail.Read, Mail.ReadWrite and Mail.Send belong to the Graph API: IMAP, POP3 and SMTP \
             refuse their tokens.",
        )
}

fn application_permissions(row: &Row, installation: &Installation<'_>) -> Step {
    let names = installation
        .protocols
        .iter()
        .map(|protocol| match protocol {
            Protocol::Imap => "IMAP.AccessAsApp",
            Protocol::Pop3 => "POP.AccessAsApp",
            Protocol::Smtp => "SMTP.SendAsApp",
        });
    let names: Vec<&str> = names.collect();
    let scope = row
        .application_grant
        .as_ref()
        .and_then(|grant| grant.scopes(crate::Resource::Mail).first())
        .unwrap_or(&"");
    let mut step = Step::new("Add the permissions and consent to them")
        .text(
            "API permissions, Add a permission, the tab APIs my organization uses, Office 365 \
             Exchange Online, Application permissions: tick the names below.",
        )
        .text("Then an administrator of the tenant presses Grant admin consent.")
        .value("Permissions", names.join(", "))
        .value("Mailgrant asks for", *scope)
        .warning(
            "These are not in the list of Microsoft Graph. Without consent Microsoft still gives \
             tokens, and the mail server refuses them.",
        );
    if row.kind == ProviderKind::Microsoft {
        let login = row.login_host.unwrap_or_default();
        step = step
            .text(
                "In another tenant than the application's own, that tenant's administrator opens \
                 the last address below instead.",
            )
            .value(
                "Consent in another tenant",
                format!(
                    "https://{login}/TENANT-ID/v2.0/adminconsent?client_id=CLIENT-ID\
                     &redirect_uri={}&scope={}",
                    encoded(installation.redirect_uri),
                    consent_scope(installation)
                ),
            );
    }
    step
}

/// The page about IMAP, POP and SMTP names one scope for reading and another for sending.
fn consent_scope(installation: &Installation<'_>) -> &'static str {
    if installation.protocols == [Protocol::Smtp] {
        "https://outlook.office365.com/.default"
    } else {
        "https://ps.outlook.com/.default"
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn credential() -> Step {
    Step::new("Make a client secret, or upload a certificate")
        .text(
            "Certificates & secrets, Client secrets, New client secret. It lives 24 months at \
             most: note the day, for on that day all mailboxes of this provider stop at once.",
        )
        .text(
            "A certificate instead is uploaded under Certificates; several may be there at the \
             same time, so that one follows another without a gap. Once Mailgrant is told of the \
             provider (below, with a secret), `mailgrant provider new-certificate` makes one and \
             prints what to upload; the secret serves on until it is dropped.",
        )
        .warning(
            "Copy the secret's Value, which is shown only now; the Secret ID beside it is not the \
             secret (AADSTS7000215).",
        )
}

fn who_may_sign_in() -> Step {
    Step::new("See that the right people may sign in")
        .text(
            "Enterprise applications, the application, Properties: where Assignment required is \
             Yes, assign each person under Users and groups (members of nested groups do not \
             count; AADSTS50105).",
        )
        .text(
            "Conditional Access applies to each renewal too, which comes from Mailgrant's own \
             network address: a policy that wants a managed device, a known place or a fresh \
             sign-in must leave this application out or know that address (AADSTS53003, \
             AADSTS70043).",
        )
}

fn mailbox_switches(installation: &Installation<'_>) -> Step {
    let mut step = Step::new("See that the mailbox takes these protocols").text(
        "Microsoft 365 admin center, Users, Active users, the person, Mail, Manage email apps; or \
         in Exchange Online PowerShell:",
    );
    for protocol in installation.protocols {
        step = match protocol {
            Protocol::Imap => step.value(
                "IMAP",
                "Set-CASMailbox -Identity MAILBOX -ImapEnabled $true",
            ),
            Protocol::Pop3 => step.value(
                "POP3",
                "Set-CASMailbox -Identity MAILBOX -PopEnabled $true",
            ),
            Protocol::Smtp => step
                .value(
                    "SMTP",
                    "Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $false",
                )
                .warning(
                    "The switch for authenticated SMTP stops logins with a token too (535 5.7.139).",
                ),
        };
    }
    step.warning("A change in Exchange is not felt at once: wait a while before you try again.")
}

fn shared_mailbox() -> Step {
    Step::new("For a shared mailbox")
        .text(
            "Somebody who has full access to it signs in, and the shared address is named in the \
             IMAP login: give the account --signs-in with that person's address.",
        )
        .value(
            "Full access",
            "Add-MailboxPermission -Identity SHARED-MAILBOX -User PERSON -AccessRights FullAccess",
        )
        .value(
            "To send as it",
            "Add-RecipientPermission -Identity SHARED-MAILBOX -Trustee PERSON -AccessRights SendAs",
        )
}

fn service_principal(row: &Row) -> Step {
    let cloud = match row.kind {
        ProviderKind::MicrosoftUs => " -ExchangeEnvironmentName O365USGovGCCHigh",
        ProviderKind::MicrosoftDod => " -ExchangeEnvironmentName O365USGovDoD",
        ProviderKind::MicrosoftChina => " -ExchangeEnvironmentName O365China",
        _ => "",
    };
    Step::new("Make the application known to Exchange")
        .text(
            "In Exchange Online PowerShell, as an Exchange administrator. OBJECT-ID is the Object \
             ID under Enterprise applications, the application, Overview.",
        )
        .value(
            "PowerShell",
            format!(
                "Connect-ExchangeOnline -Organization TENANT-ID{cloud}\n\
                 New-ServicePrincipal -AppId CLIENT-ID -ObjectId OBJECT-ID -DisplayName Mailgrant\n\
                 Get-ServicePrincipal | Format-List"
            ),
        )
        .warning(
            "The Object ID under App registrations is another one. With it everything here \
             succeeds, and every login fails.",
        )
}

fn mailbox_permissions(installation: &Installation<'_>) -> Step {
    let mut commands =
        vec!["Add-MailboxPermission -Identity MAILBOX -User OBJECT-ID -AccessRights FullAccess"];
    if installation.protocols.contains(&Protocol::Smtp) {
        commands.push(
            "Add-RecipientPermission -Identity MAILBOX -Trustee OBJECT-ID -AccessRights SendAs",
        );
    }
    Step::new("Open each mailbox to it")
        .text("Once for each mailbox that Mailgrant is to open, and for no other:")
        .value("PowerShell", commands.join("\n"))
}
