//! Where a mail server is.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use mailgrant_base::Protocol;
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
    /// No TLS at all: loopback addresses only, wherever somebody logs in.
    Plain,
}

impl Security {
    /// The port that a server of this protocol is expected on (RFC 8314, section 7; RFC 6409,
    /// section 3.1).
    pub const fn default_port(self, protocol: Protocol) -> u16 {
        match (protocol, self) {
            (Protocol::Imap, Self::Tls) => 993,
            (Protocol::Imap, Self::StartTls | Self::Plain) => 143,
            (Protocol::Pop3, Self::Tls) => 995,
            (Protocol::Pop3, Self::StartTls | Self::Plain) => 110,
            (Protocol::Smtp, Self::Tls) => 465,
            (Protocol::Smtp, Self::StartTls | Self::Plain) => 587,
        }
    }
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
    /// Checks host, port and security together. The host comes out in lower case, an IPv6 address
    /// without its brackets.
    pub fn new(host: &str, port: u16, security: Security) -> Result<Self, ServerError> {
        let server = Self::for_delivery(host, port, security)?;
        if security == Security::Plain && !server.is_loopback() {
            return Err(ServerError::PlainElsewhere(server.host));
        }
        Ok(server)
    }

    /// The same for a server that nobody logs in to and that only takes mail: without TLS too it may
    /// be anywhere, for no token goes there.
    pub fn for_delivery(host: &str, port: u16, security: Security) -> Result<Self, ServerError> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|inner| inner.parse::<Ipv6Addr>().is_ok())
            .unwrap_or(host);
        if !is_address(bare) && !is_host_name(bare) {
            return Err(ServerError::Host(host.to_owned()));
        }
        Ok(Self {
            host: bare.to_ascii_lowercase(),
            port,
            security,
        })
    }

    /// Whether the host can be nowhere but on this machine: `127.0.0.0/8`, `::1` or `localhost`.
    pub fn is_loopback(&self) -> bool {
        self.host
            .parse::<IpAddr>()
            .map_or(self.host.eq_ignore_ascii_case("localhost"), |address| {
                address.is_loopback()
            })
    }
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// A host name as RFC 1123, section 2.1 has it; underscores besides, which private networks use.
/// A name whose last label is all digits is a mistyped address.
fn is_host_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last_is_number = name
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(label_fits) && !last_is_number
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_those_of_the_registry() {
        let ports = |security: Security| Protocol::ALL.map(|it| security.default_port(it));
        assert_eq!(ports(Security::Tls), [993, 995, 465]);
        assert_eq!(ports(Security::StartTls), [143, 110, 587]);
    }

    #[test]
    fn names_and_addresses_are_taken() {
        for (given, kept) in [
            ("outlook.office365.com", "outlook.office365.com"),
            ("IMAP.Example.COM", "imap.example.com"),
            ("localhost", "localhost"),
            ("mail_1.lan", "mail_1.lan"),
            ("192.0.2.7", "192.0.2.7"),
            ("::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            let server = MailServer::new(given, 993, Security::Tls).unwrap();
            assert_eq!(server.host, kept);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let long = "a.".repeat(140);
        for host in [
            "",
            " ",
            "a b",
            "https://imap.example.com",
            "imap.example.com:993",
            "user@imap.example.com",
            "-a.example.com",
            "a..b",
            "999.1.2.3",
            "[imap.example.com]",
            "imap.example.com\r\nA1 LOGOUT",
            "bücher.example",
            &long,
        ] {
            assert_eq!(
                MailServer::new(host, 993, Security::Tls),
                Err(ServerError::Host(host.to_owned())),
            );
            assert!(MailServer::for_delivery(host, 25, Security::Plain).is_err());
        }
    }

    #[test]
    fn plain_text_is_for_loopback_only() {
        for host in ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "LocalHost"] {
            assert!(
                MailServer::new(host, 143, Security::Plain).is_ok(),
                "{host}"
            );
        }
        for host in [
            "192.0.2.7",
            "0.0.0.0",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "::ffff:192.0.2.1",
        ] {
            assert_eq!(
                MailServer::new(host, 143, Security::Plain),
                Err(ServerError::PlainElsewhere(host.to_owned())),
            );
            assert!(MailServer::new(host, 143, Security::StartTls).is_ok());
            assert!(MailServer::for_delivery(host, 25, Security::Plain).is_ok());
        }
    }

    #[test]
    fn a_server_is_shown_as_host_and_port() {
        let shown = |host| {
            MailServer::new(host, 993, Security::Tls)
                .unwrap()
                .to_string()
        };
        assert_eq!(shown("imap.example.com"), "imap.example.com:993");
        assert_eq!(shown("::1"), "[::1]:993");
    }
}
