//! What is known of each kind of provider, as data; each fact follows a public page.

use crate::{ProviderKind, Resource, SecretMethod};

/// One kind of provider.
#[derive(Debug)]
pub struct Row {
    /// Which kind.
    pub kind: ProviderKind,
    /// Its name for people.
    pub label: &'static str,
    /// The mail servers, where the provider has its own.
    pub imap: Option<(&'static str, u16)>,
    /// How it wants a client secret sent, unless set by hand.
    pub secret_method: SecretMethod,
    /// Extra parameters of the authorization request (`access_type=offline` …).
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    /// The scopes asked for in the authorization request, by resource, unless set by hand.
    pub scopes: &'static [(Resource, &'static [&'static str])],
    /// How long an unused refresh token lives, in days; `None` where it is not known.
    pub idle_days: Option<u16>,
    /// Domains of addresses that are certainly this provider's.
    pub domains: &'static [&'static str],
}

/// The row of a kind.
pub fn row(kind: ProviderKind) -> &'static Row {
    todo!()
}
