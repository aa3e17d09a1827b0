//! Whom the provider behaves like. What all have in common is in the endpoints; what one of them
//! does in its own way is here, each with the public page that says so.

pub(super) mod google;
pub(super) mod microsoft;

use axum::response::{IntoResponse as _, Response};

use super::refusal::Refusal;

/// Whom the provider behaves like, as public documentation tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Persona {
    /// By the RFCs alone.
    #[default]
    Plain,
    /// Microsoft Entra ID, with one tenant of work accounts.
    Microsoft,
    /// Google.
    Google,
}

/// Where the endpoints are. `{tenant}` stands for Entra's tenant.
pub(super) struct Paths {
    pub(super) discovery: &'static str,
    pub(super) keys: &'static str,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) device_authorization: &'static str,
    /// Where a person types a device's code.
    pub(super) verification: &'static str,
    pub(super) introspect: Option<&'static str>,
    pub(super) revoke: Option<&'static str>,
}

const PLAIN: Paths = Paths {
    discovery: "/.well-known/openid-configuration",
    keys: "/jwks",
    authorize: "/authorize",
    token: "/token",
    device_authorization: "/device_authorization",
    verification: "/device",
    introspect: Some("/introspect"),
    revoke: Some("/revoke"),
};

impl Persona {
    pub(super) fn paths(self) -> &'static Paths {
        match self {
            Self::Plain => &PLAIN,
            Self::Microsoft => &microsoft::PATHS,
            Self::Google => &google::PATHS,
        }
    }

    /// The issuer, for a provider with this origin.
    pub(super) fn issuer(self, origin: &str) -> String {
        match self {
            Self::Plain | Self::Google => origin.to_owned(),
            Self::Microsoft => microsoft::issuer(origin, microsoft::TENANT),
        }
    }

    /// Whether the answer to an authorization request names the issuer (RFC 9207).
    pub(super) fn names_itself(self) -> bool {
        self != Self::Microsoft
    }

    /// A refusal in its words.
    pub(super) fn refuse(self, refusal: Refusal) -> Response {
        match self {
            Self::Plain => refusal.into_response(),
            Self::Microsoft => microsoft::refuse(&refusal),
            Self::Google => google::refuse(refusal),
        }
    }
}
