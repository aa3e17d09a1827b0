//! Gmail and Google Workspace.
//!
//! Sources: developers.google.com, `identity/protocols/oauth2` ("Refresh token expiration"),
//! `identity/protocols/oauth2/web-server`, `identity/openid-connect/reference`,
//! `workspace/gmail/imap/xoauth2-protocol` and `workspace/gmail/imap/imap-smtp`.

use super::{ApplicationGrant, ApplicationMethod, KnownEndpoints, Row, RsaAlgorithm, ScopeRules};
use crate::{ProviderKind, Resource, SecretMethod};

pub(super) const ROW: Row = Row {
    kind: ProviderKind::Google,
    label: "Google",
    imap: Some(("imap.gmail.com", 993)),
    endpoints: Some(KnownEndpoints {
        issuer: "https://accounts.google.com",
        // openid-connect/reference: `iss` is "always https://accounts.google.com or
        // accounts.google.com".
        issuer_aliases: &["accounts.google.com"],
        authorization: "https://accounts.google.com/o/oauth2/v2/auth",
        token: "https://oauth2.googleapis.com/token",
        jwks: "https://www.googleapis.com/oauth2/v3/certs",
        revocation: Some("https://oauth2.googleapis.com/revoke"),
        device_authorization: Some("https://oauth2.googleapis.com/device/code"),
        default_tenant: "",
        tenant_numbers: &[],
    }),
    secret_method: SecretMethod::Post,
    // oauth2/service-account: "Service accounts rely on the RSA SHA-256 algorithm".
    rsa_algorithm: RsaAlgorithm::Rs256,
    application_grant: Some(ApplicationGrant {
        method: ApplicationMethod::JwtBearer,
        scopes: &[(Resource::Mail, &["https://mail.google.com/"])],
    }),
    // web-server: `offline` is what brings a refresh token, `consent` what brings it again when
    // the person has consented before.
    authorize_parameters: &[("access_type", "offline"), ("prompt", "consent")],
    scopes: &[(
        Resource::Mail,
        &["https://mail.google.com/", "openid", "email"],
    )],
    scope_rules: ScopeRules {
        // xoauth2-protocol: the one scope for IMAP, POP and SMTP; the slash belongs to it.
        mail_resources: &["https://mail.google.com"],
        imap_names: &[""],
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
                "it opens Gmail's API, not IMAP; enter `https://mail.google.com/` instead",
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
    token_scopes: false,
    // "The refresh token has not been used for six months."
    idle_days: Some(180),
    subject_claims: &["sub"],
    domains: &["gmail.com", "googlemail.com"],
};
