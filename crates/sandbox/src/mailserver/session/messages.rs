//! The commands on messages of the selected folder: FETCH, STORE, COPY, MOVE, EXPUNGE, SEARCH.

use std::collections::HashSet;
use std::io;

use super::super::command::{By, Command};
use super::super::fault::ImapFault;
use super::super::fetch::{self, FetchItem};
use super::super::search::{Candidate, SearchKey};
use super::super::sequence::{SequenceSet, compact};
use super::super::store::{FlagChange, Folder, StoredMessage};
use super::selected::Selected;
use super::{Session, Verdict};

const NO_SUCH_MESSAGE: &str = "No message of that number";
const READ_ONLY: &str = "The folder is open for reading only";

impl Session {
    pub(super) async fn execute_selected(&mut self, command: Command) -> io::Result<Verdict> {
        let Some(mut selected) = self.selected.take() else {
            return Verdict::bad("Select a folder first");
        };
        // By sequence number no EXPUNGE may come in between (RFC 3501, section 7.4.1).
        let may_expunge = !matches!(
            command,
            Command::Fetch(By::Sequence, ..)
                | Command::Search(By::Sequence, _)
                | Command::Store {
                    by: By::Sequence,
                    ..
                }
        );
        let verdict = match command {
            Command::Close | Command::Unselect => {
                if command == Command::Close && !selected.read_only {
                    self.change(&selected, |folder| {
                        folder.expunge(|message| message.has_flag("\\Deleted"));
                    });
                }
                return Verdict::ok("completed");
            }
            Command::Copy(by, set, to) => self.copy(&selected, by, &set, &to),
            Command::Expunge(set) => self.expunge(&selected, set.as_ref()),
            Command::Fetch(by, set, items) => self.fetch(&mut selected, by, &set, items).await,
            Command::Move(by, set, to) => self.relocate(&selected, by, &set, &to).await,
            Command::Search(by, key) => self.search(&selected, by, &key).await,
            Command::Store {
                by,
                set,
                change,
                silent,
                flags,
            } => {
                let changed = self.store(&mut selected, by, &set, change, &flags);
                self.answer_store(by, silent, changed).await
            }
            _ => Verdict::bad("Unknown command"),
        }?;
        self.selected = Some(selected);
        self.report_changes(may_expunge).await?;
        Ok(verdict)
    }

