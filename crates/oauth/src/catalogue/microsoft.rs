//! Microsoft Entra ID and Outlook.com: one row per cloud.
//!
//! A cloud has its own login host, its own Graph and its own mail servers; an application is
//! registered in each cloud for itself, and tokens of one are worth nothing in another
//! (`microsoft-graph-docs`, `concepts/deployments`). All else is the same.

use super::{
    ApplicationGrant, ApplicationMethod, Connections, Documented, Group, Host, KnownEndpoints,
    RevokeElsewhere, Rotation, Row, RsaAlgorithm, ScopeRules, Tenant,
};
use crate::{ProviderKind, Resource, SecretMethod};

const ENTRA: &str = "https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc";
const CODE_FLOW: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow";
const SCOPES: &str = "https://learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc";
const REFRESH_TOKENS: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens";
/// Scopes and roles for the mail servers, the service principal in Exchange.
const EXCHANGE: &str = "https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
const CLOUDS: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud";
const DEPLOYMENTS: &str = "https://learn.microsoft.com/en-us/graph/deployments";
/// The `microsoft` settings page: hosts and ports.
const HOSTS: &str = "https://support.microsoft.com/office/8361e398-8af4-4e97-b147-6c6c4ac95353";
const READ_ON: &str = "2026-11-24";

const fn administrator(portal: &'static str) -> RevokeElsewhere {
    RevokeElsewhere {
        text: "The tenant's administrator opens the person under Users and chooses Revoke \
               sessions; this ends all the person's grants.",
        place: portal,
    }
}

const MY_APPS: RevokeElsewhere = RevokeElsewhere {
    text: "The mailbox's owner removes the application under My Apps.",
    place: "https://myapps.microsoft.com",
};

