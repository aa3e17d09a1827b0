//! Gmail and Google Workspace.

use super::{
    ApplicationGrant, ApplicationMethod, Connections, Documented, Group, Host, KnownEndpoints,
    RevokeElsewhere, Rotation, Row, ScopeRules,
};
use crate::{ProviderKind, Resource, SecretMethod};

/// xoauth2-protocol: the one scope for IMAP, POP and SMTP; the slash belongs to it.
const MAIL: &[&str] = &["https://mail.google.com/"];
/// Reads, marks and moves by Gmail's API; less than the full scope, and no use for IMAP.
const API: &[&str] = &["https://www.googleapis.com/auth/gmail.modify"];

pub(super) const ROW: Row = Row {
    kind: ProviderKind::Google,
    label: "Google",
    group: Group::Usual,
    documented: Documented {
        sources: &[
            // "Refresh token expiration" and its limits.
            "https://developers.google.com/identity/protocols/oauth2",
            "https://developers.google.com/identity/protocols/oauth2/web-server",
            "https://developers.google.com/identity/protocols/oauth2/service-account",
            "https://developers.google.com/identity/openid-connect/reference",
            "https://developers.google.com/workspace/gmail/imap/xoauth2-protocol",
            "https://developers.google.com/workspace/gmail/imap/imap-smtp",
            // 15 IMAP connections.
            "https://support.google.com/mail/answer/7126229",
        ],
        as_of: "2026-11-24",
        verified: false,
    },
    imap: Some(Host::tls("imap.gmail.com", 993)),
    pop3: Some(Host::tls("pop.gmail.com", 995)),
    smtp: Some(Host::tls("smtp.gmail.com", 465)),
    connections: Connections {
        imap: Some(15),
        pop3: None,
        smtp: None,
        api: None,
    },
    domains: &["gmail.com", "googlemail.com"],
    endpoints: Some(KnownEndpoints {
        issuer: Some("https://accounts.google.com"),
        // openid-connect/reference: `iss` is "always https://accounts.google.com or
        // accounts.google.com".
        issuer_aliases: &["accounts.google.com"],
        authorization: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
        jwks: Some("https://www.googleapis.com/oauth2/v3/certs"),
        revocation: Some("https://oauth2.googleapis.com/revoke"),
        // There is https://oauth2.googleapis.com/device/code, but it serves a short list of scopes
        // only (limited-input-device), and that of mail is not known to be among them.
        device_authorization: None,
        introspection: None,
        admin_consent: None,
        default_tenant: "",
        tenant_numbers: &[],
    }),
    login_host: Some("accounts.google.com"),
    portal: Some("https://console.cloud.google.com"),
    secret_method: SecretMethod::Post,
    // web-server: `offline` is what brings a refresh token, `consent` what brings it again when
    // the person has consented before.
    authorize_parameters: &[("access_type", "offline"), ("prompt", "consent")],
    // service-account: domain-wide delegation; `sub` is the mailbox.
    application_grant: Some(ApplicationGrant {
        method: ApplicationMethod::JwtBearer,
        scopes: &[(Resource::Mail, MAIL), (Resource::Gmail, API)],
    }),
    // REST reference: the service endpoint.
    apis: &[(Resource::Gmail, "https://gmail.googleapis.com")],
    scopes: &[
        (
            Resource::Mail,
            &["https://mail.google.com/", "openid", "email"],
        ),
        (Resource::Gmail, API),
    ],
    scope_words: &[
        ("imap", MAIL),
        ("pop3", MAIL),
        ("smtp", MAIL),
        ("gmail-api", API),
    ],
    scope_rules: ScopeRules {
        mail: MAIL,
        imap: &[""],
        pop3: &[""],
        smtp: &[""],
        beside: &[(Resource::Gmail, "https://www.googleapis.com/auth/gmail.")],
        companions: &[
            "openid",
            "email",
            "profile",
            "https://www.googleapis.com/auth/userinfo.email",
            "https://www.googleapis.com/auth/userinfo.profile",
        ],
        needed: &[],
        refusals: &[
            (
                "https://www.googleapis.com/auth/gmail.",
                "it opens Gmail's API, not IMAP; enter `https://mail.google.com/` instead, or \
                 beside it",
            ),
            (
                "https://mail.google.com",
                "the one scope for IMAP is `https://mail.google.com/`, with the slash at its end \
                 and nothing behind it",
            ),
            (
                "offline_access",
                "Google does not know it: Mailgrant asks for lasting access with \
                 `access_type=offline` by itself; leave it out",
            ),
            (
                "",
                "it opens something else than the mail servers; enter `https://mail.google.com/` \
                 instead",
            ),
        ],
    },
    rotation: Rotation::Never,
    // "The refresh token has not been used for six months."
    idle_days: Some(180),
    testing_days: Some(7),
    refresh_tokens_per_user: Some(100),
    ended_by: &[
        "the person takes the access back",
        "the person's password is changed",
        "six months without use",
        "seven days, while the consent screen is External and in Testing",
        "a hundred newer grants of the same person to the same client",
        "the domain's administrator restricts Gmail or the application",
    ],
    revoke_elsewhere: &[RevokeElsewhere {
        text: "The mailbox's owner removes the application's access.",
        place: "https://myaccount.google.com/connections",
    }],
    ..Row::BLANK
};