    /// Tells the client what has happened to the selected folder. A folder whose UIDs are no
    /// longer valid ends the session.
    pub(super) async fn report_changes(&mut self, may_expunge: bool) -> io::Result<()> {
        let Some(selected) = &mut self.selected else {
            return Ok(());
        };
        let (mailbox, name) = (selected.mailbox.clone(), selected.folder.clone());
        let told = self.server.store.folder(&mailbox, &name, |folder| {
            selected.catch_up(folder, may_expunge)
        });
        let Some(Ok(told)) = told else {
            self.connection.send("* BYE The folder has changed").await?;
            self.connection.flush().await?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        for line in told {
            self.connection.send(line).await?;
        }
        Ok(())
    }

    async fn fetch(
        &mut self,
        selected: &mut Selected,
        by: By,
        set: &SequenceSet,
        mut items: Vec<FetchItem>,
    ) -> io::Result<Verdict> {
        let Some(picked) = selected.pick(by, set) else {
            return Verdict::bad(NO_SUCH_MESSAGE);
        };
        if by == By::Uid && !items.contains(&FetchItem::Uid) {
            items.insert(0, FetchItem::Uid);
        }
        if !selected.read_only && items.iter().any(FetchItem::marks_seen) {
            let seen = ["\\Seen".to_owned()];
            self.store(selected, by, set, FlagChange::Add, &seen);
            if !items.contains(&FetchItem::Flags) {
                items.push(FetchItem::Flags);
            }
        }
        let truncated = self.faults().take(truncation);
        if let Some(bytes) = truncated {
            self.connection.flush().await?;
            self.connection.break_after(bytes);
        }
        if let Some(bytes) = self.faults().take(huge_literal) {
            self.huge_literal(&picked, bytes).await?;
            return Verdict::ok("FETCH completed");
        }
        if let Some(delay) = self.faults().take(|fault| match fault {
            ImapFault::DripFetch(delay) => Some(*delay),
            _ => None,
        }) {
            let (number, uid) = picked.first().copied().unwrap_or((1, 1));
            let begin = format!("* {number} FETCH (UID {uid} BODY[] {{1048576}}");
            self.connection.send(begin).await?;
            self.connection.drip(delay).await?;
        }
        self.fetches += 1;
        let most = self.faults().take(|fault| match fault {
            ImapFault::FetchesInSession(most) => Some(*most),
            _ => None,
        });
        if most.is_some_and(|most| self.fetches > most) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let are_parts_other = self.mistake_parts(&mut items);
        let found: Vec<(u32, StoredMessage)> = self.change(selected, |folder| {
            let found = picked
                .iter()
                .map(|&(number, uid)| Some((number, folder.message(uid)?.clone())));
            found.flatten().collect()
        });
        for (number, mut message) in found {
            if self.faults().strikes(&ImapFault::LeaveOut(message.uid)) {
                continue;
            }
            if are_parts_other {
                message.raw = message.raw.iter().map(|byte| byte ^ 1).collect();
            }
            self.connection
                .send(fetch::answer(number, &message, &items))
                .await?;
        }
        if truncated.is_some() {
            // The answer was shorter than that: it ends here all the same.
            self.connection.flush().await?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Verdict::ok("FETCH completed")
    }

    /// Faults about parts of messages; says whether their bytes are to be others.
    fn mistake_parts(&self, items: &mut [FetchItem]) -> bool {
        let partials = items.iter_mut().filter_map(|item| match item {
            FetchItem::Body { partial, .. } if partial.is_some() => Some(partial),
            _ => None,
        });
        let partials: Vec<_> = partials.collect();
        if partials.is_empty() {
            return false;
        }
        if self.faults().strikes(&ImapFault::NoParts) {
            for partial in partials {
                *partial = None;
            }
        }
        self.faults().strikes(&ImapFault::OtherParts)
    }

    /// An answer whose literal is as long as the fault wants, whatever the message.
    async fn huge_literal(&mut self, picked: &[(u32, u32)], bytes: u64) -> io::Result<()> {
        let (number, uid) = picked.first().copied().unwrap_or((1, 1));
        self.connection
            .send(format!("* {number} FETCH (UID {uid} BODY[] {{{bytes}}}"))
            .await?;
        let filler = [b"x".repeat(76), b"\r\n".to_vec()].concat().repeat(100);
        let mut missing = bytes;
        while missing > 0 {
            let length = usize::try_from(missing).map_or(filler.len(), |it| it.min(filler.len()));
            self.connection.raw(&filler[..length]).await?;
            missing -= length as u64;
        }
        self.connection.send(")").await
    }

    /// Changes flags; says of each message that is still there its number, UID and flags. `None`
    /// where the set names a message that is not there.
    fn store(
        &self,
        selected: &mut Selected,
        by: By,
        set: &SequenceSet,
        change: FlagChange,
        flags: &[String],
    ) -> Option<Result<Vec<(u32, StoredMessage)>, &'static str>> {
        if selected.read_only {
            return Some(Err(READ_ONLY));
        }
        let picked = selected.pick(by, set)?;
        let (before, after, changed) = self.change(selected, |folder| {
            let before = folder.version();
            let mut changed = Vec::with_capacity(picked.len());
            for &(number, uid) in &picked {
                folder.change_flags(uid, change, flags);
                if let Some(message) = folder.message(uid) {
                    changed.push((number, message.clone()));
                }
            }
            (before, folder.version(), changed)
        });
        selected.knows(before, after);
        Some(Ok(changed))
    }

    async fn answer_store(
        &mut self,
        by: By,
        silent: bool,
        changed: Option<Result<Vec<(u32, StoredMessage)>, &'static str>>,
    ) -> io::Result<Verdict> {
        let changed = match changed {
            None => return Verdict::bad(NO_SUCH_MESSAGE),
            Some(Err(why)) => return Verdict::no(why),
            Some(Ok(changed)) => changed,
        };
        let items: &[FetchItem] = match by {
            By::Sequence => &[FetchItem::Flags],
            By::Uid => &[FetchItem::Uid, FetchItem::Flags],
        };
        for (number, message) in changed.iter().filter(|_| !silent) {
            self.connection
                .send(fetch::answer(*number, message, items))
                .await?;
        }
        Verdict::ok("STORE completed")
    }

    fn copy(
        &self,
        selected: &Selected,
        by: By,
        set: &SequenceSet,
        to: &str,
    ) -> io::Result<Verdict> {
        match self.copy_messages(selected, by, set, to) {
            Ok(copied) if self.options().r#move && !copied.uids.is_empty() => {
                Verdict::ok(format!("[{}] COPY completed", copied.code()))
            }
            Ok(_) => Verdict::ok("COPY completed"),
            Err(verdict) => Ok(verdict),
        }
    }

