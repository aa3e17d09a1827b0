//! The redirect URI: any path and query, compared exactly.

use std::fmt;

/// A redirect URI as registered with the provider, character for character (RFC 9700, section
/// 4.1.3). Any path and query is allowed, so that one that was registered for another application
/// (`https://desk.example.com/index.pl?Action=AdminMailAccount`) can go on being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads one. It is `https`, or `http` on a loopback host; without fragment, user name or
    /// password, and its query has none of the parameters that the answer brings
    /// (`code`, `state`, `iss`, `error`…).
    pub fn parse(text: &str) -> Result<Self, String> {
        todo!()
    }

    /// The URI exactly as it was entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request for `path` with the raw `query` is the answer to this redirect URI: the
    /// same path, and a query that begins with this one's own parameters, unchanged and in order.
    pub fn matches(&self, path: &str, query: &str) -> bool {
        todo!()
    }

    /// The path alone, for routing.
    pub fn path(&self) -> &str {
        todo!()
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
