//! What providers' error codes mean: whose turn it is, and what that person reads.
//!
//! The OAuth `error` decides. Below it stand the provider's own numbers, for two purposes only: the
//! few cases where the number says that the `error` is misleading (an expired client secret that
//! comes as `invalid_grant` must not end a single grant), and plainer words. Numbers may change
//! (Entra documentation, `reference-error-codes`), so a number that is not in the table changes
//! nothing.

mod microsoft;
mod oauth;

pub(crate) use oauth::{NO_DISCOVERY, PROFILE_INCOMPLETE, UNSAFE_ENDPOINT, WRONG_ISSUER};

use crate::Said;

/// Who has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A person must authorise again: ends the grant.
    Person,
    /// Mailgrant's administrator must mend the provider profile or the registration.
    Profile,
    /// Nobody: it passes.
    Later,
}

/// What a code means.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(crate) turn: Turn,
    /// What happened, as a sentence.
    pub(crate) what: &'static str,
    /// What to do next, as a sentence.
    pub(crate) next: &'static str,
}

/// Codes that mean the same, and what they mean.
type Table = &'static [(&'static [&'static str], Meaning)];

/// What a refusal means, for people: the provider's number if it is in the table, else the OAuth
/// code.
pub(crate) fn look_up(said: &Said) -> Option<&'static Meaning> {
    by_number(said).or_else(|| find(oauth::TABLE, &said.error))
}

/// Whose turn it is; `None` where the code is not known. A number may save a grant that the OAuth
/// code would end, and never ends one that the OAuth code would leave.
pub(crate) fn turn(said: &Said) -> Option<Turn> {
    match by_number(said) {
        Some(meaning) if meaning.turn != Turn::Person => Some(meaning.turn),
        _ => find(oauth::TABLE, &said.error).map(|meaning| meaning.turn),
    }
}

/// Microsoft's descriptions begin with the number. It is taken whole: 50020 and 500208 are
/// different things.
fn by_number(said: &Said) -> Option<&'static Meaning> {
    let rest = said.description.as_deref()?.strip_prefix("AADSTS")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    find(microsoft::TABLE, &rest[..end.unwrap_or(rest.len())])
}

fn find(table: Table, code: &str) -> Option<&'static Meaning> {
    let row = table.iter().find(|(codes, _)| codes.contains(&code));
    row.map(|(_, meaning)| meaning)
}

const AUTHORIZE_AGAIN: &str = "Press Authorize on the account and sign in again.";
const CHECK_CLIENT: &str = "Compare client id, client secret and tenant of the provider profile \
    with the provider's portal.";
const CHECK_SCOPES: &str = "Compare the scopes of the provider profile with the permissions in the \
    provider's portal.";
const ADD_REDIRECT: &str = "Enter Mailgrant's redirect URI in the provider's portal, character for \
    character, as a web application's.";

const fn person(what: &'static str, next: &'static str) -> Meaning {
    Meaning {
        turn: Turn::Person,
        what,
        next,
    }
}

const fn profile(what: &'static str, next: &'static str) -> Meaning {
    Meaning {
        turn: Turn::Profile,
        what,
        next,
    }
}

const fn later(what: &'static str) -> Meaning {
    Meaning {
        turn: Turn::Later,
        what,
        next: "Nothing: Mailgrant tries again by itself.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_twice() {
        for table in [oauth::TABLE, microsoft::TABLE] {
            let mut codes: Vec<&str> = table
                .iter()
                .flat_map(|(codes, _)| *codes)
                .copied()
                .collect();
            let all = codes.len();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), all);
        }
    }

    #[test]
    fn what_people_read_are_sentences() {
        for (codes, meaning) in oauth::TABLE.iter().chain(microsoft::TABLE) {
            for text in [meaning.what, meaning.next] {
                assert!(
                    text.ends_with('.') && !text.contains("  "),
                    "{codes:?}: {text}"
                );
            }
        }
    }

    #[test]
    fn a_number_is_taken_whole_and_from_the_beginning() {
        let what = |description: &str| {
            let said = Said {
                error: "e".to_owned(),
                description: Some(description.to_owned()),
                status: None,
            };
            look_up(&said).map(|meaning| meaning.what)
        };
        assert_eq!(
            what("AADSTS7000222: x"),
            Some("The client secret has expired.")
        );
        assert_eq!(
            what("AADSTS7000222"),
            Some("The client secret has expired.")
        );
        for other in ["AADSTS70002229", "AADSTS", "AADSTSx", "see AADSTS7000222"] {
            assert_eq!(what(other), None, "{other}");
        }
    }
}
