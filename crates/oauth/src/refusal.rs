//! What a provider says no with, sorted by what has to happen next.

use std::time::Duration;

use mailgrant_base::{Diagnose, Diagnosis, Fault};

use crate::error_catalogue::{Effect, Row, detail, diagnosis, effect, look_up, look_up_page_in};

/// Why there are no tokens.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The grant is over, or a person must do something in a browser: `invalid_grant`,
    /// `interaction_required`, `consent_required`, `login_required`, `access_denied`. The only kind
    /// that ends a grant.
    #[error("the identity provider asks for a person: {0}")]
    NeedsPerson(Said),
    /// The provider profile is wrong: `invalid_client`, `unauthorized_client`, `invalid_scope`,
    /// a redirect URI that is not registered… All accounts of the profile keep their grants.
    #[error("the identity provider does not accept Mailgrant's registration: {0}")]
    Profile(Said),
    /// Nobody's fault: no answer, 408, 429, 5xx, `temporarily_unavailable`. The old token serves
    /// until it ends.
    #[error("the identity provider gives no answer now: {why}")]
    Later {
        /// What happened, in words.
        why: String,
        /// What the provider asked for (`Retry-After`).
        retry_after: Option<Duration>,
        /// What the catalogue knows of it.
        known: Option<&'static Row>,
    },
    /// The answer makes no sense: no JSON where JSON was due, no access token in a 200, an error
    /// code that nobody knows… Tried again, and shown.
    #[error("the identity provider's answer cannot be understood: {0}")]
    Garbled(String),
}

/// What the provider said; never holds a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The OAuth error code (RFC 6749, sections 4.1.2.1 and 5.2).
    pub error: String,
    /// `error_description`, shortened to a length that a page can show. Microsoft's Trace ID,
    /// Correlation ID and timestamp are kept: the tenant's administrator finds the line in the
    /// sign-in log by them.
    pub description: Option<String>,
    /// Microsoft's number, where it stands in `error_codes`.
    pub number: Option<u64>,
    /// Microsoft's `suberror`.
    pub suberror: Option<String>,
    /// HTTP status, where it came from the token endpoint.
    pub status: Option<u16>,
}

impl Said {
    /// What was said, from the words that were kept of it (its `Display`): for a grant whose end
    /// was noted earlier.
    pub fn recall(words: &str) -> Self {
        let (error, description) = match words.split_once(": ") {
            Some((error, description)) => (error, Some(description)),
            None => (words, None),
        };
        Self {
            error: error.to_owned(),
            description: description.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// What a grant's end or a profile's trouble means, from the provider's words that were kept of it;
/// `None` where the catalogue does not know them.
pub fn explain(words: &str) -> Option<Diagnosis> {
    let said = Said::recall(words);
    look_up(&said).map(|row| diagnosis(&said, row))
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.error),
            None => f.write_str(&self.error),
        }
    }
}

/// Where a provider said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the browser, to a person who is there.
    Authorization,
    /// At the token endpoint, to Mailgrant.
    Token,
}

impl Refusal {
    /// Sorts what was said. An error that is not known ends nothing: it may be new, or a typo, and a
    /// grant that was ended wrongly costs a person's time, while one more try costs nothing.
    pub(crate) fn sort(place: Place, said: Said, retry_after: Option<Duration>) -> Self {
        match effect(&said) {
            // Declined by whom? There was nobody, and RFC 6749, section 5.2 does not have it; a few
            // providers say in words what they mean by it.
            Some(Effect::Ends)
                if place == Place::Token
                    && said.error == "access_denied"
                    && detail(&said).is_none() =>
            {
                Self::Garbled(format!("it declines without ending the grant: {said}"))
            }
            Some(Effect::Ends) => Self::NeedsPerson(said),
            Some(Effect::Profile) => Self::Profile(said),
            Some(Effect::Passes) => Self::Later {
                why: said.to_string(),
                retry_after,
                known: look_up(&said),
            },
            None => Self::Garbled(format!("it refuses for a reason that is not known: {said}")),
        }
    }

    /// A profile that cannot work, whatever the provider would say.
    pub(crate) fn profile(error: &'static str, description: impl Into<String>) -> Self {
        Self::Profile(Said {
            error: error.to_owned(),
            description: Some(description.into()),
            ..Said::default()
        })
    }
}

impl Diagnose for Refusal {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::NeedsPerson(said) => said.diagnosis(
                Fault::Owner,
                "The identity provider asks for a person.",
                "Press Authorize on the account and sign in again.",
            ),
            Self::Profile(said) => said.diagnosis(
                Fault::Operator,
                "The identity provider does not accept Mailgrant's registration.",
                "Compare the provider profile with the provider's portal.",
            ),
            Self::Later {
                why,
                known: Some(row),
                ..
            } => row.diagnosis().said(why),
            Self::Later { why, .. } => Diagnosis::new(
                Fault::Provider,
                "The identity provider gives no answer now.",
                "Nothing: Mailgrant tries again by itself. If it stays, check the network between \
                 this machine and the provider.",
            )
            .said(why),
            Self::Garbled(why) => {
                let diagnosis = Diagnosis::new(
                    Fault::Provider,
                    "The identity provider's answer cannot be understood.",
                    "Mailgrant tries again by itself. If it stays, check the endpoints of the \
                     provider profile, and whether a proxy or firewall answers in the provider's \
                     place.",
                )
                .said(why);
                match look_up_page_in(why) {
                    Some(page) => diagnosis.place(page),
                    None => diagnosis,
                }
            }
        }
    }
}

