//! What an administrator enters about an identity provider.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{ClientKey, Scope};

/// Declares the kinds, their words and the list of them all in one place.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// The kinds of provider: each is the name of a row of the [catalogue](crate::catalogue).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ProviderKind {
            $($(#[$doc])* $kind,)*
        }

        impl ProviderKind {
            /// Every kind, in the order in which they are offered.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The kind's word: as it is typed, stored and shown to machines.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// Microsoft Entra ID and Outlook.com, global cloud (also Microsoft 365 GCC).
    Microsoft = "microsoft",
    /// Google Workspace and Gmail.
    Google = "google",
    /// Any OpenID Connect provider, found by discovery from its issuer.
    Oidc = "oidc",
    /// Any OAuth 2.0 server whose endpoints are entered by hand.
    Oauth2 = "oauth2",
    /// Microsoft, US government cloud L4 (GCC High).
    MicrosoftUs = "microsoft-us",
    /// Microsoft, US government cloud L5 (Department of Defense).
    MicrosoftDod = "microsoft-dod",
    /// Microsoft, China, operated by 21Vianet.
    MicrosoftChina = "microsoft-china",
    /// Yahoo Mail.
    Yahoo = "yahoo",
    /// AOL Mail.
    Aol = "aol",
    /// Fastmail.
    Fastmail = "fastmail",
    /// Yandex Mail.
    Yandex = "yandex",
    /// Mail.ru.
    Mailru = "mailru",
    /// Zoho Mail.
    Zoho = "zoho",
    /// Comcast, Xfinity.
    Comcast = "comcast",
    /// Thundermail, Thunderbird's own mail service.
    Thundermail = "thundermail",
}

impl ProviderKind {
    /// The kind of this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// An identity provider profile: only what was set by hand. What is absent comes from the
/// catalogue or from discovery each time it is needed, so that a better catalogue reaches existing
/// profiles.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Which row of the catalogue applies.
    pub kind: ProviderKind,
    /// The client identifier that the provider gave to Mailgrant (RFC 6749, section 2.2).
    pub client_id: String,
    /// Whether somebody signs in.
    pub access: Access,
    /// How Mailgrant proves that it is that client.
    pub credential: ClientCredential,
    /// What is tried where the provider refuses the first: a roll-over without a gap.
    pub second_credential: Option<ClientCredential>,
    /// Microsoft only: a tenant's GUID or domain, `organizations`, `common` or `consumers`.
    pub tenant: Option<String>,
    /// OpenID Connect only: the issuer, from which discovery finds the rest.
    pub issuer: Option<Url>,
    /// Endpoints entered by hand.
    pub endpoints: EndpointOverrides,
    /// Scopes entered by hand instead of the catalogue's.
    pub scopes: Option<Vec<Scope>>,
}

/// On whose behalf access tokens are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Somebody signs in and consents, once for each mailbox.
    #[default]
    Delegated,
    /// Nobody signs in: an administrator has given the application itself access. Which grant that
    /// takes, client credentials or a JWT bearer assertion, is the catalogue's to say.
    Application,
}

/// Endpoints entered by hand; each that is present wins over catalogue and discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointOverrides {
    /// Where the browser is sent (RFC 6749, section 3.1).
    pub authorization: Option<Url>,
    /// Where codes and refresh tokens are redeemed (RFC 6749, section 3.2).
    pub token: Option<Url>,
    /// Where the keys that sign `id_token`s are published (RFC 7517).
    pub jwks: Option<Url>,
    /// Where a grant is ended (RFC 7009).
    pub revocation: Option<Url>,
    /// Where a device asks for its codes (RFC 8628).
    pub device_authorization: Option<Url>,
    /// Where a token's state is asked for (RFC 7662).
    pub introspection: Option<Url>,
}

/// How Mailgrant proves to the provider that it is the registered application.
#[derive(Debug, Clone)]
pub enum ClientCredential {
    /// A public client: PKCE alone protects the code.
    None,
    /// A shared secret.
    Secret {
        /// The secret's value.
        secret: SecretString,
        /// How it is sent.
        method: SecretMethod,
        /// When it ends, as its administrator entered it.
        expires_at: Option<Timestamp>,
    },
    /// A key that signs an assertion for each request (`private_key_jwt`, RFC 7523, section 2.2).
    Key(ClientKey),
    /// A file whose assertion somebody else signs and renews (workload identity); it is read anew
    /// for each request.
    FederatedTokenFile {
        /// Where it is.
        path: PathBuf,
    },
}

impl ClientCredential {
    /// When it ends, where that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::None | Self::FederatedTokenFile { .. } => None,
            Self::Secret { expires_at, .. } => *expires_at,
            Self::Key(key) => key.expires_at(),
        }
    }

    /// What kind it is, for people.
    pub fn label(&self) -> &'static str {
        match self {
            Self::None => "none (public client)",
            Self::Secret { .. } => "client secret",
            Self::Key(key) if key.certificates().is_empty() => "key",
            Self::Key(_) => "certificate",
            Self::FederatedTokenFile { .. } => "federated token file",
        }
    }
}

/// How a client secret is sent (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretMethod {
    /// `client_secret_basic`: in the `Authorization` header.
    Basic,
    /// `client_secret_post`: in the body.
    Post,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_and_read_by_its_word_alone() {
        for kind in ProviderKind::ALL.iter().copied() {
            assert_eq!(ProviderKind::parse(kind.word()), Some(kind));
            let stored = serde_json::to_string(&kind).unwrap();
            assert_eq!(stored, format!("\"{kind}\""));
        }
        assert_eq!(ProviderKind::parse("Microsoft"), None);
        assert_eq!(ProviderKind::parse(""), None);
    }
}
