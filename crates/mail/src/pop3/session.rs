//! A logged-in session: each method is one conversation.

use std::time::Duration;

use secrecy::SecretString;

use super::command::Command;
use super::listing::Listing;
use super::retrieving::{Extent, Retrieving};
use super::{LoggingIn, Pop3Message, Pop3Opened, RetrieveEvent, Securing};
use crate::drive::{self, Wire};
use crate::lines::Lines;
use crate::machine::Machine;
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Trust};

/// How long listing may take, however busily the server talks.
const LISTING: Duration = Duration::from_mins(15);

/// A logged-in session. The mailbox stays as it was found until the session ends, and messages keep
/// their numbers (RFC 1939, section 3): new mail is seen by the next session.
#[derive(Debug)]
pub struct Pop3Session {
    wire: Wire<Lines>,
    server: MailServer,
    opened: Pop3Opened,
    retrieving: Option<Retrieving>,
    /// A conversation was begun and came to no end, so that an answer to it may still come. Answers
    /// have no names in POP3: whoever asked on would take it for the answer to something else.
    out_of_step: bool,
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
        Ok(Self {
            wire,
            server: server.clone(),
            opened,
            retrieving: None,
            out_of_step: false,
        })
    }

    /// What opening found out.
    pub fn opened(&self) -> &Pop3Opened {
        &self.opened
    }

    /// The messages of the mailbox, ascending by number (`UIDL` and `LIST`); those that this session
    /// has marked as deleted are no longer among them. A server without UIDL is
    /// [`MailError::Missing`].
    pub async fn list(&mut self) -> Result<Vec<Pop3Message>, MailError> {
        self.stop_retrieving().await?;
        let mut listing = Listing::new(self.opened.offers.has("UIDL"));
        let server = self.server.clone();
        let listing = self.run(&mut listing);
        drive::within(LISTING, &server, listing).await
    }

    /// Asks for these messages, whole (`RETR`), several at once where the server offers
    /// `PIPELINING`. What comes is read with [`next_retrieved`](Self::next_retrieved) until that says
    /// `None`; a command that follows earlier throws away what is still on its way.
    pub async fn start_retrieve(&mut self, messages: &[Pop3Message]) -> Result<(), MailError> {
        self.start(Extent::Whole, messages).await
    }

    /// Asks for the headers of these messages alone (`TOP`), which come as whole messages do. A server
    /// that cannot do that refuses each.
    pub async fn start_headers(&mut self, messages: &[Pop3Message]) -> Result<(), MailError> {
        self.start(Extent::Header, messages).await
    }

    async fn start(&mut self, extent: Extent, messages: &[Pop3Message]) -> Result<(), MailError> {
        self.stop_retrieving().await?;
        let pipelining = self.opened.offers.has("PIPELINING");
        self.retrieving = Some(Retrieving::part(extent, messages, pipelining));
        Ok(())
    }

    /// The next part of what was asked for; reading slowly holds the server back.
    pub async fn next_retrieved(&mut self) -> Result<Option<RetrieveEvent>, MailError> {
        let Some(mut retrieving) = self.retrieving.take() else {
            return Ok(None);
        };
        let event = self.run(&mut retrieving).await;
        match &event {
            Ok(Some(_)) => self.retrieving = Some(retrieving),
            Ok(None) => {}
            // What was asked for ahead may still come, whatever the error.
            Err(_) => self.out_of_step = true,
        }
        event
    }

    /// Marks a message as deleted (`DELE`). It is gone when [`commit`](Self::commit) has succeeded,
    /// and stays where the session ends without a `QUIT`.
    pub async fn delete(&mut self, number: u32) -> Result<(), MailError> {
        self.command(format!("DELE {number}")).await
    }

    /// Keeps a session alive that has nothing to say for long (`NOOP`): servers end one after ten
    /// minutes of silence (RFC 1939, section 3).
    pub async fn keep_alive(&mut self) -> Result<(), MailError> {
        self.command("NOOP").await
    }

    /// Ends the session so that what was marked as deleted is deleted (`QUIT`; RFC 1939, section 6).
    /// Only success says that it is: behind an error some of it may be gone and some may be there, and
    /// the next session's list tells.
    pub async fn commit(mut self) -> Result<(), MailError> {
        self.command("QUIT").await
    }

    /// Ends the session politely; errors no longer matter. What was marked as deleted is deleted if
    /// all goes well: [`commit`](Self::commit) says whether it did.
    pub async fn quit(self) {
        self.wire.part(Command::new("QUIT")).await;
    }

    async fn command(&mut self, text: impl Into<String>) -> Result<(), MailError> {
        self.stop_retrieving().await?;
        self.run(&mut Command::new(text)).await
    }

    /// Lets go by what was asked for and nobody has read.
    async fn stop_retrieving(&mut self) -> Result<(), MailError> {
        if let Some(retrieving) = &mut self.retrieving {
            retrieving.stop();
        }
        while self.next_retrieved().await?.is_some() {}
        Ok(())
    }

    /// Runs a conversation to its end, if those before it came to theirs.
    async fn run<M: Machine<Reader = Lines>>(
        &mut self,
        machine: &mut M,
    ) -> Result<M::Done, MailError> {
        if std::mem::replace(&mut self.out_of_step, true) {
            let why = "an earlier command came to no end";
            return Err(self.wire.peer().closed(why));
        }
        let done = self.wire.run(machine).await;
        self.out_of_step = matches!(
            done,
            Err(MailError::Closed { .. } | MailError::Protocol { .. })
        );
        done
    }
}
