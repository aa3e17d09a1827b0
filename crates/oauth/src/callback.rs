//! What the browser brings back.

use mailgrant_base::{Diagnose, Diagnosis, Fault};
use secrecy::SecretString;
use url::form_urlencoded;

use crate::endpoints::issuer_fits;
use crate::refusal::Place;
use crate::words::{Secrets, clean, clean_description};
use crate::{Endpoints, Refusal, Said};

/// The authorization response (RFC 6749, section 4.1.2), read from the query of the redirect URI.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The `state`, to be compared with the attempt's before anything else is believed.
    pub state: SecretString,
    /// The issuer, where sent (RFC 9207).
    pub iss: Option<String>,
    /// A code, or the refusal.
    pub answer: Result<SecretString, crate::Refusal>,
}

/// An answer that is not even an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// No `state`.
    #[error("the answer has no `state`")]
    NoState,
    /// A parameter appears twice (RFC 6749, section 3.1).
    #[error("the answer has `{0}` more than once")]
    Repeated(&'static str),
    /// Neither `code` nor `error`.
    #[error("the answer has neither a code nor an error")]
    Empty,
    /// The answer comes from another provider than the one that was asked (mix-up attack,
    /// RFC 9207).
    #[error("the answer says that it comes from {got}, but {expected} was asked")]
    WrongIssuer {
        /// Whom we asked.
        expected: String,
        /// Who answered.
        got: String,
    },
    /// The provider promises `iss` and did not send it.
    #[error(
        "the answer does not say which provider it comes from, which this provider promises to"
    )]
    MissingIssuer,
}

impl Callback {
    /// Reads the raw query of the request that came to the redirect URI. Parameters that are not an
    /// answer's, such as the redirect URI's own, are passed over. Where there is an `error`, a
    /// `code` beside it is not believed.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        let one = |name: &'static str| one_value(query, name);
        let state = one("state")?.ok_or(CallbackError::NoState)?;
        let code = one("code")?;
        let error = one("error")?;
        let description = one("error_description")?;
        let iss = one("iss")?;
        let answer = match (error, code) {
            (Some(error), _) => Err(refusal(&error, description.as_deref())),
            (None, Some(code)) => Ok(code.into()),
            (None, None) => return Err(CallbackError::Empty),
        };
        Ok(Self {
            state: state.into(),
            iss,
            answer,
        })
    }

    /// Compares `iss` with the endpoints' issuer (RFC 9207, section 2.4).
    pub fn check_issuer(&self, endpoints: &Endpoints) -> Result<(), CallbackError> {
        match (&self.iss, &endpoints.issuer) {
            (Some(got), Some(expected)) if issuer_fits(expected, got) => Ok(()),
            (Some(got), expected) => Err(CallbackError::WrongIssuer {
                expected: expected.clone().unwrap_or_else(|| "nobody".to_owned()),
                got: shown(got),
            }),
            (None, _) if endpoints.sends_iss => Err(CallbackError::MissingIssuer),
            (None, _) => Ok(()),
        }
    }
}

impl Diagnose for CallbackError {
    fn diagnosis(&self) -> Diagnosis {
        let next = match self {
            Self::WrongIssuer { .. } => {
                "Do not go on if you do not know why: somebody may be trying to take the \
                 authorization. Check the issuer of the provider profile, then press Authorize again."
            }
            _ => "Press Authorize on the account again, and let one browser go all the way.",
        };
        Diagnosis::new(
            Fault::Owner,
            format!("What came back from the identity provider cannot be used: {self}."),
            next,
        )
    }
}

/// The one value of a parameter; an empty one counts as none (RFC 6749, section 3.1).
fn one_value(query: &str, name: &'static str) -> Result<Option<String>, CallbackError> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    let first = values.next();
    if values.next().is_some() {
        return Err(CallbackError::Repeated(name));
    }
    let value = first.map(|(_, value)| value.into_owned());
    Ok(value.filter(|value| !value.is_empty()))
}

fn refusal(error: &str, description: Option<&str>) -> Refusal {
    let said = Said {
        error: shown(error),
        description: description.and_then(|text| clean_description(text, &Secrets::default())),
        ..Said::default()
    };
    Refusal::sort(Place::Authorization, said, None)
}

