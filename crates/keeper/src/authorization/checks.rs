//! What is checked of a fresh grant before it is stored. Pure.

use mailgrant_oauth::Scope;
use mailgrant_vault::{Grant, GrantState};

/// Scopes that open no mail (OpenID Connect Core, sections 5.4 and 11): a provider may give fewer
/// of them, name them otherwise or not list them.
const ABOUT_PEOPLE: [&str; 6] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
];

/// The first scope that is needed for mail, was asked for and not given.
pub(super) fn missing_scope<'a>(requested: &'a [Scope], granted: &[Scope]) -> Option<&'a Scope> {
    requested
        .iter()
        .filter(|asked| !ABOUT_PEOPLE.contains(&asked.as_str()))
        // Microsoft writes scopes back in a case of its own choice.
        .find(|asked| {
            !granted
                .iter()
                .any(|given| given.as_str().eq_ignore_ascii_case(asked.as_str()))
        })
}

/// Whether the provider owes an `id_token`: `openid` was asked for and not left out.
pub(super) fn owes_id_token(requested: &[Scope], granted: Option<&[Scope]>) -> bool {
    let openid = |scopes: &[Scope]| scopes.iter().any(|scope| scope.as_str() == "openid");
    openid(requested) && granted.is_none_or(openid)
}

/// Whether who signed in is who was expected. Addresses are compared without regard to case.
pub(super) fn is_expected(signed_in: &str, expected: &str) -> bool {
    signed_in.trim().to_lowercase() == expected.trim().to_lowercase()
}

/// Whether the refresh token that is there may go on serving beside an answer without one: only if
/// it is not known to be another person's.
pub(super) fn keeps_refresh_token(present: &Grant, subject: Option<&str>) -> bool {
    let same_person = match (present.subject.as_deref(), subject) {
        (Some(before), Some(now)) => before == now,
        (None, None) => true,
        _ => false,
    };
    present.state == GrantState::Active && present.refresh_token.is_some() && same_person
}
