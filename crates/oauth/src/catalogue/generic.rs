//! Providers of which nothing is known but the standard that they follow.

use super::{ApplicationGrant, ApplicationMethod, Documented, Group, Row};
use crate::{ProviderKind, Resource};

/// RFC 6749, section 4.4; without a scope the server uses its default.
const CLIENT_CREDENTIALS: Option<ApplicationGrant> = Some(ApplicationGrant {
    method: ApplicationMethod::ClientCredentials,
    scopes: &[],
});

pub(super) const OIDC: Row = Row {
    kind: ProviderKind::Oidc,
    label: "OpenID Connect",
    group: Group::Any,
    documented: Documented {
        sources: &[
            "https://openid.net/specs/openid-connect-core-1_0.html",
            "https://openid.net/specs/openid-connect-discovery-1_0.html",
        ],
        as_of: "2026-11-24",
        // The tests connect mailboxes of a Dovecot through oidc-provider and the sandbox.
        verified: true,
    },
    // OpenID Connect Discovery, section 3: the default of token_endpoint_auth_methods_supported is
    // client_secret_basic, as in BLANK.
    // OpenID Connect Core, section 11: `offline_access` is ignored unless consent is asked for.
    authorize_parameters: &[("prompt", "consent")],
    application_grant: CLIENT_CREDENTIALS,
    scopes: &[(Resource::Mail, &["openid", "email", "offline_access"])],
    ..Row::BLANK
};

pub(super) const OAUTH2: Row = Row {
    kind: ProviderKind::Oauth2,
    label: "OAuth 2.0",
    group: Group::Any,
    documented: Documented {
        sources: &["https://www.rfc-editor.org/rfc/rfc6749"],
        as_of: "2026-11-24",
        verified: false,
    },
    application_grant: CLIENT_CREDENTIALS,
    // RFC 6749, section 3.3: without a scope the server uses its default.
    scopes: &[(Resource::Mail, &[])],
    ..Row::BLANK
};
