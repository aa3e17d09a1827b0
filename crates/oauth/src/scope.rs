//! Scopes and the resources that they open.

use std::fmt;

use mailgrant_base::{Diagnose, Diagnosis, Fault};
use serde::{Deserialize, Serialize};

mod rules;
#[cfg(test)]
mod tests;

pub use rules::{check_scopes, expand_scopes, missing_for_mail, protocols_allowed};

/// One scope token (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(String);

impl Scope {
    /// Reads one scope token. Refuses white space, quotes, backslashes and non-ASCII.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if !text.is_empty() && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ScopeError::Malformed(text.to_owned()))
        }
    }

    /// Reads a list separated by white space. What stands twice is taken once.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ScopeError> {
        let mut scopes = Vec::new();
        for word in text.split_whitespace() {
            let scope = Self::parse(word)?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }

    /// The list as it goes on the wire: separated by single spaces.
    pub fn join(scopes: &[Self]) -> String {
        let texts: Vec<&str> = scopes.iter().map(Self::as_str).collect();
        texts.join(" ")
    }

    /// The scope as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

/// What an access token is for. One token serves one resource; the same refresh token may serve
/// several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// The mail servers: IMAP, POP3 and SMTP.
    Mail,
    /// Microsoft Graph.
    Graph,
    /// The Gmail API.
    Gmail,
}

/// A scope that cannot do what it was entered for; says why, when it is entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not a scope token.
    #[error("`{0}` is not a scope: a scope has no spaces, quotes or backslashes")]
    Malformed(String),
    /// The scope opens something else than the mail servers.
    #[error("`{scope}` cannot be used to log in to a mail server: {reason}")]
    CannotServe {
        /// The scope.
        scope: String,
        /// Why, and which scope to use instead.
        reason: String,
    },
    /// A scope that is needed is not there.
    #[error("`{scope}` is missing: {reason}")]
    Missing {
        /// The scope to add.
        scope: String,
        /// What does not work without it.
        reason: String,
    },
}

impl Diagnose for ScopeError {
    fn diagnosis(&self) -> Diagnosis {
        let next = match self {
            Self::Malformed(_) => "Separate several scopes by spaces.",
            Self::CannotServe { .. } => "Change the scopes of the provider profile.",
            Self::Missing { .. } => "Add it to the scopes of the provider profile.",
        };
        Diagnosis::new(Fault::Operator, format!("{self}."), next)
    }
}