fn shown(text: &str) -> String {
    clean(text, &Secrets::default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::endpoints::tests::endpoints;

    #[test]
    fn a_code_is_read_beside_the_redirect_uris_own_parameters() {
        let query = "Action=AdminMailAccount&Action=Twice&code=0.Ab%2Bc&state=s1&session_state=x";
        let callback = Callback::parse(query).unwrap();
        assert_eq!(callback.state.expose_secret(), "s1");
        assert_eq!(callback.answer.unwrap().expose_secret(), "0.Ab+c");
        assert_eq!(callback.iss, None);
    }

    #[test]
    fn what_is_not_an_answer_is_refused() {
        use CallbackError::{Empty, NoState, Repeated};
        for (query, error) in [
            ("", NoState),
            ("code=a", NoState),
            ("code=a&state=", NoState),
            ("state=a", Empty),
            ("state=a&code=", Empty),
            ("state=a&admin_consent=True", Empty),
            ("state=a&state=a&code=b", Repeated("state")),
            ("state=a&code=b&c%6fde=b", Repeated("code")),
            ("state=a&code=b&iss=c&iss=d", Repeated("iss")),
            ("state=a&error=b&error=", Repeated("error")),
        ] {
            assert_eq!(Callback::parse(query).unwrap_err(), error, "{query}");
        }
    }

    #[test]
    fn an_error_is_believed_before_a_code() {
        let query = "state=a&code=b&error=access_denied&error_description=No%0d%0a%1b%5b31mthanks";
        let refusal = Callback::parse(query).unwrap().answer.unwrap_err();
        let Refusal::NeedsPerson(said) = refusal else {
            panic!("{refusal}")
        };
        assert_eq!(said.to_string(), "access_denied: No [31mthanks");
    }

    #[test]
    fn an_answer_of_another_provider_is_refused() {
        let asked = endpoints("https://login.example.com");
        let check = |iss: &str, sends_iss| {
            let callback = Callback::parse(&format!("state=a&code=b{iss}")).unwrap();
            let endpoints = Endpoints {
                sends_iss,
                ..asked.clone()
            };
            callback
                .check_issuer(&endpoints)
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("", false), Ok(()));
        assert_eq!(check("&iss=https://login.example.com", true), Ok(()));
        insta::assert_snapshot!(check("", true).unwrap_err(), @"the answer does not say which provider it comes from, which this provider promises to");
        insta::assert_snapshot!(check("&iss=https://evil.example.com", false).unwrap_err(), @"the answer says that it comes from https://evil.example.com, but https://login.example.com was asked");
        assert!(check("&iss=https://login.example.com/", false).is_err());
    }

    #[test]
    fn the_issuer_of_any_tenant_fits_microsofts_template() {
        let asked = endpoints("https://login.microsoftonline.com/{tenantid}/v2.0");
        for (iss, fits) in [
            (
                "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
                true,
            ),
            ("https://login.microsoftonline.com/a/b/v2.0", false),
            ("https://login.microsoftonline.com//v2.0", false),
            (
                "https://login.microsoftonline.com/x.evil.example/v2.0",
                false,
            ),
            ("https://login.microsoftonline.evil.example/v2.0", false),
        ] {
            let callback = Callback::parse(&format!("state=a&code=b&iss={iss}")).unwrap();
            assert_eq!(callback.check_issuer(&asked).is_ok(), fits, "{iss}");
        }
    }

    #[test]
    fn neither_code_nor_state_can_be_seen() {
        let callback = Callback::parse("state=hidden1&code=hidden2").unwrap();
        assert!(!format!("{callback:?}").contains("hidden"));
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,200}|([a-z_]{1,6}=[%0-9a-f&=]{0,8}&?){0,10}") {
            let _ = Callback::parse(&query);
        }

        #[test]
        fn what_is_sent_is_what_is_read(state in "\\PC{1,40}", code in "\\PC{1,40}") {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", &state)
                .append_pair("code", &code)
                .finish();
            let callback = Callback::parse(&query).unwrap();
            prop_assert_eq!(callback.state.expose_secret(), &state);
            prop_assert_eq!(callback.answer.unwrap().expose_secret().to_owned(), code);
        }
    }
}
