//! What the browser brings back.

use secrecy::SecretString;

use crate::Endpoints;

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
    /// Reads the raw query of the request that came to the redirect URI.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        todo!()
    }

    /// Compares `iss` with the endpoints' issuer (RFC 9207, section 2.4).
    pub fn check_issuer(&self, endpoints: &Endpoints) -> Result<(), CallbackError> {
        todo!()
    }
}