/// A cloud's row. `$mail` is the resource of its mail servers, `$app` the one of which an
/// application asks `.default`, `$also` other resources that are mail servers of the same cloud.
macro_rules! cloud {
    (
        $kind:ident, $label:literal, $group:ident,
        login: $login:literal, host: $host:literal, portal: $portal:literal, graph: $graph:literal,
        mail: $mail:literal, app: $app:literal, also: [$($also:literal),*],
        default_tenant: $tenant:literal, tenant_numbers: $numbers:expr,
        $($column:ident: $value:expr,)*
    ) => {
        Row {
            kind: ProviderKind::$kind,
            label: $label,
            group: Group::$group,
            // Published for SMTP ("Message storage and concurrent connection throttling") and for
            // Graph ("Outlook service limits": four concurrent requests of an app to a mailbox).
            connections: Connections { imap: None, pop3: None, smtp: Some(3), api: Some(4) },
            endpoints: Some(KnownEndpoints {
                // The metadata of `common` and `organizations` carries this template;
                // access-tokens, "Validate the issuer".
                issuer: Some(concat!($login, "/{tenantid}/v2.0")),
                issuer_aliases: &[],
                authorization: concat!($login, "/{tenant}/oauth2/v2.0/authorize"),
                token: concat!($login, "/{tenant}/oauth2/v2.0/token"),
                jwks: Some(concat!($login, "/{tenant}/discovery/v2.0/keys")),
                // The metadata names none.
                revocation: None,
                device_authorization: Some(concat!($login, "/{tenant}/oauth2/v2.0/devicecode")),
                introspection: None,
                // v2-admin-consent: `{tenant}` may be `organizations`, not `common`.
                admin_consent: Some(concat!(
                    $login,
                    "/{tenant}/v2.0/adminconsent?client_id={client_id}&scope={scope}",
                    "&redirect_uri={redirect_uri}&state={state}"
                )),
                default_tenant: $tenant,
                tenant_numbers: $numbers,
            }),
            tenant: Some(Tenant {
                label: "Tenant",
                hint: "the directory (tenant) id, one of its domains, or organizations, common or \
                       consumers",
                known: &[],
                shared: &["common", "organizations", "consumers"],
            }),
            login_host: Some($host),
            portal: Some($portal),
            // token_endpoint_auth_methods_supported lists client_secret_post.
            secret_method: SecretMethod::Post,
            // reply-url: any port of `http://localhost` is taken; 127.0.0.1 the portal refuses.
            loopback_host: "localhost",
            // certificate-credentials: `alg` is PS256.
            rsa_algorithm: RsaAlgorithm::Ps256,
            // 24 months at most: the portal's longest choice.
            secret_longest_days: Some(730),
            // No `prompt`: `select_account` may not be combined with `login_hint`, which is worth
            // more.
            authorize_parameters: &[],
            // v2-oauth2-client-creds-grant-flow: nothing but `.default` is taken.
            application_grant: Some(ApplicationGrant {
                method: ApplicationMethod::ClientCredentials,
                scopes: &[
                    (Resource::Mail, &[concat!($app, ".default")]),
                    (Resource::Graph, &[concat!($graph, "/.default")]),
                ],
            }),
            scopes: &[
                (
                    Resource::Mail,
                    &[
                        concat!($mail, "IMAP.AccessAsUser.All"),
                        "offline_access",
                        "openid",
                        "profile",
                        "email",
                    ],
                ),
                (
                    Resource::Graph,
                    &[concat!($graph, "/Mail.ReadWrite"), "offline_access"],
                ),
            ],
            scope_words: &[
                ("imap", &[concat!($mail, "IMAP.AccessAsUser.All")]),
                ("pop3", &[concat!($mail, "POP.AccessAsUser.All")]),
                ("smtp", &[concat!($mail, "SMTP.Send")]),
                ("graph", &[concat!($graph, "/Mail.ReadWrite")]),
                ("graph-send", &[concat!($graph, "/Mail.Send")]),
                // Mailboxes that are shared with whoever signs in.
                ("graph-shared", &[concat!($graph, "/Mail.ReadWrite.Shared")]),
            ],
            scope_rules: ScopeRules {
                mail: &[$mail, $($also,)*],
                imap: &["IMAP.AccessAsUser.All", ".default"],
                pop3: &["POP.AccessAsUser.All", ".default"],
                smtp: &["SMTP.Send", ".default"],
                beside: &[(Resource::Graph, concat!($graph, "/"))],
                companions: &["offline_access", "openid", "profile", "email"],
                needed: &[(
                    "offline_access",
                    "without it Microsoft gives no refresh token, and the authorization ends \
                     within the hour",
                )],
                refusals: &[
                    (
                        concat!($graph, "/"),
                        concat!(
                            "it opens Microsoft Graph, whose tokens IMAP refuses; enter `", $mail,
                            "IMAP.AccessAsUser.All` instead, or beside it"
                        ),
                    ),
                    (
                        "https://",
                        concat!(
                            "it belongs to neither the mail servers nor Microsoft Graph of this \
                             cloud; enter `", $mail, "IMAP.AccessAsUser.All` instead"
                        ),
                    ),
                    (
                        "api://",
                        concat!(
                            "it belongs to another application's API; enter `", $mail,
                            "IMAP.AccessAsUser.All` instead"
                        ),
                    ),
                    // scopes-oidc: "if the resource identifier is omitted, Microsoft Graph is
                    // assumed".
                    (
                        "",
                        concat!(
                            "a scope without its resource means Microsoft Graph, whose tokens IMAP \
                             refuses; enter the full `", $mail, "IMAP.AccessAsUser.All` instead"
                        ),
                    ),
                ],
            },
            token_scopes: true,
            // refresh-tokens: each use brings a new one, and the old one is not revoked.
            rotation: Rotation::OldStays,
            // refresh-tokens: "90 days for all other scenarios", counted from the last use.
            idle_days: Some(90),
            ended_by: &[
                "90 days without use",
                "an administrator resets the password or revokes the sessions (a confidential \
                 client's grant survives the person's own change of password)",
                "the person signs out everywhere",
                "a Conditional Access policy that asks for a newer sign-in",
                "the application, its consent or the person's assignment to it is removed",
            ],
            // id-token-claims-reference: `tid` and `oid` together; `sub` differs between
            // applications.
            subject_claims: &["tid", "oid"],
            $($column: $value,)*
            ..Row::BLANK
        }
    };
}

