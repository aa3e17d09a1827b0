//! Where a mail server is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Host, port and how the connection is secured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// A host name or address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// Plain at first, TLS before anything that matters.
    StartTls,
    /// No TLS at all: loopback addresses only.
    Plain,
}

/// A server that must not be used so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Not a host name or address.
    #[error("`{0}` is not a host name")]
    Host(String),
    /// Without TLS on something else than loopback.
    #[error("{0} is not a loopback address: without TLS anybody on the way could take the token")]
    PlainElsewhere(String),
}

impl MailServer {
    /// Checks host, port and security together.
    pub fn new(host: &str, port: u16, security: Security) -> Result<Self, ServerError> {
        todo!()
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
