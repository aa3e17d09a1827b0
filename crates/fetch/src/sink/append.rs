//! A folder of another account's mailbox, by IMAP (APPEND).
//!
//! The protocol knows no idempotency key. So it is on record, before a message is sent, where the
//! folder ended; one whose hand-over was interrupted is looked for behind that by its Message-ID, size
//! and content before it is handed over again. One without a Message-ID cannot be looked for, and is
//! handed over again.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mailgrant_mail::{Append, Appended, FolderStatus, ImapSession, Likeness, MailError, Protocol};
use mailgrant_vault::{Account, AccountId, AppendSink, Appending, FolderEnd, VaultError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::Mutex;

use super::alike::Alike;
use super::content::Content;
use super::header;
use super::spool::Spool;
use super::{Asked, BatchLimit, Body, Recovered, Sink, SinkDown, Staged, Verdict};
use crate::connect::{ImapConnection, Login, may_speak};
use crate::shared::Shared;

/// A folder of another account's mailbox.
pub(super) struct OtherMailbox {
    settings: AppendSink,
    /// Whose mail it takes.
    of: AccountId,
    /// The line that is put before every message, so that it is held when it comes round.
    mark: String,
    shared: Arc<Shared>,
    /// Open while messages are handed over, and nobody's while one is under way.
    open: Mutex<Option<Open>>,
    spool: Spool,
}

/// A session, and where the folder ended when it was last heard of.
struct Open {
    session: ImapConnection,
    end: Option<FolderEnd>,
}

impl OtherMailbox {
    pub(super) fn new(
        shared: &Arc<Shared>,
        account: &Account,
        settings: &AppendSink,
        spool: Spool,
    ) -> Self {
        Self {
            settings: settings.clone(),
            of: account.id,
            mark: header::has_passed(account),
            shared: Arc::clone(shared),
            open: Mutex::new(None),
            spool,
        }
    }

    fn down(&self, why: impl Display) -> SinkDown {
        SinkDown {
            sink: self.name(),
            why: why.to_string(),
        }
    }

    /// Logs in as the other account, with its own grant.
    async fn connect(&self) -> Result<(Account, ImapConnection), SinkDown> {
        let account = self.account().await?;
        let account = account.ok_or_else(|| {
            let why = self.no_account();
            self.down(format!(
                "{why}; add it, or name another in the settings of this sink"
            ))
        })?;
        self.must_open_imap(&account).await?;
        let opened = Login::new(&self.shared).open_imap(&account).await;
        let session = opened.map_err(|error| self.down(error))?;
        Ok((account, session))
    }

    async fn account(&self) -> Result<Option<Account>, SinkDown> {
        let name = &self.settings.account;
        self.stored(self.shared.vault.account_named(name).await)
    }

    fn no_account(&self) -> String {
        format!("there is no account {}", self.settings.account)
    }

    /// A session that was kept, or another where that one's server has left.
    async fn ready(&self) -> Result<Open, SinkDown> {
        let kept = self.open.lock().await.take();
        if let Some(mut kept) = kept
            && kept.session.is_still_open().await
        {
            return Ok(kept);
        }
        let (_, session) = self.connect().await?;
        Ok(Open { session, end: None })
    }

    /// An account may have been authorised for other protocols alone.
    async fn must_open_imap(&self, account: &Account) -> Result<(), SinkDown> {
        let may = may_speak(&self.shared, account, Protocol::Imap).await;
        if may.map_err(|error| self.down(error))? {
            return Ok(());
        }
        let name = &account.draft.name;
        Err(self.down(format!(
            "the grant of the account {name} has no scope for IMAP; add one to its provider, and \
             authorise the account again"
        )))
    }

    async fn deliver(&self, message: &Staged) -> Result<Verdict, SinkDown> {
        self.power()?;
        let content = Content::of(&message.body).await;
        let content = content.map_err(|error| self.down(error))?;
        let alike = self.alike(message, content);
        let mut open = self.ready().await?;
        let before = self.before(&message.key).await?;
        if let Some(uid) = self.look_for(&mut open, alike.as_ref(), before).await? {
            return self.found(message, open, uid).await;
        }
        self.note(&mut open, message, alike.as_ref()).await?;
        let appended = match self.append(&mut open.session, message, content).await {
            Ok(appended) => appended,
            // The server was never told that the message was at its end.
            Err(error @ MailError::Unread { .. }) => {
                self.not_taken(message, before).await?;
                return Ok(Verdict::later(error.to_string()));
            }
            Err(error) => {
                // It would hold the place of the connection that follows.
                drop(open);
                return self.find_out(message, alike.as_ref(), &error).await;
            }
        };
        let verdict = match appended {
            Appended::Taken { at, said } => {
                self.taken(message, at.map(|at| at.uid)).await?;
                open.end = at.map(|at| FolderEnd {
                    uid_validity: at.uid_validity,
                    uid_next: at.uid.saturating_add(1),
                });
                Verdict::Taken(said)
            }
            other => {
                self.not_taken(message, before).await?;
                match other {
                    Appended::Later(said) => Verdict::later(said),
                    Appended::NoFolder(said) => return Err(self.no_folder(&said)),
                    Appended::Never(said) | Appended::Taken { said, .. } => Verdict::Never(said),
                }
            }
        };
        self.keep(open).await;
        Ok(verdict)
    }

    async fn append(
        &self,
        session: &mut ImapSession,
        message: &Staged,
        content: Content,
    ) -> Result<Appended, MailError> {
        let append = Append {
            folder: &self.settings.folder,
            flags: &[],
            arrived: None,
            size: self.mark.len() as u64 + message.size,
            has_nul: content.has_nul,
        };
        let body: Box<dyn AsyncRead + Unpin + Send> = match &message.body {
            Body::Memory(bytes) => Box::new(bytes.as_slice()),
            Body::File(path) => match tokio::fs::File::open(path).await {
                Ok(file) => Box::new(file),
                Err(error) => {
                    return Err(MailError::Unread {
                        server: self.name(),
                        why: error.to_string(),
                    });
                }
            },
        };
        let mark = self.mark.as_bytes();
        session
            .append(&append, AsyncReadExt::chain(mark, body))
            .await
    }

    /// The connection ended before the server said what became of the message. Where that cannot be
    /// found out now the ledger goes on calling it prepared, and it is found out next time. Where the
    /// message is not there yet, it may be the one that the server stumbles over: those behind it are
    /// not held back.
    async fn find_out(
        &self,
        message: &Staged,
        alike: Option<&Alike>,
        error: &MailError,
    ) -> Result<Verdict, SinkDown> {
        let mut open = self.ready().await?;
        let from = self.before(&message.key).await?;
        if let Some(uid) = self.look_for(&mut open, alike, from).await? {
            return self.found(message, open, uid).await;
        }
        self.keep(open).await;
        Ok(Verdict::later(error.to_string()))
    }

    /// The UID of a message that is in the folder already.
    async fn look_for(
        &self,
        open: &mut Open,
        alike: Option<&Alike>,
        from: Option<FolderEnd>,
    ) -> Result<Option<u32>, SinkDown> {
        let (Some(alike), Some(from)) = (alike, from) else {
            return Ok(None);
        };
        self.select(open).await?;
        // Where all UIDs have changed nobody can tell it from an older one like it.
        let same = open
            .end
            .is_some_and(|end| end.uid_validity == from.uid_validity);
        if !same {
            return Ok(None);
        }
        let found = alike.find(&mut open.session, from.uid_next).await;
        found.map_err(|error| self.down(error))
    }

    async fn found(&self, message: &Staged, open: Open, uid: u32) -> Result<Verdict, SinkDown> {
        self.taken(message, Some(uid)).await?;
        self.keep(open).await;
        let said = format!("it was there already, as UID {uid}");
        Ok(Verdict::Taken(said))
    }

    /// Where a message may be that was sent before.
    async fn before(&self, key: &str) -> Result<Option<FolderEnd>, SinkDown> {
        let (vault, target) = (&self.shared.vault, self.target());
        match self.stored(vault.append(self.of, key, &target).await)? {
            Some(mailgrant_vault::Append::InDoubt(end)) => Ok(Some(end)),
            Some(mailgrant_vault::Append::Taken) | None => Ok(None),
        }
    }

    /// By what a message is recognised. A server that gives every line the end that it should have
    /// makes the message larger.
    fn alike(&self, message: &Staged, content: Content) -> Option<Alike> {
        let id = message.head.message_id.as_deref()?;
        let size = message.size.saturating_add(self.mark.len() as u64);
        let most = size.saturating_add(content.bare_line_ends);
        let likeness = Likeness::new(id, size..=most)?;
        Some(Alike {
            likeness,
            mark: self.mark.len(),
            size,
            digest: message.digest,
            text: content.text,
        })
    }

    /// Puts on record where the folder ends before a message is sent.
    async fn note(
        &self,
        open: &mut Open,
        message: &Staged,
        alike: Option<&Alike>,
    ) -> Result<(), SinkDown> {
        let (Some(alike), Some(message_id)) = (alike, message.head.message_id.as_deref()) else {
            return Ok(());
        };
        if open.end.is_none() {
            // A folder that cannot be opened may take messages all the same: APPEND will tell.
            match open.session.select(&self.settings.folder).await {
                Ok(status) => open.end = self.end(open, &status).await?,
                Err(MailError::Refused { .. }) => {}
                Err(error) => return Err(self.down(error)),
            }
        }
        let Some(end) = open.end else {
            return Ok(());
        };
        self.power()?;
        let appending = Appending {
            key: &message.key,
            target: &self.target(),
            message_id,
            digest: alike.text,
            end,
        };
        let (vault, now) = (&self.shared.vault, self.shared.now());
        self.stored(vault.note_append(self.of, &appending, now).await)
    }

    async fn taken(&self, message: &Staged, uid: Option<u32>) -> Result<(), SinkDown> {
        self.power()?;
        let vault = &self.shared.vault;
        self.stored(vault.note_append_taken(self.of, &message.key, uid).await)
    }

    /// The server has said that it does not have it, of this time at least.
    async fn not_taken(&self, message: &Staged, before: Option<FolderEnd>) -> Result<(), SinkDown> {
        if before.is_some() {
            return Ok(());
        }
        self.power()?;
        let vault = &self.shared.vault;
        self.stored(vault.forget_append(self.of, &message.key).await)
    }

    fn stored<T>(&self, answer: Result<T, VaultError>) -> Result<T, SinkDown> {
        answer.map_err(|error| self.down(error))
    }

    fn power(&self) -> Result<(), SinkDown> {
        self.spool.power().map_err(|error| self.down(error))
    }

    /// Which folder this is, for the record.
    fn target(&self) -> String {
        format!("{}/{}", self.settings.account, self.settings.folder)
    }

    /// Opens the folder; how many messages it has.
    async fn select(&self, open: &mut Open) -> Result<u32, SinkDown> {
        match open.session.select(&self.settings.folder).await {
            Ok(status) if status.read_only => Err(self.no_folder("it is read-only")),
            Ok(status) => {
                open.end = self.end(open, &status).await?;
                Ok(status.exists)
            }
            Err(MailError::Refused { said, .. }) => Err(self.no_folder(&said)),
            Err(error) => Err(self.down(error)),
        }
    }

    /// Where the folder ends that has just been opened.
    async fn end(
        &self,
        open: &mut Open,
        status: &FolderStatus,
    ) -> Result<Option<FolderEnd>, SinkDown> {
        let uid_next = if let Some(next) = status.uid_next {
            next
        } else {
            let uids = open.session.uids_from(1).await;
            let last = uids.map_err(|error| self.down(error))?.pop();
            last.unwrap_or(0).saturating_add(1)
        };
        Ok(Some(FolderEnd {
            uid_validity: status.uid_validity,
            uid_next,
        }))
    }

    fn no_folder(&self, said: &str) -> SinkDown {
        let AppendSink { account, folder } = &self.settings;
        self.down(format!(
            "the mailbox of {account} has no folder {folder} that can be written to ({said}); make it \
             there, or name another in the settings of this sink"
        ))
    }

    async fn keep(&self, open: Open) {
        *self.open.lock().await = Some(open);
    }
}

impl fmt::Debug for OtherMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[async_trait]
impl Sink for OtherMailbox {
    fn name(&self) -> String {
        let AppendSink { account, folder } = &self.settings;
        format!("the folder {folder} of the account {account}")
    }

    /// One by one: what became of one message must be on record before the next is handed over.
    fn batch(&self) -> BatchLimit {
        BatchLimit::messages(1)
    }

    fn staging_path(&self, key: &str) -> PathBuf {
        self.spool.staging_path(key)
    }

    /// Logs in and opens the folder; nothing is appended.
    async fn check(&self) -> Result<String, SinkDown> {
        let (account, session) = self.connect().await?;
        let mut open = Open { session, end: None };
        let count = self.select(&mut open).await?;
        open.session.logout().await;
        let (server, name) = (&account.draft.imap, self.name());
        Ok(format!(
            "{server} opens {name}, which has {count} messages and takes more"
        ))
    }

    /// Of some the folder has said that it has them. Of others nobody knows yet what the server had
    /// done: they are looked for once they are here again.
    async fn recover(
        &self,
        keys: Vec<String>,
        _sweep: Option<&str>,
    ) -> Result<Vec<Recovered>, SinkDown> {
        self.spool.sweep().await.map_err(|error| self.down(error))?;
        let (vault, target) = (&self.shared.vault, self.target());
        let mut recovered = Vec::with_capacity(keys.len());
        for key in keys {
            let known = self.stored(vault.append(self.of, &key, &target).await)?;
            recovered.push(match known {
                Some(mailgrant_vault::Append::Taken) => Recovered::Taken,
                _ => Recovered::Again,
            });
        }
        Ok(recovered)
    }

    async fn has(&self, key: &str, message: &Staged) -> Result<Asked, SinkDown> {
        let Some(from) = self.before(key).await? else {
            return Ok(Asked::NotThere);
        };
        if self.account().await?.is_none() {
            return Ok(Asked::Gone(self.no_account()));
        }
        let content = Content::of(&message.body).await;
        let content = content.map_err(|error| self.down(error))?;
        let alike = self.alike(message, content);
        let mut open = self.ready().await?;
        if let Err(MailError::Refused { said, .. }) =
            open.session.select(&self.settings.folder).await
        {
            self.keep(open).await;
            return Ok(Asked::Gone(format!("there is no such folder: {said}")));
        }
        let found = self.look_for(&mut open, alike.as_ref(), Some(from)).await?;
        self.keep(open).await;
        let Some(uid) = found else {
            return Ok(Asked::NotThere);
        };
        self.power()?;
        let noted = self.shared.vault.note_append_taken(self.of, key, Some(uid));
        self.stored(noted.await)?;
        let said = format!("it was there already, as UID {uid}");
        Ok(Asked::There(said))
    }

    async fn commit(&self, batch: Vec<Staged>) -> Result<Vec<Verdict>, SinkDown> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for message in batch {
            let verdict = self.deliver(&message).await;
            if self.spool.power().is_ok() {
                message.discard();
            }
            verdicts.push(verdict?);
        }
        Ok(verdicts)
    }
}
