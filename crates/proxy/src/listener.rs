//! Where the proxy listens: `imap://127.0.0.1:1143`, `smtp+starttls://[::]:587`,
//! `pop3s://192.0.2.1:995`, `imap:///run/mailgrant/imap.sock`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use mailgrant_base::Protocol;
use mailgrant_mail::Security;

/// One place to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// What is spoken there.
    pub protocol: Protocol,
    /// How it is secured.
    pub security: Security,
    /// Where it is.
    pub place: Place,
}

/// Where a listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Tcp(SocketAddr),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// A listener that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    /// It cannot be read.
    #[error(
        "`{0}` is no listener; expected are imap://ADDRESS:PORT, imap+starttls://…, imaps://…, the \
         same with pop3 and smtp, or imap:///PATH for a socket of this machine"
    )]
    Unknown(String),
    /// Without TLS where other machines can reach it.
    #[error(
        "`{listener}` can be reached by other machines, and without TLS anybody on the way could \
         read the passwords: listen on {tls} or {starttls}, or on a loopback address",
        tls = .0.with(Security::Tls), starttls = .0.with(Security::StartTls), listener = .0
    )]
    PlainElsewhere(Listener),
    /// TLS on a socket of this machine.
    #[error("`{0}` is a socket of this machine, which needs no TLS: leave it out")]
    TlsOnSocket(String),
}

impl Listener {
    /// Reads a list, with commas or white space between.
    pub fn read_all(text: &str) -> Result<Vec<Self>, ListenerError> {
        text.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|word| !word.is_empty())
            .map(str::parse)
            .collect()
    }

    fn with(&self, security: Security) -> Self {
        Self {
            security,
            ..self.clone()
        }
    }

    fn scheme(&self) -> &'static str {
        match (self.protocol, self.security) {
            (Protocol::Imap, Security::Plain) => "imap",
            (Protocol::Imap, Security::StartTls) => "imap+starttls",
            (Protocol::Imap, Security::Tls) => "imaps",
            (Protocol::Pop3, Security::Plain) => "pop3",
            (Protocol::Pop3, Security::StartTls) => "pop3+starttls",
            (Protocol::Pop3, Security::Tls) => "pop3s",
            (Protocol::Smtp, Security::Plain) => "smtp",
            (Protocol::Smtp, Security::StartTls) => "smtp+starttls",
            (Protocol::Smtp, Security::Tls) => "smtps",
        }
    }
}

impl FromStr for Listener {
    type Err = ListenerError;

    fn from_str(text: &str) -> Result<Self, ListenerError> {
        let unknown = || ListenerError::Unknown(text.to_owned());
        let (scheme, place) = text.split_once("://").ok_or_else(unknown)?;
        let (name, security) = match scheme.split_once('+') {
            Some((name, "starttls")) => (name, Security::StartTls),
            Some(_) => return Err(unknown()),
            None => match scheme.strip_suffix('s') {
                Some(name) => (name, Security::Tls),
                None => (scheme, Security::Plain),
            },
        };
        let protocol = Protocol::parse(name).ok_or_else(unknown)?;
        if place.starts_with('/') {
            if security != Security::Plain {
                return Err(ListenerError::TlsOnSocket(text.to_owned()));
            }
            let place = Place::Unix(PathBuf::from(place));
            return Ok(Self {
                protocol,
                security,
                place,
            });
        }
        let address = address(place, security.default_port(protocol)).ok_or_else(unknown)?;
        let listener = Self {
            protocol,
            security,
            place: Place::Tcp(address),
        };
        if security == Security::Plain && !address.ip().is_loopback() {
            return Err(ListenerError::PlainElsewhere(listener));
        }
        Ok(listener)
    }
}

/// An address with or without a port.
fn address(text: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let ip: IpAddr = bare.unwrap_or(text).parse().ok()?;
    Some(SocketAddr::new(ip, port))
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        match &self.place {
            Place::Tcp(address) => write!(f, "{address}"),
            Place::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_shown_as_it_can_be_entered_again() {
        for (text, shown) in [
            ("imap://127.0.0.1:1143", "imap://127.0.0.1:1143"),
            ("imaps://0.0.0.0", "imaps://0.0.0.0:993"),
            ("pop3+starttls://[::]", "pop3+starttls://[::]:110"),
            ("smtps://192.0.2.1:2465", "smtps://192.0.2.1:2465"),
            ("smtp://::1", "smtp://[::1]:587"),
            ("imap:///run/imap.sock", "imap:///run/imap.sock"),
        ] {
            let listener: Listener = text.parse().unwrap();
            assert_eq!(listener.to_string(), shown);
            assert_eq!(shown.parse(), Ok(listener));
        }
    }

    #[test]
    fn nobody_listens_without_tls_where_other_machines_come_from() {
        let refused = |text: &str| text.parse::<Listener>().unwrap_err().to_string();
        let words = refused("imap://0.0.0.0:143");
        assert!(
            words.contains("imaps://0.0.0.0:143 or imap+starttls://0.0.0.0:143"),
            "{words}"
        );
        for text in [
            "smtp://192.0.2.1:587",
            "pop3://[::]:110",
            "imap://[::ffff:192.0.2.1]:1",
        ] {
            assert!(refused(text).contains("without TLS"), "{text}");
        }
        assert!(refused("imaps:///run/x").contains("needs no TLS"));
        for text in [
            "",
            "imap",
            "imap:",
            "ftp://127.0.0.1:1",
            "imap://localhost:1",
            "imapss://127.0.0.1",
            "imap+tls://127.0.0.1:1",
            "imap://127.0.0.1:99999",
            "127.0.0.1:143",
        ] {
            assert!(refused(text).contains("is no listener"), "{text}");
        }
    }

    #[test]
    fn a_list_has_commas_or_spaces() {
        let all = Listener::read_all(" imap://127.0.0.1:1143,smtp://127.0.0.1:1587\n pop3:///p ");
        assert_eq!(all.unwrap().len(), 3);
        assert_eq!(Listener::read_all(" , ").unwrap(), []);
    }
}
