//! Where mail is handed over.

use std::fmt;
use std::path::PathBuf;

use crate::smtp::Hail;
use crate::{MailServer, Security};

/// A server that takes mail from us. A [`MailServer`] is made with [`MailServer::for_delivery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryPoint {
    /// LMTP over TCP (RFC 2033).
    Lmtp(MailServer),
    /// LMTP over a unix socket: its path.
    LmtpSocket(PathBuf),
    /// SMTP over TCP (RFC 5321): a relay that takes mail from us without a login.
    Smtp(MailServer),
}

impl DeliveryPoint {
    /// How it is asked what it offers.
    pub(super) fn hail(&self) -> Hail {
        match self {
            Self::Lmtp(_) | Self::LmtpSocket(_) => Hail::Lhlo,
            Self::Smtp(_) => Hail::Ehlo,
        }
    }

    /// How the connection is secured. A unix socket does not leave this machine.
    pub(super) fn security(&self) -> Security {
        match self {
            Self::Lmtp(server) | Self::Smtp(server) => server.security,
            Self::LmtpSocket(_) => Security::Plain,
        }
    }
}

/// `host:port`, or the socket's path.
impl fmt::Display for DeliveryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lmtp(server) | Self::Smtp(server) => server.fmt(f),
            Self::LmtpSocket(path) => path.display().fmt(f),
        }
    }
}
