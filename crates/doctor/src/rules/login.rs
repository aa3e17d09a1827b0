//! Why a mail server refuses a login, by its words and by all that was found before.

use mailgrant_base::{Diagnose as _, Diagnosis, Fault};
use mailgrant_mail::{MailError, Protocol, answers};
use mailgrant_oauth::{Access, catalogue};

use super::{Evidence, login_limit, of_claims, same};

const OAUTH: &str = "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
const CAS_MAILBOX: &str = "https://learn.microsoft.com/powershell/module/exchange/set-casmailbox";
const SMTP_AUTH: &str = "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission";

/// Words of Gmail that mean any of a few things.
const ANY_OF_A_FEW: &str = "username and password not accepted";

/// The cause of a refused login; `user` was named in it.
pub(crate) fn refused(
    evidence: &Evidence,
    protocol: Protocol,
    user: &str,
    error: &MailError,
) -> Diagnosis {
    let plain = login_limit(evidence.kind, protocol, error, error.diagnosis());
    let tells = match error {
        MailError::LoginRefused {
            said, challenge, ..
        } => tells_why(said, challenge.is_some()),
        MailError::NotConnected { .. } => {
            return of_claims(evidence, protocol)
                .or_else(|| another_person(evidence, user))
                .map_or(plain.clone(), |cause| caused(&plain, cause));
        }
        _ => return plain,
    };
    if tells {
        return plain;
    }
    let cause = of_claims(evidence, protocol)
        .or_else(|| another_person(evidence, user))
        .or_else(|| no_access(evidence, protocol, user))
        .or_else(|| switched_off(evidence, protocol));
    cause.map_or(plain.clone(), |cause| caused(&plain, cause))
}

/// Whether a server's words say more than no. An error challenge says that the token is not taken,
/// and not why.
fn tells_why(said: &str, challenged: bool) -> bool {
    if said.to_ascii_lowercase().contains(ANY_OF_A_FEW) {
        return false;
    }
    answers::tell_why(said).unwrap_or(!challenged)
}

/// The cause in the place of what the words alone let guess; the server's words stay.
fn caused(plain: &Diagnosis, mut cause: Diagnosis) -> Diagnosis {
    cause.said.clone_from(&plain.said);
    cause
}

/// Somebody else than expected signed in, and it is not their mailbox either.
fn another_person(evidence: &Evidence, user: &str) -> Option<Diagnosis> {
    if evidence.access == Access::Application {
        return None;
    }
    let person = evidence.person()?;
    if same(person, &evidence.expected) || same(person, user) {
        return None;
    }
    let Evidence {
        account,
        address,
        expected,
        ..
    } = evidence;
    let what = format!(
        "{person} signed in, and the mailbox is {address}: {expected} was expected, and {person} \
         has no access to it."
    );
    let next = format!(
        "Let {expected} sign in for it, for example in a private window so that no other account \
         is taken."
    );
    let diagnosis = Diagnosis::new(Fault::Owner, what, next).source(OAUTH);
    Some(diagnosis.place(format!("mailgrant account authorize {account}")))
}

/// The token is as it should be, and for somebody who needs to be let in by the tenant.
fn no_access(evidence: &Evidence, protocol: Protocol, user: &str) -> Option<Diagnosis> {
    let address = &evidence.address;
    if !evidence.is_exchange() {
        return wrong_scope_elsewhere(evidence, protocol, user);
    }
    if evidence.access == Access::Application {
        let id = evidence.claims.as_ref()?.object_id.as_deref();
        let id = id.unwrap_or("OBJECT_ID");
        let what = format!(
            "The token is as it should be; Exchange does not know the application, knows it by \
             another object id than {id}, or lets it into other mailboxes than {address}."
        );
        let next = format!(
            "Compare {id} with what Get-ServicePrincipal shows: it is the object id under \
             Enterprise applications, not that of the app registration. Where it is missing, \
             register it and give it the mailbox."
        );
        let place = format!(
            "New-ServicePrincipal -AppId {} -ObjectId {id}; Add-MailboxPermission -Identity \
             {address} -User {id} -AccessRights FullAccess",
            evidence.client
        );
        return Some(
            Diagnosis::new(Fault::Tenant, what, next)
                .place(place)
                .source(OAUTH),
        );
    }
    let person = evidence.person()?;
    if same(person, user) {
        return None;
    }
    let what = format!(
        "The token is as it should be, and of {person}, who has no full access to the mailbox {user}."
    );
    let next =
        format!("Give {person} full access to it, and wait up to an hour until that counts.");
    let place =
        format!("Add-MailboxPermission -Identity {user} -User {person} -AccessRights FullAccess");
    Some(
        Diagnosis::new(Fault::Tenant, what, next)
            .place(place)
            .source(OAUTH),
    )
}

/// Elsewhere a refused token that is fresh has the wrong scope or is another person's.
fn wrong_scope_elsewhere(evidence: &Evidence, protocol: Protocol, user: &str) -> Option<Diagnosis> {
    let person = evidence.person().filter(|person| !same(person, user))?;
    let label = protocol.label();
    let provider = catalogue::row(evidence.kind).label;
    let what = format!(
        "The token is of {person}, and the {label} login names {user}: {provider} lets nobody \
         else in."
    );
    let next = format!("Let {user} sign in, or name {person} in the login.");
    let place = format!("mailgrant account authorize {}", evidence.account);
    Some(Diagnosis::new(Fault::Owner, what, next).place(place))
}

/// All is as it should be, so the protocol must be switched off for this mailbox.
fn switched_off(evidence: &Evidence, protocol: Protocol) -> Option<Diagnosis> {
    // Without claims nothing is known to be as it should be.
    evidence
        .claims
        .as_ref()
        .filter(|_| evidence.is_exchange())?;
    let address = &evidence.address;
    let label = protocol.label();
    let (command, source) = match protocol {
        Protocol::Imap => (
            format!("Set-CASMailbox -Identity {address} -ImapEnabled $true"),
            CAS_MAILBOX,
        ),
        Protocol::Pop3 => (
            format!("Set-CASMailbox -Identity {address} -PopEnabled $true"),
            CAS_MAILBOX,
        ),
        Protocol::Smtp => (
            format!("Set-CASMailbox -Identity {address} -SmtpClientAuthenticationDisabled $false"),
            SMTP_AUTH,
        ),
    };
    let what = format!(
        "The token is fresh, for Exchange, has the scope for {label} and is of the mailbox's \
         owner: what is left is that {label} is switched off for {address}."
    );
    let next = format!(
        "Switch {label} on for the mailbox, and wait up to an hour until that counts. For an \
         Outlook.com mailbox its owner does so, in Settings > Mail > Forwarding and IMAP."
    );
    Some(
        Diagnosis::new(Fault::Tenant, what, next)
            .place(command)
            .source(source),
    )
}

/// Whether a login that went wrong says nothing against the account: Gmail ends each session with
/// its token after about an hour, which is as it should be.
pub(crate) fn is_only_an_end(error: &MailError) -> bool {
    matches!(
        error,
        MailError::Closed {
            token_ended: true,
            ..
        }
    )
}
