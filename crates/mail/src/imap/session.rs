//! A logged-in session: each method is one conversation.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::command::{Answer, Command, Tags};
use super::fetching::Fetching;
use super::idling::{AwaitChange, StartIdle, StopIdle};
use super::names;
use super::response::Untagged;
use super::search::Search;
use super::types::{FetchEvent, FolderStatus, IdleEvent, MessageUid, Opened};
use super::uid_set::sets;
use super::{LoggingIn, Login, Reader, Securing};
use crate::drive::{self, Wire};
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Trust};

/// The longest IDLE that a server bears with is 30 minutes (RFC 2177).
const LONGEST_IDLE: Duration = Duration::from_mins(28);

/// A logged-in session.
#[derive(Debug)]
pub struct ImapSession {
    wire: Wire<Reader>,
    tags: Tags,
    opened: Opened,
    fetching: Option<Fetching>,
}

impl ImapSession {
    /// Connects, secures the connection, logs `user` in with `token` and proves with a first
    /// command (`STATUS INBOX`) that the mailbox opens. The mechanism is chosen from the server's
    /// capabilities, asked again after STARTTLS.
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
        let (wire, Login { opened, tags }) = opening.await?;
        Ok(Self {
            wire,
            tags,
            opened,
            fetching: None,
        })
    }

    /// What opening found out.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Opens a folder for reading and changing (`SELECT`); `folder` is its name in UTF-8.
    pub async fn select(&mut self, folder: &str) -> Result<FolderStatus, MailError> {
        let text = format!("SELECT {}", names::quoted(folder));
        let answer = self.command(&text, &text).await?;
        let mut status = FolderStatus {
            uid_validity: 0,
            uid_next: None,
            exists: 0,
            read_only: answer.status.has_code("READ-ONLY"),
        };
        for untagged in &answer.untagged {
            match untagged {
                Untagged::Exists(count) => status.exists = *count,
                Untagged::Status(said) => {
                    status.uid_validity = said.number("UIDVALIDITY").unwrap_or(status.uid_validity);
                    status.uid_next = said.number("UIDNEXT").or(status.uid_next);
                }
                _ => {}
            }
        }
        if status.uid_validity == 0 {
            return Err(self
                .wire
                .peer()
                .protocol("it gives the folder no UIDVALIDITY"));
        }
        Ok(status)
    }

    /// The UIDs of the selected folder from `first` on, ascending.
    pub async fn uids_from(&mut self, first: MessageUid) -> Result<Vec<MessageUid>, MailError> {
        self.search(&Search::from(first)).await
    }

    /// The UIDs of those messages of the selected folder that are looked for, ascending.
    pub async fn search(&mut self, search: &Search) -> Result<Vec<MessageUid>, MailError> {
        // What was announced until now is about to be seen.
        self.wire.reader().forget_changes();
        let answer = self.command(&search.command(), "UID SEARCH").await?;
        let mut uids: Vec<MessageUid> = answer
            .untagged
            .into_iter()
            .filter_map(|untagged| match untagged {
                Untagged::Search(uids) => Some(uids),
                _ => None,
            })
            .flatten()
            .filter(|uid| search.includes(*uid))
            .collect();
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// Asks for these messages, whole and unchanged (`UID FETCH … (UID BODY.PEEK[])`). What comes is
    /// read with [`next_fetched`](Self::next_fetched) until that says `None`; only then may
    /// another command follow. UIDs that are gone are simply not answered.
    #[expect(
        clippy::unused_async,
        reason = "sending may move here; callers need not know"
    )]
    pub async fn start_fetch(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        self.fetching = Some(Fetching::new(&mut self.tags, sets(uids)));
        Ok(())
    }

    /// The next part of what was asked for; reading slowly holds the server back.
    pub async fn next_fetched(&mut self) -> Result<Option<FetchEvent>, MailError> {
        let Some(fetching) = &mut self.fetching else {
            return Ok(None);
        };
        let event = self.wire.run(fetching).await?;
        if event.is_none() {
            self.fetching = None;
        }
        Ok(event)
    }

    /// Sets `\Seen`.
    pub async fn mark_seen(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        self.for_each_set(
            uids,
            |set| format!("UID STORE {set} +FLAGS.SILENT (\\Seen)"),
            "UID STORE",
        )
        .await
    }

    /// Moves messages to another folder (`UID MOVE`, else copy, delete and expunge).
    pub async fn move_to(&mut self, uids: &[MessageUid], folder: &str) -> Result<(), MailError> {
        let folder = names::quoted(folder);
        if self.opened.capabilities.r#move {
            let text = |set: &str| format!("UID MOVE {set} {folder}");
            return self
                .for_each_set(uids, text, &format!("UID MOVE to {folder}"))
                .await;
        }
        let text = |set: &str| format!("UID COPY {set} {folder}");
        self.for_each_set(uids, text, &format!("UID COPY to {folder}"))
            .await?;
        self.delete(uids).await
    }

    /// Deletes exactly these messages: `\Deleted`, then `UID EXPUNGE`. Where the server has none
    /// they stay marked as deleted, for a plain `EXPUNGE` would take other clients' messages too.
    pub async fn delete(&mut self, uids: &[MessageUid]) -> Result<(), MailError> {
        let mark = |set: &str| format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
        self.for_each_set(uids, mark, "UID STORE").await?;
        if self.opened.capabilities.uidplus {
            self.for_each_set(uids, |set| format!("UID EXPUNGE {set}"), "UID EXPUNGE")
                .await?;
        }
        Ok(())
    }

    /// Waits for a change of the selected folder, at most `at_most` (below 29 minutes, RFC 2177).
    pub async fn idle(&mut self, at_most: Duration) -> Result<IdleEvent, MailError> {
        if self.wire.reader().changed() {
            return Ok(IdleEvent::Changed);
        }
        let until = Instant::now() + at_most.min(LONGEST_IDLE);
        let tag = self.wire.run(&mut StartIdle::new(&mut self.tags)).await?;
        let event = match self.wire.run_until(&mut AwaitChange, until).await? {
            Some(()) => IdleEvent::Changed,
            None => IdleEvent::TimeOver,
        };
        self.wire.run(&mut StopIdle::new(tag)).await?;
        Ok(event)
    }

    /// The names of all folders that can be selected, in UTF-8. One whose name is not what the
    /// RFC allows cannot be named back to the server and is left out.
    pub async fn folders(&mut self) -> Result<Vec<String>, MailError> {
        let answer = self.command("LIST \"\" \"*\"", "LIST").await?;
        Ok(answer
            .untagged
            .into_iter()
            .filter_map(|untagged| match untagged {
                Untagged::List(name, true) => names::decode(&name),
                _ => None,
            })
            .collect())
    }

    /// Ends the session politely; errors no longer matter.
    pub async fn logout(mut self) {
        // The server says BYE, which counts as an end wherever it comes.
        let logout = Command::new(&mut self.tags, "LOGOUT", "LOGOUT");
        self.wire.part(logout).await;
    }

    async fn for_each_set(
        &mut self,
        uids: &[MessageUid],
        text: impl Fn(&str) -> String,
        shown: &str,
    ) -> Result<(), MailError> {
        for set in sets(uids) {
            self.command(&text(&set), shown).await?;
        }
        Ok(())
    }

    async fn command(&mut self, text: &str, shown: &str) -> Result<Answer, MailError> {
        self.wire
            .run(&mut Command::new(&mut self.tags, text, shown))
            .await
    }
}
