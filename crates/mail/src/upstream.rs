//! A logged-in connection for whoever goes on with it himself: a proxy's client.

use bytes::Bytes;
use mailgrant_base::Protocol;
use secrecy::SecretString;

use crate::drive::{self, Socket, Wire, within};
use crate::machine::Incoming;
use crate::opening::Securing as _;
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Offers, Trust, imap, pop3, smtp};

/// A connection on which somebody is logged in and nothing has been asked for yet.
pub struct Upstream {
    /// The connection.
    pub stream: Box<dyn Socket>,
    /// What the server has sent besides and nobody has read: it comes before what is read from
    /// `stream`.
    pub unread: Bytes,
    /// What opening found out.
    pub opened: UpstreamOpened,
}

/// What opening a connection for somebody else found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamOpened {
    /// What the server offers who has logged in.
    Imap(Offers),
    /// How many messages there are, and how many bytes they have together.
    Pop3 {
        /// How many messages the mailbox holds.
        messages: u64,
        /// How large they are together, in bytes.
        bytes: u64,
    },
    /// What the server offers over a secure connection.
    Smtp(Offers),
}

impl Upstream {
    /// Connects, secures the connection, logs `user` in with `token` and proves with a first command
    /// that the mailbox opens, as the sessions do.
    pub async fn open(
        protocol: Protocol,
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
        user: &str,
        token: &SecretString,
    ) -> Result<Self, MailError> {
        let credentials = Credentials::new(user, token);
        match protocol {
            Protocol::Imap => {
                let opening = drive::open::<imap::Securing, imap::LoggingIn>(
                    server,
                    trust,
                    limits,
                    credentials,
                );
                let (wire, login) = opening.await?;
                Self::of(wire, UpstreamOpened::Imap(login.offers))
            }
            Protocol::Pop3 => {
                let opening = drive::open::<pop3::Securing, pop3::LoggingIn>(
                    server,
                    trust,
                    limits,
                    credentials,
                );
                let (wire, opened) = opening.await?;
                let (messages, bytes) = (opened.messages, opened.bytes);
                Self::of(wire, UpstreamOpened::Pop3 { messages, bytes })
            }
            Protocol::Smtp => {
                let opening = drive::open::<smtp::Securing, smtp::LoggingIn>(
                    server,
                    trust,
                    limits,
                    credentials,
                );
                let (wire, opened) = opening.await?;
                Self::of(wire, UpstreamOpened::Smtp(opened.offers))
            }
        }
    }

    fn of<R: Incoming>(wire: Wire<R>, opened: UpstreamOpened) -> Result<Self, MailError> {
        let (stream, unread) = wire.into_parts()?;
        Ok(Self {
            stream,
            unread,
            opened,
        })
    }
}

/// What an SMTP server offers over a secure connection, without logging in.
pub async fn smtp_offers(
    server: &MailServer,
    trust: &Trust,
    limits: Limits,
) -> Result<Offers, MailError> {
    let asking = async {
        let mut wire = Wire::connect(server, trust, limits).await?;
        let mut securing = smtp::Securing::new(server);
        let offers = wire.run(&mut securing).await?;
        wire.part(smtp::Command::new("QUIT")).await;
        Ok(offers)
    };
    within(limits.opening, server, asking).await
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upstream({:?})", self.opened)
    }
}
