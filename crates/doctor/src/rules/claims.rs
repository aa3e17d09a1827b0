//! What is wrong with an access token, by what it says of itself.

use mailgrant_base::{Diagnosis, Fault};
use mailgrant_mail::Protocol;
use mailgrant_oauth::{Access, Introspection, TokenClaims, catalogue};

use super::{Evidence, day};

/// Microsoft Graph, by its application id (entra-docs, `reference-microsoft-graph-app-roles`).
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Exchange Online, by its application id (`New-ServicePrincipal` and the first-party list).
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

const OAUTH: &str = "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
const CLIENT_CREDENTIALS: &str =
    "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow";
const AUDIENCE: &str = "https://learn.microsoft.com/entra/identity-platform/access-tokens";

const PERMISSIONS: &str =
    "Entra admin center > Identity > Applications > App registrations > your app > API permissions";

/// The first thing that keeps such a token from opening this protocol, in the order in which they
/// are to be looked at: age, audience, scope or role.
pub(crate) fn of_claims(evidence: &Evidence, protocol: Protocol) -> Option<Diagnosis> {
    let claims = evidence.claims.as_ref()?;
    too_old(evidence, claims)
        .or_else(|| for_another_audience(evidence, claims))
        .or_else(|| without_permission(evidence, claims, protocol))
}

fn too_old(evidence: &Evidence, claims: &TokenClaims) -> Option<Diagnosis> {
    let ended = claims.expires_at.filter(|end| *end <= evidence.now)?;
    let what = format!(
        "The access token ended at {ended:.0} by its own account, although the provider had said \
         that it lives longer."
    );
    let next = "Compare the clock of this machine with the provider's, for example with an NTP \
                client; then run the doctor again.";
    Some(Diagnosis::new(Fault::Operator, what, next).source(AUDIENCE))
}

fn for_another_audience(evidence: &Evidence, claims: &TokenClaims) -> Option<Diagnosis> {
    if !evidence.is_exchange() || claims.audience.is_empty() {
        return None;
    }
    let row = catalogue::row(evidence.kind);
    let fits = |audience: &String| {
        let address = format!("{}/", audience.trim_end_matches('/'));
        let mut known = row.scope_rules.mail.iter();
        audience.as_str() == EXCHANGE || known.any(|known| known.eq_ignore_ascii_case(&address))
    };
    if claims.audience.iter().any(fits) {
        return None;
    }
    let mail = row.scope_rules.mail.first().copied().unwrap_or_default();
    let (scope, all) = match evidence.access {
        Access::Delegated => {
            let scope = format!("{mail}IMAP.AccessAsUser.All");
            let all = format!("{scope} offline_access");
            (scope, all)
        }
        Access::Application => (format!("{mail}.default"), format!("{mail}.default")),
    };
    let is_graph = claims.audience.iter().any(|audience| {
        audience == GRAPH
            || row.scope_rules.beside.iter().any(|(_, graph)| {
                graph
                    .trim_end_matches('/')
                    .eq_ignore_ascii_case(audience.trim_end_matches('/'))
            })
    });
    let what = if is_graph {
        "The access token is for Microsoft Graph, and Exchange takes none of those. Microsoft makes \
         a token for one resource: that of the first scope, and a scope without an address counts \
         as Graph's."
            .to_owned()
    } else {
        format!(
            "The access token is for {}, and not for Exchange.",
            claims.audience.join(", ")
        )
    };
    let again = match evidence.access {
        Access::Delegated => ", and press Authorize on the account again",
        Access::Application => "",
    };
    let next = format!("Put `{scope}` first among the scopes of the provider profile{again}.");
    let diagnosis = Diagnosis::new(Fault::Operator, what, next).source(OAUTH);
    Some(diagnosis.place(format!(
        "mailgrant provider change {} --scopes \"{all}\"",
        evidence.provider
    )))
}

