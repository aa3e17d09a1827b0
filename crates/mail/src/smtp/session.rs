//! A logged-in session.

use secrecy::SecretString;

use super::command::Command;
use super::reply::Replies;
use super::{LoggingIn, Securing, SmtpOpened};
use crate::drive::{self, Wire};
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Offers, Trust};

/// A logged-in session.
#[derive(Debug)]
pub struct SmtpSession {
    wire: Wire<Replies>,
    opened: SmtpOpened,
}

impl SmtpSession {
    /// Connects, secures the connection, logs `user` in with `token` and proves with a first
    /// command (`NOOP`) that the server takes orders. The mechanism is chosen from what the server
    /// offers, asked again after STARTTLS.
    pub async fn open(
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
        user: &str,
        token: &SecretString,
    ) -> Result<Self, MailError> {
        Self::open_with(server, trust, limits, Credentials::new(user, token)).await
    }

    pub(crate) async fn open_with(
        server: &MailServer,
        trust: &Trust,
        limits: Limits,
        credentials: Credentials,
    ) -> Result<Self, MailError> {
        let opening = drive::open::<Securing, LoggingIn>(server, trust, limits, credentials);
        let (wire, opened) = opening.await?;
        Ok(Self { wire, opened })
    }

    /// What opening found out.
    pub fn opened(&self) -> &SmtpOpened {
        &self.opened
    }

    /// The connection, for handing messages over, and what the server offers.
    pub(crate) fn into_parts(self) -> (Wire<Replies>, Offers) {
        (self.wire, self.opened.offers)
    }

    /// Ends the session politely; errors no longer matter.
    pub async fn quit(self) {
        self.wire.part(Command::new("QUIT")).await;
    }
}