impl Said {
    fn diagnosis(&self, fault: Fault, what: &'static str, next: &'static str) -> Diagnosis {
        match look_up(self) {
            Some(row) => diagnosis(self, row),
            None => Diagnosis::new(fault, what, next).said(self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: &str, description: &str) -> Said {
        Said {
            error: error.to_owned(),
            description: (!description.is_empty()).then(|| description.to_owned()),
            status: Some(400),
            ..Said::default()
        }
    }

    fn sorted(error: &str, description: &str) -> &'static str {
        match Refusal::sort(Place::Token, said(error, description), None) {
            Refusal::NeedsPerson(_) => "person",
            Refusal::Profile(_) => "profile",
            Refusal::Later { .. } => "later",
            Refusal::Garbled(_) => "garbled",
        }
    }

    #[test]
    fn only_invalid_grant_and_its_kin_ask_for_a_person() {
        for error in [
            "invalid_grant",
            "interaction_required",
            "consent_required",
            "login_required",
            "account_selection_required",
        ] {
            assert_eq!(sorted(error, ""), "person", "{error}");
        }
        for error in [
            "invalid_client",
            "unauthorized_client",
            "invalid_scope",
            "invalid_request",
            "unsupported_grant_type",
            "redirect_uri_mismatch",
            "admin_policy_enforced",
        ] {
            assert_eq!(sorted(error, ""), "profile", "{error}");
        }
        for error in ["server_error", "temporarily_unavailable"] {
            assert_eq!(sorted(error, ""), "later", "{error}");
        }
    }

    #[test]
    fn an_unknown_error_ends_nothing_and_is_shown() {
        for error in ["invalid_grants", "INVALID_GRANT", "access_denied", "", "💥"] {
            assert_eq!(sorted(error, "some words"), "garbled", "{error}");
        }
        let refusal = Refusal::sort(Place::Token, said("odd_error", "some words"), None);
        assert!(refusal.to_string().contains("odd_error: some words"));
    }

    #[test]
    fn a_person_who_declines_is_told_so_where_there_is_a_person() {
        let refusal = Refusal::sort(Place::Authorization, said("access_denied", ""), None);
        assert!(matches!(refusal, Refusal::NeedsPerson(_)));
    }

    #[test]
    fn microsofts_number_tells_when_invalid_grant_does_not_mean_it() {
        for (description, turn) in [
            (
                "AADSTS700082: The refresh token has expired due to inactivity.",
                "person",
            ),
            (
                "AADSTS7000222: The provided client secret keys are expired.",
                "profile",
            ),
            ("AADSTS50196: The server terminated an operation.", "later"),
            ("AADSTS500200: an unknown child of a known number", "person"),
            ("not at the beginning: AADSTS50196", "person"),
        ] {
            assert_eq!(sorted("invalid_grant", description), turn, "{description}");
        }
        let ended = "AADSTS50173: The provided grant has expired due to it being revoked.";
        assert_eq!(sorted("invalid_client", ended), "profile");
        assert_eq!(sorted("new_error", ended), "garbled");
    }

    #[test]
    fn each_refusal_says_what_happened_and_what_to_do() {
        let read = |refusal: Refusal| {
            let Diagnosis {
                fault,
                what,
                next,
                said,
                ..
            } = refusal.diagnosis();
            format!("{fault}\n{what}\n{next}\n{}", said.unwrap_or_default())
        };
        insta::assert_snapshot!(read(Refusal::NeedsPerson(said("invalid_grant", "Token has been expired or revoked."))), @r"
        owner
        Google has ended this authorization: it was withdrawn, the password was changed, it was not used for six months, or newer ones pushed it out.
        Press Authorize on the account. If it ends seven days after each time, the app's publishing status is Testing: publish it, or make its user type Internal.
        invalid_grant: Token has been expired or revoked.
        ");
        insta::assert_snapshot!(read(Refusal::Profile(said("invalid_client", "AADSTS7000222: The provided client secret keys are expired."))), @r"
        operator
        The client secret has expired; every mailbox of this registration waits for a new one.
        Make a new client secret in the provider's portal and enter its value in the provider profile.
        invalid_client: AADSTS7000222: The provided client secret keys are expired.
        ");
        insta::assert_snapshot!(read(Refusal::Later { why: "https://login.example.com/token: no answer in time".to_owned(), retry_after: None, known: None }), @r"
        provider
        The identity provider gives no answer now.
        Nothing: Mailgrant tries again by itself. If it stays, check the network between this machine and the provider.
        https://login.example.com/token: no answer in time
        ");
        insta::assert_snapshot!(read(Refusal::Garbled("HTTP 200 with text/html".to_owned())), @r"
        provider
        The identity provider's answer cannot be understood.
        Mailgrant tries again by itself. If it stays, check the endpoints of the provider profile, and whether a proxy or firewall answers in the provider's place.
        HTTP 200 with text/html
        ");
    }

    #[test]
    fn what_was_kept_of_a_refusal_is_explained_later() {
        let kept = said("invalid_grant", "AADSTS50105: not assigned. Trace ID: t").to_string();
        assert_eq!(Said::recall(&kept).to_string(), kept);
        let diagnosis = explain(&kept).unwrap();
        assert_eq!(diagnosis.fault, Fault::Tenant);
        assert!(diagnosis.place.unwrap().ends_with("Users and groups"));
        assert!(diagnosis.said.unwrap().contains("Trace ID: t"));
        assert!(explain("nonsense").is_none());
    }

    #[test]
    fn words_tell_what_a_declining_token_endpoint_means() {
        assert_eq!(
            sorted("access_denied", "Requested client not authorized."),
            "profile"
        );
        assert_eq!(sorted("access_denied", "Account restricted"), "person");
        assert_eq!(sorted("invalid_grant", "Invalid JWT Signature."), "profile");
    }
}