    /// MOVE (RFC 6851): COPYUID comes before the messages are gone.
    async fn relocate(
        &mut self,
        selected: &Selected,
        by: By,
        set: &SequenceSet,
        to: &str,
    ) -> io::Result<Verdict> {
        if !self.options().r#move {
            return Verdict::bad("Unknown command");
        }
        if selected.read_only {
            return Verdict::no(READ_ONLY);
        }
        let copied = match self.copy_messages(selected, by, set, to) {
            Ok(copied) => copied,
            Err(verdict) => return Ok(verdict),
        };
        if !copied.uids.is_empty() {
            let line = format!("* OK [{}] Moved", copied.code());
            self.connection.send(line).await?;
            let gone: HashSet<u32> = copied.uids.iter().copied().collect();
            self.change(selected, |folder| {
                folder.expunge(|message| gone.contains(&message.uid));
            });
        }
        Verdict::ok("MOVE completed")
    }

    fn copy_messages(
        &self,
        selected: &Selected,
        by: By,
        set: &SequenceSet,
        to: &str,
    ) -> Result<Copied, Verdict> {
        let picked = selected
            .pick(by, set)
            .ok_or_else(|| Verdict::Bad(NO_SUCH_MESSAGE.to_owned()))?;
        let found: Vec<StoredMessage> = self.change(selected, |folder| {
            let found = picked.iter().filter_map(|&(_, uid)| folder.message(uid));
            found.cloned().collect()
        });
        self.server
            .store
            .folder(&selected.mailbox, to, |target| Copied {
                uid_validity: target.uid_validity,
                uids: found.iter().map(|message| message.uid).collect(),
                new_uids: found
                    .into_iter()
                    .map(|message| target.append(message.raw, message.flags, message.received))
                    .collect(),
            })
            .ok_or_else(|| Verdict::No("[TRYCREATE] No such folder".to_owned()))
    }

    fn expunge(&self, selected: &Selected, set: Option<&SequenceSet>) -> io::Result<Verdict> {
        if selected.read_only {
            return Verdict::no(READ_ONLY);
        }
        if set.is_some() && !self.options().r#move {
            return Verdict::bad("Unknown command");
        }
        let ranges = set.map(|set| set.resolve(selected.greatest_uid()));
        self.change(selected, |folder| {
            folder.expunge(|message| {
                let meant = ranges.as_ref().is_none_or(|it| it.contains(message.uid));
                meant && message.has_flag("\\Deleted")
            });
        });
        Verdict::ok("EXPUNGE completed")
    }

    async fn search(
        &mut self,
        selected: &Selected,
        by: By,
        key: &SearchKey,
    ) -> io::Result<Verdict> {
        let found: Vec<String> = self.change(selected, |folder| {
            selected
                .messages()
                .filter_map(|(sequence, uid)| {
                    let candidate = Candidate {
                        message: folder.message(uid)?,
                        sequence,
                        greatest_sequence: selected.exists(),
                        greatest_uid: selected.greatest_uid(),
                    };
                    key.matches(candidate).then(|| match by {
                        By::Sequence => sequence.to_string(),
                        By::Uid => uid.to_string(),
                    })
                })
                .collect()
        });
        let found = ["* SEARCH".to_owned()].into_iter().chain(found);
        let line = found.collect::<Vec<_>>().join(" ");
        self.connection.send(line).await?;
        Verdict::ok("SEARCH completed")
    }

    /// Works on the selected folder; folders are never taken away, so it is there.
    fn change<T: Default>(&self, selected: &Selected, work: impl FnOnce(&mut Folder) -> T) -> T {
        self.server
            .store
            .folder(&selected.mailbox, &selected.folder, work)
            .unwrap_or_default()
    }
}

/// What COPY has done.
#[derive(Debug)]
struct Copied {
    uid_validity: u32,
    uids: Vec<u32>,
    new_uids: Vec<u32>,
}

impl Copied {
    /// The response code (RFC 4315, section 3).
    fn code(&self) -> String {
        let (from, to) = (compact(&self.uids), compact(&self.new_uids));
        format!("COPYUID {} {from} {to}", self.uid_validity)
    }
}

fn truncation(fault: &ImapFault) -> Option<u64> {
    match fault {
        ImapFault::TruncateFetch(bytes) => Some(*bytes),
        _ => None,
    }
}

fn huge_literal(fault: &ImapFault) -> Option<u64> {
    match fault {
        ImapFault::HugeLiteral(bytes) => Some(*bytes),
        _ => None,
    }
}
