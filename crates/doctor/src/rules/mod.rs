//! What was found by all steps together, and what it means. Pure: each rule is tested as a row of a
//! table.
//!
//! A token's claims are unverified, so they decide nothing: they are told beside the steps, and
//! explain a refusal once the mail server has spoken.

mod claims;
mod connections;
mod credential;
mod grant;
mod login;
mod network;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use mailgrant_oauth::{Access, ProviderKind, TokenClaims, catalogue};
use mailgrant_vault::{Account, Provider};

pub(crate) use claims::{claims_in_words, has_role, of_claims, of_introspection};
pub(crate) use connections::{connections_in_words, login_limit};
pub(crate) use credential::{client_refused, of_expiry};
pub(crate) use grant::{History, active_in_words, ended, of_age, of_identity, of_many_tokens};
pub(crate) use login::{is_only_an_end, refused};
pub(crate) use network::{not_reached, not_resolved};

/// What the steps before a login found.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) account: String,
    pub(crate) provider: String,
    pub(crate) kind: ProviderKind,
    pub(crate) access: Access,
    /// Mailgrant's client id at the provider.
    pub(crate) client: String,
    pub(crate) address: String,
    /// Who is expected to sign in.
    pub(crate) expected: String,
    /// Who did.
    pub(crate) signed_in: Option<String>,
    /// What the access token says of itself, where it can be read.
    pub(crate) claims: Option<TokenClaims>,
    pub(crate) now: Timestamp,
}

impl Evidence {
    pub(crate) fn of(account: &Account, provider: &Provider, now: Timestamp) -> Self {
        Self {
            account: account.draft.name.clone(),
            provider: provider.name.clone(),
            kind: provider.profile.kind,
            access: provider.profile.access,
            client: provider.profile.client_id.clone(),
            address: account.draft.address.clone(),
            expected: account.expected_sign_in().to_owned(),
            signed_in: None,
            claims: None,
            now,
        }
    }

    /// Who signed in, by the token or else by the grant.
    fn person(&self) -> Option<&str> {
        let claimed = self.claims.as_ref().and_then(|it| it.user_name.as_deref());
        claimed.or(self.signed_in.as_deref())
    }

    /// Whether the mail servers are Exchange's.
    fn is_exchange(&self) -> bool {
        let row = catalogue::row(self.kind);
        row.scope_rules.imap.contains(&"IMAP.AccessAsUser.All")
    }
}

/// Whether two addresses are the same; without regard to case.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// A day, as people write it.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}
