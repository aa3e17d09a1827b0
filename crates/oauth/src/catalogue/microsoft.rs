//! Microsoft Entra ID and Outlook.com, global cloud.
//!
//! Sources: Entra documentation, `identity-platform/v2-protocols-oidc`,
//! `v2-oauth2-auth-code-flow`, `scopes-oidc`, `refresh-tokens`, `access-tokens` and
//! `id-token-claims-reference`; Exchange documentation, "Authenticate an IMAP, POP or SMTP
//! connection using OAuth".

use super::{ApplicationGrant, ApplicationMethod, KnownEndpoints, Row, RsaAlgorithm, ScopeRules};
use crate::{ProviderKind, Resource, SecretMethod};

pub(super) const ROW: Row = Row {
    kind: ProviderKind::Microsoft,
    label: "Microsoft",
    // "POP, IMAP, and SMTP settings for Outlook.com", support.microsoft.com.
    imap: Some(("outlook.office365.com", 993)),
    endpoints: Some(KnownEndpoints {
        // The metadata of `common` and `organizations` carries this template; access-tokens,
        // "Validate the issuer".
        issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
        issuer_aliases: &[],
        authorization: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        token: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        jwks: "https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
        // The metadata names none; a grant is ended by the user or the tenant's administrator.
        revocation: None,
        // v2-oauth2-device-code.
        device_authorization: Some(
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        ),
        default_tenant: "common",
        // v2-protocols-oidc: personal accounts live in one tenant of their own.
        tenant_numbers: &[("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad")],
    }),
    // token_endpoint_auth_methods_supported lists client_secret_post.
    secret_method: SecretMethod::Post,
    // certificate-credentials: `alg` is PS256.
    rsa_algorithm: RsaAlgorithm::Ps256,
    application_grant: Some(ApplicationGrant {
        method: ApplicationMethod::ClientCredentials,
        scopes: &[(Resource::Mail, &["https://outlook.office365.com/.default"])],
    }),
    // No `prompt`: `select_account` may not be combined with `login_hint`, which is worth more.
    authorize_parameters: &[],
    scopes: &[(
        Resource::Mail,
        &[
            "https://outlook.office.com/IMAP.AccessAsUser.All",
            "offline_access",
            "openid",
            "profile",
            "email",
        ],
    )],
    scope_rules: ScopeRules {
        mail_resources: &[
            "https://outlook.office.com",
            "https://outlook.office365.com",
            "https://ps.outlook.com",
            // US government clouds and China, as public mail programs use them.
            "https://outlook.office365.us",
            "https://outlook-dod.office365.us",
            "https://partner.outlook.cn",
        ],
        imap_names: &["IMAP.AccessAsUser.All", ".default"],
        companions: &["offline_access", "openid", "profile", "email"],
        needed: &[(
            "offline_access",
            "without it Microsoft gives no refresh token, and the authorization ends within the \
             hour",
        )],
        refusals: &[
            (
                "https://graph.microsoft.",
                "it opens Microsoft Graph, whose tokens IMAP refuses; enter \
                 `https://outlook.office.com/IMAP.AccessAsUser.All` instead",
            ),
            (
                "https://microsoftgraph.chinacloudapi.cn",
                "it opens Microsoft Graph, whose tokens IMAP refuses; enter \
                 `https://partner.outlook.cn/IMAP.AccessAsUser.All` instead",
            ),
            (
                "https://",
                "it belongs to another resource than the mail servers, and a token serves one \
                 resource; enter `https://outlook.office.com/IMAP.AccessAsUser.All` instead",
            ),
            (
                "api://",
                "it belongs to another application's API; enter \
                 `https://outlook.office.com/IMAP.AccessAsUser.All` instead",
            ),
            // scopes-oidc: "if the resource identifier is omitted, Microsoft Graph is assumed".
            (
                "",
                "a scope without its resource means Microsoft Graph, whose tokens IMAP refuses; \
                 enter the full `https://outlook.office.com/IMAP.AccessAsUser.All` instead",
            ),
        ],
    },
    token_scopes: true,
    // refresh-tokens: "90 days for all other scenarios", counted from the last use.
    idle_days: Some(90),
    // id-token-claims-reference: `tid` and `oid` together; `sub` differs between applications.
    subject_claims: &["tid", "oid"],
    domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
};
