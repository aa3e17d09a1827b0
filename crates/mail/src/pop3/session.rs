//! A logged-in session.

use secrecy::SecretString;

use super::command::Command;
use super::{LoggingIn, Pop3Opened, Securing};
use crate::drive::{self, Wire};
use crate::lines::Lines;
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Trust};

/// A logged-in session.
#[derive(Debug)]
pub struct Pop3Session {
    wire: Wire<Lines>,
    opened: Pop3Opened,
}

impl Pop3Session {
    /// Connects, secures the connection, logs `user` in with `token` and proves with a first
    /// command (`STAT`) that the mailbox opens. The mechanism is chosen from what the server offers,
    /// asked again after STLS.
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
    pub fn opened(&self) -> &Pop3Opened {
        &self.opened
    }

    /// Ends the session politely; errors no longer matter.
    pub async fn quit(self) {
        self.wire.part(Command::new("QUIT")).await;
    }
}
