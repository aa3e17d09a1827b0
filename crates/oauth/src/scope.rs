//! Scopes and the resources that they open.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ProviderKind;

/// One scope token (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope(String);

impl Scope {
    /// Reads one scope token. Refuses white space, quotes, backslashes and non-ASCII.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        todo!()
    }

    /// Reads a list separated by white space.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ScopeError> {
        todo!()
    }

    /// The list as it goes on the wire: separated by single spaces.
    pub fn join(scopes: &[Self]) -> String {
        todo!()
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

/// What an access token is for. One token serves one resource; the same refresh token may serve
/// several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// The mail servers: IMAP, POP3 and SMTP.
    Mail,
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
}

/// Checks that the scopes entered for a provider of this kind can serve IMAP logins: refuses, for
/// example, `https://graph.microsoft.com/Mail.Read` or a Microsoft scope without its resource.
pub fn check_scopes(kind: ProviderKind, scopes: &[Scope]) -> Result<(), ScopeError> {
    todo!()
}
