//! The keys of the steps that every protocol has.

use mailgrant_mail::Protocol;
use mailgrant_mail::sasl::Mechanism;

/// The keys of one server's steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) name: &'static str,
    pub(super) connection: &'static str,
    pub(super) tls: &'static str,
    pub(super) capabilities: &'static str,
    pub(super) xoauth2: &'static str,
    pub(super) oauthbearer: &'static str,
    pub(super) connections: &'static str,
}

macro_rules! names {
    ($server:literal) => {
        Names {
            name: concat!($server, "-name"),
            connection: concat!($server, "-connection"),
            tls: concat!($server, "-tls"),
            capabilities: concat!($server, "-capabilities"),
            xoauth2: concat!($server, "-login-xoauth2"),
            oauthbearer: concat!($server, "-login-oauthbearer"),
            connections: concat!($server, "-connections"),
        }
    };
}

pub(super) const PROVIDER: Names = names!("provider");
pub(super) const IMAP_FOLDER: &str = "imap-folder";

impl Names {
    pub(super) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Imap => names!("imap"),
            Protocol::Pop3 => names!("pop3"),
            Protocol::Smtp => names!("smtp"),
        }
    }

    pub(super) fn login(&self, mechanism: Mechanism) -> &'static str {
        match mechanism {
            Mechanism::XOAuth2 => self.xoauth2,
            Mechanism::OAuthBearer => self.oauthbearer,
        }
    }
}
