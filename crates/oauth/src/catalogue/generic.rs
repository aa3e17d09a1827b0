//! Providers of which nothing is known but the standard that they follow.

use super::{ApplicationGrant, ApplicationMethod, Row, RsaAlgorithm, ScopeRules};
use crate::{ProviderKind, Resource, SecretMethod};

/// Nothing is known of the scopes of a provider that anybody may run.
const ANY_SCOPE: ScopeRules = ScopeRules {
    mail_resources: &[],
    imap_names: &[],
    companions: &[
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
    ],
    needed: &[],
    refusals: &[],
};

pub(super) const OIDC: Row = Row {
    kind: ProviderKind::Oidc,
    label: "OpenID Connect",
    imap: None,
    endpoints: None,
    // OpenID Connect Discovery, section 3: the default of token_endpoint_auth_methods_supported.
    secret_method: SecretMethod::Basic,
    rsa_algorithm: RsaAlgorithm::Rs256,
    application_grant: Some(ApplicationGrant {
        method: ApplicationMethod::ClientCredentials,
        scopes: &[],
    }),
    // OpenID Connect Core, section 11: `offline_access` is ignored unless consent is asked for.
    authorize_parameters: &[("prompt", "consent")],
    scopes: &[(Resource::Mail, &["openid", "email", "offline_access"])],
    scope_rules: ANY_SCOPE,
    token_scopes: false,
    idle_days: None,
    subject_claims: &["sub"],
    domains: &[],
};

pub(super) const OAUTH2: Row = Row {
    kind: ProviderKind::Oauth2,
    label: "OAuth 2.0",
    imap: None,
    endpoints: None,
    // RFC 6749, section 2.3.1: the one method that every server must support.
    secret_method: SecretMethod::Basic,
    rsa_algorithm: RsaAlgorithm::Rs256,
    application_grant: Some(ApplicationGrant {
        method: ApplicationMethod::ClientCredentials,
        scopes: &[],
    }),
    authorize_parameters: &[],
    // RFC 6749, section 3.3: without a scope the server uses its default.
    scopes: &[(Resource::Mail, &[])],
    scope_rules: ANY_SCOPE,
    token_scopes: false,
    idle_days: None,
    subject_claims: &["sub"],
    domains: &[],
};