fn without_permission(
    evidence: &Evidence,
    claims: &TokenClaims,
    protocol: Protocol,
) -> Option<Diagnosis> {
    if !evidence.is_exchange() {
        return None;
    }
    let label = protocol.label();
    let has =
        |names: &[String], wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if evidence.access == Access::Application || claims.identity_type.as_deref() == Some("app") {
        let role = role(protocol);
        if has(&claims.roles, role) {
            return None;
        }
        let what = if claims.roles.is_empty() {
            "Microsoft gave an access token although the application was granted nothing: the \
             token has no roles, and Exchange refuses it."
                .to_owned()
        } else {
            let roles = claims.roles.join(", ");
            format!("The application has the roles {roles}; {label} needs {role}.")
        };
        let next = format!(
            "Add the application permission {role} of Office 365 Exchange Online to the \
             registration, and grant admin consent."
        );
        let diagnosis = Diagnosis::new(Fault::Tenant, what, next).place(PERMISSIONS);
        return Some(diagnosis.source(CLIENT_CREDENTIALS));
    }
    let scope = scope(protocol);
    if claims.scopes.is_empty() || has(&claims.scopes, scope) {
        return None;
    }
    let what = format!(
        "The access token allows {}; {label} needs {scope}.",
        claims.scopes.join(", ")
    );
    let mail = catalogue::row(evidence.kind).scope_rules.mail.first();
    let next = format!(
        "Add `{}{scope}` to the scopes of the provider profile, and press Authorize on the account \
         again.",
        mail.copied().unwrap_or_default()
    );
    Some(
        Diagnosis::new(Fault::Operator, what, next)
            .place(PERMISSIONS)
            .source(OAUTH),
    )
}

/// The permission of the application itself.
fn role(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Imap => "IMAP.AccessAsApp",
        Protocol::Pop3 => "POP.AccessAsApp",
        Protocol::Smtp => "SMTP.SendAsApp",
    }
}

/// The permission that a person gives.
fn scope(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Imap => "IMAP.AccessAsUser.All",
        Protocol::Pop3 => "POP.AccessAsUser.All",
        Protocol::Smtp => "SMTP.Send",
    }
}

/// The protocols for which an application's token has the role.
pub(crate) fn has_role(claims: &TokenClaims, protocol: Protocol) -> bool {
    let wanted = role(protocol);
    claims
        .roles
        .iter()
        .any(|role| role.eq_ignore_ascii_case(wanted))
}

/// What a token says, for people.
pub(crate) fn claims_in_words(claims: &TokenClaims) -> String {
    let mut words = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            words.push(format!("{name} {value}"));
        }
    };
    say("for", claims.audience.join(", "));
    say("scopes", claims.scopes.join(" "));
    say("roles", claims.roles.join(" "));
    say("user", claims.user_name.clone().unwrap_or_default());
    say("object id", claims.object_id.clone().unwrap_or_default());
    say("tenant", claims.tenant_id.clone().unwrap_or_default());
    let end = claims.expires_at.map(|end| format!("{end:.0}"));
    say("ends", end.unwrap_or_default());
    if words.is_empty() {
        return "A JWT that says nothing about its use.".to_owned();
    }
    format!("A JWT: {}.", words.join("; "))
}

/// What the provider says about a token that cannot be read.
pub(crate) fn of_introspection(said: &Introspection) -> Result<String, Diagnosis> {
    if !said.active {
        let what = "The provider gave this access token and says that it is not active.";
        let next = "Run the doctor again; if it stays, look at the provider's own log, and whether \
                    Mailgrant's client may ask about tokens.";
        let source = "https://www.rfc-editor.org/rfc/rfc7662#section-2.2";
        return Err(Diagnosis::new(Fault::Operator, what, next).source(source));
    }
    let mut words = vec!["active".to_owned()];
    if !said.scopes.is_empty() {
        words.push(format!("scopes {}", said.scopes.join(" ")));
    }
    if !said.audience.is_empty() {
        words.push(format!("for {}", said.audience.join(", ")));
    }
    words.extend(said.username.iter().map(|user| format!("user {user}")));
    words.extend(said.expires_at.map(|end| format!("ends {}", day(end))));
    Ok(format!("The provider says: {}.", words.join("; ")))
}