pub(super) const GLOBAL: Row = cloud! {
    Microsoft, "Microsoft", Usual,
    login: "https://login.microsoftonline.com",
    host: "login.microsoftonline.com",
    portal: "https://entra.microsoft.com",
    graph: "https://graph.microsoft.com",
    mail: "https://outlook.office.com/",
    app: "https://outlook.office365.com/",
    also: ["https://outlook.office365.com/", "https://ps.outlook.com/"],
    default_tenant: "common",
    // v2-protocols-oidc: personal accounts live in one tenant of their own.
    tenant_numbers: &[("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad")],
    // Deployments; message-delta: not in the cloud in China.
    apis: &[(Resource::Graph, "https://graph.microsoft.com/v1.0")],
    documented: Documented {
        sources: &[ENTRA, CODE_FLOW, SCOPES, REFRESH_TOKENS, EXCHANGE, CLOUDS, DEPLOYMENTS, HOSTS],
        as_of: READ_ON,
        verified: false,
    },
    revoke_elsewhere: &[administrator("https://entra.microsoft.com"), MY_APPS],
    imap: Some(Host::tls("outlook.office365.com", 993)),
    pop3: Some(Host::tls("outlook.office365.com", 995)),
    // Outlook.com has smtp-mail.outlook.com; the rest is the same there.
    smtp: Some(Host::starttls("smtp.office365.com", 587)),
    domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
};

pub(super) const US: Row = cloud! {
    MicrosoftUs, "Microsoft, US government L4 (GCC High)", Further,
    login: "https://login.microsoftonline.us",
    host: "login.microsoftonline.us",
    portal: "https://portal.azure.us",
    graph: "https://graph.microsoft.us",
    mail: "https://outlook.office365.us/",
    app: "https://outlook.office365.us/",
    also: [],
    // Personal accounts live in the global cloud only.
    default_tenant: "organizations",
    tenant_numbers: &[],
    // Deployments; message-delta: not in the cloud in China.
    apis: &[(Resource::Graph, "https://graph.microsoft.us/v1.0")],
    documented: Documented {
        sources: &[CLOUDS, DEPLOYMENTS, EXCHANGE],
        as_of: READ_ON,
        verified: false,
    },
    caveats: &["The mail servers and their scopes were seen in public programs; Microsoft's pages \
                name the login and Graph hosts only."],
    revoke_elsewhere: &[administrator("https://portal.azure.us")],
    imap: Some(Host::tls("outlook.office365.us", 993)),
    pop3: Some(Host::tls("outlook.office365.us", 995)),
    smtp: Some(Host::starttls("smtp.office365.us", 587)),
};

pub(super) const DOD: Row = cloud! {
    MicrosoftDod, "Microsoft, US government L5 (DoD)", Further,
    login: "https://login.microsoftonline.us",
    host: "login.microsoftonline.us",
    portal: "https://portal.azure.us",
    graph: "https://dod-graph.microsoft.us",
    mail: "https://outlook-dod.office365.us/",
    app: "https://outlook-dod.office365.us/",
    also: [],
    default_tenant: "organizations",
    tenant_numbers: &[],
    // Deployments; message-delta: not in the cloud in China.
    apis: &[(Resource::Graph, "https://dod-graph.microsoft.us/v1.0")],
    documented: Documented {
        sources: &[CLOUDS, DEPLOYMENTS, EXCHANGE],
        as_of: READ_ON,
        verified: false,
    },
    caveats: &["The IMAP server and its scopes were seen in public programs; no page and no \
                program names the servers for POP3 and SMTP."],
    revoke_elsewhere: &[administrator("https://portal.azure.us")],
    imap: Some(Host::tls("outlook-dod.office365.us", 993)),
};

pub(super) const CHINA: Row = cloud! {
    MicrosoftChina, "Microsoft, China (21Vianet)", Further,
    // Entra's page; Graph's still prints login.chinacloudapi.cn.
    login: "https://login.partner.microsoftonline.cn",
    host: "login.partner.microsoftonline.cn",
    portal: "https://portal.azure.cn",
    graph: "https://microsoftgraph.chinacloudapi.cn",
    mail: "https://partner.outlook.cn/",
    app: "https://partner.outlook.cn/",
    also: [],
    default_tenant: "organizations",
    tenant_numbers: &[],
    documented: Documented {
        sources: &[CLOUDS, DEPLOYMENTS, EXCHANGE],
        as_of: READ_ON,
        verified: false,
    },
    caveats: &["The mail servers and their scopes were seen in public programs; Microsoft's pages \
                name the login and Graph hosts only, and disagree about the login host."],
    revoke_elsewhere: &[administrator("https://portal.azure.cn")],
    imap: Some(Host::tls("partner.outlook.cn", 993)),
    pop3: Some(Host::tls("partner.outlook.cn", 995)),
    smtp: Some(Host::starttls("smtp.partner.outlook.cn", 587)),
};
