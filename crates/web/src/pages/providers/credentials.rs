//! A provider's client credentials as its page shows them: what they are and when they end, nothing
//! of what is secret.

use jiff::Timestamp;
use mailgrant_keeper::Keeper;
use mailgrant_oauth::{ClientCredential, ClientKey};
use mailgrant_vault::Provider;

use crate::endings::{Left, serving};

/// One credential.
pub(crate) struct CredentialFacts {
    /// First or second.
    pub(crate) which: &'static str,
    pub(crate) label: &'static str,
    /// Whether it serves, where there are two.
    pub(crate) serving: &'static str,
    /// On which day it ends, and how long that is off.
    pub(crate) ends: Option<(String, Left)>,
    /// It ends, though it may not be known when.
    pub(crate) can_end: bool,
    pub(crate) sha256: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) file: Option<String>,
}

/// The first, and the second if there is one.
pub(crate) fn of(provider: &Provider, second_serves: bool, now: Timestamp) -> Vec<CredentialFacts> {
    let profile = &provider.profile;
    let Some(second) = &profile.second_credential else {
        return vec![facts("Kind", "", &profile.credential, now)];
    };
    let (first_role, second_role) = if second_serves {
        ("refused by the provider at present", "serves at present")
    } else {
        (
            "is offered to the provider first",
            "is offered only where the first is refused",
        )
    };
    vec![
        facts("First", first_role, &profile.credential, now),
        facts("Second", second_role, second, now),
    ]
}

fn facts(
    which: &'static str,
    serving: &'static str,
    credential: &ClientCredential,
    now: Timestamp,
) -> CredentialFacts {
    let key = match credential {
        ClientCredential::Key(key) => Some(key),
        _ => None,
    };
    CredentialFacts {
        which,
        label: credential.label(),
        serving,
        ends: credential
            .expires_at()
            .map(|at| (at.strftime("%-d %B %Y").to_string(), Left::of(at, now))),
        can_end: matches!(credential, ClientCredential::Secret { .. }),
        sha256: key
            .and_then(ClientKey::thumbprint_sha256)
            .map(|print| print.to_string()),
        sha1: key
            .and_then(ClientKey::thumbprint_sha1)
            .map(|print| print.to_string()),
        file: match credential {
            ClientCredential::FederatedTokenFile { path } => Some(path.display().to_string()),
            _ => None,
        },
    }
}

/// How long the credential lasts that serves, where that should be thought of.
pub(crate) fn soon(provider: &Provider, keeper: &Keeper, now: Timestamp) -> Option<Left> {
    let second_serves = keeper.refused_credential(provider).is_some();
    let end = serving(provider, second_serves).expires_at()?;
    Some(Left::of(end, now)).filter(|left| left.is_noticed())
}
