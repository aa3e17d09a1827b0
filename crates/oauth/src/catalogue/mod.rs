//! What is known of each kind of provider, as data; each fact follows a public page.
//!
//! A row is all that tells one kind of provider from another: whoever adds a quirk adds a column
//! to [`Row`], and nobody else asks which kind a profile is. One file per family of providers.
//! What could be found nowhere but in public programs is marked *seen*.

mod consumer;
#[cfg(test)]
mod document;
mod generic;
mod google;
mod microsoft;
mod row;
#[cfg(test)]
mod tests;
mod without_oauth;

pub use mailgrant_base::Protocol;
pub use row::{
    ApplicationGrant, ApplicationMethod, Connections, Documented, Group, Host, HostSecurity,
    KnownEndpoints, RevokeElsewhere, Rotation, Row, RsaAlgorithm, ScopeRules, Tenant,
};
pub use without_oauth::{WithoutOauth, without_oauth};

pub use crate::scope::protocols_allowed;

use crate::ProviderKind;

/// The row of a kind.
pub fn row(kind: ProviderKind) -> &'static Row {
    match kind {
        ProviderKind::Microsoft => &microsoft::GLOBAL,
        ProviderKind::MicrosoftUs => &microsoft::US,
        ProviderKind::MicrosoftDod => &microsoft::DOD,
        ProviderKind::MicrosoftChina => &microsoft::CHINA,
        ProviderKind::Google => &google::ROW,
        ProviderKind::Oidc => &generic::OIDC,
        ProviderKind::Oauth2 => &generic::OAUTH2,
        ProviderKind::Yahoo => &consumer::YAHOO,
        ProviderKind::Aol => &consumer::AOL,
        ProviderKind::Fastmail => &consumer::FASTMAIL,
        ProviderKind::Yandex => &consumer::YANDEX,
        ProviderKind::Mailru => &consumer::MAILRU,
        ProviderKind::Zoho => &consumer::ZOHO,
        ProviderKind::Comcast => &consumer::COMCAST,
        ProviderKind::Thundermail => &consumer::THUNDERMAIL,
    }
}

/// All rows, in the order in which they are offered.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ProviderKind::ALL.iter().map(|kind| row(*kind))
}

/// The words of all kinds, for a sentence: `microsoft, google, … or thundermail`.
pub fn words() -> String {
    let words: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.word()).collect();
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.join(""),
    }
}

/// The kind whose mailboxes addresses of this domain certainly are. A company's own domain says
/// nothing: `None`.
pub fn kind_of_domain(domain: &str) -> Option<ProviderKind> {
    let is_it = |known: &&str| known.eq_ignore_ascii_case(domain);
    let row = rows().find(|row| row.domains.iter().any(is_it));
    row.map(|row| row.kind)
}
