//! The languages that mail servers speak.

use serde::{Deserialize, Serialize};

use crate::Security;

/// A language that a mail server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// IMAP (RFC 9051, RFC 3501): mail is read.
    Imap,
    /// POP3 (RFC 1939): mail is fetched.
    Pop3,
    /// SMTP submission (RFC 6409): mail is sent.
    Smtp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Imap, Self::Pop3, Self::Smtp];

    /// Its name, as people write it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Smtp => "SMTP",
        }
    }

    /// The port that a server is expected on (RFC 8314, section 7; RFC 6409, section 3.1).
    pub fn default_port(self, security: Security) -> u16 {
        match (self, security) {
            (Self::Imap, Security::Tls) => 993,
            (Self::Imap, Security::StartTls | Security::Plain) => 143,
            (Self::Pop3, Security::Tls) => 995,
            (Self::Pop3, Security::StartTls | Security::Plain) => 110,
            (Self::Smtp, Security::Tls) => 465,
            (Self::Smtp, Security::StartTls | Security::Plain) => 587,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_stored_in_small_letters_and_shown_in_large_ones() {
        for protocol in Protocol::ALL {
            let stored = serde_json::to_value(protocol).unwrap();
            assert_eq!(stored, protocol.label().to_ascii_lowercase());
            assert_eq!(
                serde_json::from_value::<Protocol>(stored).unwrap(),
                protocol
            );
        }
    }

    #[test]
    fn ports_are_those_of_the_registry() {
        let ports = |security| Protocol::ALL.map(|protocol| protocol.default_port(security));
        assert_eq!(ports(Security::Tls), [993, 995, 465]);
        assert_eq!(ports(Security::StartTls), [143, 110, 587]);
    }
}
