//! A logged-in session: each method is one conversation.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout};

use super::appending::{Append, Appended, AskAppend, Listen, Wanted};
use super::command::{Answer, Command, Tags};
use super::fetching::Fetching;
use super::folder_mark::FolderMark;
use super::idling::{AwaitChange, StartIdle, StopIdle};
use super::likeness::Likeness;
use super::news::{News, in_news};
use super::pace::Pace;
use super::response::{Message, Untagged};
use super::search::Search;
use super::statuses::{Answered, AskStatuses, How, on_the_wire};
use super::types::{FetchEvent, FolderStatus, IdleEvent, ListedFolder, MessageUid, Opened};
use super::uid_set::sets;
use super::{LoggingIn, Login, Machine, Reader, Securing, names, notify};
use crate::drive::{self, Wire};
use crate::sasl::Credentials;
use crate::{Limits, MailError, MailServer, Trust};

/// The longest IDLE that a server bears with is 30 minutes (RFC 2177).
const LONGEST_IDLE: Duration = Duration::from_mins(28);

/// How much of a message that is appended is held at once.
const CHUNK: usize = 64 * 1024;

/// What becomes of a message is waited for longer than another answer, by this factor: whoever gives
/// up early and comes again may double it.
const PATIENCE: u32 = 5;

/// A logged-in session.
#[derive(Debug)]
pub struct ImapSession {
    wire: Wire<Reader>,
    tags: Tags,
    opened: Opened,
    fetching: Option<Box<Fetching>>,
    pace: Pace,
    limits: Limits,
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
        let (wire, Login { opened, tags, .. }) = opening.await?;
        Ok(Self {
            wire,
            tags,
            opened,
            fetching: None,
            pace: Pace::new(limits.answer),
            limits,
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
            highest_modseq: None,
        };
        for untagged in &answer.untagged {
            match untagged {
                Untagged::Exists(count) => status.exists = *count,
                Untagged::Status(said) => {
                    status.uid_validity = said.number("UIDVALIDITY").unwrap_or(status.uid_validity);
                    status.uid_next = said.number("UIDNEXT").or(status.uid_next);
                    status.highest_modseq = said.modseq().or(status.highest_modseq);
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
        if search.sees_what_is_new() {
            // What was announced until now is about to be seen.
            self.wire.reader().forget_changes();
        }
        let mut uids = self.found(&search.command()).await?;
        uids.retain(|uid| search.includes(*uid));
        Ok(uids)
    }

    /// The UIDs of those messages of the selected folder that are like this one, ascending.
    pub async fn search_like(&mut self, one: &Likeness) -> Result<Vec<MessageUid>, MailError> {
        self.found(&one.command()).await
    }

    async fn found(&mut self, command: &str) -> Result<Vec<MessageUid>, MailError> {
        let answer = self.command(command, "UID SEARCH").await?;
        let mut uids: Vec<MessageUid> = answer
            .untagged
            .into_iter()
            .filter_map(|untagged| match untagged {
                Untagged::Search(uids) => Some(uids),
                _ => None,
            })
            .flatten()
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
        self.fetching = Some(Box::new(Fetching::of(&mut self.tags, uids)));
        self.pace = Pace::new(self.limits.answer.saturating_mul(PATIENCE));
        Ok(())
    }

    /// The next part of what was asked for; reading slowly holds the server back.
    pub async fn next_fetched(&mut self) -> Result<Option<FetchEvent>, MailError> {
        let Some(fetching) = &mut self.fetching else {
            return Ok(None);
        };
        let begun = Instant::now();
        let Ok(event) = timeout(self.pace.left(), self.wire.run(&mut **fetching)).await else {
            let why = "it sends messages so slowly that they never end";
            return Err(self.wire.peer().protocol(why));
        };
        let event = event?;
        let bytes = match &event {
            Some(FetchEvent::Chunk(bytes)) => bytes.len(),
            _ => 0,
        };
        self.pace.came(begun.elapsed(), bytes);
        if event.is_none() {
            self.fetching = None;
        }
        Ok(event)
    }

    /// At most `count` bytes of a message, from `first` on; fewer, or none, at its end. `None` where it
    /// has gone, or the server gives messages only whole.
    pub async fn part(
        &mut self,
        uid: MessageUid,
        first: u64,
        count: u32,
    ) -> Result<Option<Bytes>, MailError> {
        let text = format!("UID FETCH {uid} (UID BODY.PEEK[]<{first}.{count}>)");
        let answer = self.command(&text, "UID FETCH").await?;
        let part = answer
            .untagged
            .into_iter()
            .find_map(|untagged| match untagged {
                Untagged::Fetch(Some(of), Message::Part(origin, bytes))
                    if of == uid && origin == first && bytes.len() as u64 <= u64::from(count) =>
                {
                    Some(bytes)
                }
                _ => None,
            });
        Ok(part)
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

    /// Puts a message into a folder (`APPEND`); `message` gives exactly as many bytes as it is said to
    /// have. One that the server refuses beforehand is not sent.
    ///
    /// On an error it is unknown what became of the message, and the session has ended: what would be
    /// said next could be taken for a part of the message.
    pub async fn append(
        &mut self,
        append: &Append<'_>,
        message: impl AsyncRead + Unpin + Send,
    ) -> Result<Appended, MailError> {
        let server = self.wire.peer().name();
        if let Some(why) = append.impossible(self.opened.capabilities, server) {
            return Ok(Appended::Never(why));
        }
        let appended = self.append_at_once(append, message).await;
        if appended.is_err() {
            self.wire.hang_up();
        }
        appended
    }

    async fn append_at_once(
        &mut self,
        append: &Append<'_>,
        message: impl AsyncRead + Unpin + Send,
    ) -> Result<Appended, MailError> {
        let mut asking = AskAppend::new(&mut self.tags, append, self.opened.capabilities);
        if let Wanted::Nothing(appended) = self.wire.run(&mut asking).await? {
            return Ok(appended);
        }
        self.send(append, message).await?;
        let limit = self.limits.answer.saturating_mul(PATIENCE);
        let until = Instant::now() + limit;
        let appended = self.wire.run_until(&mut asking.then(), until).await?;
        appended.ok_or_else(|| {
            let seconds = limit.as_secs();
            let why = format!("it did not say for {seconds} seconds what became of the message");
            self.wire.peer().closed(why)
        })
    }

    /// Sends the message and the end of the command. The last piece waits until it is known to be the
    /// last: a message that is longer or shorter than it was said to be is never brought to its end.
    async fn send(
        &mut self,
        append: &Append<'_>,
        mut message: impl AsyncRead + Unpin + Send,
    ) -> Result<(), MailError> {
        let (mut piece, mut next) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        let mut left = append.size;
        loop {
            next.clear();
            let read = message.read_buf(&mut next).await;
            let read = read.map_err(|error| self.wire.peer().unread(error.to_string()))?;
            if read == 0 {
                break;
            }
            let unread = |why: &str| self.wire.peer().unread(why);
            left = left
                .checked_sub(read as u64)
                .ok_or_else(|| unread("it is longer than it was said to be"))?;
            if !append.has_nul && next.contains(&0) {
                return Err(unread("it has NUL bytes that were not announced"));
            }
            if !piece.is_empty() {
                self.wire.write(&piece).await?;
            }
            std::mem::swap(&mut piece, &mut next);
        }
        if left > 0 {
            let why = format!("{left} of its {} bytes are missing", append.size);
            return Err(self.wire.peer().unread(why));
        }
        piece.extend_from_slice(b"\r\n");
        self.wire.write(&piece).await
    }

    /// Whether the server still listens, as far as it has said: one that has waited for long says
    /// good-bye or just leaves.
    pub async fn is_still_open(&mut self) -> bool {
        let unasked = self.wire.run_until(&mut Listen, Instant::now()).await;
        matches!(unasked, Ok(None))
    }

    /// Waits for a change of the selected folder, at most `at_most` (below 29 minutes, RFC 2177).
    pub async fn idle(&mut self, at_most: Duration) -> Result<IdleEvent, MailError> {
        self.idle_or(at_most, std::future::pending()).await
    }

    /// The same until somebody else has something to say, too.
    pub async fn idle_or(
        &mut self,
        at_most: Duration,
        interrupted: impl Future<Output = ()>,
    ) -> Result<IdleEvent, MailError> {
        if self.wire.reader().has_news() {
            return Ok(IdleEvent::Changed);
        }
        let until = Instant::now() + at_most.min(LONGEST_IDLE);
        let mut start = StartIdle::new(&mut self.tags);
        let tag = self.in_time(&mut start).await?;
        let mut change = AwaitChange;
        let event = tokio::select! {
            biased;
            changed = self.wire.run_until(&mut change, until) => match changed? {
                Some(()) => IdleEvent::Changed,
                None => IdleEvent::TimeOver,
            },
            // What was read until then stays with the reader.
            () = interrupted => IdleEvent::Interrupted,
        };
        self.in_time(&mut StopIdle::new(tag)).await?;
        Ok(event)
    }

    /// Somebody else looks for what was announced of the selected folder.
    pub fn forget_changes(&mut self) {
        self.wire.reader().forget_changes();
    }

    /// Asks to be told of mail that comes into these folders, named in UTF-8, and goes from them,
    /// whichever is selected (NOTIFY, RFC 5465). Says whether the server will.
    pub async fn notify(&mut self, folders: &[String]) -> Result<bool, MailError> {
        if !self.opened.capabilities.notify {
            return Ok(false);
        }
        let text = notify::command(folders);
        self.wire.reader().keep_news(true);
        let asked = self.command(&text, "NOTIFY").await;
        match asked {
            Ok(_) => Ok(true),
            Err(MailError::Refused { .. } | MailError::Later { .. }) => {
                self.wire.reader().keep_news(false);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What the server has told of folders since, where it was asked to.
    pub fn take_news(&mut self) -> News {
        let Some(news) = self.wire.reader().news() else {
            return News::default();
        };
        let taken = std::mem::take(news);
        if taken.over {
            self.wire.reader().keep_news(false);
        }
        taken
    }

    /// What the server says of these folders, named in UTF-8, without opening them; `None` for one of
    /// which it says nothing. All are asked for at once.
    pub async fn marks(
        &mut self,
        folders: &[String],
    ) -> Result<Vec<Option<FolderMark>>, MailError> {
        let mut how = How {
            by_list: self.opened.capabilities.list_status,
            modseq: self.opened.capabilities.condstore,
        };
        let mut answered = self.ask(folders, how).await?;
        if answered.refused && how.by_list {
            self.opened.capabilities.list_status = false;
            how.by_list = false;
            answered = self.ask(folders, how).await?;
        }
        if answered.marks.is_empty() && answered.refused && how.modseq {
            self.opened.capabilities.condstore = false;
            how.modseq = false;
            answered = self.ask(folders, how).await?;
        }
        let marks = folders
            .iter()
            .map(|name| answered.marks.remove(&on_the_wire(name)));
        Ok(marks.collect())
    }

    async fn ask(&mut self, folders: &[String], how: How) -> Result<Answered, MailError> {
        let mut asking = AskStatuses::new(&mut self.tags, folders, how);
        let answered = self.in_time(&mut asking).await?;
        if let Some(news) = self.wire.reader().news() {
            // An answer is no news, and newer than what was told before.
            for name in folders {
                news.folders.remove(in_news(name));
            }
        }
        Ok(answered)
    }

    /// All folders that can be selected. One whose name is not what the RFC allows cannot be named
    /// back to the server and is left out.
    pub async fn folders(&mut self) -> Result<Vec<ListedFolder>, MailError> {
        const ALL: &str = "LIST \"\" \"*\"";
        let answer = if self.opened.capabilities.special_use {
            // Without being asked, a server need not say what folders are for.
            let text = format!("{ALL} RETURN (SPECIAL-USE)");
            match self.command(&text, "LIST").await {
                Err(MailError::Refused { .. }) => self.command(ALL, "LIST").await?,
                answered => answered?,
            }
        } else {
            self.command(ALL, "LIST").await?
        };
        let listed = answer.untagged.into_iter().filter_map(|untagged| {
            let Untagged::List(listed) = untagged else {
                return None;
            };
            let name = names::decode(&listed.name)?;
            let uses = listed.uses;
            listed
                .can_be_selected
                .then_some(ListedFolder { name, uses })
        });
        Ok(listed.collect())
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
        let mut command = Command::new(&mut self.tags, text, shown);
        self.in_time(&mut command).await
    }

    /// However busily the server talks, an answer ends.
    async fn in_time<M: Machine<Reader = Reader>>(
        &mut self,
        machine: &mut M,
    ) -> Result<M::Done, MailError> {
        let limit = self.limits.answer.saturating_mul(PATIENCE);
        let ended = timeout(limit, self.wire.run(machine)).await;
        ended.unwrap_or_else(|_| {
            let seconds = limit.as_secs();
            let why = format!("it talked on, and was not done after {seconds} seconds");
            Err(self.wire.peer().closed(why))
        })
    }
}
