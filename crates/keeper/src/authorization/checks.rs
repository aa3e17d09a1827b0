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

#[cfg(test)]
mod tests {
    use mailgrant_vault::AccountId;

    use super::*;

    fn scopes(text: &str) -> Vec<Scope> {
        Scope::parse_list(text).unwrap()
    }

    fn grant(state: GrantState, refresh_token: bool, subject: Option<&str>) -> Grant {
        Grant {
            account: AccountId(1),
            state,
            reason: None,
            version: 1,
            refresh_token: refresh_token.then(|| "refresh".into()),
            scopes: Vec::new(),
            subject: subject.map(str::to_owned),
            signed_in: None,
            authorized_at: None,
            renewed_at: None,
            failures: 0,
            last_failure: None,
            retry_at: None,
        }
    }

    #[test]
    fn a_scope_for_mail_that_was_not_given_is_found() {
        let requested = scopes("openid offline_access https://mail.example/IMAP.Read");
        let found = missing_scope(&requested, &scopes("openid"));
        assert_eq!(
            found.map(Scope::as_str),
            Some("https://mail.example/IMAP.Read")
        );
    }

    #[test]
    fn scopes_about_people_may_be_missing_and_the_case_of_the_others_may_differ() {
        let requested = scopes("openid email offline_access https://mail.example/IMAP.Read");
        let granted = scopes("https://mail.example/imap.read");
        assert_eq!(missing_scope(&requested, &granted), None);
    }

    #[test]
    fn an_id_token_is_owed_where_openid_was_asked_for_and_not_left_out() {
        let (with, without) = (scopes("openid mail"), scopes("mail"));
        assert!(owes_id_token(&with, None));
        assert!(owes_id_token(&with, Some(&with)));
        assert!(!owes_id_token(&with, Some(&without)));
        assert!(!owes_id_token(&without, None));
    }

    #[test]
    fn addresses_are_the_same_whatever_their_case() {
        assert!(is_expected("Desk@Example.com", "desk@example.COM"));
        assert!(!is_expected("other@example.com", "desk@example.com"));
    }

    #[test]
    fn a_refresh_token_from_before_serves_on_only_for_the_same_person() {
        let active = |subject| grant(GrantState::Active, true, subject);
        assert!(keeps_refresh_token(&active(Some("anna")), Some("anna")));
        assert!(keeps_refresh_token(&active(None), None));
        assert!(!keeps_refresh_token(&active(Some("anna")), Some("bob")));
        assert!(!keeps_refresh_token(&active(Some("anna")), None));
        assert!(!keeps_refresh_token(
            &grant(GrantState::Active, false, None),
            None
        ));
        let ended = grant(GrantState::NeedsAuthorization, true, None);
        assert!(!keeps_refresh_token(&ended, None));
    }
}
